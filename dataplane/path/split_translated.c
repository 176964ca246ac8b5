/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Fragmentation of what came from IPv4 without DF, and is too long as a packet of IPv6: the sender does not expect to be
 * told (RFC 7915, 4.1). The packets are such as translate_packet() made: no other extension headers.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "path/path.h"
#include "port/port.h"

#define HEADERS (RTE_ETHER_HDR_LEN + sizeof(struct rte_ipv6_hdr))
#define MTU_MIN 1280 /* RFC 8200, 5 */
#define PIECES_MAX 64 /* of the longest packet and the smallest MTU */

/* Where the pieces of a packet begin, and what they have in common. */
struct split {
	const struct rte_mbuf *m;
	uint16_t at, length; /* what is cut */
	uint8_t next; /* what it begins with */
	struct fragment place; /* of the packet itself */
	rte_be32_t id;
};

/* LENGTH bytes from FIRST on, behind headers of their own. NULL without a buffer, or with one that is too small. */
static struct rte_mbuf *
make_piece(struct worker *self, const struct split *split, uint16_t first, uint16_t length)
{
	const uint16_t total = (uint16_t)(HEADERS + sizeof(struct fragment_header) + length);
	const bool more = first + length < split->length || split->place.more;
	struct fragment_header header = {
		.next = split->next,
		.place = rte_cpu_to_be_16((uint16_t)((split->place.first + first) | more)),
	};
	struct rte_mbuf *m = rte_pktmbuf_alloc(self->pool);
	struct rte_ipv6_hdr *ip;
	uint8_t *frame;

	if (!m)
		return NULL;
	if (rte_pktmbuf_tailroom(m) < total) {
		packet_free(m);
		return NULL;
	}
	m->data_len = total;
	m->pkt_len = total;
	frame = rte_pktmbuf_mtod(m, uint8_t *);
	memcpy(header.id, &split->id, sizeof(header.id));
	memcpy(frame, rte_pktmbuf_mtod(split->m, const void *), HEADERS);
	memcpy(frame + HEADERS, &header, sizeof(header));
	memcpy(frame + HEADERS + sizeof(header), rte_pktmbuf_mtod_offset(split->m, const void *, split->at + first),
	       length);
	ip = (struct rte_ipv6_hdr *)(void *)(frame + RTE_ETHER_HDR_LEN);
	ip->proto = IPPROTO_FRAGMENT;
	ip->payload_len = rte_cpu_to_be_16((uint16_t)(sizeof(header) + length));
	return m;
}

/* How many pieces were made; 0: none is left. */
static uint32_t
make_pieces(struct worker *self, const struct split *split, uint16_t most, struct rte_mbuf *pieces[PIECES_MAX])
{
	uint32_t n = 0;

	for (uint32_t first = 0; first < split->length; first += most) {
		struct rte_mbuf *m = n < PIECES_MAX ? make_piece(self, split, (uint16_t)first,
								 (uint16_t)RTE_MIN(most, split->length - first))
						    : NULL;

		if (!m) {
			while (n > 0)
				packet_free(pieces[--n]);
			return 0;
		}
		pieces[n++] = m;
	}
	return n;
}

/* Of a packet that came whole: none that a translated fragment has, whose upper half is 0 (RFC 7915, 4.1), nor that another
 * worker takes. */
static rte_be32_t
new_id(struct worker *self)
{
	uint32_t id = self->fragment_id++ * self->n_workers + self->index;

	return rte_cpu_to_be_32(id > UINT16_MAX ? id : id + UINT16_MAX + 1);
}

static struct split
split_of(struct worker *self, const struct packet *packet)
{
	const struct rte_ipv6_hdr *ip = packet_at(packet, packet->l3);
	const struct fragment_header *header = packet_at(packet, HEADERS);
	const uint16_t at = HEADERS + (packet->is_fragment ? sizeof(*header) : 0);
	struct split split = {
		.m = packet->m,
		.at = at,
		.length = packet->end - at,
		.next = packet->is_fragment ? header->next : ip->proto,
	};

	if (packet->is_fragment) {
		split.place = packet->fragment;
		memcpy(&split.id, header->id, sizeof(split.id));
	} else {
		split.id = new_id(self);
	}
	return split;
}

void
split_translated(struct worker *self, struct packet *packet, uint8_t port, uint32_t number, const struct ip_addr *to)
{
	const struct split split = split_of(self, packet);
	const uint16_t mtu = self->ports->port[port].mtu;
	struct rte_mbuf *pieces[PIECES_MAX];
	uint32_t n;

	/* Without room for IPv6 at all. */
	if (mtu < MTU_MIN) {
		drop(self, packet->m, DROP_TOO_BIG);
		return;
	}
	n = make_pieces(self, &split,
			(uint16_t)((mtu + RTE_ETHER_HDR_LEN - HEADERS - sizeof(struct fragment_header)) & ~7u), pieces);
	if (n == 0) {
		drop(self, packet->m, DROP_NO_MBUF);
		return;
	}
	packet_free(packet->m);
	self->counters.count[COUNT_SPLIT] += n - 1;
	for (uint32_t i = 0; i < n; i++)
		transmit_to(self, pieces[i], number, to->family, &to->ip);
}
