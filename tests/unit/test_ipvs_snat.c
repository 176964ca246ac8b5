/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Destinations of SNAT as clients give them: where they may be, and that none becomes one or ceases to be one.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "control_fixture.h"
#include "heard_log.h"
#include "lb/lb.h"

#define OURS 200 /* the only local address */
#define HERS 201

static bool
is_laddr(void *arg, const struct ip_addr *addr)
{
	(void)arg;
	return addr->family == AF_INET && addr->ip.bytes[3] == OURS;
}

static void
wire_mark(struct wire *wire, bool full)
{
	struct ip_vs_flags flags = { .mask = ~0u };
	uint32_t nest = wire_nest(wire, IPVS_CMD_ATTR_SERVICE);

	wire_u16(wire, IPVS_SVC_ATTR_AF, AF_INET);
	wire_u32(wire, IPVS_SVC_ATTR_FWMARK, 7);
	if (full) {
		wire_string(wire, IPVS_SVC_ATTR_SCHED_NAME, "rr");
		wire_put(wire, IPVS_SVC_ATTR_FLAGS, &flags, sizeof(flags));
		wire_u32(wire, IPVS_SVC_ATTR_TIMEOUT, 0);
		wire_u32(wire, IPVS_SVC_ATTR_NETMASK, 0xffffffff);
	}
	wire_nest_end(wire, nest);
}

static int
snat_command(struct control_fixture *fixture, uint8_t command, uint8_t last, uint16_t port, uint32_t method,
	     int32_t weight)
{
	static struct wire wire;
	const uint8_t addr[4] = { 10, 0, 0, last };
	uint32_t nest;

	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, command,
		     command == IPVS_CMD_GET_DEST ? NLM_F_REQUEST | NLM_F_ACK | NLM_F_DUMP : NLM_F_REQUEST | NLM_F_ACK);
	wire_mark(&wire, command == IPVS_CMD_NEW_SERVICE);
	nest = wire_nest(&wire, IPVS_CMD_ATTR_DEST);
	wire_put(&wire, IPVS_DEST_ATTR_ADDR, addr, sizeof(addr));
	wire_be16(&wire, IPVS_DEST_ATTR_PORT, port);
	wire_u32(&wire, IPVS_DEST_ATTR_FWD_METHOD, method);
	wire_u32(&wire, IPVS_DEST_ATTR_WEIGHT, (uint32_t)weight);
	wire_u32(&wire, IPVS_DEST_ATTR_U_THRESH, 0);
	wire_u32(&wire, IPVS_DEST_ATTR_L_THRESH, 0);
	wire_nest_end(&wire, nest);
	wire_end(&wire);
	return ask(fixture, &wire);
}

static struct control_fixture *
with_mark(void **state)
{
	struct control_fixture *fixture = *state;

	fixture->model->is_laddr = is_laddr;
	assert_int_equal(snat_command(fixture, IPVS_CMD_NEW_SERVICE, 0, 0, 0, 0), 0);
	return fixture;
}

/* What a client sees of the method of the only destination. */
static uint32_t
shown_method(struct control_fixture *fixture)
{
	snat_command(fixture, IPVS_CMD_GET_DEST, 0, 0, 0, 0);
	assert_int_equal(dump_count(fixture), 1);
	return attr_u32(answer_attr(answer_message(fixture, 0), IPVS_CMD_ATTR_DEST, IPVS_DEST_ATTR_FWD_METHOD));
}

static void
snat_is_for_local_addresses_of_a_mark(void **state)
{
	struct control_fixture *fixture = with_mark(state);

	fixture->session.extended = true;
	assert_int_equal(snat_command(fixture, IPVS_CMD_NEW_DEST, HERS, 0, FORWARD_SNAT, 1), -EADDRNOTAVAIL);
	assert_int_equal(snat_command(fixture, IPVS_CMD_NEW_DEST, OURS, 80, FORWARD_SNAT, 1), -EINVAL);
	assert_int_equal(fixture->model->n_dests, 0);
	assert_int_equal(snat_command(fixture, IPVS_CMD_NEW_DEST, OURS, 0, FORWARD_SNAT, 1), 0);
	assert_int_equal(snat_command(fixture, IPVS_CMD_NEW_DEST, OURS, 0, FORWARD_SNAT, 1), -EEXIST);
	assert_int_equal(shown_method(fixture), FORWARD_SNAT);
	fixture->session.extended = false;
	assert_int_equal(shown_method(fixture), FORWARD_NAT);
	fixture->session.extended = true;
	/* not of an address */
	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, OURS, FORWARD_SNAT, 1), -EOPNOTSUPP);
}

static void
none_becomes_snat_or_ceases_to_be(void **state)
{
	struct control_fixture *fixture = with_mark(state);

	fixture->session.extended = true;
	assert_int_equal(snat_command(fixture, IPVS_CMD_NEW_DEST, OURS, 0, FORWARD_SNAT, 1), 0);
	assert_int_equal(snat_command(fixture, IPVS_CMD_SET_DEST, OURS, 0, FORWARD_NAT, 2), -EOPNOTSUPP);
	assert_int_equal(snat_command(fixture, IPVS_CMD_SET_DEST, OURS, 0, FORWARD_BYPASS, 2), -EOPNOTSUPP);
	assert_int_equal(snat_command(fixture, IPVS_CMD_SET_DEST, OURS, 0, FORWARD_SNAT, 3), 0);
	/* nor by a removal, while it has connections */
	fixture->worker->loads[0].inactive = 1;
	assert_int_equal(snat_command(fixture, IPVS_CMD_DEL_DEST, OURS, 0, 0, 0), 0);
	assert_int_equal(snat_command(fixture, IPVS_CMD_NEW_DEST, OURS, 0, FORWARD_NAT, 1), -EBUSY);
	fixture->worker->loads[0].inactive = 0;
	assert_int_equal(snat_command(fixture, IPVS_CMD_NEW_DEST, OURS, 0, FORWARD_NAT, 1), 0);
}

