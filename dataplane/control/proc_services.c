/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * /proc/net/ip_vs (net/netfilter/ipvs/ip_vs_ctl.c, ip_vs_info_seq_show()). Its oddities are kept, since programs parse
 * it: no "ops" for IPv6, the timeout in jiffies, an IPv6 prefix length with its bytes swapped.
 */
#include <linux/ip_vs.h>

#include "control/dump_pace.h"
#include "control/proc_file.h"
#include "lb/lb.h"
#include "lb/scheduler.h"

#define JIFFIES_A_SECOND 100u

static void
print_head(const struct proc_reader *reader, struct proc_text *text)
{
	proc_print(text,
		   "IP Virtual Server version 1.2.1 (size=%u)\n"
		   "Prot LocalAddress:Port Scheduler Flags\n"
		   "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n",
		   reader->model->limits.connections);
}

static void
print_service(struct proc_text *text, const struct ipvs_service *service)
{
	const char *scheduler = service->scheduler ? scheduler_name(service->scheduler) : "none";
	const char *ops = service->flags & IP_VS_SVC_F_ONEPACKET ? "ops " : "";
	const struct ipvs_key *key = &service->key;

	if (key->fwmark != 0) {
		proc_print(text, "FWM  %08X %s %s", key->fwmark, scheduler, ops);
	} else {
		proc_print_protocol(text, key->protocol, 0);
		proc_print(text, key->family == AF_INET ? "  " : "  [");
		proc_print_address(text, key->family, &key->addr);
		if (key->family == AF_INET)
			proc_print(text, ":%04X %s %s ", rte_be_to_cpu_16(key->port), scheduler, ops);
		else
			proc_print(text, "]:%04X %s ", rte_be_to_cpu_16(key->port), scheduler);
	}
	if (service->flags & IP_VS_SVC_F_PERSISTENT)
		proc_print(text, "persistent %d %08X\n", (int)(service->timeout_s * JIFFIES_A_SECOND),
			   rte_be_to_cpu_32(service->netmask));
	else
		proc_print(text, "\n");
}

static const char *
forward_word(uint8_t method)
{
	switch (method) {
	case FORWARD_LOCAL:
		return "Local";
	case FORWARD_TUNNEL:
		return "Tunnel";
	case FORWARD_DIRECT:
		return "Route";
	case FORWARD_FULLNAT:
		return "FullNat";
	case FORWARD_SNAT:
		return "Snat";
	default:
		return "Masq";
	}
}

static void
print_dest(struct proc_reader *reader, struct proc_text *text, const struct ipvs_dest *dest)
{
	const struct dest *spec = &dest->spec;
	bool ipv6 = spec->addr.family == AF_INET6;
	struct dest_load load;
	struct ipvs_stats counts;

	dest_load_sum(reader->model->lb, DEST_INDEX(spec->id), &load);
	counts = ipvs_stats_of_load(&load);
	if (ipvs_estimator_moved(&dest->estimator, &counts))
		reader->cost_ns += READ_DEST_NS;
	proc_print(text, "  -> %s", ipv6 ? "[" : "");
	proc_print_address(text, spec->addr.family, &spec->addr.ip);
	proc_print(text, "%s:%04X      %-7s %-6d %-10d %-10d\n", ipv6 ? "]" : "", rte_be_to_cpu_16(spec->port),
		   forward_word(spec->forward), spec->weight, load.active, load.inactive);
}

static int
services_line(struct proc_reader *reader, struct proc_text *text)
{
	const struct ipvs_service *service;

	reader->work++;
	if (reader->line == 0) {
		print_head(reader, text);
		return 1;
	}
	if (reader->dests.next) {
		print_dest(reader, text, reader->dests.next);
		reader->dests.next = TAILQ_NEXT(reader->dests.next, link);
		return 1;
	}
	service = ipvs_service_next(reader->model, &reader->service);
	if (!service)
		return 0;
	print_service(text, service);
	reader->dests.next = TAILQ_FIRST(&service->dests);
	return 1;
}

static void
services_open(struct proc_reader *reader)
{
	LIST_INSERT_HEAD(&reader->model->cursors, &reader->dests, link);
}

static void
services_close(struct proc_reader *reader)
{
	ipvs_cursor_close(&reader->dests);
}

const struct proc_file proc_services = {
	.name = "net/ip_vs",
	.mode = 0444,
	.line = services_line,
	.open = services_open,
	.close = services_close,
};
