/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets that arrive at another worker than their owner (path/owner.c): each finds its connection, and passes through
 * rings only as often as it must.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>

#include "core/rcu.h"
#include "lb/conn_life.h"
#include "lb/conn_table.h"
#include "packet_fixture.h"
#include "port/handover.h"
#include "toeplitz.h"

#define WORKERS 4
#define FLOWS 64
#define MANY 40

static struct network *
network_of(uint8_t forward, bool ipv6)
{
	const struct dest_spec server = { .address = ipv6 ? "fd00::1" : "10.0.0.1",
					  .port = forward == FORWARD_DIRECT ? 80 : 8080,
					  .weight = 1,
					  .forward = forward };
	struct network *network = network_new(WORKERS, 1024);

	director_serve(network->director, 0, IPPROTO_TCP, ipv6 ? "2001:db8::1" : "192.0.2.1", 80, "rr", 0, &server, 1);
	return network;
}

static struct frame
client_frame(bool ipv6, uint16_t port, uint8_t flags)
{
	return (struct frame){ .src = ipv6 ? "2001:db8:1::7" : "198.51.100.7",
			       .dst = ipv6 ? "2001:db8::1" : "192.0.2.1",
			       .sport = port,
			       .dport = 80,
			       .flags = flags };
}

static void
assert_reaches_client(const struct frame *request)
{
	assert_sent(CLIENTS, &(struct frame){ .src = request->dst,
					      .dst = request->src,
					      .sport = request->dport,
					      .dport = request->sport,
					      .flags = SYN | ACK,
					      .ttl = 62, /* the reply was made of a packet that had lost one */
					      .src_mac = port_mac[CLIENTS],
					      .dst_mac = router_mac });
}

static uint32_t
owner_of_frame(const struct network *network, const struct frame *frame)
{
	struct flow flow = flow_of(IPPROTO_TCP, frame->src, frame->sport, frame->dst, frame->dport);

	return owner_of(network->director->steering, &flow);
}

/* Every flow's SYN, reply and next packet, each at some worker. */
static void
all_find_their_owner(uint8_t forward, bool ipv6)
{
	struct network *network = network_of(forward, ipv6);

	for (uint32_t i = 0; i < FLOWS; i++) {
		struct frame frame = client_frame(ipv6, (uint16_t)(2000 + i), SYN);
		uint32_t owner = owner_of_frame(network, &frame), at = i % WORKERS;
		uint64_t given = counted(network, COUNT_GIVEN);
		struct rte_mbuf *m;

		receive(network, at, CLIENTS, frame_new(&frame, CLIENTS));
		m = sent_one(SERVERS);
		assert_int_equal(counted(network, COUNT_GIVEN) - given, at != owner);
		for (uint32_t k = 0; forward != FORWARD_DIRECT && k < WORKERS; k++) {
			receive(network, k, SERVERS, frame_reply(m));
			assert_reaches_client(&frame);
		}
		rte_pktmbuf_free(m);
		frame.flags = ACK;
		receive(network, (at + 1) % WORKERS, CLIENTS, frame_new(&frame, CLIENTS));
		rte_pktmbuf_free(sent_one(SERVERS));
		assert_accounts_close(network);
	}
	assert_int_equal(counted(network, COUNT_CONN_NEW), FLOWS);
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct frame frame = client_frame(ipv6, (uint16_t)(2000 + i), ACK);
		uint64_t given = counted(network, COUNT_GIVEN);

		receive(network, owner_of_frame(network, &frame), CLIENTS, frame_new(&frame, CLIENTS));
		rte_pktmbuf_free(sent_one(SERVERS));
		assert_int_equal(counted(network, COUNT_GIVEN), given);
	}
	network_free(network);
}

static void
packets_find_their_owner_in_every_mode(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		all_find_their_owner(FORWARD_NAT, ipv6);
		all_find_their_owner(FORWARD_DIRECT, ipv6);
		all_find_their_owner(FORWARD_FULLNAT, ipv6);
	}
}

static void
a_full_nat_reply_hashes_to_the_worker_that_chose_the_port(void **state)
{
	struct network *network = network_of(FORWARD_FULLNAT, false);

	(void)state;
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct frame frame = client_frame(false, (uint16_t)(2000 + i), SYN);
		uint32_t owner = owner_of_frame(network, &frame);
		struct rte_mbuf *m;
		uint64_t given;

		receive(network, owner, CLIENTS, frame_new(&frame, CLIENTS));
		given = counted(network, COUNT_GIVEN);
		m = sent_one(SERVERS);
		receive(network, owner, SERVERS, frame_reply(m));
		assert_reaches_client(&frame);
		assert_int_equal(counted(network, COUNT_GIVEN), given);
		rte_pktmbuf_free(m);
	}
	network_free(network);
}

