/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The kernel mirror, fed with what a kernel said (data/record-rtnetlink made the recordings) and with neighbour messages
 * made here; without sockets. Interface 2 is lan0 (port 0), 3 is wan0 (port 1), 4 a macvlan upon lan0.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "control/mirror.h"
#include "core/rcu.h"
#include "core/worker.h"
#include "eal_fixture.h"

#define NEIGHBOURS 5200
#define CHANGES_MAX 32

static struct {
	struct rcu *rcu;
	struct fib *fib;
	struct ports ports;
	struct kernel_mirror *mirror;
	uint32_t asked, managed;
	char last_asked[INET6_ADDRSTRLEN];
	struct {
		char text[INET6_ADDRSTRLEN];
		bool present;
	} changes[CHANGES_MAX];
	uint32_t n_changes;
} test;

static int
count_question(struct kernel_mirror *mirror, const struct mirror_neighbour *neighbour, bool managed)
{
	(void)mirror;
	test.asked++;
	test.managed += managed;
	inet_ntop(neighbour->addr.family, neighbour->addr.ip.bytes, test.last_asked, sizeof(test.last_asked));
	return 0;
}

static void
note_change(void *arg, const struct ip_addr *addr, bool present)
{
	(void)arg;
	assert_true(test.n_changes < CHANGES_MAX);
	inet_ntop(addr->family, addr->ip.bytes, test.changes[test.n_changes].text, INET6_ADDRSTRLEN);
	test.changes[test.n_changes++].present = present;
}

static bool
was_told(const char *text, bool present)
{
	for (uint32_t i = 0; i < test.n_changes; i++) {
		if (strcmp(test.changes[i].text, text) == 0 && test.changes[i].present == present)
			return true;
	}
	return false;
}

