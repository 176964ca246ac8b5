/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The way of a packet. path_burst() takes what a queue or ring gave. Packets of established connections stay in the
 * burst stages of established.c; whatever is odd in any way leaves for the steps below, which take one packet a call:
 *
 *   classify -> fragment -> arp, nd, echo (for local addresses) -> known -> icmp_error -> lookup -> owner -> first -> local
 *
 * Each step says what became of the packet, and the first one that doesn't say NEXT decides.
 */
#ifndef PATH_PATH_H
#define PATH_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#include "core/counters.h"
#include "core/drop.h"
#include "core/flow.h"
#include "core/worker.h"
#include "ip/fib.h"
#include "ip/fragment_table.h"
#include "port/handover.h"

struct apart;
struct conn;
struct dest;
struct forward;
struct forward_request;
struct protocol;
struct rte_tcp_hdr;
struct service;

enum verdict {
	VERDICT_NEXT, /* not decided here */
	VERDICT_DONE, /* sent, handed over or kept: counted by who did it */
	VERDICT_KERNEL, /* to the kernel */
	VERDICT_KERNEL_CONTROL, /* to the kernel, before the rest */
	VERDICT_DROP, /* + enum drop_reason */
};

static inline enum verdict
verdict_drop(enum drop_reason reason)
{
	return (enum verdict)(VERDICT_DROP + (int)reason);
}

/* Of IPv6 (RFC 8200, 4.5). */
struct fragment_header {
	uint8_t next, reserved;
	rte_be16_t place; /* 13 bits in units of 8 bytes, 2 reserved ones, 1: more follow */
	rte_be16_t id[2]; /* one number of 32 bits: IP headers are aligned to 2 bytes alone */
};

/* A packet that left the fast path, taken apart. Offsets are from the start of the frame. */
struct packet {
	struct rte_mbuf *m;
	uint8_t port; /* index of the port it came in by */
	bool handed_over; /* another worker found that it is ours */
	bool to_us; /* sent to the port's MAC address, not to a group */
	bool is_ip, is_fragment;
	bool has_l4; /* flow and protocol are complete, and the transport header is there, but for those that ... */
	bool is_later; /* ... are fragments and not the first: flow, protocol and opens are as the first one says */
	bool opens; /* of fragments: the first one may make a connection */
	uint8_t refused; /* of fragments that are a connection's or the kernel's: 1 + why it does not take them; 0: it does */
	uint16_t ether_type; /* host order */
	uint16_t l3, l4;
	uint16_t end; /* of the IP packet: l3 + its length */
	uint8_t ttl;
	uint32_t nexthop; /* towards the destination, as the fib says; filled in after known */
	uint32_t source_nexthop; /* towards the source, as the fib says; filled in by source_is_sound() */
	uint32_t fib_generation; /* that this was looked up in, or an earlier one */
	struct flow flow;
	const struct protocol *protocol; /* of what has_l4 */
	struct fragment fragment; /* of what is_fragment: its place */
	uint32_t fragment_id; /* as it stands in the packet */
	bool may_be_split; /* it has become one of IPv6, and had no DF in IPv4 */
	uint32_t held; /* that waited for this first fragment (ip/fragment_table.h) */
	struct handover_note note; /* of another worker */
	const struct service *svc; /* that the packet is for, NULL: none; filled in by lookup */
	/* Where a client goes by TEMPLATE or, BY_CID, by its connection ID; NULL: not settled. */
	const struct dest *dest;
	uint32_t template;
	bool by_cid;
	struct openings *openings;
};

/* Connections that the packets of a burst begin. Each is completed, and its packet sent, when so many more were begun,
 * or at the end of the burst: by then the bucket of its replies has come from memory. */
#define OPENINGS_MAX 16
struct openings {
	uint32_t first, n; /* a ring */
	struct opening {
		struct packet packet;
		const struct service *svc;
		const struct dest *dest;
		const struct forward *forward;
		struct conn *conn;
		struct flow reply;
		uint32_t nexthop; /* towards the server */
		uint8_t port; /* index, the same way */
	} at[OPENINGS_MAX];
};

/* Bytes from the transport header to the end of the IP packet. */
static inline uint32_t
packet_l4_length(const struct packet *packet)
{
	return (uint32_t)packet->end - packet->l4;
}

static inline void *
packet_at(const struct packet *packet, uint16_t offset)
{
	return rte_pktmbuf_mtod_offset(packet->m, void *, offset);
}

/* N packets that came in by PORT's queue or (HANDED_OVER) from another worker; the port field of the latter says by
 * which port they came. All are consumed. */
void path_burst(struct worker *self, uint8_t port, bool handed_over, struct rte_mbuf **packets, uint32_t n);
/* One packet by the steps below. It is consumed, but may be in OPENINGS, which have to be finished. */
void path_slow(struct worker *self, struct openings *openings, struct rte_mbuf *m, uint8_t port, bool handed_over);
/* The same for one of an ordinary form (established.c has looked) that belongs to no connection. */
void path_unknown(struct worker *self, struct openings *openings, struct rte_mbuf *m, uint8_t port, bool handed_over);
/* Does with the packet what a step decided. */
void path_decided(struct worker *self, struct packet *packet, enum verdict verdict);

