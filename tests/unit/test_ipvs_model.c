/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the commands do: keys, flags, removed destinations that come back, counts, full-NAT and the two kinds of clients,
 * numbers that run out.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control_fixture.h"
#include "lb/lb.h"
#include "lb/persistence.h"
#include "lb/removed.h"
#include "lb/reverse_map.h"

static struct wire wire;

static const struct ipvs_dest *
first_dest(const struct control_fixture *fixture)
{
	uint64_t index = 0;
	const struct ipvs_service *service = ipvs_service_next(fixture->model, &index);

	return service ? TAILQ_FIRST(&service->dests) : NULL;
}

/* What a client sees of the only destination. */
static const struct nlattr *
shown(struct control_fixture *fixture, uint16_t type)
{
	dest_command(fixture, IPVS_CMD_GET_DEST, 1, 0, 0, 0);
	assert_int_equal(dump_count(fixture), 1);
	return answer_attr(answer_message(fixture, 0), IPVS_CMD_ATTR_DEST, type);
}

static uint64_t
shown_conns(struct control_fixture *fixture)
{
	uint64_t value;

	memcpy(&value, nla_data(nested_attr(shown(fixture, IPVS_DEST_ATTR_STATS64), IPVS_STATS_ATTR_CONNS)),
	       sizeof(value));
	return value;
}

static uint64_t
shown_service_conns(struct control_fixture *fixture)
{
	const struct nlattr *stats;
	uint64_t value;

	assert_int_equal(service_command(fixture, IPVS_CMD_GET_SERVICE, 1), 0);
	stats = answer_attr(answer_message(fixture, 0), IPVS_CMD_ATTR_SERVICE, IPVS_SVC_ATTR_STATS64);
	memcpy(&value, nla_data(nested_attr(stats, IPVS_STATS_ATTR_CONNS)), sizeof(value));
	return value;
}

static int
service_with(struct control_fixture *fixture, uint8_t command, uint16_t type, const void *data, uint32_t length)
{
	uint32_t nest;

	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, command, NLM_F_REQUEST | NLM_F_ACK);
	nest = wire.length;
	wire_service(&wire, 1, true);
	wire_put(&wire, type, data, length);
	wire_nest_end(&wire, nest);
	wire_end(&wire);
	return ask(fixture, &wire);
}

static void
flags_are_masked_and_hashed_is_always_shown(void **state)
{
	struct ip_vs_flags flags = { .flags = IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_ONEPACKET, .mask = ~0u };
	struct control_fixture *fixture = *state;
	const struct nlattr *attr;

	assert_int_equal(service_with(fixture, IPVS_CMD_NEW_SERVICE, IPVS_SVC_ATTR_FLAGS, &flags, sizeof(flags)), 0);
	flags = (struct ip_vs_flags){ .flags = IP_VS_SVC_F_SCHED1, .mask = IP_VS_SVC_F_SCHED1 | IP_VS_SVC_F_ONEPACKET };
	assert_int_equal(service_with(fixture, IPVS_CMD_SET_SERVICE, IPVS_SVC_ATTR_FLAGS, &flags, sizeof(flags)), 0);
	assert_int_equal(service_command(fixture, IPVS_CMD_GET_SERVICE, 1), 0);
	attr = answer_attr(answer_message(fixture, 0), IPVS_CMD_ATTR_SERVICE, IPVS_SVC_ATTR_FLAGS);
	assert_int_equal(attr_u32(attr), IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_HASHED | IP_VS_SVC_F_SCHED1);
}

static void
a_mark_wins_over_an_address(void **state)
{
	struct control_fixture *fixture = *state;
	uint32_t mark = 9;
	const struct nlmsghdr *message;

	assert_int_equal(service_with(fixture, IPVS_CMD_NEW_SERVICE, IPVS_SVC_ATTR_FWMARK, &mark, sizeof(mark)), 0);
	assert_int_equal(service_command(fixture, IPVS_CMD_GET_SERVICE, 1), -ESRCH);
	assert_int_equal(service_with(fixture, IPVS_CMD_GET_SERVICE, IPVS_SVC_ATTR_FWMARK, &mark, sizeof(mark)), 0);
	message = answer_message(fixture, 0);
	assert_non_null(answer_attr(message, IPVS_CMD_ATTR_SERVICE, IPVS_SVC_ATTR_FWMARK));
	assert_null(answer_attr(message, IPVS_CMD_ATTR_SERVICE, IPVS_SVC_ATTR_ADDR));
}