/* The queue to which a NIC with this key brings a packet. */
static uint32_t
queue_of_packet(const uint8_t *key, const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *ether = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const struct rte_ipv4_hdr *ip = (const void *)(ether + 1);
	struct flow flow = { .family = AF_INET, .proto = ip->next_proto_id };

	flow.src.v4 = ip->src_addr;
	flow.dst.v4 = ip->dst_addr;
	memcpy(&flow.sport, ip + 1, 2);
	memcpy(&flow.dport, (const uint8_t *)(ip + 1) + 2, 2);
	return hash_of(key, &flow) % 128 % WORKERS;
}

/* Such a key is not ours (port/steering.c): the NIC's queues say nothing, and the rings bring packets where they belong. */
static void
a_nic_whose_key_is_no_good_costs_rings_but_no_packet(void **state)
{
	struct network *network = network_of(FORWARD_FULLNAT, false);
	uint8_t ones[STEERING_KEY_LENGTH];
	uint64_t given = 0;

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	steering_destroy(network->director->steering);
	assert_int_equal(steering_create(ones, 128, WORKERS, &network->director->steering), 0);
	for (uint32_t i = 0; i < WORKERS; i++)
		network->director->workers[i]->steering = network->director->steering;
	for (uint32_t i = 0; i < 4 * FLOWS; i++) {
		struct frame frame = client_frame(false, (uint16_t)(2000 + i), SYN);
		struct rte_mbuf *m = frame_new(&frame, CLIENTS), *reply;
		uint32_t owner = owner_of_frame(network, &frame), queue = queue_of_packet(ones, m);

		receive(network, queue, CLIENTS, m);
		assert_int_equal(counted(network, COUNT_GIVEN), given += queue != owner);
		m = sent_one(SERVERS);
		reply = frame_reply(m);
		queue = queue_of_packet(ones, reply);
		receive(network, queue, SERVERS, reply);
		assert_reaches_client(&frame);
		assert_int_equal(counted(network, COUNT_GIVEN), given += queue != owner);
		rte_pktmbuf_free(m);
	}
	assert_true(given > FLOWS);
	network_free(network);
}

/* Three services share a server; the replies don't say which one they are of. */
static void
replies_of_a_server_behind_several_services_find_theirs(void **state)
{
	static const char *const vips[] = { "192.0.2.1", "192.0.2.2", "192.0.2.3" };
	static const struct dest_spec server = { .address = "10.0.0.1", .port = 8080, .weight = 1 };
	struct network *network = network_of(FORWARD_NAT, false);

	(void)state;
	for (uint32_t i = 1; i < 3; i++)
		director_serve(network->director, i, IPPROTO_TCP, vips[i], 80, "rr", i, &server, 1);
	for (uint32_t i = 0; i < 3 * FLOWS; i++) {
		struct frame frame = client_frame(false, (uint16_t)(2000 + i), SYN);
		struct rte_mbuf *m;

		frame.dst = vips[i % 3];
		receive(network, i % WORKERS, CLIENTS, frame_new(&frame, CLIENTS));
		m = sent_one(SERVERS);
		for (uint32_t k = 0; k < WORKERS; k++) {
			receive(network, k, SERVERS, frame_reply(m));
			assert_reaches_client(&frame);
		}
		rte_pktmbuf_free(m);
	}
	network_free(network);
}

static void
a_reply_that_nobody_knows_ends_in_the_kernel(void **state)
{
	static const char *const vips[] = { "192.0.2.1", "192.0.2.2", "192.0.2.3" };
	static const struct dest_spec server = { .address = "10.0.0.1", .port = 8080, .weight = 1 };
	struct network *network = network_of(FORWARD_NAT, false);

	(void)state;
	for (uint32_t i = 1; i < 3; i++)
		director_serve(network->director, i, IPPROTO_TCP, vips[i], 80, "rr", i, &server, 1);
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct frame frame = { .src = "10.0.0.1",
				       .dst = "198.51.100.7",
				       .sport = 8080,
				       .dport = (uint16_t)(2000 + i),
				       .flags = ACK };

		receive(network, i % WORKERS, SERVERS, frame_new(&frame, SERVERS));
		assert_to_kernel(network, EXCEPTION_OTHER);
	}
	network_free(network);
}

