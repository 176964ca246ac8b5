/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A million packets that began as valid ones and then had bytes flipped, were cut off, lengthened, repeated or sent to
 * the wrong worker, while destinations, routes and ports come and go. Nothing crashes, no buffer is lost, the accounts
 * close (decisions.md 24), and what goes out is sound.
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

#include "ip/neighbour_wait.h"
#include "lb/conn_life.h"
#include "lb/conn_table.h"
#include "packet_fixture.h"
#include "random_source.h"

#define PACKETS 1000000
#define WORKERS 3
#define SERVICES 22
#define CROSSING 18 /* from here on: full-NAT with servers of the other family, TCP and UDP */
#define IP 14

static const char *const vips[2][8] = {
	{ "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6", "192.0.2.7", "192.0.2.8" },
	{ "2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4", "2001:db8::5", "2001:db8::6", "2001:db8::7",
	  "2001:db8::8" },
};
static const char *const servers[2][3] = { { "10.0.0.1", "10.0.0.2", "10.0.0.9" },
					   { "fd00::1", "fd00::2", "fd00::9" } };
static const uint8_t methods[3] = { FORWARD_NAT, FORWARD_DIRECT, FORWARD_FULLNAT };

static const uint8_t protocols[3] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };

/* Service I: IPv6 if odd; the rest follows from I / 2. */
static const char *
vip_of(uint32_t i)
{
	return vips[i & 1][i < CROSSING ? i / 2 % 6 : 6 + i / 2 % 2];
}

static uint8_t
method_of(uint32_t i)
{
	return i < CROSSING ? methods[i / 2 % 3] : FORWARD_FULLNAT;
}

static uint8_t
protocol_of(uint32_t i)
{
	return i < CROSSING ? protocols[i / 6] : protocols[i / 2 % 2];
}

/* Whether its servers are of IPv6. */
static uint32_t
server_family_of(uint32_t i)
{
	return i < CROSSING ? i & 1 : !(i & 1);
}

static void
publish_service(struct network *network, uint32_t i, uint32_t n_dests, int32_t weight)
{
	static const char *const schedulers[] = { "rr", "wrr", "wlc" };
	struct dest_spec dests[3];

	for (uint32_t k = 0; k < 3; k++)
		dests[k] = (struct dest_spec){ .address = servers[server_family_of(i)][k],
					       .port = method_of(i) == FORWARD_DIRECT ? 80 : 8080,
					       .weight = weight,
					       .forward = method_of(i),
					       .upper = k == 1 ? 40 : 0 };
	director_serve(network->director, i, protocol_of(i), vip_of(i), 80, schedulers[i % 3], 3 * i, dests, n_dests);
	for (uint32_t k = n_dests; k < 3; k++)
		dest_retract(network->director->lb, DEST_ID(3 * i + k, 1));
}

static struct rte_mbuf *
valid_packet(struct random_source *random, uint8_t port)
{
	static const uint8_t flags[] = { SYN, SYN, ACK, ACK, ACK, FIN | ACK, RST, SYN | ACK, 0, 0xff };
	uint32_t i = random_upto(random, SERVICES), ipv6 = port == CLIENTS ? i & 1 : server_family_of(i);
	struct frame frame = { .proto = protocol_of(i),
			       .flags = flags[random_upto(random, sizeof(flags))],
			       .payload = (uint16_t)random_upto(random, 200),
			       .seq = (uint32_t)random_u64(random),
			       .ack = (uint32_t)random_u64(random) };
	const char *client = ipv6 ? "2001:db8:1::7" : "198.51.100.7";
	uint16_t client_port = (uint16_t)(1000 + random_upto(random, 100));

	if (port == CLIENTS) {
		frame.src = client;
		frame.dst = vip_of(i);
		frame.sport = client_port;
		frame.dport = 80;
	} else {
		frame.src = servers[ipv6][random_upto(random, 3)];
		frame.sport = 8080;
		frame.dst = method_of(i) == FORWARD_FULLNAT ? (ipv6 ? "fd00::100" : "10.0.0.100") : client;
		frame.dport =
			method_of(i) == FORWARD_FULLNAT ? (uint16_t)(1025 + random_upto(random, 600)) : client_port;
	}
	return frame_new(&frame, port);
}

