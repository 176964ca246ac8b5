/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Schedulers by hash and by chance: who gets how much, and what moves when the list changes. That they pick whom the
 * kernel or DPVS picks is in test_kernel_picks.c.
 */
#include <errno.h>

#include <linux/ip_vs.h>

#include "control/ipvs_model.h"
#include "scheduled_list.h"

#define CLIENTS 20000

/* How many of CLIENTS each destination gets. */
static void
count_clients(const struct list *list, uint32_t *picked)
{
	for (uint32_t i = 0; i < CLIENTS; i++) {
		int place = pick_client(list, 0, i);

		assert_in_range(place, 0, list->n - 1);
		picked[place]++;
	}
}

static void
check_shares(const char *scheduler, const int32_t *weights, uint32_t n, uint32_t tolerance_percent)
{
	struct list *list = list_new(1, scheduler, weights, n);
	uint32_t picked[64] = { 0 }, total = 0;

	for (uint32_t i = 0; i < n; i++)
		total += (uint32_t)weights[i];
	count_clients(list, picked);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t fair = CLIENTS * (uint32_t)weights[i] / total, tolerance = fair * tolerance_percent / 100;

		assert_in_range(picked[i], fair - tolerance, fair + tolerance);
	}
	list_free(list);
}

/* sh is as coarse as its 256 slots, conhash as its points, twos follows the load as well, which is none here. */
static void
clients_are_shared_by_weight(void **state)
{
	(void)state;
	check_shares("mh", (const int32_t[]){ 1, 2, 3, 4 }, 4, 10);
	check_shares("mh", (const int32_t[]){ 100, 100, 100, 100, 100, 100, 100, 100 }, 8, 10);
	check_shares("sh", (const int32_t[]){ 1, 2, 3, 4 }, 4, 25);
	check_shares("conhash", (const int32_t[]){ 1, 2, 3, 4 }, 4, 25);
	check_shares("twos", (const int32_t[]){ 10, 20, 30, 40 }, 4, 12);
}

/* The share of clients, in percent, that have another server after MUTATE. */
static uint32_t
moved_by(const char *scheduler, uint32_t n, void (*mutate)(struct list *list))
{
	int32_t weights[64];
	struct list *list;
	int *before = calloc(CLIENTS, sizeof(*before));
	uint32_t moved = 0;

	assert_non_null(before);
	for (uint32_t i = 0; i < n; i++)
		weights[i] = 1;
	list = list_new(1, scheduler, weights, n);
	for (uint32_t i = 0; i < CLIENTS; i++)
		before[i] = pick_client(list, 0, i);
	mutate(list);
	publish_list(list, scheduler);
	for (uint32_t i = 0; i < CLIENTS; i++)
		moved += pick_client(list, 0, i) != before[i];
	free(before);
	list_free(list);
	return moved * 100 / CLIENTS;
}

static void
remove_last(struct list *list)
{
	list->n--;
}

static void
add_one(struct list *list)
{
	list->specs[list->n++].weight = 1;
}

static void
consistent_hashing_moves_few_clients(void **state)
{
	(void)state;
	/* a tenth has to move */
	assert_in_range(moved_by("conhash", 10, remove_last), 5, 15);
	assert_in_range(moved_by("conhash", 10, add_one), 5, 15);
	assert_in_range(moved_by("mh", 10, remove_last), 5, 30);
	assert_in_range(moved_by("mh", 10, add_one), 5, 30);
	assert_in_range(moved_by("sh", 10, remove_last), 50, 100);
}

static void
quiesce_first(struct list *list)
{
	list->specs[0].weight = 0;
	list->specs[0].weight_before = 1;
}

/* Without fallback they get nobody, with it another one; the others stay where they are. */
static void
a_quiesced_server_of_mh_keeps_its_slots(void **state)
{
	(void)state;
	assert_in_range(moved_by("mh", 10, quiesce_first), 8, 12);
}

static void
the_fallback_flags_find_another_server(void **state)
{
	static const char *const names[] = { "sh", "mh" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct list *list = list_new(1, names[i], (const int32_t[]){ 1, 1, 1, 1 }, 4);
		uint32_t refused = 0, picked[4] = { 0 };

		quiesce_first(list);
		list->specs[1].upper = 1;
		publish_list(list, names[i]);
		add_load(list, 0, 1, 1, 0);
		for (uint32_t client = 0; client < 1000; client++)
			refused += pick_client(list, 0, client) < 0;
		assert_in_range(refused, 300, 700);
		list->director->service_flags = IP_VS_SVC_F_SCHED_SH_FALLBACK;
		publish_list(list, names[i]);
		for (uint32_t client = 0; client < 1000; client++) {
			int place = pick_client(list, 0, client);

			assert_in_range(place, 2, 3);
			picked[place]++;
		}
		/* the kernel's sh sends all of them to the same neighbour */
		assert_in_range(picked[2], 300, 800);
		list_free(list);
	}
}

static void
the_port_flags_spread_one_client(void **state)
{
	static const char *const names[] = { "sh", "mh" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct list *list = list_new(1, names[i], (const int32_t[]){ 1, 1, 1, 1 }, 4);

		for (uint32_t ports = 0; ports < 2; ports++) {
			uint32_t seen = 0;

			list->director->service_flags = ports ? IP_VS_SVC_F_SCHED_SH_PORT : 0;
			publish_list(list, names[i]);
			for (uint16_t port = 1024; port < 1224; port++) {
				struct flow flow = flow_of(IPPROTO_TCP, "198.51.100.1", port, "192.0.2.1", 80);

				seen |= 1u << pick_for(list, 0, &flow);
			}
			assert_int_equal(__builtin_popcount(seen), ports ? 4 : 1);
		}
		list_free(list);
	}
}

