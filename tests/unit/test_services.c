/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Publishing services and destinations (lb/service.c, lb/reverse_map.c, lb/address_set.c): what workers find.
 */
#include "found_services.h"

static void
a_service_is_found_by_its_address_port_and_protocol_alone(void **state)
{
	struct director *director = director_new(1, 16);
	const struct service *tcp, *udp, *v6;

	(void)state;
	tcp = director_serve(director, 0, IPPROTO_TCP, "192.0.2.1", 80, "rr", 0, two_servers, 2);
	udp = director_serve(director, 1, IPPROTO_UDP, "192.0.2.1", 80, "rr", 2, two_servers, 2);
	v6 = director_serve(director, 2, IPPROTO_TCP, "2001:db8::1", 80, "rr", 4, two_servers, 0);
	assert_ptr_equal(find(director, IPPROTO_TCP, "192.0.2.1", 80), tcp);
	assert_ptr_equal(find(director, IPPROTO_UDP, "192.0.2.1", 80), udp);
	assert_ptr_equal(find(director, IPPROTO_TCP, "2001:db8::1", 80), v6);
	assert_null(find(director, IPPROTO_TCP, "192.0.2.1", 81));
	assert_null(find(director, IPPROTO_TCP, "192.0.2.2", 80));
	assert_null(find(director, 132, "192.0.2.1", 80));
	/* The same bytes as an address of the other family. */
	assert_null(find(director, IPPROTO_TCP, "c000:201::", 80));
	director_free(director);
}

static void
a_service_lists_its_destinations_and_those_with_weight(void **state)
{
	struct director *director = director_new(1, 16);
	const struct dest_spec specs[] = {
		{ .address = "10.0.0.1", .port = 80, .weight = 0 },
		{ .address = "10.0.0.2", .port = 80, .weight = 7 },
	};
	const struct service *svc = director_serve(director, 3, IPPROTO_TCP, "192.0.2.1", 80, "wrr", 5, specs, 2);

	(void)state;
	assert_int_equal(svc->index, 3);
	assert_int_equal(svc->n_dests, 2);
	assert_int_equal(svc->n_ready, 1);
	assert_int_equal(DEST_INDEX(svc->dests[0]->id), 5);
	assert_int_equal(svc->ready[0]->weight, 7);
	assert_string_equal(scheduler_name(svc->scheduler), "wrr");
	assert_null(scheduler_by_name("none such"));
	director_free(director);
}

static void
a_new_version_takes_the_place_of_the_old_one(void **state)
{
	struct director *director = director_new(1, 16);
	const struct service *old, *new;

	(void)state;
	old = director_serve(director, 0, IPPROTO_TCP, "192.0.2.1", 80, "rr", 0, two_servers, 2);
	new = director_serve(director, 0, IPPROTO_TCP, "192.0.2.1", 80, "wlc", 0, two_servers, 1);
	assert_ptr_not_equal(old, new);
	assert_ptr_equal(find(director, IPPROTO_TCP, "192.0.2.1", 80), new);
	assert_int_equal(new->n_dests, 1);
	new = director_serve(director, 0, IPPROTO_TCP, "192.0.2.2", 80, "wlc", 0, two_servers, 1);
	assert_null(find(director, IPPROTO_TCP, "192.0.2.1", 80));
	assert_ptr_equal(find(director, IPPROTO_TCP, "192.0.2.2", 80), new);
	service_retract(director->lb, 0);
	service_retract(director->lb, 0);
	assert_null(find(director, IPPROTO_TCP, "192.0.2.2", 80));
	director_free(director);
}

static void
numbers_beyond_the_limits_are_refused(void **state)
{
	struct director *director = director_new(1, 16);
	struct service_spec spec = { .key = { .family = AF_INET }, .index = FIXTURE_SERVICES };
	struct dest dest = { .id = DEST_ID(FIXTURE_DESTS, 1) };
	const struct dest *published;

	(void)state;
	assert_int_equal(service_publish(director->lb, &spec, NULL, 0), -ENOSPC);
	service_retract(director->lb, FIXTURE_SERVICES);
	assert_int_equal(dest_publish(director->lb, &dest, &published), -ENOSPC);
	director_free(director);
}

