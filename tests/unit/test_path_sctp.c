/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * SCTP: an association's packets from its beginning to its end, and what becomes of checksums. That every byte arrives
 * right in every mode, test_path_forwarding shows.
 */
#include "forwarded_flow.h"

#include <linux/ip_vs.h>
#include <rte_sctp.h>

#include "core/crc32c.h"
#include "core/knobs.h"
#include "lb/service.h"
#include "random_source.h"

#define FIRST_SCTP 12 /* in modes: NAT, DR, full-NAT over IPv4, then over IPv6 */

enum {
	INIT = 1,
	INIT_ACK,
	SACK,
	ABORT = 6,
	SHUTDOWN,
	SHUTDOWN_ACK,
	ERROR,
	COOKIE_ECHO,
	COOKIE_ACK,
	SHUTDOWN_COMPLETE = 14
};

static const struct mode *
mode_of(uint8_t forward, bool ipv6)
{
	for (const struct mode *mode = modes + FIRST_SCTP; mode < modes + RTE_DIM(modes); mode++) {
		if (mode->forward == forward && (strchr(mode->client, ':') != NULL) == ipv6)
			return mode;
	}
	return NULL;
}

static struct rte_sctp_hdr *
sctp_of(const struct rte_mbuf *m)
{
	bool ipv6 = rte_pktmbuf_mtod(m, const uint8_t *)[12] == 0x86;

	return rte_pktmbuf_mtod_offset(m, struct rte_sctp_hdr *, 14 + (ipv6 ? 40 : 20));
}

static uint32_t
sctp_length(const struct rte_mbuf *m)
{
	return m->data_len - (uint32_t)((const uint8_t *)sctp_of(m) - rte_pktmbuf_mtod(m, const uint8_t *));
}

/* FRAME with that chunk. */
static struct rte_mbuf *
chunk_new(const struct frame *frame, uint8_t port, uint8_t type)
{
	struct rte_mbuf *m = frame_new(frame, port);

	((uint8_t *)sctp_of(m))[12] = type;
	frame_checksums(m);
	return m;
}

/* Both directions pass: what each end sends, and the state after it. */
static const struct step {
	bool from_server;
	uint8_t chunk, state;
} life[] = {
	{ false, INIT, SCTP_INIT1 },
	{ false, INIT, SCTP_INIT },
	{ true, INIT_ACK, SCTP_COOKIE_SENT },
	{ false, COOKIE_ECHO, SCTP_COOKIE_REPLIED },
	{ true, COOKIE_ACK, SCTP_ESTABLISHED },
	{ false, 0, SCTP_ESTABLISHED },
	{ true, SACK, SCTP_ESTABLISHED },
	{ false, SHUTDOWN, SCTP_SHUTDOWN_RECEIVED },
	{ true, SHUTDOWN_ACK, SCTP_SHUTDOWN_ACK_SENT },
	{ false, SHUTDOWN_COMPLETE, SCTP_CLOSED },
};

static void
take_step(struct flow_under_test *test, const struct step *step, uint32_t i)
{
	const struct frame *frame = step->from_server ? &test->out : &test->in;
	uint8_t from = step->from_server ? SERVERS : CLIENTS;
	struct rte_mbuf *m;

	receive(test->network, 0, from, chunk_new(frame, from, step->chunk));
	m = sent_one(from ^ 1);
	assert_int_equal(rte_le_to_cpu_32(sctp_of(m)->cksum) != 0, true);
	if (i == 0 && test->mode->forward != FORWARD_DIRECT)
		test->out = (struct frame){ .src = test->mode->server,
					    .dst = test->mode->laddr,
					    .sport = 8080,
					    .dport = rte_be_to_cpu_16(sctp_of(m)->src_port),
					    .proto = IPPROTO_SCTP,
					    .src_mac = server_mac[0] };
	rte_pktmbuf_free(m);
	assert_int_equal(only_conn(test->network)->state, step->state);
}

