/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a packet pays for a lookup does not grow with the number of services and servers: chains of the hashes stay
 * short. A chain of 8 is what one in a thousand tables of random numbers has.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "core/rcu.h"
#include "lb/address_set.h"
#include "lb/lb.h"
#include "lb/reverse_map.h"
#include "random_source.h"

#define SERVICES 10000
#define LONGEST 8
#define SEEDS 8

/* Addresses and ports as people give them, by number. */
struct pattern {
	const char *name;
	struct ip_addr (*address)(uint32_t number);
	uint16_t port_step;
};

static struct ip_addr
one_address(uint32_t number)
{
	(void)number;
	return (struct ip_addr){ .family = AF_INET, .ip.v4 = RTE_BE32(0xc6336401) };
}

static struct ip_addr
consecutive(uint32_t number)
{
	return (struct ip_addr){ .family = AF_INET, .ip.v4 = rte_cpu_to_be_32(0x0a000000 + number) };
}

static struct ip_addr
one_of_each_subnet(uint32_t number)
{
	return (struct ip_addr){ .family = AF_INET, .ip.v4 = rte_cpu_to_be_32(0x0a000001 + (number << 8)) };
}

static struct ip_addr
consecutive_ipv6(uint32_t number)
{
	struct ip_addr address = { .family = AF_INET6, .ip.word = { RTE_BE32(0x20010db8) } };

	address.ip.word[3] = rte_cpu_to_be_32(number);
	return address;
}

static struct ip_addr
one_of_each_subnet_ipv6(uint32_t number)
{
	struct ip_addr address = { .family = AF_INET6, .ip.word = { RTE_BE32(0x20010db8) } };

	address.ip.word[1] = rte_cpu_to_be_32(number);
	address.ip.word[3] = RTE_BE32(1);
	return address;
}

/* Host and network numbers that are the same. */
static struct ip_addr
doubled_ipv6(uint32_t number)
{
	struct ip_addr address = consecutive_ipv6(number);

	address.ip.word[1] = rte_cpu_to_be_32(number);
	return address;
}

static const struct pattern patterns[] = {
	{ "ports of an address", one_address, 1 },
	{ "consecutive addresses", consecutive, 0 },
	{ "an address of each subnet", one_of_each_subnet, 0 },
	{ "consecutive IPv6 addresses", consecutive_ipv6, 0 },
	{ "an IPv6 address of each subnet", one_of_each_subnet_ipv6, 0 },
	{ "the same number for subnet and host", doubled_ipv6, 0 },
};

static uint16_t
port_of(const struct pattern *pattern, uint32_t number)
{
	return rte_cpu_to_be_16((uint16_t)(80 + number * pattern->port_step));
}

struct fixture {
	struct rcu *rcu;
	struct lb *lb;
};

static struct fixture
fixture_new(uint32_t n_workers, uint32_t seed)
{
	struct fixture fixture = { .rcu = rcu_create(n_workers) };

	assert_non_null(fixture.rcu);
	assert_int_equal(lb_create(SERVICES, SERVICES, fixture.rcu, &fixture.lb), 0);
	fixture.lb->seed = seed;
	lb_attach_workers(fixture.lb, NULL, n_workers);
	return fixture;
}

static void
fixture_free(struct fixture *fixture)
{
	rcu_destroy(fixture->rcu);
	lb_destroy(fixture->lb);
}

static void
publish_service(struct lb *lb, uint32_t index, const struct ip_addr *vip, uint16_t port, const struct dest *dest)
{
	const struct service_spec spec = {
		.key = { .addr = vip->ip, .port = port, .family = vip->family, .protocol = 6 },
		.index = index,
	};

	assert_int_equal(service_publish(lb, &spec, &dest, dest ? 1 : 0), 0);
}

static uint32_t
longest_of_services(const struct lb *lb)
{
	uint32_t longest = 0;

	for (uint32_t i = 0; i <= lb->bucket_mask; i++) {
		uint32_t n = 0;

		for (const struct service *svc = lb->buckets[i]; svc; svc = svc->hash_next)
			n++;
		longest = RTE_MAX(longest, n);
	}
	return longest;
}