/* Services of numbers 0..n move between 200 addresses; ten thousand changes, all in four chains. */
static void
chains_of_services_stay_whole_under_random_changes(void **state)
{
	struct random_source random = random_source_new(31);
	struct director *director = director_new(1, 16);
	uint32_t of_index[FIXTURE_SERVICES] = { 0 }, of_address[200] = { 0 };
	char address[32];

	(void)state;
	director->lb->bucket_mask = 3;
	for (int round = 0; round < 10000; round++) {
		uint32_t index = random_upto(&random, FIXTURE_SERVICES), at = random_upto(&random, 200);

		if (of_index[index] != 0 && random_upto(&random, 3) == 0) {
			of_address[of_index[index] - 1] = 0;
			of_index[index] = 0;
			service_retract(director->lb, index);
		} else if (of_address[at] == 0 || of_address[at] == index + 1) {
			if (of_index[index] != 0)
				of_address[of_index[index] - 1] = 0;
			snprintf(address, sizeof(address), "192.0.2.%u", at);
			director_serve(director, index, IPPROTO_TCP, address, 80, "rr", 0, two_servers, 2);
			of_index[index] = at + 1;
			of_address[at] = index + 1;
		}
		rcu_reclaim(director->rcu);
		for (uint32_t i = round % 10; i < 200; i += 10) {
			const struct service *svc;
			struct ip_addr addr;

			snprintf(address, sizeof(address), "192.0.2.%u", i);
			addr = address_of(address);
			svc = find(director, IPPROTO_TCP, address, 80);
			assert_int_equal(svc ? svc->index + 1 : 0, of_address[i]);
			assert_int_equal(lb_has_address(director->lb, AF_INET, &addr.ip), of_address[i] != 0);
		}
	}
	director_free(director);
}

static void
a_destination_lives_under_its_own_generation_until_it_is_taken_back(void **state)
{
	struct director *director = director_new(1, 16);
	struct lb *lb = director->lb;
	struct dest dest = { .addr = address_of("10.0.0.1"), .port = RTE_BE16(80), .id = DEST_ID(9, 1), .weight = 5 };
	const struct dest *published;

	(void)state;
	assert_false(dest_alive(lb, DEST_ID(9, 1)));
	assert_null(dest_get(lb, DEST_ID(9, 1)));
	assert_int_equal(dest_publish(lb, &dest, &published), 0);
	assert_true(dest_alive(lb, DEST_ID(9, 1)));
	assert_false(dest_alive(lb, DEST_ID(9, 2)));
	assert_ptr_equal(dest_get(lb, DEST_ID(9, 1)), published);
	assert_int_equal(published->weight, 5);
	dest_retract(lb, DEST_ID(9, 2));
	assert_true(dest_alive(lb, DEST_ID(9, 1)));
	dest_retract(lb, DEST_ID(9, 1));
	assert_false(dest_alive(lb, DEST_ID(9, 1)));
	assert_null(dest_get(lb, DEST_ID(9, 1)));
	dest_retract(lb, DEST_ID(9, 1));
	director_free(director);
}

static void
a_destination_that_comes_back_revives_its_connections(void **state)
{
	struct director *director = director_new(1, 16);
	struct lb *lb = director->lb;
	struct dest dest = { .addr = address_of("10.0.0.1"), .id = DEST_ID(9, 1), .weight = 5 };
	const struct dest *published;

	(void)state;
	assert_int_equal(dest_publish(lb, &dest, &published), 0);
	dest_retract(lb, dest.id);
	dest.weight = 6;
	assert_int_equal(dest_publish(lb, &dest, &published), 0);
	assert_true(dest_alive(lb, dest.id));
	assert_int_equal(dest_get(lb, dest.id)->weight, 6);
	/* Another destination with the same index is another one. */
	dest_retract(lb, dest.id);
	dest.id = DEST_ID(9, DEST_GENERATIONS - 1);
	assert_int_equal(dest_publish(lb, &dest, &published), 0);
	assert_false(dest_alive(lb, DEST_ID(9, 1)));
	assert_true(dest_alive(lb, dest.id));
	assert_int_equal(DEST_INDEX(dest.id), 9);
	director_free(director);
}

static void
an_address_is_a_servers_as_long_as_a_destination_has_it(void **state)
{
	struct director *director = director_new(1, 16);
	struct lb *lb = director->lb;
	struct ip_addr address = address_of("10.0.0.1"), other = address_of("a00:1::");
	struct dest one = { .addr = address, .id = DEST_ID(1, 1) }, two = { .addr = address, .id = DEST_ID(2, 1) };
	const struct dest *published;

	(void)state;
	assert_false(lb_is_server(lb, AF_INET, &address.ip));
	assert_int_equal(dest_publish(lb, &one, &published), 0);
	assert_int_equal(dest_publish(lb, &one, &published), 0);
	assert_int_equal(dest_publish(lb, &two, &published), 0);
	assert_true(lb_is_server(lb, AF_INET, &address.ip));
	assert_false(lb_is_server(lb, AF_INET6, &other.ip));
	dest_retract(lb, one.id);
	assert_true(lb_is_server(lb, AF_INET, &address.ip));
	dest_retract(lb, two.id);
	assert_false(lb_is_server(lb, AF_INET, &address.ip));
	director_free(director);
}

