/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An array of addresses that are waited for, in use from the front on and found by a hash, and for each a list of
 * packets. All addresses are looked at once a millisecond, and no packet costs memory of its own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <rte_ring_elem.h>

#include "core/drop.h"
#include "core/pages.h"
#include "core/worker.h"
#include "ip/neighbour_wait.h"

#define NONE UINT32_MAX
#define PACKETS_PER_ADDRESS 16
#define WAIT_MS 3000

struct held_packet {
	struct rte_mbuf *m;
	uint32_t next; /* of the same address, or of the free ones */
};

struct held_address {
	union ip_bits dst;
	uint16_t family;
	bool asked;
	uint32_t number; /* what the fib had */
	uint32_t since_ms;
	uint32_t first, last, n; /* packets */
	uint32_t next; /* address with the same hash */
};

struct neighbour_wait {
	uint32_t max_packets, n_packets, n_addresses;
	uint32_t polled_ms;
	uint32_t free_packet;
	uint64_t seed;
	uint32_t mask;
	uint32_t *buckets;
	struct held_packet *packets;
	struct held_address *addresses; /* as many as packets: each holds one at least */
	size_t mapped;
};

/* All in one mapping: the worker's lines are nobody else's, and on its node. */
int
neighbour_wait_create(uint32_t max_packets, int numa_node, struct neighbour_wait **ret)
{
	struct neighbour_wait *waiting;
	uint32_t n_buckets;
	size_t mapped;

	if (max_packets == 0 || max_packets > 1u << 24)
		return -EINVAL;
	n_buckets = rte_align32pow2(max_packets);
	mapped = sizeof(*waiting) + max_packets * (sizeof(*waiting->packets) + sizeof(*waiting->addresses)) +
		 n_buckets * sizeof(*waiting->buckets);
	waiting = pages_map("ipvsd-waiting", &mapped, numa_node, false);
	if (!waiting)
		return -ENOMEM;
	waiting->mapped = mapped;
	waiting->mask = n_buckets - 1;
	waiting->max_packets = max_packets;
	waiting->addresses = (struct held_address *)(waiting + 1);
	waiting->packets = (struct held_packet *)(waiting->addresses + max_packets);
	waiting->buckets = (uint32_t *)(waiting->packets + max_packets);
	if (getrandom(&waiting->seed, sizeof(waiting->seed), 0) != sizeof(waiting->seed)) {
		neighbour_wait_destroy(waiting);
		return -EIO;
	}
	memset(waiting->buckets, 0xff, n_buckets * sizeof(*waiting->buckets));
	for (uint32_t i = 0; i < max_packets; i++)
		waiting->packets[i].next = i + 1 < max_packets ? i + 1 : NONE;
	*ret = waiting;
	return 0;
}

void
neighbour_wait_destroy(struct neighbour_wait *waiting)
{
	if (!waiting)
		return;
	for (uint32_t i = 0; i < waiting->n_addresses; i++) {
		for (uint32_t at = waiting->addresses[i].first; at != NONE; at = waiting->packets[at].next)
			rte_pktmbuf_free(waiting->packets[at].m);
	}
	pages_unmap(waiting, waiting->mapped);
}

static uint32_t *
bucket_of(struct neighbour_wait *waiting, const union ip_bits *dst)
{
	uint64_t hash = (dst->half[0] ^ waiting->seed) * 0x9e3779b97f4a7c15u;

	hash = ((hash >> 29) ^ hash ^ dst->half[1]) * 0xbf58476d1ce4e5b9u;
	return &waiting->buckets[(hash >> 32) & waiting->mask];
}

static struct held_address *
find_address(struct neighbour_wait *waiting, uint16_t family, const union ip_bits *dst)
{
	for (uint32_t at = *bucket_of(waiting, dst); at != NONE; at = waiting->addresses[at].next) {
		struct held_address *address = &waiting->addresses[at];

		if (address->family == family && ip_bits_equal(&address->dst, dst))
			return address;
	}
	return NULL;
}

static struct held_address *
new_address(struct worker *self, uint16_t family, const union ip_bits *dst, uint32_t number)
{
	struct neighbour_wait *waiting = self->waiting;
	struct held_address *address = &waiting->addresses[waiting->n_addresses];
	uint32_t *bucket = bucket_of(waiting, dst);

	*address = (struct held_address){
		.dst = *dst,
		.family = family,
		.number = number,
		.since_ms = self->now_ms,
		.first = NONE,
		.last = NONE,
		.next = *bucket,
	};
	*bucket = waiting->n_addresses++;
	return address;
}

