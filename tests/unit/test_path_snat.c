/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A gateway: what inside hosts (port CLIENTS) send to hosts outside (port SERVERS, by server 2) goes on from a local
 * address, and what comes back to them.
 */
#include "icmp_messages.h"
#include "core/token_bucket.h"
#include "lb/laddr.h"
#include "lb/mark.h"
#include "pieces.h"

#include <linux/ip_vs.h>

#define OUTSIDE(v6) ((v6) ? "2001:db8:7::80" : "203.0.113.80")
#define INSIDE(v6) ((v6) ? "2001:db8:1::7" : "198.51.100.7")
#define LADDR(v6) ((v6) ? "fd00::100" : "10.0.0.100")

static const struct protocol_under_test {
	uint8_t v4, v6;
} protocols[] = {
	{ IPPROTO_TCP, IPPROTO_TCP },
	{ IPPROTO_UDP, IPPROTO_UDP },
	{ IPPROTO_SCTP, IPPROTO_SCTP },
	{ IPPROTO_ICMP, IPPROTO_ICMPV6 },
};

static struct mark_rule
rule_for(uint8_t proto, uint32_t out_port)
{
	return (struct mark_rule){
		.mark = 7,
		.proto = proto,
		.port = CLIENTS,
		.out_port = out_port,
		.last_port = UINT16_MAX,
		.last_source_port = UINT16_MAX,
	};
}

static void
serve_snat(struct network *network, bool v6, uint32_t flags, const char *const *addresses, uint32_t n, int32_t weight)
{
	const struct service_spec spec = { .key = { .fwmark = 7, .family = v6 ? AF_INET6 : AF_INET },
					   .flags = flags,
					   .timeout_s = 300,
					   .netmask = v6 ? 128 : UINT32_MAX };
	struct dest_spec dests[4];

	for (uint32_t i = 0; i < n; i++)
		dests[i] = (struct dest_spec){ .address = addresses[i], .weight = weight, .forward = FORWARD_SNAT };
	director_serve_as(network->director, &spec, 0, dests, n);
}

static struct network *
gateway_as(uint32_t n_workers, bool v6, uint32_t flags, int32_t weight, uint32_t out_port)
{
	struct network *network = network_new(n_workers, 64);
	const struct mark_rule rules[] = { rule_for(0, out_port), rule_for(IPPROTO_ICMP, out_port),
					   rule_for(IPPROTO_ICMPV6, out_port) };
	const char *laddr = LADDR(v6);
	struct marks *marks;

	assert_int_equal(marks_create(rules, 3, &marks), 0);
	lb_set_marks(network->director->lb, marks);
	serve_snat(network, v6, flags, &laddr, 1, weight);
	set_route(network, "203.0.113.0", 24, network->nexthop_server[1]);
	set_route(network, "2001:db8:7::", 64, network->nexthop_server[1]);
	for (uint32_t i = 0; i < n_workers; i++)
		token_bucket_init(&network->director->workers[i]->icmp_errors, 1000, 0);
	return network;
}

static struct network *
gateway(uint32_t n_workers, bool v6)
{
	return gateway_as(n_workers, v6, 0, 1, SERVERS);
}

/* The four legs of a connection through the gateway. */
struct passage {
	struct network *network;
	struct frame in, out, answer, back;
};

static uint16_t
port_at(const struct rte_mbuf *m, bool echo)
{
	const uint8_t *l4 = rte_pktmbuf_mtod_offset(m, const uint8_t *, RTE_ETHER_HDR_LEN + ip_header(m));
	const uint32_t at = echo ? 4 : 0;

	return (uint16_t)(l4[at] << 8 | l4[at + 1]);
}