/* ARP, neighbour discovery, pings and other protocols grow out of the headers by luck; these make it likelier. */
static void
change_kind(struct random_source *random, struct rte_mbuf *m)
{
	static const uint8_t others[] = { 1, 2, 6, 17, 58, 0, 43, 44, 60, 112, 132 };
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	bool ipv4 = frame[12] == 8;
	uint8_t *l4 = frame + IP + (ipv4 ? 20 : 40);

	switch (random_upto(random, 5)) {
	case 0:
		frame[13] = 6; /* ARP or, of IPv6, nothing known */
		break;
	case 1:
		frame[12] ^= 8 ^ 0x86;
		frame[13] ^= 0xdd;
		break;
	default:
		frame[IP + (ipv4 ? 9 : 6)] = others[random_upto(random, sizeof(others))];
		l4[0] = (uint8_t)(random_upto(random, 2) ? 8 : 128 + random_upto(random, 16));
		l4[1] = 0;
	}
}

static void
mend_checksum(struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, void *, IP);

	if (m->data_len < IP + 60 || (ip->version_ihl & 15) < 5)
		return;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

/* Of IPv4: the first or a later part of a few datagrams. */
static void
make_fragment(struct random_source *random, struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, void *, IP);

	if (rte_pktmbuf_mtod(m, uint8_t *)[12] != 8)
		return;
	ip->packet_id = (uint16_t)random_upto(random, 16);
	ip->fragment_offset = rte_cpu_to_be_16((uint16_t)(random_upto(random, 3) * 8 | RTE_IPV4_HDR_MF_FLAG));
	ip->total_length = rte_cpu_to_be_16((uint16_t)(20 + ((m->data_len - IP - 20) & ~7)));
	mend_checksum(m);
}

static struct rte_mbuf *
mutated(struct random_source *random, struct rte_mbuf *m)
{
	uint32_t chance = random_upto(random, 16);
	struct rte_mbuf *cut;

	if (chance < 5)
		return m;
	if (chance < 8)
		change_kind(random, m);
	for (uint32_t flips = random_upto(random, 4); flips > 0; flips--)
		rte_pktmbuf_mtod(
			m, uint8_t *)[random_upto(random, random_upto(random, 2) ? 60 : m->data_len) % m->data_len] ^=
			(uint8_t)(1u << random_upto(random, 8));
	if (random_upto(random, 2) && rte_pktmbuf_mtod(m, uint8_t *)[12] == 8)
		mend_checksum(m);
	if (chance == 8) {
		cut = frame_tight(m, random_upto(random, m->data_len + 1u));
		rte_pktmbuf_free(m);
		return cut;
	}
	if (chance == 9)
		rte_pktmbuf_trim(m, (uint16_t)random_upto(random, m->data_len));
	if (chance == 10)
		memset(rte_pktmbuf_append(m, 40), 0xee, 40);
	if (chance == 11)
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_BAD;
	if (chance == 13)
		make_fragment(random, m);
	if (chance == 12)
		memset(rte_pktmbuf_mtod(m, void *), 0xff, 6);
	return m;
}