static void
a_persistence_engine_is_shown_until_an_edit_names_none(void **state)
{
	struct control_fixture *fixture = *state;
	const struct nlattr *name;

	assert_int_equal(service_with(fixture, IPVS_CMD_NEW_SERVICE, IPVS_SVC_ATTR_PE_NAME, "sip", 4), 0);
	assert_int_equal(service_command(fixture, IPVS_CMD_GET_SERVICE, 1), 0);
	name = answer_attr(answer_message(fixture, 0), IPVS_CMD_ATTR_SERVICE, IPVS_SVC_ATTR_PE_NAME);
	assert_non_null(name);
	assert_string_equal(nla_data(name), "sip");
	assert_string_equal(fixture->lb->services[0]->engine->name, "sip");
	assert_int_equal(service_command(fixture, IPVS_CMD_SET_SERVICE, 1), 0);
	assert_int_equal(service_command(fixture, IPVS_CMD_GET_SERVICE, 1), 0);
	assert_null(answer_attr(answer_message(fixture, 0), IPVS_CMD_ATTR_SERVICE, IPVS_SVC_ATTR_PE_NAME));
	assert_null(fixture->lb->services[0]->engine);
}

static void
unknown_attributes_and_nest_bits_do_not_matter(void **state)
{
	struct control_fixture *fixture = *state;
	uint32_t nest;

	assert_int_equal(service_with(fixture, IPVS_CMD_NEW_SERVICE, 0x3f00, "private", 8), 0);
	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, IPVS_CMD_DEL_SERVICE, NLM_F_REQUEST | NLM_F_ACK);
	nest = wire.length;
	wire_service(&wire, 1, false);
	wire.bytes[nest + 3] |= 0x80;
	wire_string(&wire, 77, "above all types");
	wire_end(&wire);
	assert_int_equal(ask(fixture, &wire), 0);
	assert_int_equal(fixture->model->n_services, 0);
}

static void
a_destination_that_comes_back_keeps_number_and_counts(void **state)
{
	struct control_fixture *fixture = *state;
	uint32_t id;

	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 1, FORWARD_NAT, 1), 0);
	id = first_dest(fixture)->spec.id;
	assert_true(dest_alive(fixture->lb, id));
	fixture->worker->loads[DEST_INDEX(id)].connections = 5;
	assert_int_equal(dest_command(fixture, IPVS_CMD_DEL_DEST, 1, 1, FORWARD_NAT, 1), 0);
	assert_false(dest_alive(fixture->lb, id));
	assert_int_equal(shown_service_conns(fixture), 5);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 1, FORWARD_NAT, 1), 0);
	assert_int_equal(first_dest(fixture)->spec.id, id);
	assert_true(dest_alive(fixture->lb, id));
	assert_int_equal(shown_conns(fixture), 5);
	assert_int_equal(shown_service_conns(fixture), 5);
	fixture->worker->loads[DEST_INDEX(id)].connections = 7;
	assert_int_equal(shown_conns(fixture), 7);
	assert_int_equal(shown_service_conns(fixture), 7);
}

