/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Services by mark, and the rules that mark (lb/mark.h); one-packet scheduling; destinations without a port.
 */
#include "chosen_servers.h"
#include "lb/mark.h"

#define CLIENT "198.51.100.7"

static struct mark_prefix
prefix(const char *text, uint8_t length)
{
	return (struct mark_prefix){ .address = address_of(text), .length = length };
}

/* What is not set matches all. */
static struct mark_rule
rule_of(uint32_t mark)
{
	return (struct mark_rule){ .mark = mark,
				   .port = MARK_ANY_PORT,
				   .out_port = MARK_ANY_PORT,
				   .last_source_port = UINT16_MAX,
				   .last_port = UINT16_MAX };
}

static uint32_t
mark_of(const struct marks *marks, uint8_t proto, const char *src, uint16_t sport, const char *dst, uint16_t dport,
	uint8_t port)
{
	const struct flow flow = flow_of(proto, src, sport, dst, dport);

	return marks_classify(marks, &flow, port, MARK_NO_PORT);
}

static void
rules_look_at_all_that_they_name(void **state)
{
	struct mark_rule rules[8];
	struct marks *marks;

	(void)state;
	for (uint32_t i = 0; i < 8; i++)
		rules[i] = rule_of(i + 1);
	rules[0].proto = IPPROTO_UDP;
	rules[0].destination = prefix("192.0.2.1", 32);
	rules[0].first_port = rules[0].last_port = 53;
	rules[1].destination = prefix("192.0.2.0", 28);
	rules[1].first_port = 80;
	rules[1].last_port = 90;
	rules[2].source = prefix("198.51.100.0", 25);
	rules[2].destination = prefix("192.0.2.16", 28);
	rules[3].destination = prefix("192.0.2.16", 28);
	rules[3].port = SERVERS;
	rules[4].destination = prefix("192.0.2.32", 28);
	rules[4].first_source_port = 1000;
	rules[4].last_source_port = 1999;
	rules[5].destination = prefix("2001:db8::", 61);
	rules[5].source = prefix("2001:db8:1::", 64);
	rules[5].first_port = rules[5].last_port = 443;
	rules[6].destination = prefix("2001:db8:ff::1", 128);
	rules[7].first_port = rules[7].last_port = 9999;
	assert_int_equal(marks_create(rules, 8, &marks), 0);
	assert_int_equal(mark_of(marks, IPPROTO_UDP, CLIENT, 1, "192.0.2.1", 53, 0), 1);
	assert_int_equal(mark_of(marks, IPPROTO_TCP, CLIENT, 1, "192.0.2.1", 53, 0), 0);
	assert_int_equal(mark_of(marks, IPPROTO_UDP, CLIENT, 1, "192.0.2.2", 53, 0), 0);
	for (uint16_t port = 79; port <= 91; port++)
		assert_int_equal(mark_of(marks, IPPROTO_TCP, CLIENT, 1, "192.0.2.15", port, 0),
				 port >= 80 && port <= 90 ? 2 : 0);
	assert_int_equal(mark_of(marks, IPPROTO_TCP, "198.51.100.127", 1, "192.0.2.16", 1, 0), 3);
	assert_int_equal(mark_of(marks, IPPROTO_TCP, "198.51.100.128", 1, "192.0.2.16", 1, 0), 0);
	assert_int_equal(mark_of(marks, IPPROTO_TCP, "198.51.100.128", 1, "192.0.2.16", 1, SERVERS), 4);
	/* the first that fits */
	assert_int_equal(mark_of(marks, IPPROTO_TCP, "198.51.100.127", 1, "192.0.2.16", 1, SERVERS), 3);
	assert_int_equal(mark_of(marks, IPPROTO_TCP, CLIENT, 999, "192.0.2.33", 1, 0), 0);
	assert_int_equal(mark_of(marks, IPPROTO_TCP, CLIENT, 1000, "192.0.2.33", 1, 0), 5);
	assert_int_equal(mark_of(marks, IPPROTO_TCP, CLIENT, 1999, "192.0.2.33", 1, 0), 5);
	assert_int_equal(mark_of(marks, IPPROTO_TCP, CLIENT, 2000, "192.0.2.33", 1, 0), 0);
	assert_int_equal(mark_of(marks, IPPROTO_TCP, "2001:db8:1::9", 1, "2001:db8:0:7::1", 443, 0), 6);
	assert_int_equal(mark_of(marks, IPPROTO_TCP, "2001:db8:1::9", 1, "2001:db8:0:8::1", 443, 0), 0);
	assert_int_equal(mark_of(marks, IPPROTO_TCP, "2001:db8:1:1::9", 1, "2001:db8:0:7::1", 443, 0), 0);
	assert_int_equal(mark_of(marks, IPPROTO_UDP, "2001:db8:1:1::9", 1, "2001:db8:ff::1", 1, 0), 7);
	assert_int_equal(mark_of(marks, IPPROTO_UDP, "2001:db8:1:1::9", 1, "2001:db8:ff::2", 1, 0), 0);
	/* of no family, so of both */
	assert_int_equal(mark_of(marks, IPPROTO_UDP, "2001:db8:1:1::9", 1, "2001:db8:ff::2", 9999, 0), 8);
	assert_int_equal(mark_of(marks, IPPROTO_UDP, CLIENT, 1, "203.0.113.1", 9999, 0), 8);
	marks_destroy(marks);
}