static int
setup(void **state)
{
	struct kernel_mirror_parts parts = { .ports = &test.ports, .address_changed = note_change };

	(void)state;
	memset(&test, 0, sizeof(test));
	test.rcu = rcu_create(1);
	if (!test.rcu || fib_create(1024, 1024, NEIGHBOURS, test.rcu, &test.fib) < 0)
		return -1;
	test.ports.n_ports = 2;
	for (uint32_t i = 0; i < 2; i++) {
		struct port *port = &test.ports.port[i];

		port->index = (uint8_t)i;
		port->mtu = 1500;
		port->mtu_max = 1500;
		port->kernel_ifindex = (int)i + 2;
		strcpy(port->name, i == 0 ? "lan" : "wan");
	}
	parts.fib = test.fib;
	if (mirror_create(&parts, &test.mirror) < 0)
		return -1;
	test.mirror->ask = count_question;
	test.mirror->now_ms = 100000;
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

static uint8_t *
read_recording(const char *name, size_t *ret_length)
{
	static uint8_t data[1 << 20];
	char path[512];
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", TEST_DATA, name);
	in = fopen(path, "re");
	assert_non_null(in);
	*ret_length = fread(data, 1, sizeof(data), in);
	fclose(in);
	assert_true(*ret_length > 1000);
	return data;
}

static void
feed(const char *name)
{
	size_t length;
	uint8_t *data = read_recording(name, &length);
	int left = (int)length;

	for (struct nlmsghdr *message = (struct nlmsghdr *)(void *)data; nlmsg_ok(message, left);
	     message = nlmsg_next(message, &left))
		mirror_take(test.mirror, message);
	assert_int_equal(left, 0);
	mirror_settle(test.mirror);
}

static void
start(void)
{
	mirror_sweep_begin(test.mirror);
	feed("mirror-start.bin");
	mirror_sweep_end(test.mirror);
}

static struct ip_addr
address(const char *text)
{
	struct ip_addr addr = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	assert_int_equal(inet_pton(addr.family, text, addr.ip.bytes), 1);
	return addr;
}

static uint32_t
number_to(const char *text)
{
	struct ip_addr addr = address(text);

	return fib_lookup(test.fib, addr.family, &addr.ip);
}

/* MAC_END: the last two bytes of 02:00:00:00:xx:xx. */
static void
check_ready(const char *text, uint16_t mac_end, uint8_t port)
{
	union nexthop nexthop = fib_nexthop(test.fib, number_to(text));
	uint8_t mac[6] = { 2, 0, 0, 0, (uint8_t)(mac_end >> 8), (uint8_t)mac_end };

	assert_int_equal(nexthop.state, NEXTHOP_READY);
	assert_memory_equal(&nexthop.mac, mac, 6);
	assert_int_equal(nexthop.port, port);
}

static void
check_incomplete(const char *text, uint8_t port)
{
	union nexthop nexthop = fib_nexthop(test.fib, number_to(text));

	assert_int_equal(nexthop.state, NEXTHOP_INCOMPLETE);
	assert_int_equal(nexthop.port, port);
}

static void
a_dump_fills_the_table(void **state)
{
	static const char *const local[] = { "10.9.0.1",  "10.9.0.100", "10.9.0.101",
					     "192.0.2.1", "10.255.0.1", "fd09::1" };

	(void)state;
	start();
	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		assert_int_equal(number_to(local[i]), FIB_LOCAL);
	assert_int_equal(number_to("10.99.1.1"), FIB_ELSEWHERE);
	check_ready("10.9.0.2", 0x0002, 0);
	check_ready("10.9.0.3", 0x0003, 0);
	check_ready("fd09::2", 0x0602, 0);
	assert_int_equal(number_to("10.9.0.50"), FIB_ONLINK);
	assert_int_equal(number_to("192.0.2.77"), FIB_ONLINK + 1);
	assert_int_equal(number_to("fd09::3"), FIB_ONLINK);
	assert_int_equal(number_to("203.0.113.1"), FIB_BLACKHOLE);
	assert_int_equal(number_to("203.0.112.1"), FIB_BLACKHOLE);
	assert_int_equal(number_to("2001:db8:2::1"), FIB_BLACKHOLE);
	check_ready("198.51.100.9", 0x0002, 0);
	check_ready("198.51.102.9", 0x0002, 0);
	check_ready("198.51.103.9", 0x0601, 0);
	check_ready("2001:db8:1::1", 0x0602, 0);
	check_ready("2001:4860::1", 0x0601, 0);
	check_ready("192.0.2.7", 0x0002, 0);
	check_incomplete("198.51.101.9", 0);
}

static void
the_lowest_metric_wins(void **state)
{
	(void)state;
	start();
	check_ready("8.8.8.8", 0x00fe, 1);
}

static void
the_loopback_leads_to_the_host(void **state)
{
	(void)state;
	start();
	assert_int_equal(number_to("127.0.0.1"), FIB_LOCAL);
	assert_int_equal(number_to("127.0.0.5"), FIB_LOCAL);
	assert_int_equal(number_to("::1"), FIB_LOCAL);
	assert_int_not_equal(number_to("::2"), FIB_LOCAL);
	assert_false(was_told("127.0.0.5", true));
}

static void
a_neighbour_counts_only_where_the_routes_lead_to_it(void **state)
{
	(void)state;
	start();
	/* wan0 has an entry for 10.9.0.66, but 10.9.0.0/24 is on lan0. */
	assert_int_equal(number_to("10.9.0.66"), FIB_ONLINK);
	/* Half of lan0's network goes over a gateway. */
	check_ready("10.9.0.200", 0x00fe, 1);
}

static void
gateways_share_a_number(void **state)
{
	(void)state;
	start();
	assert_int_equal(number_to("198.51.100.9"), number_to("10.9.0.2"));
	assert_int_equal(number_to("2001:4860::1"), number_to("198.51.103.9"));
}

static void
gateways_are_managed_by_the_kernel(void **state)
{
	(void)state;
	start();
	/* 192.0.2.254, 10.9.0.2, 10.9.0.77, fe80::1, fd09::2. */
	assert_int_equal(test.managed, 5);
	assert_int_equal(test.asked, 5);
}

static void
addresses_are_told(void **state)
{
	(void)state;
	start();
	assert_true(was_told("10.9.0.100", true));
	assert_true(was_told("10.9.0.101", true));
	assert_true(was_told("fd09::1", true));
	test.n_changes = 0;
	feed("mirror-changes.bin");
	assert_true(was_told("10.9.0.100", false));
	assert_true(was_told("10.9.0.101", false));
	assert_true(was_told("10.9.0.102", true));
	assert_false(was_told("10.9.0.1", false));
}

static void
a_macvlans_address_is_the_ports_too(void **state)
{
	static const uint8_t virtual_mac[6] = { 0, 0, 0x5e, 0, 1, 0x33 };

	(void)state;
	start();
	assert_int_equal(test.ports.port[0].n_macs, 1);
	assert_memory_equal(&test.ports.port[0].macs[0], virtual_mac, 6);
	assert_int_equal(test.ports.port[1].n_macs, 0);
	feed("mirror-changes.bin");
	assert_int_equal(test.ports.port[0].n_macs, 0);
}

static void
check_changed(void)
{
	assert_int_equal(number_to("10.9.0.100"), FIB_ONLINK);
	assert_int_equal(number_to("10.9.0.101"), FIB_ONLINK);
	assert_int_equal(number_to("10.9.0.102"), FIB_LOCAL);
	/* The route with the higher metric has come back, over a neighbour with a new MAC address. */
	check_ready("8.8.8.8", 0x0022, 0);
	assert_int_equal(number_to("10.9.0.3"), FIB_ONLINK);
	check_ready("10.9.0.4", 0x0004, 0);
	check_ready("198.51.100.9", 0x00fe, 1);
	check_ready("203.0.113.1", 0x0022, 0);
	check_incomplete("2001:db8:1::1", 0);
	assert_int_equal(test.ports.port[0].mtu, 1400);
}

static void
check_own(uint8_t port, const char *text)
{
	struct ip_addr expected = address(text);
	const union ip_bits *own = fib_own(test.fib, port, expected.family);

	assert_non_null(own);
	assert_memory_equal(own, &expected.ip, sizeof(*own));
}

/* The port's own first, and of those one that tells of a network. */
static void
each_port_has_a_source_address(void **state)
{
	(void)state;
	assert_null(fib_own(test.fib, 0, AF_INET));
	start();
	check_own(0, "10.9.0.1");
	check_own(1, "192.0.2.1");
	check_own(0, "fd09::1");
	check_own(1, "fd09::1");
	mirror_sweep_begin(test.mirror);
	mirror_sweep_end(test.mirror);
	assert_null(fib_own(test.fib, 0, AF_INET));
	assert_null(fib_own(test.fib, 1, AF_INET6));
}

static void
changes_are_followed(void **state)
{
	(void)state;
	start();
	feed("mirror-changes.bin");
	check_changed();
}

static uint32_t
count_neighbours(void)
{
	struct mirror_neighbour *neighbour;
	uint32_t n = 0;

	TAILQ_FOREACH (neighbour, &test.mirror->neighbours, link)
		n++;
	return n;
}

static void
check_later(void)
{
	assert_int_equal(number_to("10.9.0.100"), FIB_LOCAL);
	assert_int_equal(number_to("10.9.0.102"), FIB_ONLINK);
	check_ready("8.8.8.8", 0x00fe, 1);
	check_ready("198.51.101.9", 0x00fe, 1);
	assert_int_equal(number_to("10.9.0.4"), FIB_ONLINK);
	check_ready("10.9.0.5", 0x0005, 0);
	assert_int_equal(number_to("2001:4860::1"), FIB_NONE);
	check_incomplete("2001:db8:1::1", 0);
}

/* ENOBUFS: messages were lost, and everything is read again. */
static void
a_full_reading_makes_up_for_lost_messages(void **state)
{
	uint32_t n;

	(void)state;
	start();
	mirror_sweep_begin(test.mirror);
	feed("mirror-later.bin");
	mirror_sweep_end(test.mirror);
	check_later();
	assert_int_equal(test.ports.port[0].n_macs, 0);
	assert_true(was_told("10.9.0.101", false));
	for (struct mirror_neighbour *neighbour = TAILQ_FIRST(&test.mirror->neighbours), *next; neighbour;
	     neighbour = next) {
		next = TAILQ_NEXT(neighbour, link);
		neighbour->asked = false;
		mirror_neighbour_drop_unused(test.mirror, neighbour);
	}
	n = count_neighbours();
	teardown(NULL);
	setup(NULL);
	mirror_sweep_begin(test.mirror);
	feed("mirror-later.bin");
	mirror_sweep_end(test.mirror);
	check_later();
	/* Nothing is left over from before. */
	assert_int_equal(count_neighbours(), n);
}

static void
a_second_reading_changes_nothing(void **state)
{
	uint32_t before, generation, n;

	(void)state;
	start();
	before = test.asked;
	generation = test.fib->generation;
	n = test.n_changes;
	start();
	assert_int_equal(test.asked, before);
	assert_int_equal(test.fib->generation, generation);
	assert_int_equal(test.n_changes, n);
}

static void
a_dump_that_breaks_off_forgets_nothing(void **state)
{
	(void)state;
	start();
	mirror_sweep_begin(test.mirror);
	check_ready("8.8.8.8", 0x00fe, 1);
	assert_int_equal(number_to("10.9.0.1"), FIB_LOCAL);
}

static void
messages_cut_anywhere_do_no_harm(void **state)
{
	static const char *const names[] = { "mirror-start.bin", "mirror-changes.bin" };
	uint32_t n = 0;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		size_t length;
		uint8_t *data = read_recording(names[i], &length);
		int left = (int)length;

		for (struct nlmsghdr *message = (struct nlmsghdr *)(void *)data; nlmsg_ok(message, left);
		     message = nlmsg_next(message, &left)) {
			for (uint32_t cut = sizeof(*message); cut < message->nlmsg_len; cut++) {
				/* On the heap and of that size, so that a read behind it is seen. */
				struct nlmsghdr *copy = malloc(cut);

				assert_non_null(copy);
				memcpy(copy, message, cut);
				copy->nlmsg_len = cut;
				mirror_take(test.mirror, copy);
				free(copy);
				n++;
			}
		}
	}
	mirror_settle(test.mirror);
	assert_true(n > 5000);
}

