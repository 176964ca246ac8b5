/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Routes with an MTU of their own (control/mirror_narrow.c), as the kernel tells of them; without sockets. Interface 2 is
 * lan0 (port 0) with 10.9.0.0/24 and fd09::/64.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <rte_rcu_qsbr.h>

#include "control/mirror.h"
#include "core/rcu.h"
#include "core/worker.h"
#include "eal_fixture.h"

#define NEIGHBOURS 16
#define LAN0 2

static struct {
	struct rcu *rcu;
	struct fib *fib;
	struct ports ports;
	struct kernel_mirror *mirror;
	uint32_t asked;
} test;

/* A route to PREFIX; by GATEWAY unless it is NULL. */
struct route {
	const char *prefix;
	uint8_t length;
	const char *gateway;
	uint32_t mtu; /* 0: without metrics */
};

static int
count_question(struct kernel_mirror *mirror, const struct mirror_neighbour *neighbour, bool managed)
{
	(void)mirror;
	(void)neighbour;
	(void)managed;
	test.asked++;
	return 0;
}

static struct ip_addr
address(const char *text)
{
	struct ip_addr addr = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	assert_int_equal(inet_pton(addr.family, text, addr.ip.bytes), 1);
	return addr;
}

static void
put_address(struct nl_msg *msg, int attribute, const struct ip_addr *addr)
{
	assert_int_equal(nla_put(msg, attribute, addr->family == AF_INET ? 4 : 16, addr->ip.bytes), 0);
}

static void
tell(struct nl_msg *msg)
{
	mirror_take(test.mirror, nlmsg_hdr(msg));
	mirror_settle(test.mirror);
	nlmsg_free(msg);
}

static void
tell_link(uint16_t mtu)
{
	struct ifinfomsg head = { .ifi_index = LAN0, .ifi_flags = IFF_UP };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);

	test.ports.port[0].mtu = mtu;
	assert_int_equal(nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO), 0);
	assert_int_equal(nla_put_string(msg, IFLA_IFNAME, "lan0"), 0);
	assert_int_equal(nla_put_u32(msg, IFLA_MTU, mtu), 0);
	tell(msg);
}

/* Without its metrics. */
static struct nl_msg *
route_message(uint16_t type, uint16_t flags, const struct route *route)
{
	const struct ip_addr prefix = address(route->prefix);
	struct rtmsg head = { .rtm_family = (uint8_t)prefix.family,
			      .rtm_dst_len = route->length,
			      .rtm_table = RT_TABLE_MAIN,
			      .rtm_protocol = RTPROT_BOOT,
			      .rtm_type = RTN_UNICAST };
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	assert_int_equal(nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO), 0);
	put_address(msg, RTA_DST, &prefix);
	assert_int_equal(nla_put_u32(msg, RTA_OIF, LAN0), 0);
	if (route->gateway) {
		const struct ip_addr gateway = address(route->gateway);

		put_address(msg, RTA_GATEWAY, &gateway);
	}
	return msg;
}

static void
tell_route(uint16_t type, uint16_t flags, struct route route)
{
	struct nl_msg *msg = route_message(type, flags, &route);
	struct nlattr *metrics;

	if (route.mtu != 0) {
		metrics = nla_nest_start(msg, RTA_METRICS);
		assert_int_equal(nla_put_u32(msg, RTAX_LOCK, 1u << RTAX_MTU), 0);
		assert_int_equal(nla_put_u32(msg, RTAX_MTU, route.mtu), 0);
		nla_nest_end(msg, metrics);
	}
	tell(msg);
}

static void
tell_neighbour(uint16_t type, const char *text, uint16_t state, uint8_t mac_end)
{
	const struct ip_addr addr = address(text);
	struct ndmsg head = { .ndm_family = (uint8_t)addr.family, .ndm_ifindex = LAN0, .ndm_state = state };
	const uint8_t mac[6] = { 2, 0, 0, 0, 0, mac_end };
	struct nl_msg *msg = nlmsg_alloc_simple(type, 0);

	assert_int_equal(nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO), 0);
	put_address(msg, NDA_DST, &addr);
	if (mac_end != 0)
		assert_int_equal(nla_put(msg, NDA_LLADDR, 6, mac), 0);
	tell(msg);
}