static void
rules_of_one_family_leave_the_other_alone(void **state)
{
	struct mark_rule rules[2] = { rule_of(UINT32_MAX), rule_of(2) };
	struct marks *marks;

	(void)state;
	rules[0].destination = prefix("192.0.2.1", 32);
	assert_int_equal(marks_create(rules, 1, &marks), 0);
	assert_int_equal(mark_of(marks, IPPROTO_UDP, CLIENT, 1, "192.0.2.1", 1, 0), UINT32_MAX);
	assert_int_equal(mark_of(marks, IPPROTO_UDP, "2001:db8:1::9", 1, "2001:db8::1", 1, 0), 0);
	marks_destroy(marks);
	rules[0].source = prefix("2001:db8::", 64);
	assert_int_equal(marks_create(rules, 2, &marks), -EINVAL);
}

static struct network *
marked_network(uint32_t n_workers, uint32_t flags, uint8_t forward)
{
	struct network *network = network_new(n_workers, 1024);
	const struct service_spec spec = spec_of_mark(7, AF_INET, flags);
	struct mark_rule rules[2] = { rule_of(7), rule_of(8) };
	struct dest_spec servers[2] = { two_servers[0], two_servers[1] };
	struct marks *marks;

	rules[0].destination = prefix("192.0.2.0", 28);
	rules[0].first_port = 80;
	rules[0].last_port = 443;
	rules[1].destination = prefix("192.0.2.16", 28);
	assert_int_equal(marks_create(rules, 2, &marks), 0);
	lb_set_marks(network->director->lb, marks);
	for (int i = 0; i < 2; i++) {
		servers[i].port = 0;
		servers[i].forward = forward;
	}
	director_serve_as(network->director, &spec, 0, servers, 2);
	return network;
}

static void
a_mark_gathers_addresses_protocols_and_ports(void **state)
{
	struct network *network = marked_network(1, 0, FORWARD_NAT);

	(void)state;
	for (uint16_t i = 0; i < 8; i++) {
		char vip[20];
		struct chosen chosen;

		snprintf(vip, sizeof(vip), "192.0.2.%u", i + 1);
		chosen = connects(network, 0, CLIENT, 4000, vip, (uint16_t)(80 + i), i % 2 ? IPPROTO_TCP : IPPROTO_UDP);
		/* the scheduler goes on from address to address */
		assert_int_equal(chosen.last, 1 + i % 2);
		assert_int_equal(chosen.port, 80 + i);
	}
	assert_int_equal(connects(network, 0, CLIENT, 4000, "192.0.2.1", 444, IPPROTO_TCP).last, 0);
	assert_to_kernel(network, EXCEPTION_OTHER);
	/* a mark of no service is none */
	assert_int_equal(connects(network, 0, CLIENT, 4000, "192.0.2.17", 80, IPPROTO_TCP).last, 0);
	assert_to_kernel(network, EXCEPTION_OTHER);
	director_serve(network->director, 1, IPPROTO_TCP, "192.0.2.17", 80, "rr", 2, two_servers, 1);
	assert_int_equal(connects(network, 0, CLIENT, 4000, "192.0.2.17", 80, IPPROTO_TCP).last, 1);
	/* and one that is comes before the address */
	director_serve(network->director, 1, IPPROTO_TCP, "192.0.2.1", 80, "rr", 2, two_servers, 1);
	assert_int_equal(connects(network, 0, CLIENT, 4001, "192.0.2.1", 80, IPPROTO_TCP).port, 80);
	network_free(network);
}

static void
a_destination_with_a_port_gets_all_there(void **state)
{
	struct network *network = marked_network(1, 0, FORWARD_NAT);
	const struct service_spec spec = spec_of_mark(7, AF_INET, 0);

	(void)state;
	director_serve_as(network->director, &spec, 0, two_servers, 2);
	assert_int_equal(connects(network, 0, CLIENT, 4000, "192.0.2.1", 80, IPPROTO_TCP).port, 8080);
	assert_int_equal(connects(network, 0, CLIENT, 4000, "192.0.2.1", 81, IPPROTO_TCP).port, 8080);
	network_free(network);
}