/* The kernel's word on a neighbour of lan0; MAC_END as above, 0 without one. */
static void
tell_neighbour(uint16_t type, const char *text, uint16_t state, uint16_t mac_end)
{
	struct ip_addr addr = address(text);
	struct ndmsg head = { .ndm_family = (uint8_t)addr.family, .ndm_ifindex = 2, .ndm_state = state };
	uint8_t mac[6] = { 2, 0, 0, 0, (uint8_t)(mac_end >> 8), (uint8_t)mac_end };
	struct nl_msg *msg = nlmsg_alloc_simple(type, 0);

	assert_non_null(msg);
	assert_int_equal(nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO), 0);
	assert_int_equal(nla_put(msg, NDA_DST, addr.family == AF_INET ? 4 : 16, addr.ip.bytes), 0);
	if (mac_end != 0)
		assert_int_equal(nla_put(msg, NDA_LLADDR, 6, mac), 0);
	mirror_take(test.mirror, nlmsg_hdr(msg));
	mirror_settle(test.mirror);
	nlmsg_free(msg);
}

static void
request(const char *text, uint32_t number)
{
	struct ip_addr addr = address(text);
	struct neighbour_request request = { .family = addr.family, .nexthop = number };

	memcpy(request.address, addr.ip.bytes, 16);
	mirror_request_take(test.mirror, &request);
}