static void
a_removed_destination_is_forgotten_when_it_has_been_idle(void **state)
{
	struct control_fixture *fixture = *state;
	uint32_t id, again;

	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 1, FORWARD_NAT, 1), 0);
	id = first_dest(fixture)->spec.id;
	fixture->worker->loads[DEST_INDEX(id)].connections = 5;
	fixture->worker->loads[DEST_INDEX(id)].inactive = 1;
	assert_int_equal(dest_command(fixture, IPVS_CMD_DEL_DEST, 1, 1, FORWARD_NAT, 1), 0);
	ipvs_model_tick(fixture->model, TRASH_PERIOD_MS);
	assert_non_null(fixture->model->dests[DEST_INDEX(id)]);
	fixture->worker->loads[DEST_INDEX(id)].inactive = 0;
	ipvs_model_tick(fixture->model, 2 * TRASH_PERIOD_MS - 1);
	assert_non_null(fixture->model->dests[DEST_INDEX(id)]);
	ipvs_model_tick(fixture->model, 2 * TRASH_PERIOD_MS);
	assert_null(fixture->model->dests[DEST_INDEX(id)]);
	/* its number comes again, with another generation, and without its counts */
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 1, FORWARD_NAT, 1), 0);
	again = first_dest(fixture)->spec.id;
	assert_int_equal(DEST_INDEX(again), DEST_INDEX(id));
	assert_int_not_equal(again, id);
	assert_int_equal(shown_conns(fixture), 0);
}

/* Those of the second server, when it is a NAT server. */
static bool
answers_find_their_owner(const struct control_fixture *fixture)
{
	struct flow answer = { .family = AF_INET, .proto = 6, .sport = rte_cpu_to_be_16(8080) }, client;

	answer.src.v4 = rte_cpu_to_be_32(0x0a010002);
	return reverse_map_client_flow(fixture->lb, &answer, 0, &client);
}

/* As long as it is in the trash, packets to its service find their worker (lb/removed.h). */
static void
workers_remember_a_removed_destination_until_it_comes_back_or_is_forgotten(void **state)
{
	struct control_fixture *fixture = *state;
	struct flow flow = { .family = AF_INET, .proto = 6, .dport = rte_cpu_to_be_16(80) };

	flow.dst.v4 = rte_cpu_to_be_32(0x0a000001);
	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 1, FORWARD_NAT, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 2, FORWARD_DIRECT, 1), 0);
	assert_false(removed_may_have(fixture->lb, &flow));
	assert_int_equal(service_command(fixture, IPVS_CMD_DEL_SERVICE, 1), 0);
	assert_true(removed_may_have(fixture->lb, &flow));
	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 1, FORWARD_NAT, 1), 0);
	assert_true(removed_may_have(fixture->lb, &flow));
	assert_false(answers_find_their_owner(fixture));
	/* with another method */
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 2, FORWARD_NAT, 1), 0);
	assert_false(removed_may_have(fixture->lb, &flow));
	assert_int_equal(dest_command(fixture, IPVS_CMD_DEL_DEST, 1, 2, FORWARD_NAT, 1), 0);
	assert_true(removed_may_have(fixture->lb, &flow));
	assert_true(answers_find_their_owner(fixture));
	ipvs_model_tick(fixture->model, TRASH_PERIOD_MS);
	assert_false(removed_may_have(fixture->lb, &flow));
	assert_false(answers_find_their_owner(fixture));
}

static void
zero_hides_counts_and_rates(void **state)
{
	struct control_fixture *fixture = *state;
	struct ipvs_rates rates;
	uint32_t id;

	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 1, FORWARD_NAT, 1), 0);
	id = first_dest(fixture)->spec.id;
	fixture->worker->loads[DEST_INDEX(id)].connections = 2000;
	fixture->worker->loads[DEST_INDEX(id)].active = 3;
	for (uint64_t i = 0; i < 20; i++)
		ipvs_model_tick(fixture->model, 100 * i);
	rates = ipvs_estimator_rates(&first_dest(fixture)->estimator);
	/* 2000 in two seconds, a quarter of the way from 0 */
	assert_int_equal(rates.conns, 250);
	assert_int_equal(service_command(fixture, IPVS_CMD_ZERO, 1), 0);
	assert_int_equal(shown_conns(fixture), 0);
	assert_int_equal(shown_service_conns(fixture), 0);
	rates = ipvs_estimator_rates(&first_dest(fixture)->estimator);
	assert_int_equal(rates.conns, 0);
	assert_int_equal(attr_u32(shown(fixture, IPVS_DEST_ATTR_ACTIVE_CONNS)), 3);
	fixture->worker->loads[DEST_INDEX(id)].connections = 2001;
	assert_int_equal(shown_conns(fixture), 1);
	assert_int_equal(shown_service_conns(fixture), 1);
}