static void
snat_and_other_methods_do_not_mix(void **state)
{
	struct control_fixture *fixture = with_mark(state);

	fixture->session.extended = true;
	assert_int_equal(snat_command(fixture, IPVS_CMD_NEW_DEST, OURS, 0, FORWARD_SNAT, 1), 0);
	assert_int_equal(snat_command(fixture, IPVS_CMD_NEW_DEST, HERS, 0, FORWARD_NAT, 1), -EINVAL);
	assert_int_equal(snat_command(fixture, IPVS_CMD_DEL_DEST, OURS, 0, 0, 0), 0);
	assert_int_equal(snat_command(fixture, IPVS_CMD_NEW_DEST, HERS, 0, FORWARD_NAT, 1), 0);
	assert_int_equal(snat_command(fixture, IPVS_CMD_SET_DEST, HERS, 0, FORWARD_SNAT, 1), -EOPNOTSUPP);
	assert_int_equal(snat_command(fixture, IPVS_CMD_NEW_DEST, OURS, 0, FORWARD_SNAT, 1), -EINVAL);
}

static const struct service *
published(struct control_fixture *fixture)
{
	assert_int_equal(ipvs_model_publish(fixture->model), 0);
	return fixture->model->lb->services[0];
}

/* Without a destination, too, so that nothing leaves by other ways; until it gets one of another method. */
static void
a_gateway_stays_one(void **state)
{
	struct control_fixture *fixture = with_mark(state);

	fixture->session.extended = true;
	assert_true(published(fixture)->is_blank);
	assert_false(published(fixture)->is_gateway);
	assert_int_equal(snat_command(fixture, IPVS_CMD_NEW_DEST, OURS, 0, FORWARD_SNAT, 1), 0);
	assert_true(published(fixture)->is_gateway);
	assert_int_equal(snat_command(fixture, IPVS_CMD_DEL_DEST, OURS, 0, 0, 0), 0);
	assert_int_equal(published(fixture)->n_dests, 0);
	assert_true(published(fixture)->is_gateway);
	assert_false(published(fixture)->is_blank);
	assert_int_equal(snat_command(fixture, IPVS_CMD_NEW_DEST, HERS, 0, FORWARD_NAT, 1), 0);
	assert_false(published(fixture)->is_gateway);
	assert_int_equal(snat_command(fixture, IPVS_CMD_DEL_DEST, HERS, 0, 0, 0), 0);
	assert_false(published(fixture)->is_gateway);
	assert_false(published(fixture)->is_blank);
}

static void
a_weight_changed_by_a_stock_client_leaves_snat(void **state)
{
	struct control_fixture *fixture = with_mark(state);

	assert_int_equal(snat_command(fixture, IPVS_CMD_NEW_DEST, OURS, 0, FORWARD_SNAT, 1), 0);
	assert_int_equal(snat_command(fixture, IPVS_CMD_SET_DEST, OURS, 0, FORWARD_NAT, 0), 0);
	fixture->model->masquerade_is_fullnat = true;
	assert_int_equal(snat_command(fixture, IPVS_CMD_SET_DEST, OURS, 0, FORWARD_NAT, 9), 0);
	fixture->session.extended = true;
	assert_int_equal(shown_method(fixture), FORWARD_SNAT);
}

/* From a client that saw it as masquerading, removed it and adds it again. */
static void
a_method_lost_by_a_stock_client_is_said(void **state)
{
	struct control_fixture *fixture = with_mark(state);
	struct heard heard;

	fixture->session.extended = true;
	assert_int_equal(snat_command(fixture, IPVS_CMD_NEW_DEST, OURS, 0, FORWARD_SNAT, 1), 0);
	fixture->session.extended = false;
	assert_int_equal(snat_command(fixture, IPVS_CMD_DEL_DEST, OURS, 0, 0, 0), 0);
	heard_begin(&heard);
	assert_int_equal(snat_command(fixture, IPVS_CMD_NEW_DEST, OURS, 0, FORWARD_NAT, 1), 0);
	heard_end(&heard);
	assert_non_null(strstr(heard.text, "10.0.0.200 port 0 was SNAT and is added again as masquerading"));
	assert_int_equal(snat_command(fixture, IPVS_CMD_DEL_DEST, OURS, 0, 0, 0), 0);
	heard_begin(&heard);
	assert_int_equal(snat_command(fixture, IPVS_CMD_NEW_DEST, OURS, 0, FORWARD_NAT, 1), 0);
	heard_end(&heard);
	assert_string_equal(heard.text, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(snat_is_for_local_addresses_of_a_mark, control_setup, control_teardown),
		cmocka_unit_test_setup_teardown(none_becomes_snat_or_ceases_to_be, control_setup, control_teardown),
		cmocka_unit_test_setup_teardown(snat_and_other_methods_do_not_mix, control_setup, control_teardown),
		cmocka_unit_test_setup_teardown(a_gateway_stays_one, control_setup, control_teardown),
		cmocka_unit_test_setup_teardown(a_weight_changed_by_a_stock_client_leaves_snat, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(a_method_lost_by_a_stock_client_is_said, control_setup,
						control_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
