/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The kernel's sysctls of IPVS (/proc/sys/net/ipv4/vs, net/netfilter/ipvs/ip_vs_ctl.c) by their names: what they may be
 * set to, and how they read. ipvsd.conf has their first values; workers see them as published, by
 * fetch(self->lb->knobs). What each does is in ipvsd-sysctl(7).
 */
#ifndef CORE_KNOBS_H
#define CORE_KNOBS_H

#include <stddef.h>
#include <stdint.h>

/* As in the kernel, those that turn something on take any number: 0 is off. */
struct knobs {
	int32_t am_droprate; /* with drop_packet 3, one first packet of so many is dropped */
	int32_t amemthresh; /* with fewer places for connections than this, the defences begin */
	int32_t backup_only; /* a backup of the synchronisation balances nothing */
	int32_t cache_bypass; /* with no server for a mark, to where the packet was sent */
	int32_t conn_reuse_mode; /* 0: a connection that is over is used again; bit 1: DR's in FIN_WAIT count as over */
	int32_t conntrack;
	int32_t drop_entry; /* the defences: 0 never, 1 when there is need, 2 as 1 and there is need, 3 always */
	int32_t drop_packet;
	int32_t expire_nodest_conn; /* connections of a server that is gone or has weight 0 are given up */
	int32_t expire_quiescent_template; /* a client remembered at a server of weight 0 is scheduled anew */
	int32_t ignore_tunneled;
	int32_t nat_icmp_send; /* a NAT server's packet of no connection is answered with an ICMP error */
	int32_t pmtu_disc; /* the way's MTU counts for tunnels */
	int32_t run_estimation; /* rates are worked out */
	int32_t schedule_icmp; /* an ICMP error that tells of no connection may begin one */
	int32_t secure_tcp;
	int32_t sloppy_sctp; /* any packet may begin a connection */
	int32_t sloppy_tcp;
	int32_t snat_reroute; /* replies of NAT servers go by the route for their new source */
	int32_t sync_persist_mode;
	int32_t sync_ports;
	int32_t sync_qlen_max;
	int32_t sync_refresh_period; /* seconds */
	int32_t sync_retries;
	int32_t sync_sock_size;
	int32_t sync_threshold[2];
	int32_t sync_version;
};

/* What may be written. */
enum knob_kind {
	KNOB_ANY, /* any number */
	KNOB_RANGE, /* LEAST to MOST */
	KNOB_POWER, /* a power of two */
	KNOB_THRESHOLD, /* two numbers from 0 on, of which the first is less, or the second is 0 */
	KNOB_FIXED, /* nothing but what it is: ipvsd has no other way */
};

struct knob {
	const char *name;
	uint32_t offset; /* in struct knobs, of N numbers */
	uint8_t n;
	uint8_t kind;
	int32_t least, most;
	int32_t preset[2];
};

/* In the order of their names; NULL behind the last one. */
const struct knob *knob_at(uint32_t position);
const struct knob *knob_by_name(const char *name);

/* What the kernel begins with. */
void knobs_preset(struct knobs *knobs);

static inline const int32_t *
knob_values(const struct knobs *knobs, const struct knob *knob)
{
	return (const int32_t *)(const void *)((const uint8_t *)knobs + knob->offset);
}

#endif
