/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The forwarding table (ip/fib.h): DPDK's LPM tables and the array of next hops behind them.
 *
 * What the LPM libraries lack is added here. Neither has a prefix of length 0: the default route stands in the table as
 * its two halves, and a real route of length 1 takes its half over for as long as it is there. rte_lpm6 hands a freed
 * group of entries out again at once: before the next addition after a deletion, all workers have passed a turn.
 */
#define ALLOW_EXPERIMENTAL_API /* rte_lpm_rcu_qsbr_add, in DPDK 22.11 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_rcu_qsbr.h>

#include "core/rcu.h"
#include "ip/fib.h"
#include "ip/fib_sources.h"

#define NEXTHOPS_MAX (1u << 21) /* rte_lpm6 keeps 21 bits */
#define GROUPS_MIN 1024u

/* What is to be found in the halves of the address space, per family. */
struct halves {
	uint32_t whole; /* next hop of the default route, FIB_NONE if there is none */
	uint32_t half[2]; /* next hops of the routes of length 1 */
};

/* A number that was given back: free once all workers have passed the token. */
struct given_back {
	uint64_t token;
	uint32_t number;
};

struct table {
	struct fib fib; /* what the workers see */
	struct rcu *rcu;
	struct halves v4, v6;
	uint64_t v6_deleted; /* QSBR token of the last deletion, 0 if all workers have been seen since */
	uint32_t *free_numbers; /* a stack */
	uint32_t n_free;
	struct given_back *quarantine; /* a ring of as many as there are numbers to give out */
	uint32_t n_numbers, first_quarantined, n_quarantined;
};

static struct table *
table_of(struct fib *fib)
{
	return (struct table *)fib;
}

/* Each neighbour has a host route, which needs a group of its own only if its /24 holds no other. A rule of length 1
 * stands for each half of the default route. rte_lpm counts the bytes of its groups in 32 bits. */
static struct rte_lpm_config
lpm_config(uint32_t routes, uint32_t neighbours)
{
	return (struct rte_lpm_config){
		.max_rules = routes + neighbours + 2,
		.number_tbl8s = RTE_MIN(RTE_MAX(GROUPS_MIN, (routes + neighbours) / 4), (1u << 22) - 1),
	};
}

/* Of IPv6, eight to thirteen groups, most of them shared. */
static struct rte_lpm6_config
lpm6_config(uint32_t routes, uint32_t neighbours)
{
	return (struct rte_lpm6_config){
		.max_rules = routes + neighbours + 2,
		.number_tbl8s = RTE_MIN(RTE_MAX(2 * GROUPS_MIN, routes + neighbours), 1u << 20),
	};
}

/* What the libraries allocate (lib/lpm, lib/hash, lib/rcu of DPDK): the first level, groups of 256 words, rules. IPv6
 * has a header for each group and keeps its rules in a hash of 1.2 times as many; IPv4, the queue of groups to free. */
size_t
fib_heap_bytes(uint32_t routes, uint32_t routes_ipv6, uint32_t neighbours)
{
	struct rte_lpm_config v4 = lpm_config(routes, neighbours);
	struct rte_lpm6_config v6 = lpm6_config(routes_ipv6, neighbours);
	uint32_t hashed = (uint32_t)(v6.max_rules * 1.2 + 64);
	size_t bytes = sizeof(struct rte_lpm) + ((size_t)4 << 24);

	bytes += (size_t)v4.number_tbl8s * 256 * 4 + (size_t)v4.max_rules * 8;
	bytes += (size_t)rte_align32pow2(v4.number_tbl8s + 1) * 12;
	bytes += (size_t)v6.number_tbl8s * (256 * 4 + 12 + 4);
	bytes += (size_t)rte_align32pow2(hashed) * 8 + (size_t)(hashed + 1) * 32;
	bytes += (size_t)rte_align32pow2(hashed + 1) * 4;
	return bytes + (64 << 10);
}

static int
create_lpm(struct table *table, uint32_t routes, uint32_t routes_ipv6, uint32_t neighbours)
{
	struct rte_lpm_config v4 = lpm_config(routes, neighbours);
	struct rte_lpm6_config v6 = lpm6_config(routes_ipv6, neighbours);
	struct rte_lpm_rcu_config quarantine = { .v = rcu_qsbr(table->rcu), .mode = RTE_LPM_QSBR_MODE_DQ };
	static uint32_t serial;
	char name[RTE_LPM_NAMESIZE];

	snprintf(name, sizeof(name), "fib-%u", serial++);
	table->fib.v4 = rte_lpm_create(name, SOCKET_ID_ANY, &v4);
	if (!table->fib.v4)
		return -rte_errno;
	if (rte_lpm_rcu_qsbr_add(table->fib.v4, &quarantine) != 0)
		return -rte_errno;
	table->fib.v6 = rte_lpm6_create(name, SOCKET_ID_ANY, &v6);
	return table->fib.v6 ? 0 : -rte_errno;
}