static void
the_same_client_port_at_two_services_of_one_server_is_refused(void **state)
{
	static const struct dest_spec server = { .address = "10.0.0.1", .port = 8080, .weight = 1 };
	struct network *network = network_new(1, 64);
	struct frame frame = client_frame(false, 2000, SYN);

	(void)state;
	director_serve(network->director, 0, IPPROTO_TCP, "192.0.2.1", 80, "rr", 0, &server, 1);
	director_serve(network->director, 1, IPPROTO_TCP, "192.0.2.2", 80, "rr", 1, &server, 1);
	receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	rte_pktmbuf_free(sent_one(SERVERS));
	frame.dst = "192.0.2.2";
	receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	assert_dropped(network, DROP_CONN_COLLISION);
	assert_int_equal(counted(network, COUNT_CONNS), 1);
	assert_int_equal(network->director->workers[0]->conns[TABLE_IPV4]->n_used, 1);
	network_free(network);
}

static void
end_conn_of(struct network *network, const struct frame *frame)
{
	struct worker *owner = network->director->workers[owner_of_frame(network, frame)];
	struct conn_table *table = owner->conns[TABLE_IPV4];
	struct flow flow = flow_of(IPPROTO_TCP, frame->src, frame->sport, frame->dst, frame->dport);
	uint32_t value = conn_find_flow(table, &flow);

	assert_int_not_equal(value, CONN_NONE);
	conn_set_state(owner, conn_at(table, CONN_NUMBER(value)), TCP_TIME_WAIT_);
}

/* At all workers, of the first N destinations. */
static uint32_t
conns_in_all(const struct network *network, uint32_t n)
{
	uint32_t conns = 0;

	for (uint32_t i = 0; i < WORKERS * n; i++) {
		const struct dest_load *load = &network->director->workers[i / n]->loads[i % n];

		conns += load->active + load->inactive;
	}
	return conns;
}

/* FIRST's connection is over when the client opens SECOND's, at another service of the server. Answers come to any worker. */
static void
follow_at_another_service(struct network *network, const struct frame *first, const struct frame *second, uint32_t at)
{
	struct frame data = *second;
	struct rte_mbuf *m;

	receive(network, at, CLIENTS, frame_new(first, CLIENTS));
	rte_pktmbuf_free(sent_one(SERVERS));
	end_conn_of(network, first);
	receive(network, at, CLIENTS, frame_new(second, CLIENTS));
	m = sent_one(SERVERS);
	for (uint32_t k = 0; k < WORKERS; k++) {
		receive(network, (at + k) % WORKERS, SERVERS, frame_reply(m));
		assert_reaches_client(second);
	}
	rte_pktmbuf_free(m);
	data.flags = ACK;
	receive(network, at, CLIENTS, frame_new(&data, CLIENTS));
	rte_pktmbuf_free(sent_one(SERVERS));
	for (uint32_t k = 0; k < WORKERS; k++) {
		receive(network, k, SERVERS,
			frame_new(&(struct frame){ .src = "10.0.0.1",
						   .dst = second->src,
						   .sport = 8080,
						   .dport = second->sport,
						   .flags = ACK,
						   .payload = 100 },
				  SERVERS));
		assert_sent(CLIENTS, &(struct frame){ .src = second->dst,
						      .dst = second->src,
						      .sport = second->dport,
						      .dport = second->sport,
						      .flags = ACK,
						      .payload = 100,
						      .ttl = 63,
						      .src_mac = port_mac[CLIENTS],
						      .dst_mac = router_mac });
	}
	assert_accounts_close(network);
}

/* The first one may have another owner, to whom the answers come before they come to the second's. */
static void
a_clients_port_serves_at_another_service_when_its_connection_is_over(void **state)
{
	static const char *const vips[] = { "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5" };
	static const struct dest_spec server = { .address = "10.0.0.1", .port = 8080, .weight = 1 };
	struct network *network = network_of(FORWARD_NAT, false);
	uint32_t apart = 0;

	(void)state;
	for (uint32_t i = 1; i < RTE_DIM(vips); i++)
		director_serve(network->director, i, IPPROTO_TCP, vips[i], 80, "rr", i, &server, 1);
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct frame first = client_frame(false, (uint16_t)(2000 + i), SYN), second = first;

		first.dst = vips[i % RTE_DIM(vips)];
		second.dst = vips[(i + 1 + i % 3) % RTE_DIM(vips)];
		apart += owner_of_frame(network, &first) != owner_of_frame(network, &second);
		follow_at_another_service(network, &first, &second, i % WORKERS);
	}
	assert_in_range(apart, 1, FLOWS - 1);
	assert_int_equal(counted(network, COUNT_CONN_REUSED), FLOWS);
	assert_int_equal(conns_in_all(network, RTE_DIM(vips)), FLOWS);
	network_free(network);
}