/* The steps. */
enum verdict classify_packet(struct worker *self, struct packet *packet);
enum verdict fragment_packet(struct worker *self, struct packet *packet);
enum verdict arp_packet(struct worker *self, struct packet *packet);
enum verdict neighbour_discovery_packet(struct worker *self, struct packet *packet);
enum verdict echo_packet(struct worker *self, struct packet *packet);
enum verdict known_packet(struct worker *self, struct packet *packet);
enum verdict lookup_packet(struct worker *self, struct packet *packet);
enum verdict owner_packet(struct worker *self, struct packet *packet);
enum verdict first_packet(struct worker *self, struct packet *packet);
enum verdict stray_packet(struct worker *self, struct packet *packet);
enum verdict icmp_tunnel_packet(struct worker *self, struct packet *packet);
enum verdict icmp_error_packet(struct worker *self, struct packet *packet);
enum verdict local_packet(struct worker *self, struct packet *packet);
/* What keeps the director itself alive: VRRP, routing protocols, answers to health checks. */
bool local_is_control(const struct worker *self, const struct packet *packet);

/* Whether the source is an address that another host may have; an answer to others would go astray. */
bool source_is_sound(const struct worker *self, struct packet *packet);

/* Of classify.c: walks the extension headers (RFC 8200) from l4, where header NEXT begins, to the transport header, or to
 * the fragment header: then is_fragment is set. NEXT, or a drop. */
enum verdict classify_extensions(struct packet *packet, uint8_t next);
/* Of known.c: the connection and direction of FLOW, as a value of its table (lb/conn_table.h), or CONN_NONE. Completes
 * what is in OPENINGS if that is one of them; with NULL it is none yet. */
uint32_t known_connection(struct worker *self, struct openings *openings, const struct flow *flow);
/* The same for a FLOW of IPv4 that is of no connection there, in the IPv6 table: of one between the families. */
uint32_t known_mapped(struct worker *self, struct openings *openings, const struct flow *flow);
/* To the transport header of a first fragment, which is checked as that of a whole packet is. */
enum verdict classify_first_fragment(const struct worker *self, struct packet *packet);
/* Of fragment.c: PACKET is a fragment, not the first, of a datagram whose first one had FLOW. */
void fragment_follow(struct packet *packet, const struct fragment_flow *flow);
/* What PACKET, the first one or one that follows it, tells the others of its datagram. */
struct fragment_flow fragment_flow_of(const struct packet *packet);
/* Fragments that have waited for too long are dropped. Once a turn. */
void fragment_sweep(struct worker *self);
/* The callback of a worker's fragment table: M is dropped. */
void fragment_drop(void *worker, struct rte_mbuf *m, enum drop_reason reason);
/* Of owner.c: PACKET goes to worker TO, with NOTE. */
enum verdict owner_give(struct worker *self, struct packet *packet, uint32_t to, struct handover_note note);
/* Whether a server's REPLY may be of a connection that another worker owns. */
bool owner_may_be_another(const struct worker *self, const struct flow *reply);
/* Of persistent.c: finds where the client goes (DEST and TEMPLATE of PACKET), or lets another worker find it. */
enum verdict persistent_choose(struct worker *self, struct packet *packet);
/* The same for a fragment that finds no connection, but whose first one may be on its way there and back. */
enum verdict persistent_follow(struct worker *self, struct packet *packet);
/* Of connection_id.c: finds where a QUIC client goes whose connection ID says so (DEST and BY_CID of PACKET). */
void connection_id_choose(struct packet *packet);
/* Of one_packet.c: forwards a packet of SVC to DEST by itself. */
enum verdict one_packet(struct worker *self, struct packet *packet, const struct forward_request *request,
			const struct forward *forward);
/* Of first.c: completes the connections that were begun, and sends their packets. */
void openings_finish(struct worker *self, struct openings *openings);
/* Whom the packet of OPENING, whose packet and svc are set, is to go to, and how: dest, forward, nexthop and port. 0, or a
 * negative drop reason. */
int opening_aim(struct worker *self, struct opening *opening);
/* What to ask its forwarding method. Valid as long as OPENING. */
struct forward_request opening_request(struct worker *self, const struct opening *opening);

/* Forwards a packet of CONN, found or made by a step: state, counts, rewrite, send. */
enum verdict forward_packet(struct worker *self, struct packet *packet, struct conn *conn, uint8_t direction);

/* The last part of that: rewrites and sends, counts nothing. */
void forward_send(struct worker *self, struct packet *packet, struct conn *conn, uint8_t direction);

/* Of split_ipv6.c: sends PACKET, which may_be_split and is longer than MTU, in fragments, as transmit_to() does. It is
 * consumed. */
void split_translated(struct worker *self, struct packet *packet, uint16_t mtu, uint32_t number,
		      const struct ip_addr *to);
/* The same of M, which encapsulate() has put into a packet of IPv6. */
void split_outer(struct worker *self, struct rte_mbuf *m, uint16_t mtu, uint32_t number, const struct ip_addr *to);