static int
create_nexthops(struct table *table, uint32_t neighbours)
{
	struct fib *fib = &table->fib;

	fib->n_nexthops = FIB_FIRST_FREE + neighbours;
	if (fib->n_nexthops > NEXTHOPS_MAX)
		return -E2BIG;
	fib->nexthops = calloc(fib->n_nexthops, sizeof(*fib->nexthops));
	fib->mtus = calloc(fib->n_nexthops, sizeof(*fib->mtus));
	table->n_numbers = neighbours;
	table->free_numbers = calloc(neighbours, sizeof(*table->free_numbers));
	table->quarantine = calloc(neighbours, sizeof(*table->quarantine));
	if (!fib->nexthops || !fib->mtus || !table->free_numbers || !table->quarantine)
		return -ENOMEM;
	for (uint32_t number = fib->n_nexthops; number > FIB_FIRST_FREE; number--)
		table->free_numbers[table->n_free++] = number - 1;
	fib_nexthop_set(fib, FIB_LOCAL, (union nexthop){ .state = NEXTHOP_LOCAL });
	fib_nexthop_set(fib, FIB_ELSEWHERE, (union nexthop){ .state = NEXTHOP_LOCAL });
	fib_nexthop_set(fib, FIB_LADDR, (union nexthop){ .state = NEXTHOP_LADDR });
	fib_nexthop_set(fib, FIB_BLACKHOLE, (union nexthop){ .state = NEXTHOP_BLACKHOLE });
	fib_nexthop_set(fib, FIB_BROADCAST, (union nexthop){ .state = NEXTHOP_BLACKHOLE });
	for (uint32_t port = 0; port < FIB_FIRST_FREE - FIB_ONLINK; port++)
		fib_nexthop_set(fib, FIB_ONLINK + port,
				(union nexthop){ .port = (uint8_t)port, .state = NEXTHOP_ONLINK });
	return 0;
}

int
fib_create(uint32_t routes, uint32_t routes_ipv6, uint32_t neighbours, struct rcu *rcu, struct fib **ret)
{
	struct table *table = calloc(1, sizeof(*table));
	int err;

	if (!table)
		return -ENOMEM;
	table->rcu = rcu;
	table->fib.generation = 1;
	table->fib.sources = fib_sources_create();
	err = table->fib.sources ? create_nexthops(table, neighbours) : -ENOMEM;
	if (err == 0)
		err = create_lpm(table, routes, routes_ipv6, neighbours);
	if (err < 0) {
		fib_destroy(&table->fib);
		return err;
	}
	*ret = &table->fib;
	return 0;
}

void
fib_destroy(struct fib *fib)
{
	if (!fib)
		return;
	for (size_t port = 0; port < RTE_DIM(fib->own); port++)
		free(fib->own[port]);
	fib_sources_destroy(fib->sources);
	rte_lpm_free(fib->v4);
	rte_lpm6_free(fib->v6);
	free(fib->nexthops);
	free(fib->mtus);
	free(table_of(fib)->free_numbers);
	free(table_of(fib)->quarantine);
	free(table_of(fib));
}

/* A connection that looks its next hop up because the generation has moved on must find the new table. */
static void
next_generation(struct fib *fib)
{
	__atomic_store_n(&fib->generation, fib->generation + 1, __ATOMIC_RELEASE);
}

static void
wait_for_v6_readers(struct table *table)
{
	if (table->v6_deleted == 0)
		return;
	rte_rcu_qsbr_check(rcu_qsbr(table->rcu), table->v6_deleted, true);
	table->v6_deleted = 0;
}

/* ADDRESS is in network order; a prefix that the table has gets the new next hop. */
static int
lpm_set(struct table *table, const struct ip_addr *prefix, uint8_t length, uint32_t nexthop)
{
	struct fib *fib = &table->fib;
	int err;

	if (prefix->family == AF_INET) {
		err = rte_lpm_add(fib->v4, rte_be_to_cpu_32(prefix->ip.v4), length, nexthop);
	} else {
		wait_for_v6_readers(table);
		err = rte_lpm6_add(fib->v6, COMPAT_IPV6(prefix->ip.bytes), length, nexthop);
	}
	return err;
}

static int
lpm_delete(struct table *table, const struct ip_addr *prefix, uint8_t length)
{
	struct fib *fib = &table->fib;
	int err;

	if (prefix->family == AF_INET) {
		err = rte_lpm_delete(fib->v4, rte_be_to_cpu_32(prefix->ip.v4), length);
	} else {
		err = rte_lpm6_delete(fib->v6, COMPAT_IPV6(prefix->ip.bytes), length);
		table->v6_deleted = rte_rcu_qsbr_start(rcu_qsbr(table->rcu));
	}
	/* Both say -EINVAL for a rule that is not there. */
	return err == -EINVAL ? -ENOENT : err;
}

/* What a half shows now, after it showed BEFORE. */
static int
show_half(struct table *table, uint16_t family, uint32_t half, uint32_t before, uint32_t now)
{
	struct ip_addr prefix = { .family = family };

	prefix.ip.bytes[0] = (uint8_t)(half << 7);
	if (now == before)
		return 0;
	if (now != FIB_NONE)
		return lpm_set(table, &prefix, 1, now);
	return lpm_delete(table, &prefix, 1);
}

