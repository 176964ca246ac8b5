/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Announcements are frames on the kernel interface, which the exception path carries to the port like everything the
 * kernel sends. Each address is announced three times, a second apart, since nobody acknowledges.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/event_loop.h"
#include "control/laddr_announce.h"
#include "core/checksum.h"
#include "core/log.h"
#include "ip/fib_sources.h"
#include "port/port.h"

#define TIMES 3
#define PERIOD_MS 1000

struct announcement {
	TAILQ_ENTRY(announcement) link;
	struct ip_addr addr;
	uint8_t port;
	int left;
};

struct laddr_announce {
	struct fib *fib;
	const struct ports *ports;
	int fd;
	TAILQ_HEAD(, announcement) due;
	struct log_limit limit;
};

/* RFC 826, 5227: a request for the own address, to everybody. */
struct arp_frame {
	uint8_t to[6], from[6];
	rte_be16_t type;
	rte_be16_t hardware, protocol;
	uint8_t hardware_length, protocol_length;
	rte_be16_t operation;
	uint8_t sender_mac[6], sender_ip[4], target_mac[6], target_ip[4];
} __attribute__((packed));

/* RFC 4861, 7.2.6: an advertisement to all nodes. */
struct advertisement_frame {
	uint8_t to[6], from[6];
	rte_be16_t type;
	rte_be32_t version;
	rte_be16_t payload_length;
	uint8_t next_header, hop_limit, src[16], dst[16];
	uint8_t icmp_type, code;
	uint16_t checksum;
	rte_be32_t flags;
	uint8_t target[16], option, option_length, mac[6];
} __attribute__((packed));

static size_t
make_arp(struct arp_frame *frame, const struct port *port, const union ip_bits *ip)
{
	*frame = (struct arp_frame){
		.type = htons(ETHERTYPE_ARP),
		.hardware = htons(1),
		.protocol = htons(ETHERTYPE_IP),
		.hardware_length = 6,
		.protocol_length = 4,
		.operation = htons(1),
	};
	memset(frame->to, 0xff, 6);
	memcpy(frame->from, port->mac.addr_bytes, 6);
	memcpy(frame->sender_mac, port->mac.addr_bytes, 6);
	memcpy(frame->sender_ip, ip->bytes, 4);
	memcpy(frame->target_ip, ip->bytes, 4);
	return sizeof(*frame);
}

static size_t
make_advertisement(struct advertisement_frame *frame, const struct port *port, const union ip_bits *ip)
{
	static const uint8_t all_nodes_mac[6] = { 0x33, 0x33, 0, 0, 0, 1 };
	const uint16_t length = sizeof(*frame) - offsetof(struct advertisement_frame, icmp_type);
	uint16_t checksum;
	uint64_t sum;

	*frame = (struct advertisement_frame){
		.type = htons(ETHERTYPE_IPV6),
		.version = htonl(6u << 28),
		.payload_length = htons(length),
		.next_header = IPPROTO_ICMPV6,
		.hop_limit = 255,
		.dst = { 0xff, 0x02, [15] = 1 },
		.icmp_type = 136,
		.flags = htonl(1u << 29), /* override */
		.option = 2,
		.option_length = 1,
	};
	memcpy(frame->to, all_nodes_mac, 6);
	memcpy(frame->from, port->mac.addr_bytes, 6);
	memcpy(frame->src, ip->bytes, 16);
	memcpy(frame->target, ip->bytes, 16);
	memcpy(frame->mac, port->mac.addr_bytes, 6);
	sum = checksum_add(0, frame->src, 32) + htons(length) + htons(IPPROTO_ICMPV6);
	checksum = (uint16_t)~checksum_fold(checksum_add(sum, &frame->icmp_type, length));
	frame->checksum = checksum;
	return sizeof(*frame);
}

static void
announce_once(struct laddr_announce *announce, const struct announcement *item)
{
	const struct port *port = &announce->ports->port[item->port];
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = port->kernel_ifindex, .sll_halen = 6 };
	union {
		struct arp_frame arp;
		struct advertisement_frame advertisement;
	} frame;
	char text[INET6_ADDRSTRLEN];
	size_t length = item->addr.family == AF_INET ? make_arp(&frame.arp, port, &item->addr.ip)
						     : make_advertisement(&frame.advertisement, port, &item->addr.ip);

	if (sendto(announce->fd, &frame, length, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to)) == (ssize_t)length)
		return;
	inet_ntop(item->addr.family, &item->addr.ip, text, sizeof(text));
	log_limited(&announce->limit, LOG_WARNING, "laddr", "%s can't be announced on %s: %s", text, port->kernel_name,
		    strerror(errno));
}

static void
tick(void *arg)
{
	struct laddr_announce *announce = arg;
	struct announcement *item, *next;

	for (item = TAILQ_FIRST(&announce->due); item; item = next) {
		next = TAILQ_NEXT(item, link);
		announce_once(announce, item);
		if (--item->left > 0)
			continue;
		TAILQ_REMOVE(&announce->due, item, link);
		free(item);
	}
}

static void
forget(struct laddr_announce *announce, const struct ip_addr *addr)
{
	struct announcement *item, *next;

	for (item = TAILQ_FIRST(&announce->due); item; item = next) {
		next = TAILQ_NEXT(item, link);
		if (!ip_addr_equal(&item->addr, addr))
			continue;
		TAILQ_REMOVE(&announce->due, item, link);
		free(item);
	}
}

void
laddr_announce_activated(void *arg, const struct ip_addr *addr, uint8_t port, bool active)
{
	struct laddr_announce *announce = arg;
	uint8_t length = addr->family == AF_INET ? 32 : 128;
	struct announcement *item;
	int err;

	forget(announce, addr);
	err = fib_offer(announce->fib, addr, length, FIB_SOURCE_LADDR, active ? FIB_LADDR : FIB_NONE);
	if (err < 0)
		log_error("laddr", "a local address of port %s can't be %s the routing table: %s; raise limits.routes",
			  announce->ports->port[port].name, active ? "put into" : "taken out of", strerror(-err));
	if (err < 0 || !active)
		return;
	item = calloc(1, sizeof(*item));
	if (!item) {
		log_warning("laddr", "out of memory: a local address of port %s is not announced",
			    announce->ports->port[port].name);
		return;
	}
	*item = (struct announcement){ .addr = *addr, .port = port, .left = TIMES };
	TAILQ_INSERT_TAIL(&announce->due, item, link);
	announce_once(announce, item);
	item->left--;
}

int
laddr_announce_create(struct event_loop *loop, struct fib *fib, const struct ports *ports, struct laddr_announce **ret)
{
	struct laddr_announce *announce = calloc(1, sizeof(*announce));
	int err;

	if (!announce)
		return -ENOMEM;
	announce->fib = fib;
	announce->ports = ports;
	announce->limit = (struct log_limit)LOG_LIMIT(4, 60);
	TAILQ_INIT(&announce->due);
	announce->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	err = announce->fd < 0 ? -errno : event_loop_every(loop, PERIOD_MS, tick, announce);
	if (err < 0) {
		laddr_announce_destroy(announce);
		return err;
	}
	*ret = announce;
	return 0;
}

void
laddr_announce_destroy(struct laddr_announce *announce)
{
	if (!announce)
		return;
	while (!TAILQ_EMPTY(&announce->due)) {
		struct announcement *item = TAILQ_FIRST(&announce->due);

		TAILQ_REMOVE(&announce->due, item, link);
		free(item);
	}
	if (announce->fd >= 0)
		close(announce->fd);
	free(announce);
}