static int
setup(void **state)
{
	struct kernel_mirror_parts parts = { .ports = &test.ports };

	(void)state;
	memset(&test, 0, sizeof(test));
	test.rcu = rcu_create(1);
	if (!test.rcu || fib_create(1024, 1024, NEIGHBOURS, test.rcu, &test.fib) < 0)
		return -1;
	test.ports.n_ports = 1;
	test.ports.port[0].mtu_max = 1500;
	test.ports.port[0].kernel_ifindex = LAN0;
	parts.fib = test.fib;
	if (mirror_create(&parts, &test.mirror) < 0)
		return -1;
	test.mirror->ask = count_question;
	test.mirror->now_ms = 100000;
	tell_link(1500);
	tell_route(RTM_NEWROUTE, 0, (struct route){ "10.9.0.0", 24, NULL, 0 });
	tell_route(RTM_NEWROUTE, 0, (struct route){ "fd09::", 64, NULL, 0 });
	tell_neighbour(RTM_NEWNEIGH, "10.9.0.2", NUD_REACHABLE, 2);
	tell_neighbour(RTM_NEWNEIGH, "fd09::2", NUD_REACHABLE, 0x62);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	mirror_destroy(test.mirror);
	fib_destroy(test.fib);
	rcu_destroy(test.rcu);
	return 0;
}

static uint32_t
number_to(const char *text)
{
	const struct ip_addr addr = address(text);

	return fib_lookup(test.fib, addr.family, &addr.ip);
}

/* MTU: 0 for the port's. MAC_END: 0 where it is not known. */
static void
check(const char *text, enum nexthop_state state, uint16_t mtu, uint8_t mac_end)
{
	const uint32_t number = number_to(text);
	const union nexthop nexthop = fib_nexthop(test.fib, number);

	assert_int_equal(nexthop.state, state);
	assert_int_equal(nexthop.port, 0);
	assert_int_equal(fib_mtu(test.fib, number), mtu);
	assert_int_equal(nexthop.mac.addr_bytes[5], mac_end);
}

static void
routes_over_one_gateway_have_each_its_mtu(void **state)
{
	(void)state;
	tell_route(RTM_NEWROUTE, 0, (struct route){ "192.0.2.0", 24, "10.9.0.2", 1400 });
	tell_route(RTM_NEWROUTE, 0, (struct route){ "192.0.3.0", 24, "10.9.0.2", 0 });
	tell_route(RTM_NEWROUTE, 0, (struct route){ "192.0.4.0", 24, "10.9.0.2", 1300 });
	tell_route(RTM_NEWROUTE, 0, (struct route){ "192.0.5.0", 24, "10.9.0.2", 1400 });
	tell_route(RTM_NEWROUTE, 0, (struct route){ "2001:db8:1::", 48, "fd09::2", 1400 });
	tell_route(RTM_NEWROUTE, 0, (struct route){ "2001:db8:2::", 48, "fd09::2", 0 });
	check("192.0.2.1", NEXTHOP_NARROW, 1400, 2);
	check("192.0.3.1", NEXTHOP_READY, 0, 2);
	check("192.0.4.1", NEXTHOP_NARROW, 1300, 2);
	assert_int_equal(number_to("192.0.5.1"), number_to("192.0.2.1"));
	check("2001:db8:1::1", NEXTHOP_NARROW, 1400, 0x62);
	check("2001:db8:2::1", NEXTHOP_READY, 0, 0x62);
	check("10.9.0.2", NEXTHOP_READY, 0, 2);
}

static void
their_next_hops_follow_the_neighbour(void **state)
{
	uint32_t generation;

	(void)state;
	tell_route(RTM_NEWROUTE, 0, (struct route){ "192.0.2.0", 24, "10.9.0.3", 1400 });
	check("192.0.2.1", NEXTHOP_INCOMPLETE, 1400, 0);
	generation = test.fib->generation;
	tell_neighbour(RTM_NEWNEIGH, "10.9.0.3", NUD_REACHABLE, 3);
	check("192.0.2.1", NEXTHOP_NARROW, 1400, 3);
	tell_neighbour(RTM_NEWNEIGH, "10.9.0.3", NUD_REACHABLE, 4);
	check("192.0.2.1", NEXTHOP_NARROW, 1400, 4);
	tell_neighbour(RTM_DELNEIGH, "10.9.0.3", NUD_FAILED, 0);
	check("192.0.2.1", NEXTHOP_INCOMPLETE, 1400, 0);
	assert_int_equal(test.fib->generation, generation);
}