static uint32_t
shown(const struct halves *halves, uint32_t half)
{
	return halves->half[half] != FIB_NONE ? halves->half[half] : halves->whole;
}

static int
set_halves(struct table *table, uint16_t family, const struct halves *wanted)
{
	struct halves *halves = family == AF_INET ? &table->v4 : &table->v6;

	for (uint32_t half = 0; half < 2; half++) {
		int err = show_half(table, family, half, shown(halves, half), shown(wanted, half));

		if (err < 0)
			return err;
	}
	*halves = *wanted;
	return 0;
}

/* Routes of length 0 and 1: a next hop of FIB_NONE takes the route away. */
static int
set_wide(struct table *table, const struct ip_addr *prefix, uint8_t length, uint32_t nexthop)
{
	struct halves wanted = prefix->family == AF_INET ? table->v4 : table->v6;
	uint32_t *place = length == 0 ? &wanted.whole : &wanted.half[prefix->ip.bytes[0] >> 7];

	if (nexthop == FIB_NONE && *place == FIB_NONE)
		return -ENOENT;
	*place = nexthop;
	return set_halves(table, prefix->family, &wanted);
}

static bool
is_prefix(const struct ip_addr *prefix, uint8_t length)
{
	return (prefix->family == AF_INET && length <= 32) || (prefix->family == AF_INET6 && length <= 128);
}

int
fib_set_route(struct fib *fib, const struct ip_addr *prefix, uint8_t length, uint32_t nexthop)
{
	int err;

	if (!is_prefix(prefix, length) || nexthop == FIB_NONE || nexthop >= fib->n_nexthops)
		return -EINVAL;
	if (length <= 1)
		err = set_wide(table_of(fib), prefix, length, nexthop);
	else
		err = lpm_set(table_of(fib), prefix, length, nexthop);
	next_generation(fib);
	return err;
}

int
fib_delete_route(struct fib *fib, const struct ip_addr *prefix, uint8_t length)
{
	int err;

	if (!is_prefix(prefix, length))
		return -EINVAL;
	if (length <= 1)
		err = set_wide(table_of(fib), prefix, length, FIB_NONE);
	else
		err = lpm_delete(table_of(fib), prefix, length);
	next_generation(fib);
	return err;
}

#define KEPT_FOR_NEIGHBOURS 8 /* one of so many: rather a route without its MTU than a neighbour without a way */

static void
end_quarantine(struct table *table)
{
	while (table->n_quarantined > 0) {
		const struct given_back *first = &table->quarantine[table->first_quarantined];

		if (rte_rcu_qsbr_check(rcu_qsbr(table->rcu), first->token, false) != 1)
			break;
		fib_nexthop_set(&table->fib, first->number, (union nexthop){ .state = NEXTHOP_NONE });
		table->free_numbers[table->n_free++] = first->number;
		table->first_quarantined = (table->first_quarantined + 1) % table->n_numbers;
		table->n_quarantined--;
	}
}

int
fib_nexthop_new_narrow(struct fib *fib, uint16_t mtu, uint32_t *ret_number)
{
	struct table *table = table_of(fib);

	end_quarantine(table);
	if (table->n_free == 0 || (mtu != 0 && table->n_free <= table->n_numbers / KEPT_FOR_NEIGHBOURS))
		return -ENOSPC;
	*ret_number = table->free_numbers[--table->n_free];
	__atomic_store_n(&fib->mtus[*ret_number], mtu, __ATOMIC_RELAXED);
	return 0;
}

int
fib_nexthop_new(struct fib *fib, uint32_t *ret_number)
{
	return fib_nexthop_new_narrow(fib, 0, ret_number);
}

void
fib_nexthop_free(struct fib *fib, uint32_t number)
{
	struct table *table = table_of(fib);
	uint32_t last = (table->first_quarantined + table->n_quarantined++) % table->n_numbers;

	/* Who has looked it up this turn still goes there: what it stood for may be known by another number as well. */
	next_generation(fib);
	table->quarantine[last] =
		(struct given_back){ .token = rte_rcu_qsbr_start(rcu_qsbr(table->rcu)), .number = number };
}

void
fib_nexthop_set(struct fib *fib, uint32_t number, union nexthop nexthop)
{
	__atomic_store_n(&fib->nexthops[number], nexthop.word, __ATOMIC_RELEASE);
}

int
fib_set_own(struct fib *fib, uint8_t port, const struct fib_own *own)
{
	struct fib_own *new, *old = fib->own[port];

	if (old && memcmp(old, own, sizeof(*own)) == 0)
		return 0;
	new = malloc(sizeof(*new));
	if (!new)
		return -ENOMEM;
	memcpy(new, own, sizeof(*new));
	publish(fib->own[port], new);
	if (old)
		rcu_defer(table_of(fib)->rcu, free, old);
	return 0;
}