static struct rte_mbuf *
sctp_frame(const char *src, uint16_t sport, const char *dst, uint16_t dport, uint8_t port, uint8_t chunk)
{
	struct rte_mbuf *m = frame_new(
		&(struct frame){ .src = src, .dst = dst, .sport = sport, .dport = dport, .proto = IPPROTO_SCTP }, port);

	*rte_pktmbuf_mtod_offset(m, uint8_t *, 14 + 20 + 12) = chunk;
	frame_checksums(m);
	return m;
}

static void
an_sctp_clients_port_serves_at_another_service_when_its_association_is_over(void **state)
{
	static const struct dest_spec server = { .address = "10.0.0.1", .port = 8080, .weight = 1 };
	struct network *network = network_new(WORKERS, 1024);
	enum { INIT = 1, INIT_ACK };

	(void)state;
	director_serve(network->director, 0, IPPROTO_SCTP, "192.0.2.1", 80, "rr", 0, &server, 1);
	director_serve(network->director, 1, IPPROTO_SCTP, "192.0.2.2", 80, "rr", 1, &server, 1);
	for (uint16_t port = 2000; port < 2000 + FLOWS; port++) {
		const struct flow first = flow_of(IPPROTO_SCTP, "198.51.100.7", port, "192.0.2.1", 80);
		struct worker *owner = network->director->workers[owner_of(network->director->steering, &first)];
		struct rte_mbuf *m;

		receive(network, 0, CLIENTS, sctp_frame("198.51.100.7", port, "192.0.2.1", 80, CLIENTS, INIT));
		rte_pktmbuf_free(sent_one(SERVERS));
		conn_set_state(owner,
			       conn_at(owner->conns[TABLE_IPV4],
				       CONN_NUMBER(conn_find_flow(owner->conns[TABLE_IPV4], &first))),
			       SCTP_CLOSED);
		receive(network, 0, CLIENTS, sctp_frame("198.51.100.7", port, "192.0.2.2", 80, CLIENTS, INIT));
		rte_pktmbuf_free(sent_one(SERVERS));
		receive(network, owner->index, SERVERS,
			sctp_frame("10.0.0.1", 8080, "198.51.100.7", port, SERVERS, INIT_ACK));
		m = sent_one(CLIENTS);
		assert_int_equal(rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, 14)->src_addr,
				 address_of("192.0.2.2").ip.v4);
		rte_pktmbuf_free(m);
		assert_accounts_close(network);
	}
	assert_int_equal(counted(network, COUNT_CONN_REUSED), FLOWS);
	network_free(network);
}

/* What its server says late is for its client where no other worker can have another one. */
static void
a_connection_that_is_over_gets_a_late_answer(void **state)
{
	struct network *network = network_of(FORWARD_NAT, false);
	struct frame frame = client_frame(false, 2000, SYN);
	struct rte_mbuf *m;

	(void)state;
	receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	m = sent_one(SERVERS);
	end_conn_of(network, &frame);
	receive(network, 1, SERVERS, frame_reply(m));
	assert_reaches_client(&frame);
	assert_int_equal(counted(network, COUNT_CONN_REUSED), 0);
	rte_pktmbuf_free(m);
	network_free(network);
}

static void
a_full_ring_drops_under_its_own_name(void **state)
{
	struct network *network = network_of(FORWARD_DIRECT, false);
	struct frame frame = client_frame(false, 2000, SYN);
	uint32_t owner = owner_of_frame(network, &frame), other = (owner + 1) % WORKERS;
	struct worker *self = network->director->workers[other];
	uint64_t given;

	(void)state;
	for (uint32_t i = 0; i < 600; i++) {
		struct rte_mbuf *m = frame_new(&frame, CLIENTS);

		self->counters.count[COUNT_RECEIVED]++;
		path_burst(self, CLIENTS, false, &m, 1);
	}
	given = counted(network, COUNT_GIVEN);
	assert_true(given >= 256 && given < 600);
	assert_int_equal(dropped(network, DROP_HANDOVER_FULL), 600 - given);
	assert_accounts_close(network);
	receive(network, owner, CLIENTS, frame_new(&frame, CLIENTS));
	assert_int_equal(sent[SERVERS].n, given + 1);
	network_free(network);
}

