/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The rewrite of packets with checksum differences that were computed when the connection began (core/checksum.h,
 * lb/conn_life.c, path/rewrite.h) against sums over the whole packet, on random ones.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include "director_fixture.h"
#include "lb/conn_table.h"
#include "lb/forward.h"
#include "path/rewrite.h"
#include "random_source.h"

#define PACKETS 100000

struct packet_v4 {
	struct rte_ipv4_hdr ip;
	uint8_t l4[1500];
};

struct packet_v6 {
	struct rte_ipv6_hdr ip;
	uint8_t l4[1500];
};

static const struct forward both_ways = { .name = "test" };

/* RFC 1071 by the book: big-endian words, one at a time, an odd byte padded with zero. */
static uint32_t
plain_sum(uint32_t sum, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < length; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint16_t
plain_checksum(uint32_t sum)
{
	return rte_cpu_to_be_16((uint16_t)~plain_sum(sum, NULL, 0));
}

static uint32_t
pseudo_sum(const void *addresses, size_t length, uint8_t proto, size_t l4_length)
{
	return plain_sum(proto + (uint32_t)l4_length, addresses, length);
}

static uint16_t
l4_checksum_of(const void *addresses, size_t addresses_length, uint8_t proto, void *l4, size_t length)
{
	uint16_t *field = l4_checksum(l4, proto), kept = *field, computed;

	*field = 0;
	computed = plain_checksum(plain_sum(pseudo_sum(addresses, addresses_length, proto, length), l4, length));
	*field = kept;
	return proto == IPPROTO_UDP && computed == 0 ? 0xffff : computed;
}

/* Most words random, some of all ones or all zeros: there the sums wrap. */
static void
random_words(struct random_source *random, void *at, size_t length)
{
	random_bytes(random, at, length);
	for (size_t i = 0; i + 2 <= length; i += 2) {
		if (random_upto(random, 8) == 0)
			memset((uint8_t *)at + i, random_upto(random, 2) ? 0xff : 0, 2);
	}
}

static struct flow
random_flow(struct random_source *random, uint16_t family, uint8_t proto)
{
	struct flow flow = { .family = family, .proto = proto };
	size_t length = family == AF_INET ? 4 : 16;

	random_words(random, &flow.src, length);
	random_words(random, &flow.dst, length);
	random_words(random, &flow.sport, 2);
	random_words(random, &flow.dport, 2);
	return flow;
}

static struct conn *
open_conn(struct worker *self, const struct service *svc, const struct flow *in, const struct flow *out)
{
	struct conn *conn;
	int err = conn_open(self, svc, svc->dests[0], &both_ways, in, out, CONN_NONE, &conn);

	return err == 0 ? conn : NULL;
}

static void
fill_l4(struct random_source *random, const struct flow *flow, uint8_t *l4, size_t length)
{
	random_words(random, l4, length);
	memcpy(l4, &flow->sport, 2);
	memcpy(l4 + 2, &flow->dport, 2);
}

static void
rewrite_and_compare4(struct random_source *random, const struct conn *conn, uint32_t direction, const struct flow *in,
		     const struct flow *out)
{
	struct packet_v4 packet;
	size_t length = 20 + random_upto(random, 100);
	uint16_t expected;

	fill_l4(random, in, packet.l4, length);
	packet.ip = (struct rte_ipv4_hdr){ .version_ihl = 0x45,
					   .type_of_service = (uint8_t)random_u64(random),
					   .total_length = rte_cpu_to_be_16((uint16_t)(20 + length)),
					   .packet_id = (uint16_t)random_u64(random),
					   .time_to_live = (uint8_t)(2 + random_upto(random, 254)),
					   .next_proto_id = in->proto,
					   .src_addr = in->src.v4,
					   .dst_addr = in->dst.v4 };
	packet.ip.hdr_checksum = plain_checksum(plain_sum(0, &packet.ip, sizeof(packet.ip)));
	*l4_checksum(packet.l4, in->proto) = l4_checksum_of(&packet.ip.src_addr, 8, in->proto, packet.l4, length);

	rewrite_ipv4(&packet.ip, packet.l4, conn, direction);

	assert_int_equal(packet.ip.src_addr, out->src.v4);
	assert_int_equal(packet.ip.dst_addr, out->dst.v4);
	assert_memory_equal(packet.l4, &out->sport, 2);
	assert_memory_equal(packet.l4 + 2, &out->dport, 2);
	assert_int_equal(plain_sum(0, &packet.ip, sizeof(packet.ip)), 0xffff);
	expected = l4_checksum_of(&packet.ip.src_addr, 8, in->proto, packet.l4, length);
	assert_int_equal(*l4_checksum(packet.l4, in->proto), expected);
}

static void
rewrite_and_compare6(struct random_source *random, const struct conn *conn, uint32_t direction, const struct flow *in,
		     const struct flow *out)
{
	struct packet_v6 packet;
	size_t length = 20 + random_upto(random, 100);
	uint16_t expected;

	fill_l4(random, in, packet.l4, length);
	packet.ip = (struct rte_ipv6_hdr){ .vtc_flow = RTE_BE32(0x60000000),
					   .payload_len = rte_cpu_to_be_16((uint16_t)length),
					   .proto = in->proto,
					   .hop_limits = (uint8_t)(2 + random_upto(random, 254)) };
	memcpy(&packet.ip.src_addr, &in->src, 16);
	memcpy(&packet.ip.dst_addr, &in->dst, 16);
	*l4_checksum(packet.l4, in->proto) = l4_checksum_of(&packet.ip.src_addr, 32, in->proto, packet.l4, length);

	rewrite_ipv6(&packet.ip, packet.l4, conn, direction);

	assert_memory_equal(&packet.ip.src_addr, &out->src, 16);
	assert_memory_equal(&packet.ip.dst_addr, &out->dst, 16);
	assert_memory_equal(packet.l4, &out->sport, 2);
	assert_memory_equal(packet.l4 + 2, &out->dport, 2);
	expected = l4_checksum_of(&packet.ip.src_addr, 32, in->proto, packet.l4, length);
	assert_int_equal(*l4_checksum(packet.l4, in->proto), expected);
}

static void
compare_random_packets(uint16_t family, uint8_t proto)
{
	struct random_source random = random_source_new((uint64_t)family << 8 | proto);
	struct director *director = director_new(1, 64);
	const struct dest_spec server = { .address = "10.0.0.1", .port = 80, .weight = 1 };
	const struct service *svc = director_serve(director, 0, proto, "192.0.2.1", 80, "rr", 0, &server, 1);

	for (int i = 0; i < PACKETS; i++) {
		struct flow in = random_flow(&random, family, proto), out = random_flow(&random, family, proto);
		struct flow to_server = flow_reversed(&out), to_client = flow_reversed(&in);
		struct conn *conn = open_conn(director->workers[0], svc, &in, &out);

		if (!conn)
			continue;
		if (family == AF_INET) {
			rewrite_and_compare4(&random, conn, CONN_IN, &in, &to_server);
			rewrite_and_compare4(&random, conn, CONN_OUT, &out, &to_client);
		} else {
			rewrite_and_compare6(&random, conn, CONN_IN, &in, &to_server);
			rewrite_and_compare6(&random, conn, CONN_OUT, &out, &to_client);
		}
		conn_close(director->workers[0], conn, family);
	}
	director_free(director);
}

static void
rewritten_ipv4_tcp_has_the_checksums_of_a_full_computation(void **state)
{
	(void)state;
	compare_random_packets(AF_INET, IPPROTO_TCP);
}

static void
rewritten_ipv4_udp_has_the_checksums_of_a_full_computation(void **state)
{
	(void)state;
	compare_random_packets(AF_INET, IPPROTO_UDP);
}

static void
rewritten_ipv6_tcp_has_the_checksums_of_a_full_computation(void **state)
{
	(void)state;
	compare_random_packets(AF_INET6, IPPROTO_TCP);
}

static void
rewritten_ipv6_udp_has_the_checksums_of_a_full_computation(void **state)
{
	(void)state;
	compare_random_packets(AF_INET6, IPPROTO_UDP);
}

/* Direct routing: the other key and the differences are not even looked at. */
static void
without_replies_only_the_ttl_changes(void **state)
{
	struct conn conn = { .proto = IPPROTO_TCP, .flags = CONN_NO_OUTPUT };
	struct random_source random = random_source_new(5);
	struct packet_v4 v4, before4;
	struct packet_v6 v6, before6;

	(void)state;
	memset(conn.key6, 0x5a, sizeof(conn.key6));
	conn.ip_delta[CONN_IN] = conn.l4_delta[CONN_IN] = 0x1234;
	for (int i = 0; i < 1000; i++) {
		random_words(&random, &v4, sizeof(v4));
		random_words(&random, &v6, sizeof(v6));
		v4.ip.hdr_checksum = 0;
		v4.ip.hdr_checksum = plain_checksum(plain_sum(0, &v4.ip, sizeof(v4.ip)));
		before4 = v4;
		before6 = v6;
		rewrite_ipv4(&v4.ip, v4.l4, &conn, CONN_IN);
		rewrite_ipv6(&v6.ip, v6.l4, &conn, CONN_IN);
		if (before4.ip.time_to_live > 0) /* a packet with 0 never comes here */
			assert_int_equal(plain_sum(0, &v4.ip, sizeof(v4.ip)), 0xffff);
		before4.ip.time_to_live--;
		before4.ip.hdr_checksum = v4.ip.hdr_checksum;
		before6.ip.hop_limits--;
		assert_memory_equal(&v4, &before4, sizeof(v4));
		assert_memory_equal(&v6, &before6, sizeof(v6));
	}
}

static void
udp_without_a_checksum_stays_without(void **state)
{
	(void)state;
	for (uint32_t delta = 0; delta <= 0xffff; delta++) {
		struct rte_udp_hdr udp = { .dgram_cksum = 0 };

		rewrite_l4_checksum(&udp, IPPROTO_UDP, (uint16_t)delta);
		assert_int_equal(udp.dgram_cksum, 0);
	}
}

static void
a_udp_checksum_that_comes_out_as_zero_is_sent_as_all_ones(void **state)
{
	uint32_t came_out = 0;

	(void)state;
	for (uint32_t checksum = 1; checksum <= 0xffff; checksum++) {
		struct rte_udp_hdr udp = { .dgram_cksum = (uint16_t)checksum };

		rewrite_l4_checksum(&udp, IPPROTO_UDP, 0x1234);
		assert_int_not_equal(udp.dgram_cksum, 0);
		came_out += udp.dgram_cksum == 0xffff;
	}
	assert_true(came_out > 0);
}

/* The same header for every TTL and every other half of its word. */
static void
a_ttl_less_by_one_keeps_the_header_checksum_right(void **state)
{
	(void)state;
	for (uint32_t ttl = 2; ttl <= 255; ttl++) {
		for (uint32_t id = 0; id <= 0xffff; id += 13) {
			struct rte_ipv4_hdr ip = { .version_ihl = 0x45,
						   .packet_id = (uint16_t)id,
						   .time_to_live = (uint8_t)ttl,
						   .next_proto_id = (uint8_t)id };

			ip.hdr_checksum = plain_checksum(plain_sum(0, &ip, sizeof(ip)));
			ip.time_to_live--;
			ip.hdr_checksum = checksum_update(ip.hdr_checksum, TTL_DELTA);
			assert_int_equal(plain_sum(0, &ip, sizeof(ip)), 0xffff);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rewritten_ipv4_tcp_has_the_checksums_of_a_full_computation),
		cmocka_unit_test(rewritten_ipv4_udp_has_the_checksums_of_a_full_computation),
		cmocka_unit_test(rewritten_ipv6_tcp_has_the_checksums_of_a_full_computation),
		cmocka_unit_test(rewritten_ipv6_udp_has_the_checksums_of_a_full_computation),
		cmocka_unit_test(without_replies_only_the_ttl_changes),
		cmocka_unit_test(udp_without_a_checksum_stays_without),
		cmocka_unit_test(a_udp_checksum_that_comes_out_as_zero_is_sent_as_all_ones),
		cmocka_unit_test(a_ttl_less_by_one_keeps_the_header_checksum_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