static void
chains_of_ten_thousand_services_stay_short(void **state)
{
	struct random_source random = random_source_new(41);

	(void)state;
	for (size_t i = 0; i < RTE_DIM(patterns); i++) {
		for (int round = 0; round < SEEDS; round++) {
			struct fixture fixture = fixture_new(1, (uint32_t)random_u64(&random));

			for (uint32_t n = 0; n < SERVICES; n++) {
				struct ip_addr vip = patterns[i].address(n);

				publish_service(fixture.lb, n, &vip, port_of(&patterns[i], n), NULL);
			}
			if (longest_of_services(fixture.lb) > LONGEST)
				fail_msg("%s: a chain of %u", patterns[i].name, longest_of_services(fixture.lb));
			fixture_free(&fixture);
		}
	}
}

static uint32_t
longest_of_set(const struct address_set *set)
{
	uint32_t longest = 0;

	for (uint32_t i = 0; i < set->n_buckets; i++) {
		uint32_t n = 0;

		for (const struct address_set_member *member = set->buckets[i]; member; member = member->next)
			n++;
		longest = RTE_MAX(longest, n);
	}
	return longest;
}

/* As many as there are services, and as many as there may be servers. */
static void
chains_of_address_sets_stay_short(void **state)
{
	static const uint32_t sizes[] = { 1000, SERVICES, 1 << 17 };

	(void)state;
	for (size_t i = 1; i < RTE_DIM(patterns); i++) {
		for (size_t j = 0; j < RTE_DIM(sizes); j++) {
			struct rcu *rcu = rcu_create(1);
			struct address_set *set;

			assert_int_equal(address_set_create(sizes[j], rcu, &set), 0);
			for (uint32_t n = 0; n < sizes[j]; n++) {
				struct ip_addr address = patterns[i].address(n);

				assert_int_equal(address_set_add(set, &address), 0);
			}
			if (longest_of_set(set) > LONGEST + (sizes[j] > SERVICES))
				fail_msg("%s, %u: a chain of %u", patterns[i].name, sizes[j], longest_of_set(set));
			address_set_destroy(set);
			rcu_destroy(rcu);
		}
	}
}

static uint32_t
longest_of_reverse_map(const struct reverse_map *map)
{
	uint32_t longest = 0;

	for (uint32_t i = 0; i <= map->mask; i++) {
		uint32_t n = 0;

		for (const struct reverse_entry *entry = map->buckets[i]; entry; entry = entry->next)
			n++;
		longest = RTE_MAX(longest, n);
	}
	return longest;
}

static void
chains_of_nat_servers_stay_short(void **state)
{
	struct random_source random = random_source_new(42);

	(void)state;
	for (size_t i = 0; i < RTE_DIM(patterns); i++) {
		for (int round = 0; round < SEEDS; round++) {
			struct fixture fixture = fixture_new(2, (uint32_t)random_u64(&random));

			for (uint32_t n = 0; n < SERVICES; n++) {
				struct ip_addr vip = consecutive(n);
				struct dest dest = { .addr = patterns[i].address(n),
						     .port = port_of(&patterns[i], n),
						     .id = DEST_ID(n, 1),
						     .service = n };
				const struct dest *published;

				assert_int_equal(dest_publish(fixture.lb, &dest, &published), 0);
				publish_service(fixture.lb, n, &vip, RTE_BE16(80), published);
			}
			if (longest_of_reverse_map(fixture.lb->reverse) > LONGEST)
				fail_msg("%s: a chain of %u", patterns[i].name,
					 longest_of_reverse_map(fixture.lb->reverse));
			fixture_free(&fixture);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains_of_ten_thousand_services_stay_short),
		cmocka_unit_test(chains_of_address_sets_stay_short),
		cmocka_unit_test(chains_of_nat_servers_stay_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