/* Something of the director changes. */
static void
change_world(struct network *network, struct random_source *random)
{
	uint32_t i = random_upto(random, SERVICES);

	switch (random_upto(random, 6)) {
	case 0:
		publish_service(network, i, random_upto(random, 4), 1 + (int32_t)random_upto(random, 5));
		break;
	case 1:
		publish_service(network, i, 3, (int32_t)random_upto(random, 2));
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
		conn_sweep(self, AF_INET, &hooks);
		conn_sweep(self, AF_INET6, &hooks);
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

		assert_true(m->data_len >= 42 && m->data_len <= 1514);
		assert_int_equal(m->pkt_len, m->data_len);
		assert_memory_equal(frame + 6, port_mac[port], 6);
		if (frame[12] == 0x86 && frame[13] == 0xdd)
			assert_false(ip6_is_mapped(frame + IP + 8) || ip6_is_mapped(frame + IP + 24));
		if (frame[12] != 8 || frame[13] != 0)
			continue;
		memcpy(&ip, frame + IP, sizeof(ip));
		assert_true(rte_be_to_cpu_16(ip.total_length) <= m->data_len - IP);
		assert_int_equal((uint16_t)~rte_raw_cksum(frame + IP, (ip.version_ihl & 15u) * 4u), 0);
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
	struct dest_load sum;
	int64_t n = 0;

	for (uint32_t i = 0; i < 3 * SERVICES; i++) {
		dest_load_sum(network->director->lb, i, &sum);
		assert_true(sum.active >= 0 && sum.inactive >= 0);
		n += sum.active + sum.inactive;
	}
	assert_int_equal(n, all_conns(network));
	assert_int_equal(counted(network, COUNT_CONNS), all_conns(network));
	for (uint32_t i = 0; i < WORKERS; i++)
		assert_true(network->director->workers[i]->mapped_conns <=
			    network->director->workers[i]->conns[1]->n_used);
}

static void
a_million_mutated_packets_leave_the_accounts_closed(void **state)
{
	struct random_source random = random_source_new(24);
	struct network *network = network_new(WORKERS, 512);
	uint64_t reasons = 0, crossing = 0;

	(void)state;
	for (uint32_t i = 0; i < SERVICES; i++)
		publish_service(network, i, 3, 1);
	for (uint32_t done = 0; done < PACKETS; done += BURST) {
		struct rte_mbuf *packets[BURST];
		uint8_t port = random_upto(&random, 5) < 3 ? CLIENTS : SERVERS;
		struct rte_mbuf *m = NULL;

		for (uint32_t i = 0; i < BURST; i++) {
			if (m && random_upto(&random, 8) == 0)
				packets[i] = rte_pktmbuf_copy(m, packet_pool, 0, UINT32_MAX);
			else
				packets[i] = mutated(&random, valid_packet(&random, port));
			m = packets[i]->data_len > 0 ? packets[i] : NULL;
			if (random_upto(&random, 200) == 0 && m)
				rte_pktmbuf_chain(m, valid_packet(&random, port));
		}
		receive_burst(network, random_upto(&random, WORKERS), port, packets, BURST);
		look_at_sent(CLIENTS);
		look_at_sent(SERVERS);
		assert_accounts_close(network);
		forget_packets(network);
		crossing += network->director->workers[0]->mapped_conns;
		if (random_upto(&random, 20) == 0)
			change_world(network, &random);
		if (random_upto(&random, 4) == 0)
			pass_time(network, 1 + random_upto(&random, 400));
		forget_packets(network);
	}
	assert_loads_match(network);
	for (int reason = 0; reason < DROP_MAX; reason++)
		reasons += dropped(network, (enum drop_reason)reason) > 0;
	printf("# %lu received, %lu forwarded, %lu given, %lu connections, %lu reasons\n",
	       counted(network, COUNT_RECEIVED), counted(network, COUNT_FORWARDED), counted(network, COUNT_GIVEN),
	       counted(network, COUNT_CONN_NEW), reasons);
	assert_true(counted(network, COUNT_FORWARDED) > PACKETS / 20);
	assert_true(counted(network, COUNT_CONN_NEW) > PACKETS / 1000);
	assert_true(reasons > 20);
	assert_true(crossing > PACKETS / BURST);
	/* All end in time, and all is given back. */
	for (int i = 0; i < 100; i++)
		pass_time(network, 10000);
	forget_packets(network);
	assert_int_equal(all_conns(network), 0);
	assert_loads_match(network);
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