static bool
is_echo(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

/* The first packet of SPORT to DST, at WORKER; the local port is learned by it. */
static struct passage
pass_first(struct network *network, uint32_t worker, bool v6, uint8_t proto, uint16_t sport, const char *dst)
{
	struct passage passage = { .network = network };
	const uint16_t dport = is_echo(proto) ? 0 : 80;
	struct rte_mbuf *m, *wanted;

	passage.in = (struct frame){ .src = INSIDE(v6),
				     .dst = dst,
				     .sport = sport,
				     .dport = dport,
				     .proto = proto,
				     .flags = is_echo(proto) ? 0 : SYN };
	receive(network, worker, CLIENTS, frame_new(&passage.in, CLIENTS));
	m = sent_one(SERVERS);
	passage.out = passage.in;
	passage.out.src = LADDR(v6);
	passage.out.sport = port_at(m, is_echo(proto));
	passage.out.ttl = 63;
	passage.out.src_mac = port_mac[SERVERS];
	passage.out.dst_mac = server_mac[1];
	wanted = frame_new(&passage.out, SERVERS);
	assert_same_frame(m, wanted);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(wanted);
	passage.answer = (struct frame){ .src = dst,
					 .dst = passage.out.src,
					 .sport = dport,
					 .dport = passage.out.sport,
					 .proto = proto,
					 .flags = is_echo(proto) ? ACK : SYN | ACK,
					 .src_mac = server_mac[1] };
	passage.back = passage.answer;
	passage.back.dst = passage.in.src;
	passage.back.dport = sport;
	passage.back.ttl = 63;
	passage.back.src_mac = port_mac[CLIENTS];
	passage.back.dst_mac = router_mac;
	return passage;
}

static void
goes(struct passage *passage, uint32_t worker, bool out, uint8_t flags, uint16_t payload, bool slowly)
{
	struct frame *from = out ? &passage->in : &passage->answer, *to = out ? &passage->out : &passage->back;
	const uint8_t port = out ? CLIENTS : SERVERS;

	if (!is_echo(from->proto))
		from->flags = to->flags = flags;
	from->payload = to->payload = payload;
	if (slowly)
		receive_slowly(passage->network, worker, port, frame_new(from, port));
	else
		receive(passage->network, worker, port, frame_new(from, port));
	assert_sent(port ^ 1, to);
	assert_nothing_sent();
	assert_accounts_close(passage->network);
}

static void
check_passage(bool v6, uint8_t proto)
{
	struct network *network = gateway(1, v6);
	struct passage passage = pass_first(network, 0, v6, proto, 40000, OUTSIDE(v6));
	const struct dest_load *load = &network->director->workers[0]->loads[0];

	assert_in_range(passage.out.sport, 1025, 65535);
	goes(&passage, 0, false, SYN | ACK, 0, false);
	goes(&passage, 0, true, ACK, 0, false);
	goes(&passage, 0, true, ACK, 701, false);
	goes(&passage, 0, false, ACK, 1400, false);
	goes(&passage, 0, true, ACK, 3, true);
	goes(&passage, 0, false, ACK, 4, true);
	assert_int_equal(load->connections, 1);
	assert_int_equal(load->in_packets, 4);
	assert_int_equal(load->out_packets, 3);
	network_free(network);
}

static void
what_inside_hosts_send_goes_on_from_a_local_address(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(protocols); i++) {
		check_passage(false, protocols[i].v4);
		check_passage(true, protocols[i].v6);
	}
}

/* Whichever worker a packet comes in at. */
static void
check_workers(bool v6, uint8_t proto, uint32_t n_workers)
{
	struct network *network = gateway(n_workers, v6);

	for (uint16_t i = 0; i < 12; i++) {
		struct passage passage =
			pass_first(network, i % n_workers, v6, proto, (uint16_t)(40000 + i), OUTSIDE(v6));

		for (uint32_t worker = 0; worker < n_workers; worker++) {
			goes(&passage, worker, false, SYN | ACK, 10, false);
			goes(&passage, worker, true, ACK, 11, false);
		}
	}
	assert_int_equal(counted(network, COUNT_CONNS), 12);
	network_free(network);
}

static void
answers_find_their_connection_from_every_worker(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(protocols); i++) {
		check_workers(false, protocols[i].v4, 2);
		check_workers(true, protocols[i].v6, 3);
	}
}

