/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A million packets of all forwarding methods, protocols and families, among them answers, fragments and ICMP errors,
 * that began as sound ones and then had bytes flipped, were cut off, lengthened, repeated or sent to the wrong worker,
 * while services, destinations, routes and ports come and go. Nothing crashes, no buffer is lost, the accounts close after
 * each burst (decisions.md 24), and what goes out is sound.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_ring_elem.h>

#include "core/token_bucket.h"
#include "ip/neighbour_wait.h"
#include "lb/conn_life.h"
#include "lb/conn_table.h"
#include "lb/template.h"
#include "mixed_services.h"
#include "path/tell.h"
#include "remembered_frames.h"
#include "spoilt_frames.h"

#define PACKETS 1000000
#define WORKERS 3

static void
change_knob(struct network *network, struct random_source *random)
{
	static const char *const names[] = { "cache_bypass", "nat_icmp_send", "sloppy_tcp",	    "sloppy_sctp",
					     "pmtu_disc",    "schedule_icmp", "expire_nodest_conn", "conn_reuse_mode" };

	director_knob(network->director, names[random_upto(random, RTE_DIM(names))], (int32_t)random_upto(random, 2));
}

/* To the same server as nexthop_server[0], with an MTU of its own. */
static uint32_t
narrow_nexthop(struct network *network)
{
	const struct ip_addr server = address_of("10.0.0.1");
	uint32_t number;

	narrow_way(network, SERVERS, 300, true);
	number = fib_lookup4(network->fib, server.ip.v4);
	widen_routes(network);
	return number;
}

/* Something of the director changes. */
static void
change_world(struct network *network, struct random_source *random, uint32_t narrow)
{
	uint32_t i = random_upto(random, SERVICES);

	switch (random_upto(random, 9)) {
	case 0:
		publish_service(network, random, i, random_upto(random, DESTS + 1),
				1 + (int32_t)random_upto(random, 5));
		break;
	case 1:
		publish_service(network, random, i, DESTS, (int32_t)random_upto(random, 2));
		break;
	case 2:
		set_route(network, "10.0.0.9", 32,
			  random_upto(random, 2) ? FIB_ONLINK + SERVERS : network->nexthop_server[0]);
		break;
	case 3:
		set_route(network, "fd00::2", 128, random_upto(random, 2) ? FIB_BLACKHOLE : network->nexthop_server[1]);
		break;
	case 4:
		network->ports.port[random_upto(random, 2)].up = random_upto(random, 4) != 0;
		break;
	case 5:
	case 6:
		change_knob(network, random);
		break;
	case 7:
		set_route(network, "10.0.0.1", 32, random_upto(random, 2) ? narrow : network->nexthop_server[0]);
		set_route(network, "fd00::1", 128, random_upto(random, 2) ? narrow : network->nexthop_server[0]);
		break;
	default:
		send_limit = random_upto(random, 4) ? UINT16_MAX : 1;
		network->kernel.full = random_upto(random, 4) == 0;
	}
	rcu_reclaim(network->director->rcu);
}

static void
nothing(struct worker *self, uint32_t nexthop)
{
	(void)self, (void)nexthop;
}

static const struct sweep_hooks hooks = { .used = nothing, .reset = reset_conn };

static void
pass_time(struct network *network, uint32_t ms)
{
	for (uint32_t i = 0; i < WORKERS; i++) {
		struct worker *self = network->director->workers[i];

		self->now_ms += ms;
		neighbour_wait_poll(self, transmit_ready, transmit_lost);
		fragment_sweep(self);
		tell_again(self);
		conn_sweep(self, AF_INET, &hooks);
		conn_sweep(self, AF_INET6, &hooks);
		templates_sweep(self);
		transmit_flush(self);
		while (rte_ring_count(self->neighbour_requests) > 0) {
			struct neighbour_request request;

			rte_ring_sc_dequeue_elem(self->neighbour_requests, &request, sizeof(request));
		}
	}
}

static void
look_at_sent(uint8_t port)
{
	for (uint32_t i = 0; i < sent[port].n; i++) {
		const struct rte_mbuf *m = sent[port].packets[i];
		const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
		struct rte_ipv4_hdr ip;

		assert_true(m->data_len >= 35 && m->data_len <= 1514);
		assert_int_equal(m->pkt_len, m->data_len);
		assert_memory_equal(frame + 6, port_mac[port], 6);
		remember(port, m);
		if (frame[12] == 0x86 && frame[13] == 0xdd)
			assert_false(ip6_is_mapped(frame + L3 + 8) || ip6_is_mapped(frame + L3 + 24));
		if (frame[12] != 8 || frame[13] != 0)
			continue;
		memcpy(&ip, frame + L3, sizeof(ip));
		assert_true(rte_be_to_cpu_16(ip.total_length) <= m->data_len - L3);
		assert_int_equal((uint16_t)~rte_raw_cksum(frame + L3, (ip.version_ihl & 15u) * 4u), 0);
		assert_true(ip.time_to_live > 0);
	}
}

static uint64_t
all_conns(const struct network *network)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < WORKERS; i++)
		n += network->director->workers[i]->conns[0]->n_used + network->director->workers[i]->conns[1]->n_used;
	return n;
}

static void
assert_loads_match(const struct network *network)
{
	const struct lb *lb = network->director->lb;
	struct dest_load sum;
	int64_t n = 0;

	for (uint32_t i = 0; i <= DESTS * SERVICES; i++) {
		dest_load_sum(lb, i < DESTS * SERVICES ? i : DEST_INDEX(lb->bypass->id), &sum);
		assert_true(sum.active >= 0 && sum.inactive >= 0);
		n += sum.active + sum.inactive;
	}
	assert_int_equal(n, all_conns(network));
	assert_int_equal(counted(network, COUNT_CONNS), all_conns(network));
	for (uint32_t i = 0; i < WORKERS; i++)
		assert_true(network->director->workers[i]->mapped_conns <=
			    network->director->workers[i]->conns[1]->n_used);
}