/* By number, as the sweeper does: the neighbour is asked for, and not twice. */
static void
who_uses_them_keeps_the_neighbour_fresh(void **state)
{
	struct neighbour_request request = { 0 };

	(void)state;
	tell_route(RTM_NEWROUTE, 0, (struct route){ "192.0.2.0", 24, "10.9.0.2", 1400 });
	tell_neighbour(RTM_NEWNEIGH, "10.9.0.2", NUD_REACHABLE, 2);
	request.nexthop = number_to("192.0.2.1");
	test.asked = 0;
	mirror_request_take(test.mirror, &request);
	assert_int_equal(test.asked, 0);
	tell_neighbour(RTM_NEWNEIGH, "10.9.0.2", NUD_STALE, 2);
	for (int i = 0; i < 2; i++)
		mirror_request_take(test.mirror, &request);
	assert_int_equal(test.asked, 1);
}

static void
neighbours_have_the_mtu_of_the_route_that_they_are_on_link_by(void **state)
{
	struct neighbour_request request = { .family = AF_INET };
	const struct ip_addr asked_for = address("10.9.0.9");

	(void)state;
	tell_route(RTM_NEWROUTE, NLM_F_REPLACE, (struct route){ "10.9.0.0", 24, NULL, 1400 });
	check("10.9.0.2", NEXTHOP_NARROW, 1400, 2);
	check("10.9.0.9", NEXTHOP_ONLINK, 1400, 0);
	check("fd09::2", NEXTHOP_READY, 0, 0x62);
	request.nexthop = number_to("10.9.0.9");
	memcpy(request.address, asked_for.ip.bytes, 16);
	test.asked = 0;
	mirror_request_take(test.mirror, &request);
	assert_int_equal(test.asked, 1);
	check("10.9.0.9", NEXTHOP_INCOMPLETE, 1400, 0);
	tell_neighbour(RTM_NEWNEIGH, "10.9.0.9", NUD_REACHABLE, 9);
	check("10.9.0.9", NEXTHOP_NARROW, 1400, 9);
	/* one host has a route of its own */
	tell_route(RTM_NEWROUTE, 0, (struct route){ "10.9.0.9", 32, NULL, 1300 });
	check("10.9.0.9", NEXTHOP_NARROW, 1300, 9);
	check("10.9.0.2", NEXTHOP_NARROW, 1400, 2);
	tell_route(RTM_DELROUTE, 0, (struct route){ "10.9.0.9", 32, NULL, 1300 });
	check("10.9.0.9", NEXTHOP_NARROW, 1400, 9);
	tell_neighbour(RTM_DELNEIGH, "10.9.0.9", NUD_FAILED, 0);
	test.mirror->now_ms += 6000;
	mirror_requests_tick(test.mirror);
	check("10.9.0.9", NEXTHOP_ONLINK, 1400, 0);
	tell_route(RTM_NEWROUTE, NLM_F_REPLACE, (struct route){ "10.9.0.0", 24, NULL, 0 });
	check("10.9.0.2", NEXTHOP_READY, 0, 2);
	check("10.9.0.9", NEXTHOP_ONLINK, 0, 0);
}

/* So that connections look their next hops up again; and no number is lost, of which there are few here. */
static void
a_change_moves_the_generation_on_and_gives_numbers_back(void **state)
{
	struct route route = { "192.0.2.0", 24, "10.9.0.2", 0 }, onlink = { "fd09::", 64, NULL, 0 };

	(void)state;
	rcu_online(test.rcu, 0);
	for (uint16_t mtu = 1280; mtu < 1280 + 4 * NEIGHBOURS; mtu++) {
		const uint32_t generation = test.fib->generation;

		route.mtu = onlink.mtu = mtu;
		tell_route(RTM_NEWROUTE, mtu == 1280 ? 0 : NLM_F_REPLACE, route);
		assert_int_not_equal(test.fib->generation, generation);
		tell_route(RTM_NEWROUTE, NLM_F_REPLACE, onlink);
		check("192.0.2.1", NEXTHOP_NARROW, mtu, 2);
		check("fd09::2", NEXTHOP_NARROW, mtu, 0x62);
		check("fd09::9", NEXTHOP_ONLINK, mtu, 0);
		rte_rcu_qsbr_quiescent(rcu_qsbr(test.rcu), 0);
	}
	tell_route(RTM_DELROUTE, 0, route);
	assert_int_equal(number_to("192.0.2.1"), FIB_NONE);
	tell_route(RTM_NEWROUTE, 0, (struct route){ "192.0.2.0", 24, "10.9.0.2", 0 });
	check("192.0.2.1", NEXTHOP_READY, 0, 2);
	rcu_offline(test.rcu, 0);
}

