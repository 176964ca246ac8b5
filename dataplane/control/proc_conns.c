/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * /proc/net/ip_vs_conn and ip_vs_conn_sync (net/netfilter/ipvs/ip_vs_conn.c).
 */
#include <errno.h>

#include "control/dump_pace.h"
#include "control/proc_conns.h"
#include "control/proc_file.h"
#include "lb/conn.h"
#include "lb/lb.h"
#include "lb/persistence.h"
#include "lb/protocol.h"

uint64_t
conn_read_cost_ns(const struct conn_entry *entry)
{
	return entry->is_template || entry->idle_ms >= READ_IDLE_MS ? 0 : READ_CONN_NS;
}

const char *
conn_state_name(const struct conn_entry *entry)
{
	const struct protocol *protocol = protocol_by_number(entry->client.proto);

	if (entry->is_template)
		return entry->assured ? "ASSURED" : "NONE";
	return protocol && entry->state < protocol->n_states ? protocol->state_names[entry->state] : "NONE";
}

/* Of a template whose clients may use all ports: none. With direct routing packets arrive at the port that they were sent
 * to, and a destination's own is only shown. */
static rte_be16_t
server_port(const struct conn_entry *entry, const struct dest *dest)
{
	if (entry->is_template)
		return entry->client.dport != 0 ? dest->port : 0;
	if (dest->forward == FORWARD_SNAT)
		return entry->server.dport;
	if (!(entry->flags & CONN_NO_OUTPUT))
		return entry->server.sport;
	return dest->port != 0 ? dest->port : entry->client.dport;
}

static const struct dest *
dest_of(const struct ipvs_model *model, const struct conn_entry *entry)
{
	uint32_t index = DEST_INDEX(entry->dest);
	const struct ipvs_dest *dest = index < model->dests_high ? model->dests[index] : NULL;

	return dest && dest->spec.id == entry->dest ? &dest->spec : NULL;
}

bool
conn_is_snat(const struct ipvs_model *model, const struct conn_entry *entry)
{
	const struct dest *dest = dest_of(model, entry);

	return dest && dest->forward == FORWARD_SNAT;
}

void
conn_server(const struct ipvs_model *model, const struct conn_entry *entry, struct ip_addr *ret_addr,
	    rte_be16_t *ret_port)
{
	const struct dest *dest = dest_of(model, entry);

	if (dest) {
		*ret_addr = dest->addr;
		*ret_port = server_port(entry, dest);
		return;
	}
	/* As the kernel lists what has no server. */
	if (entry->dest == model->lb->bypass->id) {
		*ret_addr = (struct ip_addr){ .family = entry->client.family };
		*ret_port = 0;
		return;
	}
	/* It ended while it was looked at, and its destination went with it. */
	*ret_addr = (struct ip_addr){ .family = entry->server.family, .ip = entry->server.src };
	*ret_port = entry->server.sport;
}

static void
print_flow(const struct proc_reader *reader, struct proc_text *text, const struct conn_entry *entry)
{
	const struct flow *flow = &entry->client;
	struct ip_addr server;
	rte_be16_t port;

	conn_server(reader->model, entry, &server, &port);
	proc_print_protocol(text, flow->proto, 3);
	proc_print(text, " ");
	proc_print_address(text, flow->family, &flow->src);
	proc_print(text, " %04X ", rte_be_to_cpu_16(flow->sport));
	proc_print_address(text, flow->family, &flow->dst);
	proc_print(text, " %04X ", rte_be_to_cpu_16(flow->dport));
	proc_print_address(text, server.family, &server.ip);
	proc_print(text, " %04X %-11s ", rte_be_to_cpu_16(port), conn_state_name(entry));
}

/* As conn_walk_next(). */
static int
next_conn(struct proc_reader *reader, struct conn_entry *ret)
{
	uint32_t budget = CONN_WALK_STRIDE;
	int got = conn_walk_next(reader->model->lb, &reader->walk, &budget, ret);

	reader->work += CONN_WALK_STRIDE - budget;
	if (got == 1)
		reader->cost_ns += conn_read_cost_ns(ret);
	return got;
}

static int
conns_line(struct proc_reader *reader, struct proc_text *text)
{
	struct conn_entry entry;
	int got;

	if (reader->line == 0) {
		proc_print(text, "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n");
		return 1;
	}
	got = next_conn(reader, &entry);
	if (got != 1)
		return got;
	print_flow(reader, text, &entry);
	proc_print(text, "%7u", entry.expires_ms / 1000);
	if (entry.engine)
		proc_print(text, " %s %.*s", entry.engine->name, (int)entry.data_length, (const char *)entry.data);
	proc_print(text, "\n");
	return 1;
}

static int
conns_sync_line(struct proc_reader *reader, struct proc_text *text)
{
	struct conn_entry entry;
	int got;

	if (reader->line == 0) {
		proc_print(text, "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Origin Expires\n");
		return 1;
	}
	got = next_conn(reader, &entry);
	if (got != 1)
		return got;
	print_flow(reader, text, &entry);
	proc_print(text, "%-6s %7u\n", "LOCAL", entry.expires_ms / 1000);
	return 1;
}

const struct proc_file proc_conns = {
	.name = "net/ip_vs_conn",
	.mode = 0444,
	.line = conns_line,
};

const struct proc_file proc_conns_sync = {
	.name = "net/ip_vs_conn_sync",
	.mode = 0444,
	.line = conns_sync_line,
};