static void
an_unknown_neighbour_is_asked_for_once(void **state)
{
	uint32_t number;

	(void)state;
	start();
	test.asked = 0;
	request("10.9.0.50", FIB_ONLINK);
	assert_int_equal(test.asked, 1);
	assert_string_equal(test.last_asked, "10.9.0.50");
	check_incomplete("10.9.0.50", 0);
	number = number_to("10.9.0.50");
	request("10.9.0.50", FIB_ONLINK);
	request("10.9.0.50", number);
	tell_neighbour(RTM_NEWNEIGH, "10.9.0.50", NUD_INCOMPLETE, 0);
	request("10.9.0.50", number);
	assert_int_equal(test.asked, 1);
	tell_neighbour(RTM_NEWNEIGH, "10.9.0.50", NUD_REACHABLE, 0x0050);
	check_ready("10.9.0.50", 0x0050, 0);
	assert_int_equal(number_to("10.9.0.50"), number);
}

static void
a_neighbour_in_use_is_kept_fresh_when_stale(void **state)
{
	uint32_t number;

	(void)state;
	start();
	tell_neighbour(RTM_NEWNEIGH, "10.9.0.50", NUD_REACHABLE, 0x0050);
	number = number_to("10.9.0.50");
	test.asked = 0;
	request("0.0.0.0", number);
	assert_int_equal(test.asked, 0);
	tell_neighbour(RTM_NEWNEIGH, "10.9.0.50", NUD_STALE, 0x0050);
	request("0.0.0.0", number);
	request("0.0.0.0", number);
	assert_int_equal(test.asked, 1);
	tell_neighbour(RTM_NEWNEIGH, "10.9.0.50", NUD_DELAY, 0x0050);
	request("0.0.0.0", number);
	tell_neighbour(RTM_NEWNEIGH, "10.9.0.50", NUD_PROBE, 0x0050);
	request("0.0.0.0", number);
	assert_int_equal(test.asked, 1);
	check_ready("10.9.0.50", 0x0050, 0);
}