static void
one_that_the_port_has_not_is_not_heeded(void **state)
{
	(void)state;
	tell_route(RTM_NEWROUTE, 0, (struct route){ "192.0.2.0", 24, "10.9.0.2", 1500 });
	tell_route(RTM_NEWROUTE, 0, (struct route){ "192.0.3.0", 24, "10.9.0.2", 65536 + 1400 });
	check("192.0.2.1", NEXTHOP_READY, 0, 2);
	check("192.0.3.1", NEXTHOP_READY, 0, 2);
	tell_link(9000);
	check("192.0.2.1", NEXTHOP_NARROW, 1500, 2);
	check("192.0.3.1", NEXTHOP_READY, 0, 2);
	tell_link(1400);
	check("192.0.2.1", NEXTHOP_READY, 0, 2);
}

static void
none_is_less_than_its_family_lets_be(void **state)
{
	(void)state;
	tell_route(RTM_NEWROUTE, 0, (struct route){ "192.0.2.0", 24, "10.9.0.2", 1 });
	tell_route(RTM_NEWROUTE, 0, (struct route){ "2001:db8:1::", 48, "fd09::2", 1000 });
	check("192.0.2.1", NEXTHOP_NARROW, 68, 2);
	check("2001:db8:1::1", NEXTHOP_NARROW, 1280, 0x62);
}

static void
without_a_number_left_the_ports_mtu_has_to_do(void **state)
{
	char prefix[] = "192.0.a.0", host[] = "192.0.a.1";
	uint32_t n = 0;

	(void)state;
	rcu_online(test.rcu, 0);
	for (uint16_t mtu = 1300; mtu < 1300 + NEIGHBOURS; mtu++) {
		prefix[6] = host[6] = (char)('0' + mtu % 10);
		tell_route(RTM_NEWROUTE, NLM_F_REPLACE, (struct route){ prefix, 24, "10.9.0.2", mtu });
		if (fib_nexthop(test.fib, number_to(host)).state == NEXTHOP_READY)
			n++;
		else
			check(host, NEXTHOP_NARROW, mtu, 2);
	}
	/* those that were given back are still in quarantine, as the worker has said nothing */
	assert_in_range(n, 1, NEIGHBOURS - 1);
	rcu_offline(test.rcu, 0);
	assert_int_equal(fib_nexthop(test.fib, number_to(host)).state, NEXTHOP_READY);
	mirror_narrow_tick(test.mirror);
	assert_int_equal(fib_nexthop(test.fib, number_to(host)).state, NEXTHOP_READY);
	test.mirror->now_ms += 10000;
	mirror_narrow_tick(test.mirror);
	check(host, NEXTHOP_NARROW, 1300 + NEIGHBOURS - 1, 2);
}

/* A dump has both routes of a prefix, and the first is the one in use. */
static void
of_two_that_differ_in_nothing_else_the_second_is_known_to_be_there(void **state)
{
	(void)state;
	tell_route(RTM_NEWROUTE, NLM_F_MULTI, (struct route){ "192.0.2.0", 24, "10.9.0.2", 1400 });
	tell_route(RTM_NEWROUTE, NLM_F_APPEND, (struct route){ "192.0.2.0", 24, "10.9.0.2", 1300 });
	check("192.0.2.1", NEXTHOP_NARROW, 1400, 2);
	assert_false(test.mirror->resync_due);
	tell_route(RTM_DELROUTE, 0, (struct route){ "192.0.2.0", 24, "10.9.0.2", 1400 });
	assert_true(test.mirror->resync_due);
}

