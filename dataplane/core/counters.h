/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What each worker counts. For every worker, at the end of each turn of its loop:
 *
 *   RECEIVED + GENERATED + FROM_KERNEL + TAKEN + SPLIT = FORWARDED + TO_KERNEL + GIVEN + dropped + MERGED + HELD
 *
 * and the same for the I/O thread, which has a set of its own. TAKEN and GIVEN are packets passed between threads over
 * rings; their difference over all threads is what stands in the rings.
 */
#ifndef CORE_COUNTERS_H
#define CORE_COUNTERS_H

#include <stdalign.h>
#include <stdint.h>

#define COUNTERS(X)                                                                                           \
	X(RECEIVED, "received", "packets received from ports")                                                \
	X(GENERATED, "generated", "packets made here: ARP and ND answers, errors")                            \
	X(FROM_KERNEL, "from_kernel", "packets that the kernel sent")                                         \
	X(TAKEN, "taken", "packets taken over from another thread")                                           \
	X(SPLIT, "split", "additional packets made by fragmentation")                                         \
	X(FORWARDED, "forwarded", "packets sent to ports")                                                    \
	X(TO_KERNEL, "to_kernel", "packets given to the kernel")                                              \
	X(GIVEN, "given", "packets handed to another thread")                                                 \
	X(MERGED, "merged", "packets merged by reassembly")                                                   \
	X(HELD, "held", "packets that wait, for a neighbour or others (a gauge)")                             \
	X(CONN_NEW, "conn_new", "connections made")                                                           \
	X(CONN_EXPIRED, "conn_expired", "connections that timed out")                                         \
	X(CONN_DRAINED, "conn_drained", "connections ended because their server was removed or has weight 0") \
	X(CONN_GIVEN_UP, "conn_given_up", "connections ended by drop_entry or expire_nodest_conn")            \
	X(CONN_REUSED, "conn_reused", "connections whose place a new one took")                               \
	X(CONNS, "conns", "connections (a gauge)")                                                            \
	X(LADDR_RECYCLED, "laddr_recycled", "local ports taken over from a closed connection")                \
	X(RESET_DOUBTED, "reset_doubted", "TCP resets far from the window, which ended no connection")        \
	X(ICMP_MADE, "icmp_made", "ICMP errors made here")                                                    \
	X(ICMP_LIMITED, "icmp_limited", "ICMP errors not made: limits.icmp_errors")                           \
	X(CLIENT_AGAIN, "client_again", "clients' addresses sent to servers again")                           \
	X(CLIENT_UNTOLD, "client_untold", "servers that never acknowledged a client's address")               \
	X(CLIENT_NO_ROOM, "client_no_room", "packets that had no room for their client's address")            \
	X(NEIGH_ASKED, "neigh_asked", "neighbours asked for")                                                 \
	X(TURNS, "turns", "turns of the loop that found work")

