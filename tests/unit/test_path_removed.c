/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets of connections whose service or server was removed (lb/removed.h), at whichever worker they arrive: one worker
 * alone would drop what the clients send and pass on what the servers still say, and so do several.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>

#include "lb/removed.h"
#include "packet_fixture.h"

#define WORKERS 4
#define FLOWS 16

/* One service, and what is known of it when it was removed. */
struct removal {
	struct network *network;
	struct service_key key;
	struct dest dest;
};

static const char *
vip_of(bool ipv6)
{
	return ipv6 ? "2001:db8::1" : "192.0.2.1";
}

static struct removal
begin(uint8_t forward, uint8_t proto, bool ipv6)
{
	const struct dest_spec server = { .address = ipv6 ? "fd00::1" : "10.0.0.1",
					  .port = forward == FORWARD_DIRECT ? 80 : 8080,
					  .weight = 1,
					  .forward = forward };
	struct removal removal = { .network = network_new(WORKERS, 1024) };
	const struct service *svc =
		director_serve(removal.network->director, 0, proto, vip_of(ipv6), 80, "rr", 0, &server, 1);

	removal.key = svc->key;
	removal.dest = *svc->dests[0];
	return removal;
}

/* As ipvs_model_publish() does it. */
static void
take_away(struct removal *removal)
{
	struct lb *lb = removal->network->director->lb;

	assert_int_equal(removed_add(lb, &removal->key, &removal->dest), 0);
	service_retract(lb, 0);
	dest_retract(lb, removal->dest.id);
	rcu_reclaim(removal->network->director->rcu);
}

static struct frame
client_frame(uint8_t proto, bool ipv6, uint32_t i, uint8_t flags)
{
	return (struct frame){ .src = ipv6 ? "2001:db8:1::7" : "198.51.100.7",
			       .dst = vip_of(ipv6),
			       .sport = (uint16_t)(2000 + i),
			       .dport = 80,
			       .proto = proto,
			       .flags = flags };
}

static void
open_all(struct removal *removal, uint8_t proto, bool ipv6, struct rte_mbuf **ret)
{
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct frame frame = client_frame(proto, ipv6, i, SYN);

		receive(removal->network, i % WORKERS, CLIENTS, frame_new(&frame, CLIENTS));
		ret[i] = sent_one(SERVERS);
	}
	assert_int_equal(counted(removal->network, COUNT_CONN_NEW), FLOWS);
}

static void
check_removed(uint8_t forward, uint8_t proto, bool ipv6)
{
	struct removal removal = begin(forward, proto, ipv6);
	struct network *network = removal.network;
	struct rte_mbuf *opened[FLOWS];

	open_all(&removal, proto, ipv6, opened);
	take_away(&removal);
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct frame frame = client_frame(proto, ipv6, i, ACK), newcomer = client_frame(proto, ipv6, i, SYN);

		newcomer.sport += FLOWS;
		for (uint32_t k = 0; k < WORKERS; k++) {
			receive(network, k, CLIENTS, frame_new(&frame, CLIENTS));
			assert_dropped(network, DROP_DEST_REMOVED);
			if (forward != FORWARD_DIRECT) {
				receive(network, k, SERVERS, frame_reply(opened[i]));
				rte_pktmbuf_free(sent_one(CLIENTS));
			}
			receive(network, k, CLIENTS, frame_new(&newcomer, CLIENTS));
			assert_to_kernel(network, EXCEPTION_OTHER);
		}
		rte_pktmbuf_free(opened[i]);
	}
	network_free(network);
}

static void
connections_of_a_removed_service_are_known_at_every_worker(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		check_removed(FORWARD_NAT, IPPROTO_TCP, ipv6);
		check_removed(FORWARD_NAT, IPPROTO_UDP, ipv6);
		check_removed(FORWARD_DIRECT, IPPROTO_TCP, ipv6);
		check_removed(FORWARD_DIRECT, IPPROTO_UDP, ipv6);
		check_removed(FORWARD_FULLNAT, IPPROTO_TCP, ipv6);
	}
}

/* How many of the packets of one client, one a worker, are dropped as those of a removed destination. The others are the
 * kernel's. */
static uint32_t
count_known(struct network *network, const struct frame *frame)
{
	uint32_t known = 0;

	for (uint32_t k = 0; k < WORKERS; k++) {
		uint64_t before = dropped(network, DROP_DEST_REMOVED);

		receive(network, k, CLIENTS, frame_new(frame, CLIENTS));
		if (dropped(network, DROP_DEST_REMOVED) > before)
			known++;
		else
			assert_to_kernel(network, EXCEPTION_OTHER);
	}
	return known;
}

static void
what_is_forgotten_costs_other_workers_nothing(void **state)
{
	const struct frame frame = client_frame(IPPROTO_TCP, false, 0, ACK);
	struct removal removal = begin(FORWARD_NAT, IPPROTO_TCP, false);
	struct rte_mbuf *opened[FLOWS];
	uint64_t given;

	(void)state;
	open_all(&removal, IPPROTO_TCP, false, opened);
	take_away(&removal);
	assert_int_equal(count_known(removal.network, &frame), WORKERS);
	removed_forget(removal.network->director->lb, &removal.key, &removal.dest);
	given = counted(removal.network, COUNT_GIVEN);
	assert_int_equal(count_known(removal.network, &frame), 1);
	/* to the kernel */
	assert_int_equal(counted(removal.network, COUNT_GIVEN) - given, WORKERS - 1);
	for (uint32_t i = 0; i < FLOWS; i++)
		rte_pktmbuf_free(opened[i]);
	network_free(removal.network);
}