static void
a_neighbour_that_does_not_answer_is_asked_more_and_more_rarely(void **state)
{
	uint32_t asked[4] = { 0 };

	(void)state;
	start();
	test.asked = 0;
	for (uint32_t second = 0; second < 120; second++) {
		test.mirror->now_ms += 1000;
		request("10.9.0.50", FIB_ONLINK);
		if (test.asked > asked[second / 30])
			tell_neighbour(RTM_NEWNEIGH, "10.9.0.50", NUD_INCOMPLETE, 0);
		tell_neighbour(RTM_NEWNEIGH, "10.9.0.50", NUD_FAILED, 0);
		check_incomplete("10.9.0.50", 0);
		asked[second / 30] = test.asked;
	}
	assert_in_range(asked[0], 4, 8);
	assert_in_range(asked[3] - asked[2], 1, 2);
	tell_neighbour(RTM_NEWNEIGH, "10.9.0.50", NUD_REACHABLE, 0x0050);
	check_ready("10.9.0.50", 0x0050, 0);
}

static void
a_neighbour_that_nobody_knows_gives_its_number_back(void **state)
{
	uint32_t n;

	(void)state;
	start();
	n = count_neighbours();
	request("10.9.0.50", FIB_ONLINK);
	assert_int_equal(count_neighbours(), n + 1);
	mirror_requests_tick(test.mirror);
	assert_int_equal(count_neighbours(), n + 1);
	test.mirror->now_ms += 6000;
	mirror_requests_tick(test.mirror);
	assert_int_equal(count_neighbours(), n);
	assert_int_equal(number_to("10.9.0.50"), FIB_ONLINK);
}

static void
a_deleted_gateway_is_asked_for_again(void **state)
{
	(void)state;
	start();
	tell_neighbour(RTM_DELNEIGH, "10.9.0.2", NUD_FAILED, 0);
	check_incomplete("198.51.100.9", 0);
	test.asked = 0;
	test.managed = 0;
	test.mirror->now_ms += 6000;
	mirror_requests_tick(test.mirror);
	mirror_requests_tick(test.mirror);
	/* 10.9.0.2, and 10.9.0.77, which never answered. */
	assert_int_equal(test.asked, 2);
	assert_int_equal(test.managed, 2);
}

static void
requests_with_absurd_numbers_are_left_alone(void **state)
{
	(void)state;
	start();
	test.asked = 0;
	request("10.9.0.50", UINT32_MAX);
	request("10.9.0.50", FIB_LOCAL);
	request("10.9.0.50", FIB_NONE);
	request("10.9.0.50", FIB_FIRST_FREE + NEIGHBOURS - 1);
	assert_int_equal(test.asked, 0);
}

