/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Destinations of the model: see ipvs_model.h, and ip_vs_add_dest(), ip_vs_edit_dest(), ip_vs_del_dest() of the kernel.
 * Removed ones are in ipvs_model_trash.c.
 */
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>

#include <linux/ip_vs.h>
#include <rte_jhash.h>

#include "control/ipvs_model.h"
#include "core/log.h"

static uint32_t
dest_hash(const struct ipvs_service *service, const struct ip_addr *addr, rte_be16_t port)
{
	return rte_jhash_32b(addr->ip.word, 4,
			     rte_jhash_3words(service->index, (uint32_t)addr->family << 16 | port, 0, 0));
}

static struct ipvs_dest *
dest_of(struct hash_node *node)
{
	return (struct ipvs_dest *)(void *)((char *)node - offsetof(struct ipvs_dest, node));
}

struct ipvs_dest *
ipvs_dest_find(const struct ipvs_model *model, const struct ipvs_service *service, const struct ip_addr *addr,
	       rte_be16_t port)
{
	struct hash_node *node = hash_index_first(&model->dest_index, dest_hash(service, addr, port));

	for (; node; node = hash_index_next(node)) {
		struct ipvs_dest *dest = dest_of(node);

		if (dest->service == service && dest->spec.port == port && ip_addr_equal(&dest->spec.addr, addr))
			return dest;
	}
	return NULL;
}

static int
check_settings(const struct dest *spec)
{
	if (spec->weight < 0 || spec->lower > spec->upper)
		return -ERANGE;
	if (spec->upper > INT_MAX)
		return -EINVAL;
	if (spec->tunnel_type == IP_VS_CONN_F_TUNNEL_TYPE_GUE && spec->tunnel_port == 0)
		return -EINVAL;
	return 0;
}

/* An address that one host may have, whatever subnets there are. */
static bool
is_host_address(const struct ip_addr *addr)
{
	const struct in6_addr *ip6 = (const void *)addr->ip.bytes;
	uint32_t ip4 = rte_be_to_cpu_32(addr->ip.v4);

	if (addr->family == AF_INET)
		return ip4 != INADDR_ANY && ip4 != INADDR_BROADCAST && !IN_MULTICAST(ip4);
	return !IN6_IS_ADDR_UNSPECIFIED(ip6) && !IN6_IS_ADDR_MULTICAST(ip6) && !IN6_IS_ADDR_LINKLOCAL(ip6) &&
	       !IN6_IS_ADDR_V4MAPPED(ip6);
}

/* The kernel asks its local table (inet_addr_type()). What was taken once is not asked about again, at a restart for one. */
static bool
is_broadcast(const struct ipvs_model *model, const struct ip_addr *addr)
{
	return addr->family == AF_INET && model->is_broadcast && model->is_broadcast(model->is_broadcast_arg, addr);
}

/* Where the packets of a connection go follows its destination's method, but its addresses were chosen when it began:
 * from SNAT and to it there is no way. */
static bool
is_other_kind(const struct dest *a, const struct dest *b)
{
	return (a->forward == FORWARD_SNAT) != (b->forward == FORWARD_SNAT);
}

static bool
has_connections(const struct ipvs_model *model, const struct ipvs_dest *dest)
{
	struct dest_load load;

	dest_load_sum(model->lb, DEST_INDEX(dest->spec.id), &load);
	return load.active != 0 || load.inactive != 0;
}

static void
told_dest(const struct ipvs_model *model, const struct ipvs_dest *dest)
{
	if (model->observer)
		model->observer->dest(model->observer->arg, dest);
}

/* Takes over the settings, which keep identity. */
static void
apply_settings(struct ipvs_dest *dest, const struct dest *spec)
{
	dest->spec.forward = spec->forward;
	dest->spec.tunnel_type = spec->tunnel_type;
	dest->spec.tunnel_port = spec->tunnel_port;
	dest->spec.tunnel_flags = spec->tunnel_flags;
	dest->spec.weight = spec->weight;
	if (spec->weight > 0)
		dest->spec.last_weight = spec->weight;
	dest->spec.upper = spec->upper;
	dest->spec.lower = spec->lower;
	dest->unconfirmed = false;
}

/* A destination that is in no service yet joins one. */
static void
attach(struct ipvs_model *model, struct ipvs_service *service, struct ipvs_dest *dest)
{
	dest->spec.last_weight = dest->spec.weight;
	dest->service = service;
	dest->service_serial = service->serial;
	dest->service_key = service->key;
	dest->spec.service = service->index;
	dest->spec.order = ++service->n_joined;
	/* What it is stays when it is empty: what inside hosts send must not leave by other ways then. */
	service->is_gateway = (service->is_gateway && service->n_dests > 0) ||
			      (service->key.fwmark != 0 && dest->spec.forward == FORWARD_SNAT);
	ipvs_dest_counts(model, dest, &dest->joined);
	hash_index_add(&model->dest_index, &dest->node, dest_hash(service, &dest->spec.addr, dest->spec.port));
	TAILQ_INSERT_HEAD(&service->dests, dest, link);
	service->n_dests++;
	model->n_dests++;
	model->n_mixed += dest->spec.addr.family != service->key.family;
	ipvs_dest_touch(model, dest);
	ipvs_service_touch(model, service);
	told_dest(model, dest);
}