/* Each destination's rate is rounded to 0, and would be so by the kernel. */
static void
a_services_rate_is_not_a_sum_of_rounded_ones(void **state)
{
	struct control_fixture *fixture = *state;
	struct ipvs_service *service;
	struct ipvs_stats counts;
	struct ipvs_rates rates;

	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	for (uint8_t i = 1; i <= 4; i++) {
		assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, i, FORWARD_NAT, 1), 0);
		fixture->worker->loads[DEST_INDEX(first_dest(fixture)->spec.id)].connections = 4;
	}
	for (uint64_t i = 0; i < 20; i++)
		ipvs_model_tick(fixture->model, 100 * i);
	service = first_dest(fixture)->service;
	assert_int_equal(ipvs_estimator_rates(&first_dest(fixture)->estimator).conns, 0);
	ipvs_service_stats(fixture->model, service, &counts, &rates);
	assert_int_equal(counts.conns, 16);
	/* 16 in two seconds, a quarter of the way from 0 */
	assert_int_equal(rates.conns, 2);
}

static void
full_nat_is_shown_to_those_who_know_it(void **state)
{
	struct control_fixture *fixture = *state;

	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	/* bits above the method are cut off, as in the kernel */
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 1, 8 | FORWARD_FULLNAT, 1), 0);
	assert_int_equal(attr_u32(shown(fixture, IPVS_DEST_ATTR_FWD_METHOD)), FORWARD_NAT);
	fixture->session.extended = true;
	assert_int_equal(attr_u32(shown(fixture, IPVS_DEST_ATTR_FWD_METHOD)), FORWARD_FULLNAT);
}

static void
a_weight_changed_by_a_stock_client_leaves_full_nat(void **state)
{
	struct control_fixture *fixture = *state;

	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 1, FORWARD_FULLNAT, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_SET_DEST, 1, 1, FORWARD_NAT, 9), 0);
	assert_int_equal(first_dest(fixture)->spec.forward, FORWARD_FULLNAT);
	assert_int_equal(first_dest(fixture)->spec.weight, 9);
	assert_int_equal(dest_command(fixture, IPVS_CMD_SET_DEST, 1, 1, FORWARD_DIRECT, 9), 0);
	assert_int_equal(first_dest(fixture)->spec.forward, FORWARD_DIRECT);
	assert_int_equal(dest_command(fixture, IPVS_CMD_SET_DEST, 1, 1, FORWARD_FULLNAT, 9), 0);
	fixture->session.extended = true;
	assert_int_equal(dest_command(fixture, IPVS_CMD_SET_DEST, 1, 1, FORWARD_NAT, 9), 0);
	assert_int_equal(first_dest(fixture)->spec.forward, FORWARD_NAT);
}

/* As dest->last_weight of the kernel: kept through weight 0, but not through a removal. */
static void
the_weight_before_zero_is_remembered(void **state)
{
	struct control_fixture *fixture = *state;

	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 1, 0, 5), 0);
	assert_int_equal(first_dest(fixture)->spec.last_weight, 5);
	assert_int_equal(dest_command(fixture, IPVS_CMD_SET_DEST, 1, 1, 0, 0), 0);
	assert_int_equal(first_dest(fixture)->spec.last_weight, 5);
	assert_int_equal(dest_command(fixture, IPVS_CMD_SET_DEST, 1, 1, 0, 3), 0);
	assert_int_equal(first_dest(fixture)->spec.last_weight, 3);
	assert_int_equal(dest_command(fixture, IPVS_CMD_DEL_DEST, 1, 1, 0, 0), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 1, 0, 0), 0);
	assert_int_equal(first_dest(fixture)->spec.last_weight, 0);
}