/* Of reframe.c. Bytes that packets of CONN_REFRAMED connections have more when they leave than when they came: what the
 * way's MTU leaves for them is so much less. Others: 0. */
int reframe_adds(const struct worker *self, const struct conn *conn, uint32_t direction);
/* Whether an IP packet of such a connection, of LENGTH bytes, fits into MTU with its new headers. */
bool reframe_fits(const struct worker *self, uint32_t length, const struct conn *conn, uint32_t direction,
		  uint16_t mtu);
/* Rewrites M, which fits and has its transport header at L4 of the frame, and gives it the headers that it leaves by PORT
 * with, but for the Ethernet addresses. 0, or a negative drop reason. */
int reframe(struct worker *self, struct rte_mbuf *m, uint16_t l4, struct conn *conn, uint32_t direction, uint8_t port);

/* Of apart.c: a packet of an established connection that the fast path does not finish by itself, or whose next hop is not
 * READY. IP is its header, an ordinary one (established.c has looked), VALUE what was found in the table of its family. It
 * may wait until so many more have come (APART_MAX), or for apart_finish(). False: for the slow path, nothing is changed yet. */
bool forward_apart(struct worker *self, struct rte_mbuf *m, uint8_t *ip, uint32_t value, bool ipv6);
/* The second part of that, for what was looked at already. */
void apart_pass(struct worker *self, const struct apart *apart);
void apart_finish_all(struct worker *self);

/* Of tunnel_pass.c: a packet of CONN (conn_is_tunnel()) goes into its tunnel, by NEXTHOP, which is READY; L4 is its transport
 * header. False: for the slow path, nothing is changed yet. */
bool tunnel_pass_ipv4(struct worker *self, struct rte_mbuf *m, void *ip, void *l4, struct conn *conn,
		      union nexthop nexthop);
bool tunnel_pass_ipv6(struct worker *self, struct rte_mbuf *m, void *ip, void *l4, struct conn *conn,
		      union nexthop nexthop);

/* Whether M looks like a frame of IPv6, with a priority tag (IEEE 802.1Q, 6.9) or without. No branch on that: it may be
 * mispredicted. */
static inline bool
frame_is_ipv6(const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *ether = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const struct rte_vlan_hdr *tag = (const void *)(ether + 1);

	if (unlikely(rte_pktmbuf_data_len(m) < RTE_ETHER_HDR_LEN + sizeof(*tag)))
		return false;
	if (unlikely(ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_VLAN)))
		return tag->eth_proto == RTE_BE16(RTE_ETHER_TYPE_IPV6);
	return ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6);
}

/* Of established.c: a burst of the fast path, as path_burst(), but N is not 0. */
void established_burst(struct worker *self, uint8_t port, bool handed_over, struct rte_mbuf **packets, uint32_t n);

/* Before the slow path does anything, and at the end of a burst: nothing waits any more. */
static inline void
apart_finish(struct worker *self)
{
	if (unlikely(self->apart_n != 0))
		apart_finish_all(self);
}

/* Shifts sequence numbers of a connection that is CONN_SHIFTED. */
void sequence_shift(struct worker *self, struct packet *packet, struct conn *conn, uint8_t direction);
/* The same by SHIFT for a segment that isn't a SYN, of a connection that is not COLD_UNTOLD. */
void sequence_shift_established(struct rte_tcp_hdr *tcp, uint32_t shift, uint32_t direction);

/* Of reset.c: sends a RST to each end of a TCP connection that was heard (a hook of conn_sweep()). */
void reset_conn(struct worker *self, struct conn *conn, uint16_t family);

struct rte_tcp_hdr;
/* Undoes that in the copy of a TCP header of which THERE bytes are sound, and which a packet had that was sent against
 * DIRECTION: icmp_translate.c. */
void sequence_restore(struct worker *self, const struct packet *packet, struct conn *conn, uint8_t direction,
		      struct rte_tcp_hdr *tcp, uint16_t there);

/* ---- transmit.c ---- */

/* Sends M, complete from its Ethernet header on, on PORT. */
void transmit(struct worker *self, struct rte_mbuf *m, uint8_t port);
/* Writes the Ethernet header for NEXTHOP and sends; FAMILY and DST are what to look up again if M must wait. */
void transmit_to(struct worker *self, struct rte_mbuf *m, uint32_t number, uint16_t family, const union ip_bits *dst);
/* The same for packets that waited: NEXTHOP, which NUMBER is, has its neighbour's MAC address. */
void transmit_ready(struct worker *self, struct rte_mbuf *m, uint32_t number, union nexthop nexthop);
/* For those that waited in vain, and will be dropped for REASON: their senders are told. */
void transmit_lost(struct worker *self, struct rte_mbuf *m, enum drop_reason reason);
void transmit_flush(struct worker *self);

/* ---- loop.c ---- */

/* The worker's main function, until stop is set. */
int worker_run(void *worker);
/* What worker_run() is made of, for who drives a worker turn by turn; the worker is online in RCU. */
void worker_start_clock(struct worker *self);
/* One turn of the loop. How many packets it found. */
uint32_t worker_turn(struct worker *self);

#endif