/* Every drop has a name. */
#define DROP_REASONS(X)                                                                                          \
	X(L2_SHORT, "l2_short", "shorter than an Ethernet header")                                               \
	X(NOT_OURS, "not_ours", "sent to another host's MAC address")                                            \
	X(IP_SHORT, "ip_short", "shorter than its IP header")                                                    \
	X(IP_VERSION, "ip_version", "IP version doesn't match the Ethernet type")                                \
	X(IP_HEADER_LENGTH, "ip_header_length", "IPv4 header length under 20 bytes or over the packet")          \
	X(IP_CHECKSUM, "ip_checksum", "wrong IPv4 header checksum")                                              \
	X(IP_LENGTH, "ip_length", "IP length over the packet's, or under its header's")                          \
	X(IP_SOURCE, "ip_source", "source is multicast, broadcast, loopback or an address of this director")     \
	X(IP_MAPPED, "ip_mapped", "IPv4-mapped address in an IPv6 header")                                       \
	X(IP_LAND, "ip_land", "source and destination are the same")                                             \
	X(IP_TTL, "ip_ttl", "TTL or hop limit used up")                                                          \
	X(IP_EXTENSIONS, "ip_extensions", "IPv6 extension headers cut short or too many")                        \
	X(L4_SHORT, "l4_short", "shorter than its transport header")                                             \
	X(L4_LENGTH, "l4_length", "TCP data offset, UDP or chunk length out of bounds")                          \
	X(L4_CHECKSUM, "l4_checksum", "the port reported a wrong checksum of the transport")                     \
	X(TCP_FLAGS, "tcp_flags", "TCP flags that no host sends")                                                \
	X(FRAGMENT, "fragment", "fragment to a service or local address, but of no connection")                  \
	X(FRAGMENT_TINY, "fragment_tiny", "first fragment without the whole transport header")                   \
	X(FRAGMENT_LENGTH, "fragment_length", "fragment of no length, not of 8 bytes' units, or beyond 65535")   \
	X(FRAGMENT_OVERLAP, "fragment_overlap", "fragments overlap: all of their datagram")                      \
	X(FRAGMENT_DUPLICATE, "fragment_duplicate", "fragment that was there before")                            \
	X(FRAGMENTS_MANY, "fragments_many", "more than 64 fragments: all of their datagram")                     \
	X(FRAGMENTS_FULL, "fragments_full", "no room for fragments: limits.datagrams, limits.fragments")         \
	X(FRAGMENT_TIMEOUT, "fragment_timeout", "fragments whose first one did not come")                        \
	X(FRAGMENT_ONCE, "fragment_once", "fragment to a service with one-packet scheduling")                    \
	X(FRAGMENT_FAMILY, "fragment_family", "fragment that the other family has no form for")                  \
	X(MULTI_SEGMENT, "multi_segment", "spread over several buffers, and too long for one")                   \
	X(ICMP_QUOTE, "icmp_quote", "ICMP error that quotes too little, or no IP packet")                        \
	X(ICMP_WORDLESS, "icmp_wordless", "ICMP error that the other family has no word for")                    \
	X(ICMP_CHECKSUM, "icmp_checksum", "ICMP error for the other family with a wrong checksum")               \
	X(DROP_PACKET, "drop_packet", "first packet dropped by the knob drop_packet")                            \
	X(CLIENT_EARLY, "client_early", "data before a handshake's end, or before the client's address is told") \
	X(NO_DEST, "no_dest", "no destination with weight above 0")                                              \
	X(DEST_REMOVED, "dest_removed", "the connection's destination was removed")                              \
	X(CONN_TABLE_FULL, "conn_table_full", "the connection table is full")                                    \
	X(TEMPLATES_FULL, "templates_full", "no room to remember another client of a persistent service")        \
	X(CONN_COLLISION, "conn_collision", "another connection has the same addresses and ports at the server") \
	X(TRANSLATION, "translation", "AH, ESP or a fragment of SCTP that the translation would spoil")          \
	X(NO_LADDR, "no_laddr", "no local address on the way to the destination")                                \
	X(NO_LOCAL_PORT, "no_local_port", "local addresses are used up")                                         \
	X(NAT_NO_CONN, "nat_no_conn", "from a NAT server, but of no connection: nat_icmp_send")                  \
	X(SNAT_NO_CONN, "snat_no_conn", "from inside a gateway, in the middle of an unknown connection")         \
	X(LADDR_NO_CONN, "laddr_no_conn", "to a local address, but of no connection")                            \
	X(FORWARD_METHOD, "forward_method", "the destination's forwarding method has no packet path")            \
	X(NO_HEADROOM, "no_headroom", "no room in the packet buffer for another header")                         \
	X(NO_SOURCE, "no_source", "the host has no address for the outer header of a tunnel")                    \
	X(NO_ROUTE, "no_route", "no route")                                                                      \
	X(BLACKHOLE, "blackhole", "route says blackhole, unreachable or prohibit")                               \
	X(PORT_DOWN, "port_down", "the port to send on is down")                                                 \
	X(TOO_BIG, "too_big", "longer than the MTU of the port or route to send on")                             \
	X(NEIGH_FULL, "neigh_full", "too many packets wait for neighbours")                                      \
	X(NEIGH_FAILED, "neigh_failed", "the neighbour did not answer")                                          \
	X(HANDOVER_FULL, "handover_full", "ring to another worker full")                                         \
	X(KERNEL_CONTROL_FULL, "kernel_control_full", "ring to the kernel full: VRRP, ARP, ND, routing, checks") \
	X(KERNEL_FULL, "kernel_full", "ring to the kernel full: other traffic")                                  \
	X(KERNEL_WRITE, "kernel_write", "the kernel interface didn't take the packet")                           \
	X(KERNEL_READ, "kernel_read", "no buffer, or no room in the ring, for a packet from the kernel")         \
	X(TX_FULL, "tx_full", "the port's send queue was full")                                                  \
	X(NO_MBUF, "no_mbuf", "no packet buffer for an answer")

enum counter {
#define X(id, name, text) COUNT_##id,
	COUNTERS(X)
#undef X
		COUNT_MAX,
};

enum drop_reason {
#define X(id, name, text) DROP_##id,
	DROP_REASONS(X)
#undef X
		DROP_MAX,
};

struct counters {
	/* Odd while the owner is within a turn: a reader who wants the sums to close reads again. */
	alignas(64) uint64_t turn;
	uint64_t count[COUNT_MAX];
	uint64_t drop[DROP_MAX];
};

struct counter_text {
	const char *name, *text;
};

extern const struct counter_text counter_texts[COUNT_MAX];
extern const struct counter_text drop_texts[DROP_MAX];

/* Copies what the owner had counted at the end of a turn. Tries a bounded number of times; false: the copy was taken
 * within a turn, and may be off by the packets of that turn. */
struct counters_snapshot {
	uint64_t count[COUNT_MAX];
	uint64_t drop[DROP_MAX];
};
_Bool counters_read(const struct counters *counters, struct counters_snapshot *ret);

static inline void
counters_turn_begin(struct counters *counters)
{
	__atomic_store_n(&counters->turn, counters->turn + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE); /* no count may be seen before it */
}

static inline void
counters_turn_end(struct counters *counters)
{
	__atomic_store_n(&counters->turn, counters->turn + 1, __ATOMIC_RELEASE);
}

#endif