static void
masquerading_is_full_nat_where_that_is_set(void **state)
{
	struct control_fixture *fixture = *state;

	fixture->model->masquerade_is_fullnat = true;
	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 1, FORWARD_NAT, 1), 0);
	assert_int_equal(first_dest(fixture)->spec.forward, FORWARD_FULLNAT);
	assert_int_equal(attr_u32(shown(fixture, IPVS_DEST_ATTR_FWD_METHOD)), FORWARD_NAT);
	assert_int_equal(dest_command(fixture, IPVS_CMD_SET_DEST, 1, 1, FORWARD_DIRECT, 1), 0);
	assert_int_equal(first_dest(fixture)->spec.forward, FORWARD_DIRECT);
	assert_int_equal(dest_command(fixture, IPVS_CMD_SET_DEST, 1, 1, FORWARD_NAT, 1), 0);
	assert_int_equal(first_dest(fixture)->spec.forward, FORWARD_FULLNAT);
	/* who knows full-NAT means what it says */
	fixture->session.extended = true;
	assert_int_equal(dest_command(fixture, IPVS_CMD_SET_DEST, 1, 1, FORWARD_NAT, 1), 0);
	assert_int_equal(first_dest(fixture)->spec.forward, FORWARD_NAT);
}

static void
what_is_removed_and_what_has_weight_is_published(void **state)
{
	struct control_fixture *fixture = *state;
	struct flow flow = { .family = AF_INET, .proto = 6, .dport = rte_cpu_to_be_16(80) };
	const struct service *service;

	flow.dst.v4 = rte_cpu_to_be_32(0x0a000001);
	assert_null(service_find(fixture->lb, &flow));
	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 1, FORWARD_NAT, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 2, FORWARD_NAT, 0), 0);
	service = service_find(fixture->lb, &flow);
	assert_non_null(service);
	assert_int_equal(service->n_dests, 2);
	assert_int_equal(service->n_ready, 1);
	assert_int_equal(service->dests[0]->weight, 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_SET_DEST, 1, 1, FORWARD_NAT, 0), 0);
	assert_int_equal(service_find(fixture->lb, &flow)->n_ready, 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_DEL_DEST, 1, 1, 0, 0), 0);
	assert_int_equal(service_find(fixture->lb, &flow)->n_dests, 1);
	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, IPVS_CMD_FLUSH, NLM_F_REQUEST | NLM_F_ACK);
	wire_end(&wire);
	assert_int_equal(ask(fixture, &wire), 0);
	assert_null(service_find(fixture->lb, &flow));
}

static void
when_numbers_run_out_the_longest_removed_gives_way(void **state)
{
	struct control_fixture *fixture = *state;

	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 2), 0);
	for (uint32_t i = 0; i < FIXTURE_DESTS; i++)
		assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1 + i / 200, (uint8_t)(i % 200), 0, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 2, 250, 0, 1), -ENOMEM);
	assert_int_equal(dest_command(fixture, IPVS_CMD_DEL_DEST, 1, 7, 0, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 2, 250, 0, 1), 0);
	assert_int_equal(fixture->model->n_dests, FIXTURE_DESTS);
	for (uint8_t i = 3; i <= FIXTURE_SERVICES; i++)
		assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, i), 0);
	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 200), -ENOMEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(flags_are_masked_and_hashed_is_always_shown, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(a_mark_wins_over_an_address, control_setup, control_teardown),
		cmocka_unit_test_setup_teardown(a_persistence_engine_is_shown_until_an_edit_names_none, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(unknown_attributes_and_nest_bits_do_not_matter, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(a_destination_that_comes_back_keeps_number_and_counts, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(a_removed_destination_is_forgotten_when_it_has_been_idle, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(
			workers_remember_a_removed_destination_until_it_comes_back_or_is_forgotten, control_setup,
			control_teardown),
		cmocka_unit_test_setup_teardown(zero_hides_counts_and_rates, control_setup, control_teardown),
		cmocka_unit_test_setup_teardown(a_services_rate_is_not_a_sum_of_rounded_ones, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(full_nat_is_shown_to_those_who_know_it, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(a_weight_changed_by_a_stock_client_leaves_full_nat, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(masquerading_is_full_nat_where_that_is_set, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(the_weight_before_zero_is_remembered, control_setup, control_teardown),
		cmocka_unit_test_setup_teardown(what_is_removed_and_what_has_weight_is_published, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(when_numbers_run_out_the_longest_removed_gives_way, control_setup,
						control_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