/* What each service has had at most: a destination that is made anew counts from 0, perhaps shortly before the end. */
static void
note_use(const struct network *network, uint64_t most[SERVICES])
{
	for (uint32_t i = 0; i < SERVICES; i++) {
		uint64_t connections = 0;

		for (uint32_t k = 0; k < DESTS; k++) {
			struct dest_load sum;

			dest_load_sum(network->director->lb, DESTS * i + k, &sum);
			connections += sum.connections;
		}
		most[i] = RTE_MAX(most[i], connections);
	}
}

/* Every service was of use. */
static void
assert_all_had_connections(const uint64_t most[SERVICES])
{
	for (uint32_t i = 0; i < SERVICES; i++) {
		const struct mixed_service *service = &services[i];

		printf("# method %u, protocol %3u, IPv%u to IPv%u: %5lu connections\n", service->method, service->proto,
		       service->client6 ? 6 : 4, service->server6 ? 6 : 4, most[i]);
		assert_true(most[i] > 20);
	}
}

/* One that PORT receives next. */
static struct rte_mbuf *
next_packet(struct random_source *random, struct crumbs *crumbs, uint8_t port)
{
	struct rte_mbuf *m = NULL;

	if (crumbs->n > 0 && random_upto(random, 2))
		return spoilt(random, crumb_take(random, crumbs));
	if (random_upto(random, 2))
		m = word_about_sent(random, port);
	if (!m)
		m = sound_packet(random, port);
	if (crumbs->n == 0 && random_upto(random, 16) == 0) {
		crumble(random, m, crumbs);
		m = crumbs->n > 0 ? crumb_take(random, crumbs) : sound_packet(random, port);
	}
	return spoilt(random, m);
}

static void
receive_some(struct network *network, struct random_source *random, struct crumbs crumbs[2])
{
	const uint8_t port = random_upto(random, 5) < 3 ? CLIENTS : SERVERS;
	struct rte_mbuf *packets[BURST], *m = NULL;

	for (uint32_t i = 0; i < BURST; i++) {
		if (m && random_upto(random, 8) == 0)
			packets[i] = rte_pktmbuf_copy(m, packet_pool, 0, UINT32_MAX);
		else
			packets[i] = next_packet(random, &crumbs[port], port);
		m = packets[i]->data_len > 0 ? packets[i] : NULL;
		if (random_upto(random, 200) == 0 && m)
			rte_pktmbuf_chain(m, sound_packet(random, port));
	}
	receive_burst(network, random_upto(random, WORKERS), port, packets, BURST);
}

static struct network *
mixed_network(struct random_source *random)
{
	const struct fib_own own = {
		.has_v4 = true,
		.has_v6 = true,
		.v4 = address_of("10.0.0.254").ip,
		.v6 = address_of("fd00::254").ip,
	};
	struct network *network = network_new(WORKERS, 1024);

	assert_int_equal(fib_set_own(network->fib, SERVERS, &own), 0);
	set_marks(network);
	for (uint32_t i = 0; i < WORKERS; i++)
		token_bucket_init(&network->director->workers[i]->icmp_errors, 1000, 0);
	for (uint32_t i = 0; i < SERVICES; i++)
		publish_service(network, random, i, DESTS, 1);
	return network;
}

/* All end in time, and all is given back. */
static void
wait_for_the_end(struct network *network)
{
	for (int i = 0; i < 100; i++) {
		pass_time(network, 10000);
		forget_packets(network);
	}
	assert_int_equal(all_conns(network), 0);
	assert_loads_match(network);
	assert_int_equal(counted(network, COUNT_HELD), 0);
}

static void
a_million_mutated_packets_leave_the_accounts_closed(void **state)
{
	struct random_source random = random_source_new(24);
	struct network *network = mixed_network(&random);
	const uint32_t narrow = narrow_nexthop(network);
	struct crumbs crumbs[2] = { { .n = 0 } };
	uint64_t reasons = 0, most[SERVICES] = { 0 };

	(void)state;
	for (uint32_t done = 0; done < PACKETS; done += BURST) {
		receive_some(network, &random, crumbs);
		look_at_sent(CLIENTS);
		look_at_sent(SERVERS);
		assert_accounts_close(network);
		forget_packets(network);
		/* At first all that is there works. */
		if (done >= PACKETS / 5 && random_upto(&random, 6) == 0) {
			note_use(network, most);
			change_world(network, &random, narrow);
		}
		if (random_upto(&random, 4) == 0)
			pass_time(network, 1 + random_upto(&random, 400));
		assert_accounts_close(network);
		forget_packets(network);
	}
	assert_loads_match(network);
	for (int reason = 0; reason < DROP_MAX; reason++)
		reasons += dropped(network, (enum drop_reason)reason) > 0;
	printf("# %lu received, %lu made, %lu forwarded, %lu given, %lu connections, %lu reasons\n",
	       counted(network, COUNT_RECEIVED), counted(network, COUNT_GENERATED), counted(network, COUNT_FORWARDED),
	       counted(network, COUNT_GIVEN), counted(network, COUNT_CONN_NEW), reasons);
	note_use(network, most);
	assert_all_had_connections(most);
	assert_true(counted(network, COUNT_FORWARDED) > PACKETS / 10);
	assert_true(reasons > 40);
	crumbs_free(&crumbs[CLIENTS]);
	crumbs_free(&crumbs[SERVERS]);
	wait_for_the_end(network);
	network_free(network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_million_mutated_packets_leave_the_accounts_closed),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