static void
a_client_of_a_persistent_mark_stays_whatever_the_address(void **state)
{
	struct network *network = marked_network(1, IP_VS_SVC_F_PERSISTENT, FORWARD_NAT);
	uint8_t mine = connects(network, 0, CLIENT, 4000, "192.0.2.1", 80, IPPROTO_TCP).last;

	(void)state;
	for (uint16_t i = 1; i < 8; i++) {
		char vip[20];

		snprintf(vip, sizeof(vip), "192.0.2.%u", i + 1);
		assert_int_equal(
			connects(network, 0, CLIENT, 4000, vip, (uint16_t)(80 + i), i % 2 ? IPPROTO_TCP : IPPROTO_UDP)
				.last,
			mine);
	}
	assert_int_equal(connects(network, 0, "198.51.100.8", 4000, "192.0.2.1", 80, IPPROTO_TCP).last, 3 - mine);
	network_free(network);
}

/* A NAT server's answer says neither which address nor which service it is of. */
static void
answers_of_marked_servers_find_their_worker(void **state)
{
	static const uint8_t methods[] = { FORWARD_NAT, FORWARD_FULLNAT };

	(void)state;
	for (uint32_t k = 0; k < 2; k++) {
		struct network *network = marked_network(4, 0, methods[k]);

		for (uint16_t i = 0; i < 64; i++) {
			const struct frame frame = { .src = CLIENT,
						     .dst = "192.0.2.3",
						     .sport = (uint16_t)(4000 + i),
						     .dport = 80,
						     .flags = SYN };
			struct rte_mbuf *m;

			receive(network, i % 4, CLIENTS, frame_new(&frame, CLIENTS));
			m = sent_one(SERVERS);
			for (uint32_t at = 0; at < 4; at++) {
				receive(network, at, SERVERS, frame_reply(m));
				assert_sent(CLIENTS, &(struct frame){ .src = "192.0.2.3",
								      .dst = CLIENT,
								      .sport = 80,
								      .dport = frame.sport,
								      .flags = SYN | ACK,
								      .ttl = 62,
								      .src_mac = port_mac[CLIENTS],
								      .dst_mac = router_mac });
			}
			rte_pktmbuf_free(m);
		}
		network_free(network);
	}
}

static void
what_no_worker_knows_goes_round_once(void **state)
{
	struct network *network = marked_network(4, 0, FORWARD_NAT);
	const struct frame frame = { .src = "10.0.0.1", .dst = CLIENT, .sport = 80, .dport = 4000, .flags = SYN | ACK };

	(void)state;
	receive(network, 2, SERVERS, frame_new(&frame, SERVERS));
	assert_to_kernel(network, EXCEPTION_OTHER);
	assert_int_equal(counted(network, COUNT_TAKEN), 3);
	/* without such a service nobody is asked */
	service_retract(network->director->lb, 0);
	receive(network, 2, SERVERS, frame_new(&frame, SERVERS));
	assert_to_kernel(network, EXCEPTION_OTHER);
	assert_int_equal(counted(network, COUNT_TAKEN), 3);
	network_free(network);
}

/* Servers of mark 7 are clients of mark 9. */
static struct network *
network_of_servers_that_are_clients(uint32_t n_workers)
{
	struct network *network = network_new(n_workers, 1024);
	struct mark_rule rules[2] = { rule_of(7), rule_of(9) };
	struct dest_spec servers[2] = { two_servers[0], two_servers[1] };
	struct service_spec spec = spec_of_mark(7, AF_INET, 0);
	struct marks *marks;

	rules[0].destination = prefix("192.0.2.0", 28);
	rules[1].source = prefix("10.0.0.0", 24);
	assert_int_equal(marks_create(rules, 2, &marks), 0);
	lb_set_marks(network->director->lb, marks);
	servers[0].port = servers[1].port = 0;
	servers[0].forward = servers[1].forward = FORWARD_NAT;
	director_serve_as(network->director, &spec, 0, servers, 2);
	spec = spec_of_mark(9, AF_INET, 0);
	spec.index = 1;
	servers[1].forward = FORWARD_DIRECT;
	director_serve_as(network->director, &spec, 2, &servers[1], 1);
	return network;
}

