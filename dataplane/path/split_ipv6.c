/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Fragmentation of IPv6 packets that the director is the source of (RFC 8200, 4.5): what came from IPv4 without DF and is
 * too long as a packet of IPv6, or in one, as the sender does not expect to be told (RFC 7915, 4.1). The packets are such as
 * translate_packet() or encapsulate() made: no other extension headers.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "path/path.h"

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

/* M and what follows its IP header. */
static struct split
split_whole(struct worker *self, const struct rte_mbuf *m)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv6_hdr *, RTE_ETHER_HDR_LEN);

	return (struct split){
		.m = m,
		.at = HEADERS,
		.length = rte_be_to_cpu_16(ip->payload_len),
		.next = ip->proto,
		.id = new_id(self),
	};
}

/* A fragment is cut into smaller ones of the same datagram. */
static struct split
split_fragment(const struct packet *packet)
{
	const struct fragment_header *header = packet_at(packet, HEADERS);
	const uint16_t at = HEADERS + sizeof(*header);
	struct split split = {
		.m = packet->m,
		.at = at,
		.length = packet->end - at,
		.next = header->next,
		.place = packet->fragment,
	};

	memcpy(&split.id, header->id, sizeof(split.id));
	return split;
}

static void
send_pieces(struct worker *self, struct rte_mbuf *m, const struct split *split, uint16_t mtu, uint32_t number,
	    const struct ip_addr *to)
{
	struct rte_mbuf *pieces[PIECES_MAX];
	uint32_t n;

	/* Without room for IPv6 at all. */
	if (mtu < MTU_MIN) {
		drop(self, m, DROP_TOO_BIG);
		return;
	}
	n = make_pieces(self, split,
			(uint16_t)((mtu + RTE_ETHER_HDR_LEN - HEADERS - sizeof(struct fragment_header)) & ~7u), pieces);
	if (n == 0) {
		drop(self, m, DROP_NO_MBUF);
		return;
	}
	packet_free(m);
	self->counters.count[COUNT_SPLIT] += n - 1;
	for (uint32_t i = 0; i < n; i++)
		transmit_to(self, pieces[i], number, to->family, &to->ip);
}

void
split_translated(struct worker *self, struct packet *packet, uint16_t mtu, uint32_t number, const struct ip_addr *to)
{
	const struct split split = packet->is_fragment ? split_fragment(packet) : split_whole(self, packet->m);

	send_pieces(self, packet->m, &split, mtu, number, to);
}

void
split_outer(struct worker *self, struct rte_mbuf *m, uint16_t mtu, uint32_t number, const struct ip_addr *to)
{
	const struct split split = split_whole(self, m);

	send_pieces(self, m, &split, mtu, number, to);
}