/* decisions.md 16: thousands of servers, ten minutes of use, and no question open twice. */
static void
five_thousand_neighbours_stay_fresh(void **state)
{
	enum { SERVERS = 5000, SECONDS = 600 };
	static uint32_t numbers[SERVERS];
	char text[INET6_ADDRSTRLEN];
	uint32_t before;

	(void)state;
	start();
	for (uint32_t i = 0; i < SERVERS; i++) {
		snprintf(text, sizeof(text), "fd09::%x", i + 0x1000);
		tell_neighbour(RTM_NEWNEIGH, text, NUD_REACHABLE, (uint16_t)(i + 1));
		numbers[i] = number_to(text);
	}
	for (uint32_t second = 0; second < SECONDS; second += 5) {
		test.mirror->now_ms += 5000;
		mirror_requests_tick(test.mirror);
		before = test.asked;
		for (uint32_t i = 0; i < SERVERS; i++) {
			snprintf(text, sizeof(text), "fd09::%x", i + 0x1000);
			if (second % 30 == 0)
				tell_neighbour(RTM_NEWNEIGH, text, NUD_STALE, (uint16_t)(i + 1));
			request("::", numbers[i]);
			request("::", numbers[i]);
			assert_int_equal(fib_nexthop(test.fib, numbers[i]).state, NEXTHOP_READY);
			if (second % 30 == 0)
				tell_neighbour(RTM_NEWNEIGH, text, NUD_REACHABLE, (uint16_t)(i + 1));
		}
		if (second % 30 == 0)
			assert_in_range(test.asked - before, SERVERS, SERVERS);
		else
			assert_int_equal(test.asked, before);
	}
}

static bool
is_broadcast(const char *text)
{
	struct ip_addr addr = address(text);

	return kernel_mirror_is_broadcast(test.mirror, &addr);
}

/* As if all routes of the recording were removed. */
static void
feed_as_removed(const char *name)
{
	size_t length;
	uint8_t *data = read_recording(name, &length);
	int left = (int)length;

	for (struct nlmsghdr *message = (struct nlmsghdr *)(void *)data; nlmsg_ok(message, left);
	     message = nlmsg_next(message, &left)) {
		if (message->nlmsg_type != RTM_NEWROUTE)
			continue;
		message->nlmsg_type = RTM_DELROUTE;
		mirror_take(test.mirror, message);
	}
}

static void
broadcast_addresses_of_subnets_are_known(void **state)
{
	static const char *const others[] = { "10.9.0.0",   "10.9.0.1",	      "10.9.0.254",
					      "10.9.0.100", "198.51.100.255", "fd09::1" };

	(void)state;
	start();
	assert_true(is_broadcast("10.9.0.255"));
	assert_true(is_broadcast("192.0.2.255"));
	assert_true(is_broadcast("127.255.255.255"));
	assert_int_equal(number_to("10.9.0.255"), FIB_BROADCAST);
	assert_int_equal(number_to("10.9.0.50"), FIB_ONLINK);
	assert_int_equal(number_to("127.255.255.255"), FIB_LOCAL);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(is_broadcast(others[i]));
	feed_as_removed("mirror-start.bin");
	assert_false(is_broadcast("10.9.0.255"));
	assert_int_not_equal(number_to("10.9.0.255"), FIB_BROADCAST);
	start();
	assert_true(is_broadcast("10.9.0.255"));
	assert_int_equal(number_to("10.9.0.255"), FIB_BROADCAST);
	/* One that a full reading doesn't see any more. */
	mirror_sweep_begin(test.mirror);
	mirror_sweep_end(test.mirror);
	assert_false(is_broadcast("10.9.0.255"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_dump_fills_the_table),
		TEST(the_lowest_metric_wins),
		TEST(the_loopback_leads_to_the_host),
		TEST(a_neighbour_counts_only_where_the_routes_lead_to_it),
		TEST(gateways_share_a_number),
		TEST(gateways_are_managed_by_the_kernel),
		TEST(addresses_are_told),
		TEST(broadcast_addresses_of_subnets_are_known),
		TEST(each_port_has_a_source_address),
		TEST(a_macvlans_address_is_the_ports_too),
		TEST(changes_are_followed),
		TEST(a_full_reading_makes_up_for_lost_messages),
		TEST(a_second_reading_changes_nothing),
		TEST(a_dump_that_breaks_off_forgets_nothing),
		TEST(messages_cut_anywhere_do_no_harm),
		TEST(an_unknown_neighbour_is_asked_for_once),
		TEST(a_neighbour_in_use_is_kept_fresh_when_stale),
		TEST(a_neighbour_that_does_not_answer_is_asked_more_and_more_rarely),
		TEST(a_neighbour_that_nobody_knows_gives_its_number_back),
		TEST(a_deleted_gateway_is_asked_for_again),
		TEST(requests_with_absurd_numbers_are_left_alone),
		TEST(five_thousand_neighbours_stay_fresh),
	};

	return cmocka_run_group_tests(tests, eal_setup, eal_teardown);
}