static void
an_association_begins_lives_and_ends(void **state)
{
	static const uint8_t methods[] = { FORWARD_NAT, FORWARD_FULLNAT };

	(void)state;
	for (uint32_t k = 0; k < 4; k++) {
		struct flow_under_test test = test_flow(mode_of(methods[k / 2], k & 1));
		const struct dest_load *load = &test.network->director->workers[0]->loads[0];

		for (uint32_t i = 0; i < RTE_DIM(life); i++) {
			take_step(&test, &life[i], i);
			assert_int_equal(load->active, life[i].state == SCTP_ESTABLISHED);
			assert_int_equal(load->inactive, life[i].state != SCTP_ESTABLISHED);
		}
		/* From the same port another one begins, and the old one's end is not the new one's. */
		receive(test.network, 0, CLIENTS, chunk_new(&test.in, CLIENTS, INIT));
		rte_pktmbuf_free(sent_one(SERVERS));
		assert_int_equal(counted(test.network, COUNT_CONN_NEW), 2);
		assert_int_equal(only_conn(test.network)->state, SCTP_INIT1);
		network_free(test.network);
	}
}

static void
with_direct_routing_the_clients_packets_tell(void **state)
{
	static const struct step steps[] = {
		{ false, INIT, SCTP_INIT1 },
		{ false, COOKIE_ECHO, SCTP_ESTABLISHED },
		{ false, 0, SCTP_ESTABLISHED },
		{ false, SHUTDOWN_ACK, SCTP_CLOSED },
	};

	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct flow_under_test test = test_flow(mode_of(FORWARD_DIRECT, ipv6));

		for (uint32_t i = 0; i < RTE_DIM(steps); i++)
			take_step(&test, &steps[i], i);
		network_free(test.network);
	}
}

static void
only_an_init_makes_a_connection_the_rest_is_the_kernels(void **state)
{
	struct flow_under_test test = test_flow(mode_of(FORWARD_NAT, false));
	struct knobs knobs;

	(void)state;
	for (unsigned int type = 0; type < 256; type++) {
		if (type == INIT)
			continue;
		receive(test.network, 0, CLIENTS, chunk_new(&test.in, CLIENTS, (uint8_t)type));
		assert_to_kernel(test.network, EXCEPTION_OTHER);
	}
	assert_int_equal(counted(test.network, COUNT_CONNS), 0);
	knobs_preset(&knobs);
	knobs.sloppy_sctp = 1;
	assert_int_equal(knobs_publish(test.network->director->lb, &knobs), 0);
	receive(test.network, 0, CLIENTS, chunk_new(&test.in, CLIENTS, ABORT));
	assert_to_kernel(test.network, EXCEPTION_OTHER);
	receive(test.network, 0, CLIENTS, chunk_new(&test.in, CLIENTS, 0));
	rte_pktmbuf_free(sent_one(SERVERS));
	assert_int_equal(only_conn(test.network)->state, SCTP_ESTABLISHED);
	network_free(test.network);
}

/* Whatever was wrong with it, the same is wrong behind the director: the difference to the right sum stays. */
static void
a_wrong_checksum_stays_wrong(void **state)
{
	struct random_source random = random_source_new(7);

	(void)state;
	for (int k = 0; k < 6; k++) {
		struct flow_under_test test = test_flow(&modes[FIRST_SCTP + k]);

		client_sends(&test, SYN, 0, false);
		for (int i = 0; i < 200; i++) {
			uint32_t error = (uint32_t)random_u64(&random) | 1, sum;
			struct rte_mbuf *m;

			test.in.flags = ACK;
			test.in.payload = (uint16_t)random_upto(&random, 1400);
			m = frame_new(&test.in, CLIENTS);
			sctp_of(m)->cksum ^= error;
			receive(test.network, 0, CLIENTS, m);
			m = sent_one(SERVERS);
			sum = sctp_of(m)->cksum;
			frame_checksums(m);
			assert_int_equal(sum ^ sctp_of(m)->cksum, error);
			rte_pktmbuf_free(m);
		}
		network_free(test.network);
	}
}

/* Changes the last four bytes so that the sum is 0: each bit of them that is turned turns the same bits of the sum
 * whatever the rest is, so the sum is brought to 0 bit by bit (Gauss's elimination over GF(2)). */