static void
fragments_pass_both_ways(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		const bool v6 = i & 1;
		const uint32_t n_workers = i < 2 ? 1 : 2;
		struct network *network = gateway(n_workers, v6);
		struct passage passage = pass_first(network, 0, v6, IPPROTO_UDP, 40000, OUTSIDE(v6));

		passage.in.payload = passage.out.payload = passage.answer.payload = passage.back.payload = PAYLOAD - 8;
		for (uint32_t n = 0; n < RTE_DIM(orders); n++) {
			pieces_pass(network, &passage.in, CLIENTS, &passage.out, SERVERS, orders[n], WORKERS_MAX);
			pieces_pass(network, &passage.answer, SERVERS, &passage.back, CLIENTS, orders[n], WORKERS_MAX);
		}
		assert_int_equal(counted(network, COUNT_CONNS), 1);
		network_free(network);
	}
}

static void
check_errors(bool v6, uint8_t proto)
{
	struct network *network = gateway(2, v6);
	struct passage passage = pass_first(network, 0, v6, proto, 40000, OUTSIDE(v6));
	/* Of a router outside about what went out. */
	struct icmp_spec from_router = { .src = v6 ? "2001:db8:9::1" : "203.0.113.1",
					 .dst = passage.out.src,
					 .type = v6 ? 3 : 11,
					 .quoted = &passage.out,
					 .cut = ICMP_QUOTE_ALL,
					 .src_mac = server_mac[1] };
	struct icmp_spec to_inside = from_router;
	/* Of the inside host about an answer. */
	struct icmp_spec from_inside = { .src = passage.in.src,
					 .dst = passage.in.dst,
					 .type = v6 ? 1 : 3,
					 .code = v6 ? 4 : 3,
					 .quoted = &passage.back,
					 .cut = ICMP_QUOTE_ALL };
	struct icmp_spec to_outside = from_inside;

	to_inside.dst = passage.in.src;
	to_inside.quoted = &passage.in;
	to_inside.ttl = 63;
	to_inside.src_mac = port_mac[CLIENTS];
	to_inside.dst_mac = router_mac;
	to_outside.src = passage.out.src;
	to_outside.quoted = &passage.answer;
	to_outside.ttl = 63;
	to_outside.src_mac = port_mac[SERVERS];
	to_outside.dst_mac = server_mac[1];
	/* They quote the packets as they were when they were thrown away. */
	passage.in.ttl = passage.out.ttl = passage.answer.ttl = passage.back.ttl = 1;
	for (uint32_t worker = 0; worker < 2; worker++) {
		receive(network, worker, SERVERS, icmp_new(&from_router, SERVERS));
		assert_icmp_sent(CLIENTS, &to_inside);
		receive(network, worker, CLIENTS, icmp_new(&from_inside, CLIENTS));
		assert_icmp_sent(SERVERS, &to_outside);
		/* A router between the host and the gateway says the same, and nobody outside hears of it. */
		from_inside.src = v6 ? "2001:db8:1::99" : "198.51.100.99";
		receive(network, worker, CLIENTS, icmp_new(&from_inside, CLIENTS));
		assert_icmp_sent(SERVERS, &to_outside);
		from_inside.src = passage.in.src;
		assert_accounts_close(network);
	}
	network_free(network);
}

static void
icmp_errors_are_translated_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(protocols); i++) {
		/* A CRC is of the whole packet, and can't be mended in a quote. */
		if (protocols[i].v4 == IPPROTO_SCTP)
			continue;
		check_errors(false, protocols[i].v4);
		check_errors(true, protocols[i].v6);
	}
}

static void
the_gateway_answers_for_itself(void **state)
{
	struct network *network = gateway(1, true);
	struct passage passage = pass_first(network, 0, true, IPPROTO_UDP, 40000, OUTSIDE(true));

	(void)state;
	passage.in.ttl = 1;
	receive(network, 0, CLIENTS, frame_new(&passage.in, CLIENTS));
	rte_pktmbuf_free(sent_one(CLIENTS));
	assert_dropped(network, DROP_IP_TTL);
	passage.in.ttl = 64;
	passage.in.payload = 1500;
	receive(network, 0, CLIENTS, frame_new(&passage.in, CLIENTS));
	rte_pktmbuf_free(sent_one(CLIENTS));
	assert_dropped(network, DROP_TOO_BIG);
	assert_int_equal(counted(network, COUNT_ICMP_MADE), 2);
	network_free(network);
}