static void
a_worker_without_a_queue_sends_through_another(void **state)
{
	struct network *network = network_of(FORWARD_DIRECT, false);
	struct frame frame = client_frame(false, 2000, SYN);
	uint32_t owner = owner_of_frame(network, &frame), via = (owner + 2) % WORKERS;
	struct worker *self = network->director->workers[owner];
	struct rte_mbuf *m;

	(void)state;
	self->send[SERVERS].own_queue = false;
	self->send[SERVERS].via = (uint8_t)via;
	receive(network, owner, CLIENTS, frame_new(&frame, CLIENTS));
	assert_nothing_sent();
	assert_int_equal(counted(network, COUNT_GIVEN), 1);
	assert_accounts_close(network);
	assert_int_equal(handover_take(self->handover, HANDOVER_SEND, owner, via, &m, 1), 1);
	assert_int_equal(m->port, SERVERS);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), server_mac[0], 6);
	rte_pktmbuf_free(m);
	network_free(network);
}

/* One packet a turn that is dropped, or none. */
static bool junk_comes;

static uint16_t
receive_junk(void *queue, struct rte_mbuf **packets, uint16_t n)
{
	struct frame frame = client_frame(false, 1, SYN);

	(void)queue, (void)n;
	frame.dst_mac = server_mac[0];
	if (junk_comes)
		packets[0] = frame_new(&frame, CLIENTS);
	return junk_comes;
}

/* Each worker but RECEIVER has a complete frame for it to send. */
static void
give_to(struct network *network, uint32_t receiver)
{
	for (uint32_t from = 0; from < MANY; from++) {
		struct frame frame = client_frame(false, (uint16_t)(1000 + from), SYN);
		struct rte_mbuf *m;

		if (from == receiver)
			continue;
		m = frame_new(&frame, SERVERS);
		m->port = SERVERS;
		network->director->workers[from]->counters.count[COUNT_RECEIVED]++;
		network->director->workers[from]->counters.count[COUNT_GIVEN]++;
		assert_true(
			handover_give(network->director->workers[from]->handover, HANDOVER_SEND, from, receiver, m));
	}
}

static void
a_busy_worker_looks_into_some_rings_and_soon_into_all(void **state)
{
	struct network *network = network_new(MANY, 64);
	struct worker *self = network->director->workers[3];

	(void)state;
	rte_eth_fp_ops[CLIENTS].rx_pkt_burst = receive_junk;
	self->n_rx = 1;
	worker_start_clock(self);
	rcu_online(self->rcu, self->index);
	junk_comes = true;
	for (uint32_t round = 1; round <= 5; round++) {
		give_to(network, self->index);
		worker_turn(self);
		assert_in_range(sent[SERVERS].n, 7, 8);
		for (uint32_t turn = 1; turn < MANY / 8; turn++)
			worker_turn(self);
		assert_int_equal(sent[SERVERS].n, MANY - 1);
		forget_packets(network);
	}
	junk_comes = false;
	give_to(network, self->index);
	worker_turn(self);
	assert_int_equal(sent[SERVERS].n, MANY - 1);
	rcu_offline(self->rcu, self->index);
	network_free(network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_find_their_owner_in_every_mode),
		cmocka_unit_test(a_full_nat_reply_hashes_to_the_worker_that_chose_the_port),
		cmocka_unit_test(a_nic_whose_key_is_no_good_costs_rings_but_no_packet),
		cmocka_unit_test(replies_of_a_server_behind_several_services_find_theirs),
		cmocka_unit_test(a_reply_that_nobody_knows_ends_in_the_kernel),
		cmocka_unit_test(the_same_client_port_at_two_services_of_one_server_is_refused),
		cmocka_unit_test(a_clients_port_serves_at_another_service_when_its_connection_is_over),
		cmocka_unit_test(an_sctp_clients_port_serves_at_another_service_when_its_association_is_over),
		cmocka_unit_test(a_connection_that_is_over_gets_a_late_answer),
		cmocka_unit_test(a_full_ring_drops_under_its_own_name),
		cmocka_unit_test(a_worker_without_a_queue_sends_through_another),
		cmocka_unit_test(a_busy_worker_looks_into_some_rings_and_soon_into_all),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
