/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What becomes of sound packets on a bad day: bytes are flipped, they are cut off, lengthened or taken for something
 * else. To be included by one file of a program.
 */
#ifndef SPOILT_FRAMES_H
#define SPOILT_FRAMES_H

#include "packet_fixture.h"
#include "pieces.h"
#include "random_source.h"

#define L3 RTE_ETHER_HDR_LEN

/* ARP, neighbour discovery, pings and other protocols grow out of the headers by luck; these make it likelier. */
static void
change_kind(struct random_source *random, struct rte_mbuf *m)
{
	static const uint8_t others[] = { 1, 2, 6, 17, 58, 0, 43, 44, 60, 112, 132 };
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	bool ipv4 = frame[12] == 8;
	uint8_t *l4 = frame + L3 + (ipv4 ? 20 : 40);

	switch (random_upto(random, 5)) {
	case 0:
		frame[13] = 6; /* ARP or, of IPv6, nothing known */
		break;
	case 1:
		frame[12] ^= 8 ^ 0x86;
		frame[13] ^= 0xdd;
		break;
	default:
		frame[L3 + (ipv4 ? 9 : 6)] = others[random_upto(random, sizeof(others))];
		l4[0] = (uint8_t)(random_upto(random, 2) ? 8 : 128 + random_upto(random, 16));
		l4[1] = 0;
	}
}

static void
mend_checksum(struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, void *, L3);

	if (m->data_len < L3 + 60 || (ip->version_ihl & 15) < 5)
		return;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

static void
flip_bits(struct random_source *random, struct rte_mbuf *m)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

	for (uint32_t flips = random_upto(random, 4); flips > 0; flips--)
		frame[random_upto(random, random_upto(random, 2) ? 60 : m->data_len) % m->data_len] ^=
			(uint8_t)(1u << random_upto(random, 8));
	if (random_upto(random, 2) && frame[12] == 8)
		mend_checksum(m);
}

/* M, which is consumed, as it is or spoilt. */
static struct rte_mbuf *
spoilt(struct random_source *random, struct rte_mbuf *m)
{
	uint32_t chance = random_upto(random, 16);
	struct rte_mbuf *cut_off;

	if (chance < 6)
		return m;
	if (chance < 8)
		change_kind(random, m);
	flip_bits(random, m);
	switch (chance) {
	case 8:
		cut_off = frame_tight(m, random_upto(random, m->data_len + 1u));
		rte_pktmbuf_free(m);
		return cut_off;
	case 9:
		rte_pktmbuf_trim(m, (uint16_t)random_upto(random, m->data_len));
		break;
	case 10:
		memset(rte_pktmbuf_append(m, 40), 0xee, 40);
		break;
	case 11:
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_BAD;
		break;
	case 12:
		memset(rte_pktmbuf_mtod(m, void *), 0xff, 6);
	}
	return m;
}

/* Pieces of datagrams that are still to come. */
struct crumbs {
	uint32_t n;
	struct rte_mbuf *m[4];
};

/* Cuts M, which is consumed, into two to four pieces, some of which go astray. A few share the name of another
 * datagram. */
static void
crumble(struct random_source *random, struct rte_mbuf *m, struct crumbs *crumbs)
{
	const uint32_t length = m->pkt_len - L3 - ip_header(m);
	const uint16_t id = (uint16_t)(random_upto(random, 16) ? random_u64(random) : random_upto(random, 4));
	const uint32_t size = RTE_MAX(8u, (length / (2 + random_upto(random, 2)) + 7) & ~7u);

	for (uint32_t first = 0; first < length && crumbs->n < RTE_DIM(crumbs->m); first += size) {
		const bool more = length - first > size;

		if (random_upto(random, 16) == 0)
			continue;
		crumbs->m[crumbs->n++] = piece_of(m, id, first, more ? size : length - first, more);
	}
	rte_pktmbuf_free(m);
}

/* Whichever of them. */
static struct rte_mbuf *
crumb_take(struct random_source *random, struct crumbs *crumbs)
{
	const uint32_t i = random_upto(random, crumbs->n);
	struct rte_mbuf *m = crumbs->m[i];

	crumbs->m[i] = crumbs->m[--crumbs->n];
	return m;
}

static void
crumbs_free(struct crumbs *crumbs)
{
	rte_pktmbuf_free_bulk(crumbs->m, crumbs->n);
	crumbs->n = 0;
}

#endif