/* Two hosts with one port each, to one host outside. */
static void
clients_with_the_same_port_are_told_apart(void **state)
{
	struct network *network = gateway(1, false);
	struct passage first = pass_first(network, 0, false, IPPROTO_UDP, 40000, OUTSIDE(false));
	struct frame other = first.in;
	struct rte_mbuf *m;

	(void)state;
	other.src = "198.51.100.8";
	receive(network, 0, CLIENTS, frame_new(&other, CLIENTS));
	m = sent_one(SERVERS);
	assert_int_not_equal(port_at(m, false), first.out.sport);
	rte_pktmbuf_free(m);
	goes(&first, 0, false, 0, 5, false);
	network_free(network);
}

/* Of its own addresses, and those of services and groups. */
static void
what_is_sent_to_the_director_is_not_the_gateways(void **state)
{
	const struct dest_spec dest = { .address = "10.0.0.1", .port = 80, .weight = 1, .forward = FORWARD_DIRECT };
	struct network *network = gateway_as(1, false, 0, 1, MARK_ANY_PORT);
	struct frame in = { .src = INSIDE(false), .dst = "192.0.2.1", .sport = 40000, .dport = 80, .flags = SYN };

	(void)state;
	receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
	assert_to_kernel(network, EXCEPTION_OTHER);
	director_serve(network->director, 1, IPPROTO_TCP, "192.0.2.1", 80, "rr", 1, &dest, 1);
	receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
	rte_pktmbuf_free(sent_one(SERVERS));
	assert_int_equal(network->director->workers[0]->loads[1].connections, 1);
	in.dst = "239.1.2.3";
	receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
	assert_to_kernel(network, EXCEPTION_OTHER);
	in.dst = LADDR(false);
	receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
	assert_dropped(network, DROP_LADDR_NO_CONN);
	network_free(network);
}

/* Sends the first packet of a connection from SPORT to DST, and forgets it. */
static void
begin(struct network *network, uint16_t sport, const char *dst)
{
	const struct frame in = { .src = INSIDE(false), .dst = dst, .sport = sport, .dport = 80, .proto = IPPROTO_UDP };

	receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
	forget_packets(network);
}

static void
ports_used_up_towards_one_host_are_free_towards_another(void **state)
{
	struct network *network = gateway(1, false);
	const struct ip_addr address = address_of("10.0.0.100");
	const struct laddr_group_spec group = { .name = "few",
						.port = SERVERS,
						.addresses = &address,
						.n_addresses = 1,
						.first_port = 5000,
						.last_port = 5003,
						.active = true };
	struct frame near = { .src = INSIDE(false), .sport = 43000, .proto = IPPROTO_UDP };

	(void)state;
	assert_int_equal(laddrs_publish(network->director->lb, &group, 1), 0);
	for (uint16_t i = 0; i < 4; i++)
		begin(network, (uint16_t)(40000 + i), OUTSIDE(false));
	assert_int_equal(counted(network, COUNT_CONNS), 4);
	for (uint16_t i = 0; i < 3; i++)
		begin(network, (uint16_t)(41000 + i), OUTSIDE(false));
	assert_int_equal(dropped(network, DROP_NO_LOCAL_PORT), 3);
	for (uint16_t i = 0; i < 4; i++)
		begin(network, (uint16_t)(42000 + i), "203.0.113.81");
	assert_int_equal(counted(network, COUNT_CONNS), 8);
	assert_int_equal(dropped(network, DROP_NO_LOCAL_PORT), 3);
	/* nor is it another whose address differs where the port does */
	set_route(network, "203.0.112.0", 24, network->nexthop_server[1]);
	near.dst = "203.0.112.80";
	near.dport = 81;
	receive(network, 0, CLIENTS, frame_new(&near, CLIENTS));
	forget_packets(network);
	assert_int_equal(counted(network, COUNT_CONNS), 9);
	network_free(network);
}

