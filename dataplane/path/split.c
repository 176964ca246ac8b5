/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Fragmentation of IPv4 packets without DF (RFC 791, 3.2), fragments among them. Copied into buffers of their own: what
 * librte_ip_frag makes are references to the packet's buffer, whose counter is shared between cores.
 */
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "core/checksum.h"
#include "path/transmit.h"

enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_COPIED = 0x80 };

/* The smallest pieces that an MTU can make of the longest packet: RFC 791 asks for 68 bytes at least. */
#define MTU_MIN 68
#define PIECES_MAX 256

/* Where the pieces of a packet begin, and what they have in common. */
struct split {
	const struct rte_mbuf *m;
	uint16_t header; /* bytes of the IP header */
	uint16_t place; /* of the packet itself: its flags and offset */
	uint32_t length; /* of what follows the header */
};

/* All but the first piece go without the options that are not to be copied: these become NOPs, as Linux does it. */
static void
blank_options(uint8_t *option, const uint8_t *end)
{
	while (option < end && *option != OPTION_END) {
		uint32_t length = *option == OPTION_NOP ? 1 : end - option >= 2 ? option[1] : 0;

		/* A broken list stays as it is. */
		if (length == 0 || (*option != OPTION_NOP && length < 2) || length > (uint32_t)(end - option))
			return;
		if (!(*option & OPTION_COPIED))
			memset(option, OPTION_NOP, length);
		option += length;
	}
}

/* LENGTH bytes from FIRST on, behind headers of their own. NULL without a buffer, or with one that is too small. */
static struct rte_mbuf *
make_piece(struct worker *self, const struct split *split, uint32_t first, uint32_t length)
{
	const uint32_t headers = RTE_ETHER_HDR_LEN + split->header;
	struct rte_mbuf *m = rte_pktmbuf_alloc(self->pool);
	struct rte_ipv4_hdr *ip;
	uint16_t place = (uint16_t)(split->place + first / 8);

	if (!m)
		return NULL;
	if (rte_pktmbuf_tailroom(m) < headers + length) {
		packet_free(m);
		return NULL;
	}
	m->data_len = (uint16_t)(headers + length);
	m->pkt_len = m->data_len;
	memcpy(rte_pktmbuf_mtod(m, void *), rte_pktmbuf_mtod(split->m, const void *), headers);
	memcpy(rte_pktmbuf_mtod_offset(m, void *, headers),
	       rte_pktmbuf_mtod_offset(split->m, const void *, headers + first), length);
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, RTE_ETHER_HDR_LEN);
	if (first + length < split->length)
		place |= RTE_IPV4_HDR_MF_FLAG;
	ip->fragment_offset = rte_cpu_to_be_16(place);
	ip->total_length = rte_cpu_to_be_16((uint16_t)(split->header + length));
	if (first != 0)
		blank_options((uint8_t *)(ip + 1), (uint8_t *)ip + split->header);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = (uint16_t)~checksum_fold(checksum_add(0, ip, split->header));
	return m;
}

/* How many pieces were made; 0: none is left. */
static uint32_t
make_pieces(struct worker *self, const struct split *split, uint32_t most, struct rte_mbuf *pieces[PIECES_MAX])
{
	uint32_t n = 0;

	for (uint32_t first = 0; first < split->length; first += most) {
		struct rte_mbuf *m =
			n < PIECES_MAX ? make_piece(self, split, first, RTE_MIN(most, split->length - first)) : NULL;

		if (!m) {
			while (n > 0)
				packet_free(pieces[--n]);
			return 0;
		}
		pieces[n++] = m;
	}
	return n;
}

void
transmit_split(struct worker *self, struct rte_mbuf *m, union nexthop nexthop, uint16_t mtu)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, RTE_ETHER_HDR_LEN);
	const uint16_t header = (ip->version_ihl & 15) * 4;
	const struct split split = {
		.m = m,
		.header = header,
		.place = rte_be_to_cpu_16(ip->fragment_offset),
		.length = (uint32_t)rte_be_to_cpu_16(ip->total_length) - header,
	};
	struct rte_mbuf *pieces[PIECES_MAX];
	uint32_t n;

	/* An odd one leaves too little for a header with options and eight bytes. */
	if (mtu < MTU_MIN || rte_be_to_cpu_16(ip->total_length) <= mtu) {
		drop(self, m, DROP_TOO_BIG);
		return;
	}
	n = make_pieces(self, &split, (mtu - header) & ~7u, pieces);
	if (n == 0) {
		drop(self, m, DROP_NO_MBUF);
		return;
	}
	packet_free(m);
	self->counters.count[COUNT_SPLIT] += n - 1;
	for (uint32_t i = 0; i < n; i++)
		transmit_forward(self, pieces[i], nexthop);
}
