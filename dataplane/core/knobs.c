/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See knobs.h. Ranges and first values are those of vs_vars[] and ip_vs_control_net_init_sysctl() of Linux 6.1.
 */
#include <string.h>
#include <unistd.h>

#include "core/knobs.h"

#define NUMBER(member, the_kind, from, to, first)                                                      \
	{                                                                                              \
		.name = #member, .offset = offsetof(struct knobs, member), .n = 1, .kind = (the_kind), \
		.least = (from), .most = (to), .preset = { (first) },                                  \
	}
#define ANY(member, first) NUMBER(member, KNOB_ANY, INT32_MIN, INT32_MAX, first)
#define FIXED(member, first) NUMBER(member, KNOB_FIXED, first, first, first)
#define DEFENCE(member) NUMBER(member, KNOB_RANGE, 0, 3, 0)

/* What a kernel of 1000 Hz takes. */
#define SECONDS_MAX (INT32_MAX / 1000)

static const struct knob table[] = {
	ANY(am_droprate, 10),
	ANY(amemthresh, 1024),
	ANY(backup_only, 0),
	ANY(cache_bypass, 0),
	ANY(conn_reuse_mode, 1),
	FIXED(conntrack, 0),
	DEFENCE(drop_entry),
	DEFENCE(drop_packet),
	ANY(expire_nodest_conn, 0),
	ANY(expire_quiescent_template, 0),
	FIXED(ignore_tunneled, 0),
	ANY(nat_icmp_send, 0),
	ANY(pmtu_disc, 1),
	ANY(run_estimation, 1),
	ANY(schedule_icmp, 0),
	DEFENCE(secure_tcp),
	ANY(sloppy_sctp, 0),
	ANY(sloppy_tcp, 0),
	ANY(snat_reroute, 1),
	ANY(sync_persist_mode, 0),
	NUMBER(sync_ports, KNOB_POWER, 1, INT32_MAX, 1),
	NUMBER(sync_qlen_max, KNOB_RANGE, 0, INT32_MAX, 0),
	NUMBER(sync_refresh_period, KNOB_RANGE, 0, SECONDS_MAX, 0),
	NUMBER(sync_retries, KNOB_RANGE, 0, 3, 0),
	ANY(sync_sock_size, 0),
	{ .name = "sync_threshold",
	  .offset = offsetof(struct knobs, sync_threshold),
	  .n = 2,
	  .kind = KNOB_THRESHOLD,
	  .most = INT32_MAX,
	  .preset = { 3, 50 } },
	NUMBER(sync_version, KNOB_RANGE, 0, 1, 1),
};

const struct knob *
knob_at(uint32_t position)
{
	return position < sizeof(table) / sizeof(table[0]) ? &table[position] : NULL;
}

const struct knob *
knob_by_name(const char *name)
{
	const struct knob *knob;

	for (uint32_t i = 0; (knob = knob_at(i)) != NULL; i++)
		if (strcmp(knob->name, name) == 0)
			return knob;
	return NULL;
}

/* The kernel allows the queue a page for each 32 of low memory. */
static int32_t
queue_preset(void)
{
	long pages = sysconf(_SC_PHYS_PAGES);

	if (pages <= 0)
		return 0;
	return pages / 32 < INT32_MAX ? (int32_t)(pages / 32) : INT32_MAX;
}

void
knobs_preset(struct knobs *knobs)
{
	const struct knob *knob;

	for (uint32_t i = 0; (knob = knob_at(i)) != NULL; i++)
		memcpy((uint8_t *)knobs + knob->offset, knob->preset, knob->n * sizeof(knob->preset[0]));
	knobs->sync_qlen_max = queue_preset();
}