static uint32_t
candidates(const struct director *director, struct flow *ret, uint32_t max)
{
	struct flow reply = flow_of(IPPROTO_TCP, "10.0.0.1", 80, "198.51.100.9", 999);
	uint32_t n = 0;

	while (n < max && reverse_map_client_flow(director->lb, &reply, n, &ret[n]))
		n++;
	return n;
}

static void
the_services_of_a_nat_server_are_known_by_its_address_and_port(void **state)
{
	struct director *director = director_new(2, 16);
	struct dest_spec full_nat = { .address = "10.0.0.1", .port = 80, .weight = 1, .forward = FORWARD_FULLNAT };
	struct flow expected = flow_of(IPPROTO_TCP, "198.51.100.9", 999, "192.0.2.1", 8080), found[4];

	(void)state;
	director_serve(director, 0, IPPROTO_TCP, "192.0.2.1", 8080, "rr", 0, two_servers, 2);
	director_serve(director, 1, IPPROTO_UDP, "192.0.2.1", 8080, "rr", 2, two_servers, 2);
	director_serve(director, 2, IPPROTO_TCP, "192.0.2.3", 8080, "rr", 4, &full_nat, 1);
	assert_int_equal(candidates(director, found, 4), 1);
	assert_memory_equal(&found[0], &expected, sizeof(expected));
	director_serve(director, 3, IPPROTO_TCP, "192.0.2.2", 81, "rr", 6, two_servers, 2);
	assert_int_equal(candidates(director, found, 4), 2);
	/* A new version that has it still, one that hasn't, one that has it again. */
	director_serve(director, 3, IPPROTO_TCP, "192.0.2.2", 81, "rr", 6, two_servers, 1);
	assert_int_equal(candidates(director, found, 4), 2);
	director_serve(director, 3, IPPROTO_TCP, "192.0.2.2", 81, "rr", 6, two_servers, 0);
	assert_int_equal(candidates(director, found, 4), 1);
	director_serve(director, 3, IPPROTO_TCP, "192.0.2.2", 81, "rr", 6, two_servers, 1);
	assert_int_equal(candidates(director, found, 4), 2);
	service_retract(director->lb, 3);
	service_retract(director->lb, 0);
	assert_int_equal(candidates(director, found, 4), 0);
	director_free(director);
}

/* The address of a server that did not change is changed behind the map's back. Were it looked at, an entry would be
 * made for it and given back with the old version; all that is given back is the old version. */
static void
a_new_version_costs_what_changed_and_no_more(void **state)
{
	static const struct dest_spec specs[] = {
		{ .address = "10.0.0.1", .port = 80, .weight = 1 },
		{ .address = "10.0.0.2", .port = 80, .weight = 1 },
		{ .address = "10.0.0.3", .port = 80, .weight = 1 },
	};
	struct director *director = director_new(2, 16);
	struct ip_addr elsewhere = address_of("10.9.9.9"), before;
	const struct dest *dests[4];
	struct dest *unchanged;
	struct flow found[4];

	(void)state;
	rcu_online(director->rcu, 0);
	for (uint32_t i = 0; i < 3; i++)
		dests[1 + i] = director_dest(director, 0, i, &specs[i]);
	director_service(director, 0, IPPROTO_TCP, "192.0.2.1", 80, "rr", &dests[1], 3);
	unchanged = (struct dest *)(uintptr_t)dests[2];
	before = unchanged->addr;
	unchanged->addr = elsewhere;
	/* One more in front, then one less. */
	dests[0] = director_dest(director, 0, 3, &specs[0]);
	director_service(director, 0, IPPROTO_TCP, "192.0.2.1", 80, "rr", dests, 4);
	assert_int_equal(rcu_reclaim(director->rcu), 1);
	director_service(director, 0, IPPROTO_TCP, "192.0.2.1", 80, "rr", &dests[1], 3);
	assert_int_equal(rcu_reclaim(director->rcu), 2);
	unchanged->addr = before;
	assert_int_equal(candidates(director, found, 4), 1);
	service_retract(director->lb, 0);
	assert_int_equal(candidates(director, found, 4), 0);
	director_free(director);
}

#define MANY 24
#define ADDRESSES 6

struct server_list {
	const struct dest *dests[MANY];
	uint32_t n, next_index;
};