/* What keeps the director alive does not depend on another worker's ring. */
static void
check_control_stays(struct network *network)
{
	struct frame bgp = client_frame(IPPROTO_TCP, false, 0, ACK);
	uint64_t given = counted(network, COUNT_GIVEN);

	bgp.dport = 179;
	for (uint32_t k = 0; k < WORKERS; k++) {
		receive(network, k, CLIENTS, frame_new(&bgp, CLIENTS));
		assert_to_kernel(network, EXCEPTION_CONTROL);
	}
	assert_int_equal(counted(network, COUNT_GIVEN) - given, WORKERS);
}

/* By its key alone nobody sees what was marked: the rules may have gone, too. */
static void
connections_of_a_removed_mark_are_known_at_every_worker(void **state)
{
	const struct service_key mark = { .fwmark = 7, .family = AF_INET };
	const struct frame frame = client_frame(IPPROTO_TCP, false, 0, ACK);
	struct removal removal = begin(FORWARD_NAT, IPPROTO_TCP, false);
	struct rte_mbuf *opened[FLOWS];

	(void)state;
	open_all(&removal, IPPROTO_TCP, false, opened);
	removal.key = mark;
	take_away(&removal);
	assert_int_equal(count_known(removal.network, &frame), WORKERS);
	check_control_stays(removal.network);
	for (uint32_t i = 0; i < FLOWS; i++) {
		for (uint32_t k = 0; k < WORKERS; k++) {
			receive(removal.network, k, SERVERS, frame_reply(opened[i]));
			rte_pktmbuf_free(sent_one(CLIENTS));
		}
		rte_pktmbuf_free(opened[i]);
	}
	removed_forget(removal.network->director->lb, &removal.key, &removal.dest);
	assert_int_equal(count_known(removal.network, &frame), 1);
	network_free(removal.network);
}

/* To other ports and addresses than removed services had, a packet goes to the kernel from where it arrived. */
static void
other_packets_of_no_service_stay_where_they_are(void **state)
{
	struct removal removal = begin(FORWARD_NAT, IPPROTO_TCP, false);
	struct frame frame = client_frame(IPPROTO_TCP, false, 0, ACK);
	uint64_t given;

	(void)state;
	take_away(&removal);
	given = counted(removal.network, COUNT_GIVEN);
	frame.dport = 81;
	assert_int_equal(count_known(removal.network, &frame), 0);
	frame.dport = 80;
	frame.dst = "192.0.2.2";
	assert_int_equal(count_known(removal.network, &frame), 0);
	assert_int_equal(counted(removal.network, COUNT_GIVEN) - given, 2 * WORKERS);
	network_free(removal.network);
}

/* It can't go on where it was, and the server takes both connections for one. */
static void
a_clients_port_serves_at_another_service_of_the_server(void **state)
{
	static const struct dest_spec server = { .address = "10.0.0.1", .port = 8080, .weight = 1 };
	struct removal removal = begin(FORWARD_NAT, IPPROTO_TCP, false);
	struct network *network = removal.network;
	struct rte_mbuf *opened[FLOWS], *m;

	(void)state;
	open_all(&removal, IPPROTO_TCP, false, opened);
	director_serve(network->director, 1, IPPROTO_TCP, "192.0.2.2", 80, "rr", 1, &server, 1);
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct frame frame = client_frame(IPPROTO_TCP, false, i, ACK);

		receive(network, i % WORKERS, CLIENTS, frame_new(&frame, CLIENTS));
		rte_pktmbuf_free(sent_one(SERVERS));
	}
	take_away(&removal);
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct frame frame = client_frame(IPPROTO_TCP, false, i, SYN);

		frame.dst = "192.0.2.2";
		receive(network, i % WORKERS, CLIENTS, frame_new(&frame, CLIENTS));
		rte_pktmbuf_free(sent_one(SERVERS));
		for (uint32_t k = 0; k < WORKERS; k++) {
			receive(network, k, SERVERS, frame_reply(opened[i]));
			m = sent_one(CLIENTS);
			assert_int_equal(rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, 14)->src_addr,
					 address_of("192.0.2.2").ip.v4);
			rte_pktmbuf_free(m);
		}
		rte_pktmbuf_free(opened[i]);
		assert_accounts_close(network);
	}
	assert_int_equal(counted(network, COUNT_CONNS), FLOWS);
	network_free(network);
}

/* nat_icmp_send asks for services that are there, as the kernel does. */
static void
a_removed_server_is_not_told_that_nobody_waits(void **state)
{
	const struct frame stray = {
		.src = "10.0.0.1", .dst = "198.51.100.7", .sport = 8080, .dport = 1, .flags = ACK
	};
	struct removal removal = begin(FORWARD_NAT, IPPROTO_TCP, false);

	(void)state;
	director_knob(removal.network->director, "nat_icmp_send", 1);
	take_away(&removal);
	for (uint32_t k = 0; k < WORKERS; k++) {
		receive(removal.network, k, SERVERS, frame_new(&stray, SERVERS));
		assert_to_kernel(removal.network, EXCEPTION_OTHER);
	}
	network_free(removal.network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections_of_a_removed_service_are_known_at_every_worker),
		cmocka_unit_test(what_is_forgotten_costs_other_workers_nothing),
		cmocka_unit_test(connections_of_a_removed_mark_are_known_at_every_worker),
		cmocka_unit_test(other_packets_of_no_service_stay_where_they_are),
		cmocka_unit_test(a_clients_port_serves_at_another_service_of_the_server),
		cmocka_unit_test(a_removed_server_is_not_told_that_nobody_waits),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
