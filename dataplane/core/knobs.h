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
	KNOB_RANGE, /* LEAST to MOST */
	KNOB_POWER, /* a power of two */
	KNOB_THRESHOLD, /* two numbers from 0 on, of which the first is less, or the second is 0 */
	KNOB_FIXED, /* nothing but what it is: ipvsd has no other way */
};

/* What a kernel of 1000 Hz takes. */
#define KNOB_SECONDS_MAX (INT32_MAX / 1000)

/* Member, numbers, kind, LEAST, MOST, and what the kernel begins with; in the order of their names. That of
 * sync_qlen_max is a question of memory. */
#define KNOBS(X)                                                                \
	X(am_droprate, 1, KNOB_RANGE, INT32_MIN, INT32_MAX, 10, 0)              \
	X(amemthresh, 1, KNOB_RANGE, INT32_MIN, INT32_MAX, 1024, 0)             \
	X(backup_only, 1, KNOB_RANGE, INT32_MIN, INT32_MAX, 0, 0)               \
	X(cache_bypass, 1, KNOB_RANGE, INT32_MIN, INT32_MAX, 0, 0)              \
	X(conn_reuse_mode, 1, KNOB_RANGE, INT32_MIN, INT32_MAX, 1, 0)           \
	X(conntrack, 1, KNOB_FIXED, 0, 0, 0, 0)                                 \
	X(drop_entry, 1, KNOB_RANGE, 0, 3, 0, 0)                                \
	X(drop_packet, 1, KNOB_RANGE, 0, 3, 0, 0)                               \
	X(expire_nodest_conn, 1, KNOB_RANGE, INT32_MIN, INT32_MAX, 0, 0)        \
	X(expire_quiescent_template, 1, KNOB_RANGE, INT32_MIN, INT32_MAX, 0, 0) \
	X(ignore_tunneled, 1, KNOB_FIXED, 0, 0, 0, 0)                           \
	X(nat_icmp_send, 1, KNOB_RANGE, INT32_MIN, INT32_MAX, 0, 0)             \
	X(pmtu_disc, 1, KNOB_RANGE, INT32_MIN, INT32_MAX, 1, 0)                 \
	X(run_estimation, 1, KNOB_RANGE, INT32_MIN, INT32_MAX, 1, 0)            \
	X(schedule_icmp, 1, KNOB_RANGE, INT32_MIN, INT32_MAX, 0, 0)             \
	X(secure_tcp, 1, KNOB_RANGE, 0, 3, 0, 0)                                \
	X(sloppy_sctp, 1, KNOB_RANGE, INT32_MIN, INT32_MAX, 0, 0)               \
	X(sloppy_tcp, 1, KNOB_RANGE, INT32_MIN, INT32_MAX, 0, 0)                \
	X(snat_reroute, 1, KNOB_RANGE, INT32_MIN, INT32_MAX, 1, 0)              \
	X(sync_persist_mode, 1, KNOB_RANGE, INT32_MIN, INT32_MAX, 0, 0)         \
	X(sync_ports, 1, KNOB_POWER, 1, INT32_MAX, 1, 0)                        \
	X(sync_qlen_max, 1, KNOB_RANGE, 0, INT32_MAX, 0, 0)                     \
	X(sync_refresh_period, 1, KNOB_RANGE, 0, KNOB_SECONDS_MAX, 0, 0)        \
	X(sync_retries, 1, KNOB_RANGE, 0, 3, 0, 0)                              \
	X(sync_sock_size, 1, KNOB_RANGE, INT32_MIN, INT32_MAX, 0, 0)            \
	X(sync_threshold, 2, KNOB_THRESHOLD, 0, INT32_MAX, 3, 50)               \
	X(sync_version, 1, KNOB_RANGE, 0, 1, 1, 0)

#define KNOB_NUMBERS_MAX 2

struct knob {
	const char *name;
	uint32_t offset; /* in struct knobs, of N numbers */
	uint8_t n;
	uint8_t kind;
	int32_t least, most;
	int32_t preset[KNOB_NUMBERS_MAX];
};

enum knob_position {
#define X(member, ...) KNOB_##member,
	KNOBS(X)
#undef X
		KNOB_COUNT,
};
extern const struct knob knob_table[KNOB_COUNT];

/* NULL if there is none. */
const struct knob *knob_by_name(const char *name);

/* What the kernel begins with. */
void knobs_preset(struct knobs *knobs);

/* Reads LENGTH bytes of TEXT as the kernel reads what is written to such a file (proc_dointvec() and its kin of
 * kernel/sysctl.c): numbers, decimal or after 0x or 0 hexadecimal or octal, with white space around. VALUES has room for
 * KNOB_NUMBERS_MAX and holds the present ones, those that TEXT doesn't give stay.
 * -EINVAL; -EOPNOTSUPP for another value of one that is fixed. */
int knob_parse(const struct knob *knob, const char *text, size_t length, int32_t *values);
/* Why knob_parse() said ERR, for messages: "allowed: 0 to 3". */
void knob_explain(const struct knob *knob, int err, char *ret, size_t size);

static inline int32_t *
knob_values(struct knobs *knobs, const struct knob *knob)
{
	return (int32_t *)(void *)((uint8_t *)knobs + knob->offset);
}

#endif