static void
an_address_of_no_group_on_the_way_is_refused(void **state)
{
	struct network *network = gateway(1, false);
	const struct ip_addr address = address_of("10.0.0.100");
	struct laddr_group_spec group = { .name = "lan",
					  .port = CLIENTS,
					  .addresses = &address,
					  .n_addresses = 1,
					  .first_port = 1025,
					  .last_port = 65535,
					  .active = true };

	(void)state;
	assert_int_equal(laddrs_publish(network->director->lb, &group, 1), 0);
	begin(network, 40000, OUTSIDE(false));
	group.port = SERVERS;
	group.active = false;
	assert_int_equal(laddrs_publish(network->director->lb, &group, 1), 0);
	begin(network, 40000, OUTSIDE(false));
	assert_int_equal(laddrs_publish(network->director->lb, NULL, 0), 0);
	begin(network, 40000, OUTSIDE(false));
	assert_int_equal(dropped(network, DROP_NO_LADDR), 3);
	assert_int_equal(counted(network, COUNT_CONNS), 0);
	network_free(network);
}

static void
the_middle_of_an_unknown_connection_does_not_leave(void **state)
{
	struct network *network = gateway(1, false);
	struct frame in = { .src = INSIDE(false), .dst = OUTSIDE(false), .sport = 40000, .dport = 80, .flags = ACK };

	(void)state;
	receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
	assert_dropped(network, DROP_SNAT_NO_CONN);
	network_free(network);
}

static void
without_a_local_address_nothing_leaves(void **state)
{
	struct network *network = gateway_as(1, false, 0, 0, SERVERS);
	struct frame in = { .src = INSIDE(false), .dst = OUTSIDE(false), .sport = 40000, .dport = 80, .flags = SYN };

	(void)state;
	director_knob(network->director, "cache_bypass", 1);
	receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
	rte_pktmbuf_free(sent_one(CLIENTS));
	assert_dropped(network, DROP_NO_DEST);
	network_free(network);
}

/* A gateway without destinations: those that it had are removed, or it never had any. */
static struct network *
empty_gateway(bool was_one)
{
	const struct service_spec spec = { .key = { .fwmark = 7, .family = AF_INET },
					   .netmask = UINT32_MAX,
					   .is_gateway = was_one,
					   .had_dests = was_one };
	struct network *network = gateway_as(1, false, 0, 1, MARK_ANY_PORT);

	director_serve_as(network->director, &spec, 0, NULL, 0);
	return network;
}

static void
a_gateway_that_lost_its_addresses_is_still_one(void **state)
{
	struct network *network = empty_gateway(true);
	struct frame in = { .src = INSIDE(false), .dst = OUTSIDE(false), .sport = 40000, .dport = 80, .flags = SYN };

	(void)state;
	director_knob(network->director, "cache_bypass", 1);
	receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
	rte_pktmbuf_free(sent_one(CLIENTS));
	assert_dropped(network, DROP_NO_DEST);
	in.flags = ACK;
	receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
	assert_dropped(network, DROP_SNAT_NO_CONN);
	network_free(network);
}

static void
an_empty_gateway_lets_inside_hosts_reach_the_director(void **state)
{
	const struct dest_spec dest = { .address = "10.0.0.1", .port = 80, .weight = 1, .forward = FORWARD_DIRECT };
	struct frame in = { .src = INSIDE(false), .dst = "192.0.2.1", .sport = 40000, .dport = 80, .flags = SYN };

	(void)state;
	for (int was_one = 0; was_one < 2; was_one++) {
		struct network *network = empty_gateway(was_one);

		receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
		assert_to_kernel(network, EXCEPTION_OTHER);
		director_serve(network->director, 1, IPPROTO_TCP, "192.0.2.1", 80, "rr", 1, &dest, 1);
		receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
		rte_pktmbuf_free(sent_one(SERVERS));
		assert_int_equal(network->director->workers[0]->loads[1].connections, 1);
		network_free(network);
	}
}

/* Its servers are gone for now; it is a service of VIPs, which the kernel knows nothing of. */
static void
what_is_sent_to_a_mark_that_lost_its_servers_is_still_its(void **state)
{
	const struct service_spec spec = { .key = { .fwmark = 7, .family = AF_INET },
					   .netmask = UINT32_MAX,
					   .had_dests = true };
	struct network *network = gateway_as(1, false, 0, 1, MARK_ANY_PORT);
	struct frame in = { .src = INSIDE(false), .dst = "192.0.2.1", .sport = 40000, .dport = 80, .flags = SYN };

	(void)state;
	director_serve_as(network->director, &spec, 0, NULL, 0);
	receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
	rte_pktmbuf_free(sent_one(CLIENTS));
	assert_dropped(network, DROP_NO_DEST);
	network_free(network);
}

