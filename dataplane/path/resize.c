/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>

#include "core/checksum.h"
#include "path/resize.h"
#include "path/rewrite.h"

static void
write_length(struct packet *packet)
{
	if (packet->flow.family == AF_INET) {
		struct rte_ipv4_hdr *ip = packet_at(packet, packet->l3);
		rte_be16_t length = rte_cpu_to_be_16((uint16_t)(packet->end - packet->l3));

		ip->hdr_checksum = checksum_update(ip->hdr_checksum,
						   checksum_fold(checksum_difference(&ip->total_length, &length, 2)));
		ip->total_length = length;
	} else {
		struct rte_ipv6_hdr *ip = packet_at(packet, packet->l3);

		ip->payload_len = rte_cpu_to_be_16((uint16_t)(packet->end - packet->l3 - sizeof(*ip)));
	}
}

/* What follows the IP packet is padding of a short frame. */
static void
trim_padding(struct packet *packet)
{
	packet->m->data_len = packet->end;
	packet->m->pkt_len = packet->end;
}

/* The shorter part moves, if there is room on its side; but headers stay at even addresses. */
static bool
open_gap(struct packet *packet, uint16_t at, uint16_t n)
{
	struct rte_mbuf *m = packet->m;
	const uint16_t tail = packet->end - at;
	const bool has_headroom = n % 2 == 0 && rte_pktmbuf_headroom(m) >= n;
	uint8_t *start = rte_pktmbuf_mtod(m, uint8_t *);

	if ((tail <= at || !has_headroom) && rte_pktmbuf_tailroom(m) >= n) {
		memmove(start + at + n, start + at, tail);
		m->data_len += n;
	} else if (has_headroom) {
		memmove(start - n, start, at);
		m->data_off -= n;
		m->data_len += n;
	} else {
		return false;
	}
	m->pkt_len = m->data_len;
	return true;
}

bool
packet_enlarge(struct packet *packet, uint16_t at, uint16_t n)
{
	if (packet->is_fragment || (uint32_t)packet->end + n > UINT16_MAX)
		return false;
	trim_padding(packet);
	if (!open_gap(packet, at, n))
		return false;
	packet->end += n;
	write_length(packet);
	return true;
}

void
packet_shorten(struct packet *packet, uint16_t at, uint16_t n)
{
	uint8_t *start = rte_pktmbuf_mtod(packet->m, uint8_t *);

	memmove(start + at, start + at + n, packet->end - at - n);
	packet->end -= n;
	trim_padding(packet);
	write_length(packet);
}

bool
packet_enlarge_ipv4(struct packet *packet, uint16_t at, uint16_t n)
{
	struct rte_ipv4_hdr *ip;

	if (!packet_enlarge(packet, at, n))
		return false;
	ip = packet_at(packet, packet->l3);
	ip->version_ihl += (uint8_t)(n / 4);
	packet->l4 += n;
	return true;
}

uint64_t
packet_l4_sum(const struct packet *packet)
{
	const uint16_t length = packet->end - packet->l4, even = length & ~1u;
	const uint8_t *l4 = packet_at(packet, packet->l4);
	uint64_t sum = checksum_add(rte_cpu_to_be_16(length), l4, even);
	uint8_t last[2] = { 0, 0 };

	if (even == length)
		return sum;
	last[0] = l4[even];
	return checksum_add(sum, last, sizeof(last));
}

void
packet_mend_l4(struct packet *packet, uint64_t before)
{
	const uint16_t old = checksum_fold(before), new = checksum_fold(packet_l4_sum(packet));

	rewrite_l4_checksum(packet_at(packet, packet->l4), packet->flow.proto,
			    checksum_fold(checksum_difference(&old, &new, sizeof(old))));
}