static int
add_new(struct ipvs_model *model, struct ipvs_service *service, const struct dest *spec, uint32_t id,
	struct ipvs_dest **ret)
{
	struct ipvs_dest *dest = calloc(1, sizeof(*dest));
	uint32_t index = DEST_INDEX(id);

	if (!dest) {
		number_pool_put(&model->dest_numbers, index);
		return -ENOMEM;
	}
	dest->spec = *spec;
	dest->spec.id = id;
	model->generations[index] = (uint16_t)(id >> DEST_INDEX_BITS);
	model->dests[index] = dest;
	if (model->dests_high <= index)
		model->dests_high = index + 1;
	/* the index may have been another's, whose counts go on */
	ipvs_dest_zero(model, dest);
	attach(model, service, dest);
	*ret = dest;
	return 0;
}

static int
new_id(struct ipvs_model *model, uint32_t *ret)
{
	uint32_t index;
	int err = number_pool_get(&model->dest_numbers, &index);

	if (err < 0 && ipvs_trash_collect(model, 0) > 0)
		err = number_pool_get(&model->dest_numbers, &index);
	if (err < 0) {
		log_warning("ipvs", "no room for another destination: raise limits.dests (%u) and restart",
			    model->limits.dests);
		return -ENOMEM;
	}
	*ret = DEST_ID(index, model->generations[index] % (DEST_GENERATIONS - 1) + 1);
	return 0;
}

static void
revive(struct ipvs_model *model, struct ipvs_service *service, struct ipvs_dest *dest, const struct dest *spec)
{
	hash_index_remove(&model->trash_index, &dest->node);
	TAILQ_REMOVE(&model->trash, dest, link);
	apply_settings(dest, spec);
	if (dest->service_serial != service->serial)
		ipvs_dest_zero(model, dest);
	attach(model, service, dest);
}

int
ipvs_dest_add(struct ipvs_model *model, struct ipvs_service *service, const struct dest *spec, struct ipvs_dest **ret)
{
	struct ipvs_dest *dest;
	uint32_t id;
	int err = check_settings(spec);

	if (err < 0)
		return err;
	if (ipvs_dest_find(model, service, &spec->addr, spec->port))
		return -EEXIST;
	dest = ipvs_dest_in_trash(model, service, &spec->addr, spec->port);
	if (dest && is_other_kind(&dest->spec, spec) && has_connections(model, dest))
		return -EBUSY;
	if (dest) {
		revive(model, service, dest, spec);
		*ret = dest;
		return 0;
	}
	if (!is_host_address(&spec->addr) || is_broadcast(model, &spec->addr))
		return -EINVAL;
	err = new_id(model, &id);
	return err < 0 ? err : add_new(model, service, spec, id, ret);
}

int
ipvs_dest_add_at(struct ipvs_model *model, struct ipvs_service *service, const struct dest *spec, uint32_t id,
		 struct ipvs_dest **ret)
{
	int err = check_settings(spec);

	if (err < 0)
		return err;
	if (ipvs_dest_find(model, service, &spec->addr, spec->port))
		return -EEXIST;
	if (!is_host_address(&spec->addr) || id >> DEST_INDEX_BITS == 0)
		return -EINVAL;
	err = number_pool_claim(&model->dest_numbers, DEST_INDEX(id));
	return err < 0 ? err : add_new(model, service, spec, id, ret);
}

int
ipvs_dest_edit(struct ipvs_model *model, struct ipvs_service *service, const struct dest *spec)
{
	struct ipvs_dest *dest;
	int err = check_settings(spec);

	if (err < 0)
		return err;
	dest = ipvs_dest_find(model, service, &spec->addr, spec->port);
	if (!dest)
		return -ENOENT;
	if (is_other_kind(&dest->spec, spec))
		return -EOPNOTSUPP;
	apply_settings(dest, spec);
	ipvs_dest_touch(model, dest);
	ipvs_service_touch(model, service);
	told_dest(model, dest);
	return 0;
}

int
ipvs_dest_remove(struct ipvs_model *model, struct ipvs_service *service, const struct ip_addr *addr, rte_be16_t port)
{
	struct ipvs_dest *dest = ipvs_dest_find(model, service, addr, port);

	if (!dest)
		return -ENOENT;
	ipvs_dest_detach(model, dest);
	return 0;
}

void
ipvs_dest_counts(const struct ipvs_model *model, const struct ipvs_dest *dest, struct ipvs_stats *ret)
{
	struct dest_load load;

	dest_load_sum(model->lb, DEST_INDEX(dest->spec.id), &load);
	*ret = ipvs_stats_of_load(&load);
}

void
ipvs_dest_zero(struct ipvs_model *model, struct ipvs_dest *dest)
{
	ipvs_dest_counts(model, dest, &dest->zero);
	ipvs_estimator_reset(&dest->estimator, &dest->zero);
}