/* What they send may be an answer, which all are asked for, or begin a connection, which its owner is to have. */
static void
a_servers_packet_ends_at_its_owner(void **state)
{
	(void)state;
	for (uint32_t n_workers = 2; n_workers <= 4; n_workers++) {
		struct network *network = network_of_servers_that_are_clients(n_workers);

		for (uint16_t i = 0; i < 8 * n_workers; i++) {
			struct frame frame = { .src = "10.0.0.1",
					       .dst = CLIENT,
					       .sport = (uint16_t)(4000 + i),
					       .dport = 80,
					       .flags = SYN | ACK };
			const uint64_t taken = counted(network, COUNT_TAKEN);

			receive(network, i % n_workers, SERVERS, frame_new(&frame, SERVERS));
			assert_to_kernel(network, EXCEPTION_OTHER);
			/* n - 1 for the round, one for the owner */
			assert_in_range(counted(network, COUNT_TAKEN) - taken, n_workers - 1, n_workers);
			frame.flags = SYN;
			for (uint32_t at = 0; at < n_workers; at++) {
				receive(network, at, SERVERS, frame_new(&frame, SERVERS));
				rte_pktmbuf_free(sent_one(SERVERS));
				frame.flags = ACK;
			}
			assert_int_equal(counted(network, COUNT_CONN_NEW), i + 1);
		}
		network_free(network);
	}
}

static void
one_packet_scheduling_keeps_no_connection(void **state)
{
	static const uint8_t methods[] = { FORWARD_NAT, FORWARD_DIRECT, FORWARD_FULLNAT };

	(void)state;
	for (uint32_t k = 0; k < 3; k++) {
		struct network *network = network_new(1, 16);
		const struct service_spec spec = spec_of(IPPROTO_UDP, "192.0.2.1", 53, IP_VS_SVC_F_ONEPACKET);
		struct dest_spec servers[2] = { two_servers[0], two_servers[1] };
		const struct dest_load *loads = network->director->workers[0]->loads;
		struct frame frame = { .src = CLIENT,
				       .dst = "192.0.2.1",
				       .sport = 4000,
				       .dport = 53,
				       .proto = IPPROTO_UDP,
				       .payload = 72 };
		struct rte_mbuf *m = NULL;

		servers[0].forward = servers[1].forward = methods[k];
		director_serve_as(network->director, &spec, 0, servers, 2);
		/* more than the table has room for */
		for (int i = 0; i < 100; i++) {
			rte_pktmbuf_free(m);
			receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
			m = sent_one(SERVERS);
			assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), server_mac[i % 2], 6);
		}
		for (int i = 0; i < 2; i++) {
			assert_int_equal(loads[i].connections, 50);
			assert_int_equal(loads[i].in_packets, 50);
			assert_int_equal(loads[i].in_bytes, 50 * 100);
			assert_int_equal(loads[i].out_packets, 0);
			assert_int_equal(loads[i].active + loads[i].inactive, 0);
		}
		assert_int_equal(counted(network, COUNT_CONNS), 0);
		/* the answer is nobody's */
		receive(network, 0, SERVERS, frame_reply(m));
		rte_pktmbuf_free(m);
		if (methods[k] == FORWARD_FULLNAT)
			assert_dropped(network, DROP_LADDR_NO_CONN);
		else
			assert_to_kernel(network, EXCEPTION_OTHER);
		network_free(network);
	}
}

/* The flag is UDP's alone. */
static void
one_packet_scheduling_leaves_tcp_alone(void **state)
{
	struct network *network = marked_network(1, IP_VS_SVC_F_ONEPACKET, FORWARD_NAT);

	(void)state;
	assert_int_equal(connects(network, 0, CLIENT, 4000, "192.0.2.1", 80, IPPROTO_TCP).last, 1);
	assert_int_equal(counted(network, COUNT_CONNS), 1);
	assert_int_equal(connects(network, 0, CLIENT, 4000, "192.0.2.1", 80, IPPROTO_TCP).last, 1);
	assert_int_equal(connects(network, 0, CLIENT, 4000, "192.0.2.1", 80, IPPROTO_UDP).last, 2);
	assert_int_equal(connects(network, 0, CLIENT, 4000, "192.0.2.1", 80, IPPROTO_UDP).last, 1);
	assert_int_equal(counted(network, COUNT_CONNS), 1);
	network_free(network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_look_at_all_that_they_name),
		cmocka_unit_test(rules_of_one_family_leave_the_other_alone),
		cmocka_unit_test(a_mark_gathers_addresses_protocols_and_ports),
		cmocka_unit_test(a_destination_with_a_port_gets_all_there),
		cmocka_unit_test(a_client_of_a_persistent_mark_stays_whatever_the_address),
		cmocka_unit_test(answers_of_marked_servers_find_their_worker),
		cmocka_unit_test(what_no_worker_knows_goes_round_once),
		cmocka_unit_test(a_servers_packet_ends_at_its_owner),
		cmocka_unit_test(one_packet_scheduling_keeps_no_connection),
		cmocka_unit_test(one_packet_scheduling_leaves_tcp_alone),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