static void
change_list(struct director *director, struct server_list *list, struct random_source *random)
{
	char address[16];
	struct dest_spec spec = { .address = address, .port = 80, .weight = 1 };
	uint32_t at = random_upto(random, list->n + 1);

	snprintf(address, sizeof(address), "10.0.0.%u", 1 + random_upto(random, ADDRESSES));
	spec.forward = random_upto(random, 4) == 0 ? FORWARD_FULLNAT : FORWARD_NAT;
	if (list->n < MANY && random_upto(random, 2) == 0) {
		memmove(&list->dests[1], &list->dests[0], list->n++ * sizeof(list->dests[0]));
		list->dests[0] = director_dest(director, 0, list->next_index++ % FIXTURE_DESTS, &spec);
	} else if (at < list->n && random_upto(random, 2) == 0) {
		/* The same server with another method. */
		struct dest changed = *list->dests[at];

		changed.forward = spec.forward;
		assert_int_equal(dest_publish(director->lb, &changed, &list->dests[at]), 0);
	} else if (at < list->n) {
		memmove(&list->dests[at], &list->dests[at + 1], (--list->n - at) * sizeof(list->dests[0]));
	}
}

static uint32_t
uses_of(const struct lb *lb, const struct ip_addr *address)
{
	for (uint32_t i = 0; i <= lb->reverse->mask; i++) {
		for (const struct reverse_entry *entry = lb->reverse->buckets[i]; entry; entry = entry->next) {
			if (ip_bits_equal(&entry->server.addr, &address->ip))
				return entry->uses;
		}
	}
	return 0;
}

static void
nat_servers_are_counted_whatever_changes_at_once(void **state)
{
	struct random_source random = random_source_new(33);
	struct director *director = director_new(2, 16);
	struct server_list list = { .n = 0 };

	(void)state;
	for (int round = 0; round < 3000; round++) {
		for (uint32_t changes = random_upto(&random, 5); changes > 0; changes--)
			change_list(director, &list, &random);
		director_service(director, 0, IPPROTO_TCP, "192.0.2.1", 80, "rr", list.dests, list.n);
		rcu_reclaim(director->rcu);
		for (uint32_t i = 1; i <= ADDRESSES; i++) {
			struct ip_addr address = { .family = AF_INET, .ip.v4 = rte_cpu_to_be_32(0x0a000000 + i) };
			uint32_t expected = 0;

			for (uint32_t at = 0; at < list.n; at++)
				expected += list.dests[at]->forward == FORWARD_NAT &&
					    ip_addr_equal(&list.dests[at]->addr, &address);
			assert_int_equal(uses_of(director->lb, &address), expected);
		}
	}
	service_retract(director->lb, 0);
	for (uint32_t i = 0; i <= director->lb->reverse->mask; i++)
		assert_null(director->lb->reverse->buckets[i]);
	director_free(director);
}

static void
what_workers_count_is_summed(void **state)
{
	struct director *director = director_new(3, 16);
	struct dest_load sum;

	(void)state;
	for (int32_t i = 0; i < 3; i++)
		director->workers[i]->loads[4] = (struct dest_load){ .in_packets = 1,
								     .out_packets = 2,
								     .in_bytes = 3,
								     .out_bytes = 4,
								     .connections = 5,
								     .active = 6 + i,
								     .inactive = 7,
								     .persistent = 8 };
	dest_load_sum(director->lb, 4, &sum);
	assert_int_equal(sum.in_packets, 3);
	assert_int_equal(sum.out_packets, 6);
	assert_int_equal(sum.in_bytes, 9);
	assert_int_equal(sum.out_bytes, 12);
	assert_int_equal(sum.connections, 15);
	assert_int_equal(sum.active, 21);
	assert_int_equal(sum.inactive, 21);
	assert_int_equal(sum.persistent, 24);
	director_free(director);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_service_is_found_by_its_address_port_and_protocol_alone),
		cmocka_unit_test(a_service_lists_its_destinations_and_those_with_weight),
		cmocka_unit_test(a_new_version_takes_the_place_of_the_old_one),
		cmocka_unit_test(numbers_beyond_the_limits_are_refused),
		cmocka_unit_test(chains_of_services_stay_whole_under_random_changes),
		cmocka_unit_test(a_destination_lives_under_its_own_generation_until_it_is_taken_back),
		cmocka_unit_test(a_destination_that_comes_back_revives_its_connections),
		cmocka_unit_test(an_address_is_a_servers_as_long_as_a_destination_has_it),
		cmocka_unit_test(the_services_of_a_nat_server_are_known_by_its_address_and_port),
		cmocka_unit_test(a_new_version_costs_what_changed_and_no_more),
		cmocka_unit_test(nat_servers_are_counted_whatever_changes_at_once),
		cmocka_unit_test(what_workers_count_is_summed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