/* A full ring means that the control thread is behind: asked again at the next poll. */
static void
ask(struct worker *self, struct held_address *address)
{
	struct neighbour_request request = {
		.family = address->family,
		.port = fib_nexthop(self->fib, address->number).port,
		.nexthop = address->number,
	};

	if (address->asked)
		return;
	memcpy(request.address, address->dst.bytes, sizeof(request.address));
	if (rte_ring_sp_enqueue_elem(self->neighbour_requests, &request, sizeof(request)) != 0)
		return;
	address->asked = true;
	self->counters.count[COUNT_NEIGH_ASKED]++;
}

bool
neighbour_wait_add(struct worker *self, struct rte_mbuf *m, uint16_t family, const union ip_bits *dst, uint32_t number)
{
	struct neighbour_wait *waiting = self->waiting;
	struct held_address *address;
	uint32_t at = waiting->free_packet;

	if (at == NONE)
		return false;
	address = find_address(waiting, family, dst);
	if (!address)
		address = new_address(self, family, dst, number);
	else if (address->n == PACKETS_PER_ADDRESS)
		return false;
	waiting->free_packet = waiting->packets[at].next;
	waiting->packets[at] = (struct held_packet){ .m = m, .next = NONE };
	if (address->n++ == 0)
		address->first = at;
	else
		waiting->packets[address->last].next = at;
	address->last = at;
	waiting->n_packets++;
	self->counters.count[COUNT_HELD]++;
	ask(self, address);
	return true;
}

/* The place of the address that leaves is taken by the last one. */
static void
remove_address(struct neighbour_wait *waiting, uint32_t index)
{
	uint32_t last = --waiting->n_addresses;
	uint32_t *link = bucket_of(waiting, &waiting->addresses[index].dst);

	while (*link != index)
		link = &waiting->addresses[*link].next;
	*link = waiting->addresses[index].next;
	if (index == last)
		return;
	link = bucket_of(waiting, &waiting->addresses[last].dst);
	while (*link != last)
		link = &waiting->addresses[*link].next;
	*link = index;
	waiting->addresses[index] = waiting->addresses[last];
}

/* Takes the first packet of ADDRESS out. NULL if there is none. */
static struct rte_mbuf *
take_packet(struct worker *self, struct held_address *address)
{
	struct neighbour_wait *waiting = self->waiting;
	uint32_t at = address->first;
	struct rte_mbuf *m;

	if (at == NONE)
		return NULL;
	m = waiting->packets[at].m;
	address->first = waiting->packets[at].next;
	address->n--;
	waiting->packets[at].next = waiting->free_packet;
	waiting->free_packet = at;
	waiting->n_packets--;
	self->counters.count[COUNT_HELD]--;
	return m;
}

static void
drop_all(struct worker *self, struct held_address *address, enum drop_reason reason,
	 void (*lost)(struct worker *self, struct rte_mbuf *m, enum drop_reason reason))
{
	struct rte_mbuf *m;

	while ((m = take_packet(self, address))) {
		lost(self, m, reason);
		drop(self, m, reason);
	}
}

/* False: ADDRESS has to wait on. */
static bool
settle(struct worker *self, struct held_address *address,
       void (*send)(struct worker *self, struct rte_mbuf *m, uint32_t number, union nexthop nexthop),
       void (*lost)(struct worker *self, struct rte_mbuf *m, enum drop_reason reason))
{
	uint32_t number = fib_lookup(self->fib, address->family, &address->dst);
	union nexthop nexthop = fib_nexthop(self->fib, number);
	struct rte_mbuf *m;

	switch (nexthop.state) {
	case NEXTHOP_READY:
	case NEXTHOP_NARROW:
		while ((m = take_packet(self, address)))
			send(self, m, number, nexthop);
		return true;
	case NEXTHOP_INCOMPLETE:
	case NEXTHOP_ONLINK:
		if (self->now_ms - address->since_ms < WAIT_MS) {
			/* The question was about a number that has gone since. */
			if (number != address->number) {
				address->number = number;
				address->asked = false;
			}
			ask(self, address);
			return false;
		}
		drop_all(self, address, DROP_NEIGH_FAILED, lost);
		return true;
	case NEXTHOP_BLACKHOLE:
		drop_all(self, address, DROP_BLACKHOLE, lost);
		return true;
	default:
		drop_all(self, address, DROP_NO_ROUTE, lost);
		return true;
	}
}

void
neighbour_wait_poll(struct worker *self,
		    void (*send)(struct worker *self, struct rte_mbuf *m, uint32_t number, union nexthop nexthop),
		    void (*lost)(struct worker *self, struct rte_mbuf *m, enum drop_reason reason))
{
	struct neighbour_wait *waiting = self->waiting;

	if (waiting->n_addresses == 0 || waiting->polled_ms == self->now_ms)
		return;
	waiting->polled_ms = self->now_ms;
	/* From the back: the place of one that is removed is taken by one that was looked at. */
	for (uint32_t i = waiting->n_addresses; i > 0; i--) {
		if (settle(self, &waiting->addresses[i - 1], send, lost))
			remove_address(waiting, i - 1);
	}
}
