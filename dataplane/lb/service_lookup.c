/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which service a packet is for, and what of it the service takes: ip_vs_service_find() and ip_vs_schedule() of the
 * kernel.
 */
#include <netinet/in.h>

#include <linux/ip_vs.h>

#include "lb/lb.h"
#include "lb/service.h"

#define FTP_DATA 20
#define UNPRIVILEGED 1024 /* net.ipv4.ip_unprivileged_port_start, as the kernel has it by default */

static const struct service *
find(const struct lb *lb, const struct service_key *key)
{
	const struct service *svc = fetch(*service_bucket(lb, key));

	while (svc && !service_key_equal(&svc->key, key))
		svc = fetch(svc->hash_next);
	return svc;
}

const struct service *
service_find(const struct lb *lb, const struct flow *flow)
{
	const struct service_key key = {
		.addr = flow->dst,
		.port = flow->dport,
		.family = flow->family,
		.protocol = flow->proto,
	};

	return find(lb, &key);
}

static bool
may_be_ftp_data(const struct flow *flow)
{
	uint16_t port = rte_be_to_cpu_16(flow->dport);

	return flow->proto == IPPROTO_TCP && (port == FTP_DATA || port >= UNPRIVILEGED);
}

const struct service *
service_for(const struct lb *lb, const struct flow *flow, uint32_t mark)
{
	struct service_key key = { .family = flow->family, .fwmark = mark };
	const struct service *svc = mark != 0 ? find(lb, &key) : NULL;

	if (!svc)
		svc = service_find(lb, flow);
	if (svc)
		return svc;
	key = (struct service_key){ .addr = flow->dst, .family = flow->family, .protocol = flow->proto };
	if (fetch(lb->n_ftp) > 0 && may_be_ftp_data(flow)) {
		key.port = SERVICE_PORT_FTP;
		svc = find(lb, &key);
	}
	if (!svc && fetch(lb->n_any_port) > 0) {
		key.port = 0;
		svc = find(lb, &key);
	}
	return svc;
}

bool
service_takes(const struct service *svc, const struct flow *flow)
{
	return svc->key.fwmark != 0 || svc->key.port == flow->dport || (svc->flags & IP_VS_SVC_F_PERSISTENT) != 0;
}

rte_be16_t
service_dest_port(const struct service *svc, const struct dest *dest, const struct flow *flow)
{
	if (dest->port == 0 || protocol_by_number(flow->proto)->portless ||
	    ((svc->flags & IP_VS_SVC_F_PERSISTENT) != 0 && flow->dport != svc->key.port))
		return flow->dport;
	return dest->port;
}