/* A rule names the port by which packets would leave. */
static void
what_leaves_by_another_port_is_not_the_gateways(void **state)
{
	struct network *network = gateway(1, false);
	struct frame in = { .src = INSIDE(false), .dst = "198.51.100.9", .sport = 40000, .dport = 80, .flags = SYN };

	(void)state;
	receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
	assert_to_kernel(network, EXCEPTION_OTHER);
	network_free(network);
}

static void
a_persistent_inside_host_keeps_its_address(void **state)
{
	static const char *const addresses[] = { "10.0.0.100", "10.0.0.101" };
	struct network *network = gateway_as(2, false, IP_VS_SVC_F_PERSISTENT, 1, SERVERS);
	struct ip_addr both[2] = { address_of(addresses[0]), address_of(addresses[1]) };
	const struct laddr_group_spec group = { .name = "lan",
						.port = SERVERS,
						.addresses = both,
						.n_addresses = 2,
						.first_port = 1025,
						.last_port = 65535,
						.active = true };
	rte_be32_t seen = 0;

	(void)state;
	assert_int_equal(laddrs_publish(network->director->lb, &group, 1), 0);
	set_route(network, "10.0.0.101", 32, FIB_LADDR);
	serve_snat(network, false, IP_VS_SVC_F_PERSISTENT, addresses, 2, 1);
	for (uint16_t i = 0; i < 8; i++) {
		struct frame in = { .src = INSIDE(false),
				    .dst = OUTSIDE(false),
				    .sport = (uint16_t)(40000 + i),
				    .dport = 80,
				    .proto = IPPROTO_UDP };
		const struct rte_ipv4_hdr *ip;
		struct rte_mbuf *m;

		receive(network, i % 2, CLIENTS, frame_new(&in, CLIENTS));
		m = sent_one(SERVERS);
		ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, RTE_ETHER_HDR_LEN);
		if (i > 0)
			assert_int_equal(ip->src_addr, seen);
		seen = ip->src_addr;
		rte_pktmbuf_free(m);
	}
	network_free(network);
}

static void
a_route_that_changes_is_followed(void **state)
{
	struct network *network = gateway(1, true);
	struct passage passage = pass_first(network, 0, true, IPPROTO_TCP, 40000, OUTSIDE(true));

	(void)state;
	set_route(network, "2001:db8:7::", 64, network->nexthop_server[0]);
	passage.out.dst_mac = server_mac[0];
	goes(&passage, 0, true, ACK, 5, false);
	goes(&passage, 0, false, ACK, 6, false);
	network_free(network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_inside_hosts_send_goes_on_from_a_local_address),
		cmocka_unit_test(answers_find_their_connection_from_every_worker),
		cmocka_unit_test(fragments_pass_both_ways),
		cmocka_unit_test(icmp_errors_are_translated_both_ways),
		cmocka_unit_test(the_gateway_answers_for_itself),
		cmocka_unit_test(clients_with_the_same_port_are_told_apart),
		cmocka_unit_test(what_is_sent_to_the_director_is_not_the_gateways),
		cmocka_unit_test(ports_used_up_towards_one_host_are_free_towards_another),
		cmocka_unit_test(an_address_of_no_group_on_the_way_is_refused),
		cmocka_unit_test(the_middle_of_an_unknown_connection_does_not_leave),
		cmocka_unit_test(without_a_local_address_nothing_leaves),
		cmocka_unit_test(a_gateway_that_lost_its_addresses_is_still_one),
		cmocka_unit_test(an_empty_gateway_lets_inside_hosts_reach_the_director),
		cmocka_unit_test(what_is_sent_to_a_mark_that_lost_its_servers_is_still_its),
		cmocka_unit_test(what_leaves_by_another_port_is_not_the_gateways),
		cmocka_unit_test(a_persistent_inside_host_keeps_its_address),
		cmocka_unit_test(a_route_that_changes_is_followed),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