/* The kernel's table stays as it was when there are more servers than slots. */
static void
mh_serves_the_oldest_that_have_slots(void **state)
{
	int32_t *weights = calloc(MANY, sizeof(*weights));
	struct list *list;
	uint32_t seen = 0;

	(void)state;
	for (int i = 0; i < MANY; i++)
		weights[i] = 1;
	list = list_new(1, "mh", weights, MANY);
	for (uint32_t client = 0; client < 50000; client++) {
		int place = pick_client(list, 0, client);

		/* the newest are first in the list */
		assert_in_range(place, MANY - 4093, MANY - 1);
		seen += load_of(list, 0, (uint32_t)place)->active++ == 0;
	}
	assert_in_range(seen, 4080, 4093);
	list_free(list);
	free(weights);
}

static void
a_service_with_more_servers_than_slots_cannot_become_mh(void **state)
{
	const struct ipvs_limits limits = { .services = 1, .dests = 8192 };
	struct ipvs_service_setup setup = { .scheduler = "rr", .netmask = UINT32_MAX };
	const struct ipvs_key key = { .family = AF_INET, .protocol = IPPROTO_TCP, .port = RTE_BE16(80) };
	struct director *director = director_new(1, 64);
	struct ipvs_model *model;
	struct ipvs_service *service;
	struct ipvs_dest *dest;

	(void)state;
	assert_int_equal(ipvs_model_create(director->lb, &limits, &model), 0);
	assert_int_equal(ipvs_service_add(model, &key, &setup, &service), 0);
	for (uint32_t i = 0; i < 4094; i++) {
		const struct dest spec = { .addr = { .family = AF_INET, .ip.v4 = rte_cpu_to_be_32(0x0a000001 + i) },
					   .weight = 1 };

		assert_int_equal(ipvs_dest_add(model, service, &spec, &dest), 0);
	}
	setup.scheduler = "mh";
	assert_int_equal(ipvs_service_edit(model, service, &setup), -EINVAL);
	assert_ptr_equal(service->scheduler, &scheduler_rr);
	assert_int_equal(ipvs_dest_remove(model, service, &dest->spec.addr, dest->spec.port), 0);
	assert_int_equal(ipvs_service_edit(model, service, &setup), 0);
	assert_ptr_equal(service->scheduler, &scheduler_mh);
	ipvs_model_destroy(model);
	director_free(director);
}

static void
conhash_holds_thousands_of_servers(void **state)
{
	int32_t *weights = calloc(MANY, sizeof(*weights));
	struct list *list;
	uint32_t seen = 0;

	(void)state;
	for (int i = 0; i < MANY; i++)
		weights[i] = 1 + i % 7 * 1000;
	list = list_new(1, "conhash", weights, MANY);
	for (uint32_t client = 0; client < 20000; client++)
		seen += load_of(list, 0, (uint32_t)pick_client(list, 0, client))->active++ == 0;
	assert_in_range(seen, MANY / 2, MANY);
	list_free(list);
	free(weights);
}

/* Of two drawn at random the less loaded one: the fullest can't be far from the average. */
static void
twos_keeps_connections_nearly_level(void **state)
{
	static const int32_t weights[50] = { [0 ... 49] = 2 };
	struct list *list = list_new(1, "twos", weights, 50);

	(void)state;
	for (uint32_t i = 0; i < 50 * 100; i++)
		add_load(list, 0, (uint32_t)pick(list, 0), 0, 1);
	for (uint32_t i = 0; i < 50; i++)
		assert_in_range(load_of(list, 0, i)->inactive, 94, 106);
	list_free(list);
}

static void
twos_finds_the_few_that_are_open(void **state)
{
	static const int32_t weights[1000] = { [0 ... 999] = 3 };
	struct list *list = list_new(1, "twos", weights, 1000);
	uint32_t picked[1000] = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		list->specs[i].upper = 1;
	list->specs[500].upper = 0;
	list->specs[700].upper = 0;
	publish_list(list, "twos");
	for (uint32_t i = 0; i < 1000; i++)
		add_load(list, 0, i, 1, 0);
	for (uint32_t i = 0; i < 200; i++)
		picked[pick(list, 0)]++;
	assert_int_equal(picked[500] + picked[700], 200);
	assert_in_range(picked[500], 50, 150);
	list_free(list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_are_shared_by_weight),
		cmocka_unit_test(consistent_hashing_moves_few_clients),
		cmocka_unit_test(a_quiesced_server_of_mh_keeps_its_slots),
		cmocka_unit_test(the_fallback_flags_find_another_server),
		cmocka_unit_test(the_port_flags_spread_one_client),
		cmocka_unit_test(mh_serves_the_oldest_that_have_slots),
		cmocka_unit_test(a_service_with_more_servers_than_slots_cannot_become_mh),
		cmocka_unit_test(conhash_holds_thousands_of_servers),
		cmocka_unit_test(twos_keeps_connections_nearly_level),
		cmocka_unit_test(twos_finds_the_few_that_are_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
