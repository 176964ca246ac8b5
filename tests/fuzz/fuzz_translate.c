/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Any frame, TCP, UDP, a fragment or an ICMP error, is translated to the other family and, from IPv4, back again: nothing
 * is read or written beyond it and its headroom, and what comes out is sound.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "core/knobs.h"
#include "lb/lb.h"
#include "path/icmp.h"
#include "path/path.h"
#include "path/translate.h"
#include "port/port.h"

#define HEADROOM 128

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ports ports;
static struct knobs knobs;
static struct lb lb = { .knobs = &knobs };
static struct worker self = { .ports = &ports, .lb = &lb, .n_workers = 1 };

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* The packet's own lengths are those of the buffer, where nothing is left behind it. */
static void
check_lengths(const struct packet *packet)
{
	const uint8_t *ip = packet_at(packet, packet->l3);
	const bool ipv6 = *ip >> 4 == 6;
	const uint32_t claimed = ipv6 ? 40u + (uint32_t)(ip[4] << 8 | ip[5]) : (uint32_t)(ip[2] << 8 | ip[3]);

	must(packet->m->data_len == packet->m->pkt_len && packet->end == packet->m->data_len);
	must(claimed == packet->end - packet->l3);
	must(packet->l4 == packet->l3 + (ipv6 ? 40 : 20) + (ipv6 && packet->is_fragment ? 8 : 0));
	must(ipv6 || rte_raw_cksum(ip, 20) == 0xffff);
}

/* IPv6 is translated when its addresses are mapped, which classify.c refuses. */
static void
map_addresses(struct packet *packet)
{
	uint8_t *ip = packet_at(packet, packet->l3);

	for (int i = 8; i < 40; i += 16) {
		memset(ip + i, 0, 10);
		memset(ip + i + 10, 0xff, 2);
	}
	memcpy(&packet->flow.src, ip + 8, 16);
	memcpy(&packet->flow.dst, ip + 24, 16);
}

static void
mend_checksum(struct packet *error)
{
	struct icmp_header *icmp = packet_at(error, error->l4);
	const uint16_t length = (uint16_t)packet_l4_length(error);

	icmp->checksum = 0;
	icmp->checksum =
		(uint16_t) ~(error->flow.family == AF_INET6 ? icmp6_sum(packet_at(error, error->l3), icmp, length)
							    : rte_raw_cksum(icmp, length));
}

static void
translate_error(struct packet *error, struct packet *quote)
{
	int err;

	if (error->flow.family == AF_INET) {
		mend_checksum(error);
		if (translate_error_4to6(error, quote) < 0)
			return;
		check_lengths(error);
		must(icmp6_sum(packet_at(error, error->l3), packet_at(error, error->l4),
			       (uint16_t)packet_l4_length(error)) == 0xffff);
	} else {
		map_addresses(error);
		map_addresses(quote);
		mend_checksum(error);
	}
	err = translate_error_6to4(&self, error, quote);
	if (err < 0)
		return;
	check_lengths(error);
	must(rte_raw_cksum(packet_at(error, error->l4), packet_l4_length(error)) == 0xffff);
	must(quote->end <= error->end && quote->l4 + 8 <= quote->end);
}

/* As far as fragment.c lets pass what is no part of a datagram. */
static bool
is_translated(struct packet *packet)
{
	const struct fragment *fragment = &packet->fragment;

	if (!packet->is_fragment)
		return packet->has_l4 && (packet->flow.proto == IPPROTO_TCP || packet->flow.proto == IPPROTO_UDP);
	if (fragment->length == 0 || (fragment->more && fragment->length % 8 != 0))
		return false;
	return fragment->first != 0 || (classify_first_fragment(&self, packet) == VERDICT_NEXT && packet->has_l4);
}

static void
translate_transport(struct packet *packet)
{
	int err;

	if (packet->flow.family == AF_INET) {
		if (translate_packet(packet) < 0)
			return;
		check_lengths(packet);
	} else {
		map_addresses(packet);
	}
	err = translate_packet_6to4(&self, packet);
	must(err == 0 || packet->is_fragment);
	if (err < 0)
		return;
	packet->end = packet->m->data_len;
	packet->l4 = packet->l3 + 20;
	check_lengths(packet);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rte_mbuf m = { .nb_segs = 1, .data_off = HEADROOM };
	struct packet packet = { .m = &m }, quote;
	uint8_t *copy;

	if (size < 14 || size > 4096)
		return 0;
	/* Of just that size, so that the sanitizer sees who reads beyond */
	copy = malloc(HEADROOM + size);
	must(copy);
	memcpy(copy + HEADROOM, data, size);
	m.buf_addr = copy;
	m.buf_len = (uint16_t)(HEADROOM + size);
	m.data_len = (uint16_t)size;
	m.pkt_len = m.data_len;
	/* to the port, whatever its address is */
	memcpy(&ports.port[0].mac, data, 6);
	knobs_preset(&knobs);
	if (classify_packet(&self, &packet) == VERDICT_NEXT && packet.is_ip) {
		if (is_translated(&packet))
			translate_transport(&packet);
		else if (icmp_is_error(&packet) && icmp_quote_read(&packet, &quote) == 0)
			translate_error(&packet, &quote);
	}
	free(copy);
	return 0;
}