/* On the heap and of the message's size, so that a read behind it is seen. */
static void
tell_tight(struct nl_msg *msg, uint32_t length)
{
	struct nlmsghdr *copy = malloc(length);

	assert_non_null(copy);
	memcpy(copy, nlmsg_hdr(msg), length);
	copy->nlmsg_len = length;
	mirror_take(test.mirror, copy);
	mirror_settle(test.mirror);
	free(copy);
}

static void
broken_metrics_are_not_believed(void **state)
{
	static const struct {
		uint16_t n;
		uint8_t bytes[12];
	} metrics[] = {
		{ 0, { 0 } }, /* an empty nest */
		{ 3, { 8, 0, RTAX_MTU } }, /* no whole header */
		{ 4, { 4, 0, RTAX_MTU, 0 } }, /* no value */
		{ 5, { 5, 0, RTAX_MTU, 0, 0x78 } }, /* values of one to three bytes */
		{ 6, { 6, 0, RTAX_MTU, 0, 0x78, 5 } },
		{ 7, { 7, 0, RTAX_MTU, 0, 0x78, 5, 0 } },
		{ 6, { 8, 0, RTAX_MTU, 0, 0x78, 5 } }, /* longer than the nest */
		{ 8, { 0xff, 0xff, RTAX_MTU, 0, 0x78, 5, 0, 0 } },
		{ 8, { 3, 0, RTAX_MTU, 0, 0x78, 5, 0, 0 } }, /* shorter than its header */
		{ 8, { 8, 0, 0xff, 0x3f, 0x78, 5, 0, 0 } }, /* of no known kind */
		{ 8, { 8, 0, RTAX_MTU, 0, 0, 0, 0, 0 } }, /* 0 */
	};
	const struct route route = { "192.0.2.0", 24, "10.9.0.2", 0 };

	(void)state;
	tell_route(RTM_NEWROUTE, 0, (struct route){ "192.0.2.0", 24, "10.9.0.2", 0 });
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		struct nl_msg *msg = route_message(RTM_NEWROUTE, NLM_F_REPLACE, &route);

		assert_int_equal(nla_put(msg, RTA_METRICS, metrics[i].n, metrics[i].bytes), 0);
		/* without what stands behind the nest to fill its last word */
		tell_tight(msg, nlmsg_hdr(msg)->nlmsg_len - (-metrics[i].n & 3));
		check("192.0.2.1", NEXTHOP_READY, 0, 2);
		nlmsg_free(msg);
	}
}

static void
a_message_cut_in_its_metrics_is_not_believed(void **state)
{
	const struct route route = { "192.0.2.0", 24, "10.9.0.2", 0 };
	struct nl_msg *msg = route_message(RTM_NEWROUTE, 0, &route);
	const uint32_t before = nlmsg_hdr(msg)->nlmsg_len;
	struct nlattr *nest = nla_nest_start(msg, RTA_METRICS);

	(void)state;
	assert_int_equal(nla_put_u32(msg, RTAX_MTU, 1400), 0);
	nla_nest_end(msg, nest);
	tell_route(RTM_NEWROUTE, 0, route);
	for (uint32_t length = before; length < nlmsg_hdr(msg)->nlmsg_len; length++) {
		tell_tight(msg, length);
		check("192.0.2.1", NEXTHOP_READY, 0, 2);
	}
	tell_tight(msg, nlmsg_hdr(msg)->nlmsg_len);
	check("192.0.2.1", NEXTHOP_NARROW, 1400, 2);
	nlmsg_free(msg);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(routes_over_one_gateway_have_each_its_mtu),
		TEST(their_next_hops_follow_the_neighbour),
		TEST(who_uses_them_keeps_the_neighbour_fresh),
		TEST(neighbours_have_the_mtu_of_the_route_that_they_are_on_link_by),
		TEST(a_change_moves_the_generation_on_and_gives_numbers_back),
		TEST(one_that_the_port_has_not_is_not_heeded),
		TEST(none_is_less_than_its_family_lets_be),
		TEST(without_a_number_left_the_ports_mtu_has_to_do),
		TEST(of_two_that_differ_in_nothing_else_the_second_is_known_to_be_there),
		TEST(broken_metrics_are_not_believed),
		TEST(a_message_cut_in_its_metrics_is_not_believed),
	};

	return cmocka_run_group_tests(tests, eal_setup, eal_teardown);
}