static void
make_sum_zero(struct rte_mbuf *m)
{
	struct rte_sctp_hdr *sctp = sctp_of(m);
	uint32_t effect[32], turned[32], sum = rte_le_to_cpu_32(sctp->cksum), word = 0;

	for (uint32_t i = 0; i < 32; i++) {
		turned[i] = 1u << i;
		effect[i] = crc32c_change(turned[i], 4);
	}
	for (uint32_t i = 0; i < 32; i++) {
		uint32_t pivot = effect[i] & (0u - effect[i]);

		assert_int_not_equal(pivot, 0);
		for (uint32_t k = i + 1; k < 32; k++) {
			turned[k] ^= effect[k] & pivot ? turned[i] : 0;
			effect[k] ^= effect[k] & pivot ? effect[i] : 0;
		}
		word ^= sum & pivot ? turned[i] : 0;
		sum ^= sum & pivot ? effect[i] : 0;
	}
	for (uint32_t i = 0; i < 4; i++)
		((uint8_t *)sctp)[sctp_length(m) - 4 + i] ^= (uint8_t)(word >> 8 * i);
	frame_checksums(m);
	assert_int_equal(sctp->cksum, 0);
}

static void
zero_means_no_checksum_unless_it_is_the_right_one(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct flow_under_test test = test_flow(mode_of(FORWARD_NAT, ipv6));
		struct rte_mbuf *m;
		uint32_t sum;

		client_sends(&test, SYN, 0, false);
		test.in.flags = ACK;
		test.in.payload = 100;
		m = frame_new(&test.in, CLIENTS);
		sctp_of(m)->cksum = 0;
		receive(test.network, 0, CLIENTS, m);
		m = sent_one(SERVERS);
		assert_int_equal(sctp_of(m)->cksum, 0);
		rte_pktmbuf_free(m);
		m = frame_new(&test.in, CLIENTS);
		make_sum_zero(m);
		receive(test.network, 0, CLIENTS, m);
		m = sent_one(SERVERS);
		sum = sctp_of(m)->cksum;
		frame_checksums(m);
		assert_int_equal(sum, sctp_of(m)->cksum);
		assert_int_not_equal(sum, 0);
		rte_pktmbuf_free(m);
		network_free(test.network);
	}
}

/* Port 0 is for persistent services, as with the others; what is at one server stays there. */
static void
a_service_of_all_ports_takes_sctp(void **state)
{
	const struct dest_spec dests[] = {
		{ .address = "10.0.0.1", .weight = 1 },
		{ .address = "10.0.0.2", .weight = 1 },
	};
	struct network *network = network_new(1, 64);
	const struct service_spec spec = {
		.key = { .addr = address_of("192.0.2.1").ip, .family = AF_INET, .protocol = IPPROTO_SCTP },
		.flags = IP_VS_SVC_F_PERSISTENT,
		.timeout_s = 300,
		.netmask = UINT32_MAX,
	};
	struct frame frame = {
		.src = "198.51.100.7", .dst = "192.0.2.1", .sport = 40000, .proto = IPPROTO_SCTP, .flags = SYN
	};
	rte_be32_t server = 0;

	(void)state;
	director_serve_as(network->director, &spec, 0, dests, 2);
	for (uint16_t port = 1; port < 2000; port += 97) {
		const struct rte_ipv4_hdr *ip;
		struct rte_mbuf *m;

		frame.dport = port;
		receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
		m = sent_one(SERVERS);
		ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, 14);
		assert_true(server == 0 || server == ip->dst_addr);
		server = ip->dst_addr;
		assert_int_equal(sctp_of(m)->dst_port, rte_cpu_to_be_16(port));
		rte_pktmbuf_free(m);
	}
	network_free(network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_association_begins_lives_and_ends),
		cmocka_unit_test(with_direct_routing_the_clients_packets_tell),
		cmocka_unit_test(only_an_init_makes_a_connection_the_rest_is_the_kernels),
		cmocka_unit_test(a_wrong_checksum_stays_wrong),
		cmocka_unit_test(zero_means_no_checksum_unless_it_is_the_right_one),
		cmocka_unit_test(a_service_of_all_ports_takes_sctp),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
