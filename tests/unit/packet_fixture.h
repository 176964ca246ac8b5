/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A director with two ports whose packets the test makes and catches: port 0 towards the clients, port 1 towards the
 * servers. The kernel's side of the exception path is an array. Needs the EAL, but no hugepages and no device.
 *
 *   198.51.100.0/24, 2001:db8:1::/64   clients, by one router on port 0
 *   10.0.0.1, .2, fd00::1, ::2         servers on port 1, MAC addresses known
 *   10.0.0.9, fd00::9                  servers on port 1, MAC addresses not known
 *   192.0.2.0/24, 2001:db8::/64        the director's own: VIPs
 *   10.0.0.100, fd00::100              local addresses of full-NAT, ports 1025-65535
 */
#ifndef PACKET_FIXTURE_H
#define PACKET_FIXTURE_H

#include <rte_mbuf.h>

#include "director_fixture.h"
#include "ip/fib.h"
#include "path/path.h"
#include "port/exception.h"
#include "port/port.h"

enum { CLIENTS, SERVERS };
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

#define CAUGHT_MAX 512
#define FIXTURE_DATAGRAMS 64 /* that a worker follows */
#define FIXTURE_FRAGMENTS 256 /* that wait at a worker */

struct caught {
	uint32_t n;
	struct rte_mbuf *packets[CAUGHT_MAX];
};

/* What the fake kernel got. */
struct exception {
	struct caught got[EXCEPTION_CLASSES];
	bool full;
};

struct network {
	struct director *director;
	struct fib *fib;
	struct ports ports;
	struct exception kernel;
	uint32_t nexthop_router, nexthop_server[2];
	uint64_t drops_seen[DROP_MAX]; /* by assert_dropped */
	uint32_t buffers_before;
};

/* A frame to make: what isn't given has a usual value. */
struct frame {
	const char *src, *dst;
	uint16_t sport, dport; /* host order */
	uint8_t proto; /* IPPROTO_TCP if 0 */
	uint8_t ttl; /* 64 if 0 */
	/* Of ICMP an echo: a request, whose identifier is sport, or with ACK a reply, whose identifier is dport. */
	uint8_t flags; /* of TCP; of SCTP the chunk that means the same: INIT, INIT ACK, DATA, SHUTDOWN, ABORT */
	uint32_t seq, ack;
	uint16_t urgent; /* of TCP, with the flag if it isn't 0 */
	const uint8_t *options; /* of TCP */
	uint8_t options_length; /* a multiple of 4 */
	const uint8_t *data; /* before the payload */
	uint16_t data_length;
	uint16_t payload; /* bytes */
	bool plain; /* as the director makes its own: no TOS, IP identification, flow label */
	bool no_checksum; /* of UDP */
	const uint8_t *src_mac, *dst_mac; /* the router's, the port's if NULL */
};

extern const uint8_t router_mac[6], server_mac[2][6], port_mac[2][6];
extern struct caught sent[2]; /* by port */
extern uint16_t send_limit; /* packets that a port takes in one call */
extern struct rte_mempool *packet_pool;

/* Once a program: starts the EAL. */
int packets_start(void **state);
int packets_stop(void **state);

struct network *network_new(uint32_t n_workers, uint32_t connections);
/* Checks that the accounts close and no packet buffer is lost. */
void network_free(struct network *network);

/* A packet with right checksums. */
struct rte_mbuf *frame_new(const struct frame *frame, uint8_t port);
/* What a server answers to M, which it got: with TCP, SYN and ACK. M stays. */
struct rte_mbuf *frame_reply(const struct rte_mbuf *m);
/* Sums of the packet as it stands: for those that were changed. */
void frame_checksums(struct rte_mbuf *m);
/* The same bytes in a buffer of just that size, so that the sanitizer sees who reads beyond. */
struct rte_mbuf *frame_tight(const struct rte_mbuf *m, uint32_t length);

/* WORKER receives M on PORT; then all rings between workers are emptied and all is sent. */
void receive(struct network *network, uint32_t worker, uint8_t port, struct rte_mbuf *m);
void receive_burst(struct network *network, uint32_t worker, uint8_t port, struct rte_mbuf **packets, uint32_t n);
/* As receive, past the fast path. */
void receive_slowly(struct network *network, uint32_t worker, uint8_t port, struct rte_mbuf *m);

/* The one packet that PORT sent since the last look; fails if it was none or several. The test frees it. */
struct rte_mbuf *sent_one(uint8_t port);
/* The same, which must be this frame to its last byte. */
void assert_sent(uint8_t port, const struct frame *expected);
void assert_nothing_sent(void);
/* The only thing that became of the last packet: dropped for this reason, given to the kernel in this class. */
void assert_dropped(struct network *network, enum drop_reason reason);
void assert_to_kernel(struct network *network, enum exception_class class);

void forget_packets(struct network *network);
void assert_accounts_close(const struct network *network);
uint64_t counted(const struct network *network, enum counter counter);
uint64_t dropped(const struct network *network, enum drop_reason reason);

void set_route(struct network *network, const char *prefix, uint8_t length, uint32_t nexthop);
/* What leaves by PORT has MTU bytes at most from now on, by the port or BY_ROUTE: by the routes to the hosts there whose MAC
 * addresses are known. */
void narrow_way(struct network *network, uint8_t port, uint16_t mtu, bool by_route);
/* The routes have no MTU any more. */
void widen_routes(struct network *network);

#endif
