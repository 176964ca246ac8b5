/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Frames that the director sent, what is answered to them, and ICMP errors about them. To be included by one file of a
 * program.
 */
#ifndef REMEMBERED_FRAMES_H
#define REMEMBERED_FRAMES_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>

#include "icmp_messages.h"
#include "packet_fixture.h"
#include "random_source.h"

#define REMEMBERED 64

struct remembered {
	uint32_t n; /* how many were ever put */
	struct {
		uint16_t length;
		uint8_t bytes[1514];
	} frames[REMEMBERED];
};

static struct remembered remembered[2]; /* by the port that sent them */

static void
remember(uint8_t port, const struct rte_mbuf *m)
{
	struct remembered *memory = &remembered[port];
	const uint32_t at = memory->n++ % REMEMBERED;

	memory->frames[at].length = m->data_len;
	memcpy(memory->frames[at].bytes, rte_pktmbuf_mtod(m, void *), m->data_len);
}

static void
swap_bytes(uint8_t *a, uint8_t *b, uint32_t n)
{
	uint8_t kept[16];

	memcpy(kept, a, n);
	memcpy(a, b, n);
	memcpy(b, kept, n);
}

/* The other end of what frame NUMBER belongs to says something: ends are swapped, which leaves the sums right; TCP's
 * flags change, whose sum nobody looks at. */
static struct rte_mbuf *
answer_to(struct random_source *random, uint8_t port, uint32_t number)
{
	static const uint8_t flags[] = { SYN | ACK, SYN | ACK, ACK, ACK, FIN | ACK, RST };
	struct rte_mbuf *m = rte_pktmbuf_alloc(packet_pool);
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *), *l4;
	struct rte_ipv4_hdr *v4 = (void *)(frame + 14);
	struct rte_ipv6_hdr *v6 = (void *)(frame + 14);
	uint8_t proto;

	assert_non_null(rte_pktmbuf_append(m, remembered[port].frames[number].length));
	memcpy(frame, remembered[port].frames[number].bytes, m->data_len);
	swap_bytes(frame, frame + 6, 6);
	if (frame[12] == 8) {
		v4->time_to_live = 64;
		swap_bytes((uint8_t *)&v4->src_addr, (uint8_t *)&v4->dst_addr, 4);
		v4->hdr_checksum = 0;
		v4->hdr_checksum = rte_ipv4_cksum(v4);
		l4 = (uint8_t *)(v4 + 1);
		proto = v4->next_proto_id;
	} else {
		v6->hop_limits = 64;
		swap_bytes((uint8_t *)&v6->src_addr, (uint8_t *)&v6->dst_addr, 16);
		l4 = (uint8_t *)(v6 + 1);
		proto = v6->proto;
	}
	if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6)
		l4[0] = proto == IPPROTO_ICMP ? 0 : 129;
	else
		swap_bytes(l4, l4 + 2, 2);
	if (proto == IPPROTO_TCP && l4 + 14 <= frame + m->data_len)
		l4[13] = flags[random_upto(random, sizeof(flags))];
	return m;
}

/* A router that lies behind PORT, or the host itself, says that frame NUMBER did not arrive. */
static struct rte_mbuf *
error_about(struct random_source *random, uint8_t port, uint32_t number)
{
	static const uint8_t types[2][4] = { { 3, 3, 11, 12 }, { 1, 2, 3, 4 } };
	const uint8_t *ip = remembered[port].frames[number].bytes + 14;
	const uint16_t length = (uint16_t)(remembered[port].frames[number].length - 14);
	const bool v6 = *ip >> 4 == 6;
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	struct icmp_spec spec = { .src = src,
				  .dst = dst,
				  .type = types[v6][random_upto(random, 4)],
				  .code = (uint8_t)random_upto(random, 6),
				  .rest = { 0, 0, (uint8_t)random_upto(random, 6), 0 },
				  .raw = ip,
				  .raw_length = length < 1200 ? length : 1200 };

	if (random_upto(random, 2) && length > 64)
		spec.raw_length = (uint16_t)(28 + random_upto(random, (uint32_t)length - 28));
	if (spec.raw_length > 1200)
		spec.raw_length = 1200;
	inet_ntop(v6 ? AF_INET6 : AF_INET, ip + (v6 ? 24 : 16), src, sizeof(src));
	inet_ntop(v6 ? AF_INET6 : AF_INET, ip + (v6 ? 8 : 12), dst, sizeof(dst));
	if (random_upto(random, 2))
		strcpy(src, port == SERVERS ? (v6 ? "fd00::77" : "10.0.0.77") : v6 ? "2001:db8:1::1" : "198.51.100.1");
	return icmp_new(&spec, port);
}

/* Either, or NULL if PORT has sent nothing yet. */
static struct rte_mbuf *
word_about_sent(struct random_source *random, uint8_t port)
{
	const uint32_t n = RTE_MIN(remembered[port].n, (uint32_t)REMEMBERED);

	if (n == 0)
		return NULL;
	return random_upto(random, 4) ? answer_to(random, port, random_upto(random, n))
				      : error_about(random, port, random_upto(random, n));
}

#endif
