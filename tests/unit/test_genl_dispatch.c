/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The rules of netlink itself: what is acknowledged, how errors and dumps look, which bytes resolve a family. The
 * expected bytes were recorded from Linux 6.1 with the same requests.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control_fixture.h"

static struct wire wire;

static int
request(struct control_fixture *fixture, uint16_t family, uint8_t command, uint16_t flags)
{
	wire_clear(&wire);
	wire_message(&wire, family, command, flags);
	wire_end(&wire);
	return ask(fixture, &wire);
}

static int
resolve(struct control_fixture *fixture, const char *name, uint16_t flags)
{
	wire_clear(&wire);
	wire_message(&wire, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, flags);
	wire_string(&wire, CTRL_ATTR_FAMILY_NAME, name);
	wire_end(&wire);
	return ask(fixture, &wire);
}

/* The answer of Linux 6.1, but for port id, sequence number and the number of the family. */
static const char family_reply[] =
	"840100001000000000000000000000000102000009000200495056530000000006000100fafa000008000300010000000800"
	"040000000000080005000600000044010600140001000800010001000000080002000b000000140002000800010002000000"
	"080002000b000000140003000800010003000000080002000b000000140004000800010004000000080002000f0000001400"
	"05000800010005000000080002000b000000140006000800010006000000080002000b000000140007000800010007000000"
	"080002000b000000140008000800010008000000080002000d000000140009000800010009000000080002000b0000001400"
	"0a00080001000a000000080002000b00000014000b00080001000b000000080002000d00000014000c00080001000c000000"
	"080002000b00000014000d00080001000d000000080002000b00000014000e00080001000f000000080002000b0000001400"
	"0f000800010010000000080002000b000000140010000800010011000000080002000b000000";

static void
the_family_is_resolved_as_by_the_kernel(void **state)
{
	struct control_fixture *fixture = *state;
	static const uint8_t number[2] = { 0xfa, 0xfa };
	char hex[2 * 0x184 + 1];
	uint8_t *bytes;

	assert_int_equal(resolve(fixture, "IPVS", NLM_F_REQUEST | NLM_F_ACK), 0);
	assert_int_equal(fixture->n_answers, 2);
	assert_int_equal(fixture->answers[0]->length, 0x184);
	bytes = fixture->answers[0]->bytes;
	assert_int_equal(((struct nlmsghdr *)(void *)bytes)->nlmsg_seq, wire.seq);
	assert_int_equal(((struct nlmsghdr *)(void *)bytes)->nlmsg_pid, FIXTURE_PORTID);
	memset(bytes + 8, 0, 8);
	memcpy(bytes + 36, number, sizeof(number));
	for (uint32_t i = 0; i < fixture->answers[0]->length; i++)
		sprintf(hex + 2 * i, "%02x", bytes[i]);
	assert_string_equal(hex, family_reply);
}

static void
a_client_that_asks_for_no_acknowledgement_gets_none(void **state)
{
	struct control_fixture *fixture = *state;

	assert_int_equal(resolve(fixture, "IPVS", NLM_F_REQUEST), 1);
	assert_int_equal(fixture->n_answers, 1);
	assert_int_equal(request(fixture, IPVSD_FAMILY_IPVS, IPVS_CMD_FLUSH, NLM_F_REQUEST), 1);
	assert_int_equal(fixture->n_answers, 0);
}

static void
families_are_found_by_number_and_listed(void **state)
{
	struct control_fixture *fixture = *state;

	wire_clear(&wire);
	wire_message(&wire, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_REQUEST);
	wire_u16(&wire, CTRL_ATTR_FAMILY_ID, IPVSD_FAMILY_IPVSX);
	wire_end(&wire);
	assert_int_equal(ask(fixture, &wire), 1);
	assert_int_equal(fixture->n_answers, 1);
	assert_memory_equal(fixture->answers[0]->bytes + 24, "IPVSX", 6);
	assert_int_equal(request(fixture, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_REQUEST | NLM_F_DUMP), 1);
	assert_int_equal(dump_count(fixture), 3);
}

static void
success_is_acknowledged_with_the_header_and_errors_carry_the_request(void **state)
{
	struct control_fixture *fixture = *state;
	const struct nlmsghdr *answer;

	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(fixture->n_answers, 1);
	answer = answer_message(fixture, 0);
	assert_int_equal(answer->nlmsg_len, 36);
	assert_int_equal(answer->nlmsg_flags, NLM_F_CAPPED);
	assert_int_equal(answer->nlmsg_pid, FIXTURE_PORTID);

	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, IPVS_CMD_NEW_SERVICE, NLM_F_REQUEST);
	wire_service(&wire, 1, true);
	wire_end(&wire);
	/* an error comes asked for or not */
	assert_int_equal(ask(fixture, &wire), -EEXIST);
	answer = answer_message(fixture, 0);
	assert_int_equal(answer->nlmsg_len, 20 + wire.length);
	assert_int_equal(answer->nlmsg_flags, 0);
	assert_memory_equal((const uint8_t *)answer + 20, wire.bytes, wire.length);
}

static void
a_get_is_answered_before_it_is_acknowledged(void **state)
{
	struct control_fixture *fixture = *state;
	const struct nlmsghdr *answer;

	assert_int_equal(request(fixture, IPVSD_FAMILY_IPVS, IPVS_CMD_GET_INFO, NLM_F_REQUEST | NLM_F_ACK), 0);
	assert_int_equal(fixture->n_answers, 2);
	answer = answer_message(fixture, 0);
	assert_int_equal(answer->nlmsg_type, IPVSD_FAMILY_IPVS);
	assert_int_equal(answer->nlmsg_flags, 0);
	assert_memory_equal((const uint8_t *)answer + 16,
			    "\x0e\x01\0\0\x08\0\x01\0\x01\x02\x01\0\x08\0\x02\0\x88\x13\0", 20);
}

static void
commands_that_are_not_there_are_not_supported(void **state)
{
	static const uint8_t do_only[] = { 1, 2, 3, 5, 6, 7, 9, 10, 12, 13, 15, 16, 17 };
	struct control_fixture *fixture = *state;

	assert_int_equal(request(fixture, IPVSD_FAMILY_IPVS, 0, NLM_F_REQUEST), -EOPNOTSUPP);
	assert_int_equal(request(fixture, IPVSD_FAMILY_IPVS, IPVS_CMD_SET_INFO, NLM_F_REQUEST), -EOPNOTSUPP);
	assert_int_equal(request(fixture, IPVSD_FAMILY_IPVS, 200, NLM_F_REQUEST), -EOPNOTSUPP);
	/* commands after FLUSH came after the kernel began to look at reserved flags */
	assert_int_equal(request(fixture, IPVSD_FAMILY_IPVS, 200, NLM_F_REQUEST | NLM_F_CREATE), -EINVAL);
	for (size_t i = 0; i < sizeof(do_only); i++)
		assert_int_equal(request(fixture, IPVSD_FAMILY_IPVS, do_only[i], NLM_F_REQUEST | NLM_F_DUMP),
				 -EOPNOTSUPP);
	assert_int_equal(request(fixture, IPVSD_FAMILY_IPVS, IPVS_CMD_GET_DEST, NLM_F_REQUEST), -EOPNOTSUPP);
	assert_int_equal(request(fixture, IPVSD_FAMILY_IPVS, IPVS_CMD_GET_DAEMON, NLM_F_REQUEST), -EOPNOTSUPP);
	assert_int_equal(request(fixture, 0x7777, 1, NLM_F_REQUEST), -ENOENT);
	assert_int_equal(resolve(fixture, "IPVZ", NLM_F_REQUEST), -ENOENT);
	assert_int_equal(resolve(fixture, "A_NAME_TOO_LONG_", NLM_F_REQUEST), -EINVAL);
}

static void
without_permission_only_the_resolution_works(void **state)
{
	struct control_fixture *fixture = *state;

	fixture->session.permitted = false;
	assert_int_equal(resolve(fixture, "IPVS", NLM_F_REQUEST | NLM_F_ACK), 0);
	assert_int_equal(request(fixture, IPVSD_FAMILY_IPVS, IPVS_CMD_GET_INFO, NLM_F_REQUEST), -EPERM);
	assert_int_equal(request(fixture, IPVSD_FAMILY_IPVS, IPVS_CMD_GET_SERVICE, NLM_F_REQUEST | NLM_F_DUMP), -EPERM);
	assert_int_equal(request(fixture, IPVSD_FAMILY_IPVSX, IPVSX_CMD_GET_COUNTERS, NLM_F_REQUEST | NLM_F_DUMP),
			 -EPERM);
	assert_int_equal(request(fixture, IPVSD_FAMILY_IPVS, 200, NLM_F_REQUEST), -EOPNOTSUPP);
}

static void
the_exclusive_flag_is_no_dump(void **state)
{
	struct control_fixture *fixture = *state;

	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, IPVS_CMD_NEW_SERVICE, 0x605);
	wire_service(&wire, 1, true);
	wire_end(&wire);
	assert_int_equal(ask(fixture, &wire), 0);
	assert_int_equal(fixture->model->n_services, 1);
}

static void
what_is_no_request_is_only_acknowledged(void **state)
{
	struct control_fixture *fixture = *state;

	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(request(fixture, IPVSD_FAMILY_IPVS, IPVS_CMD_FLUSH, NLM_F_ACK), 0);
	assert_int_equal(request(fixture, IPVSD_FAMILY_IPVS, IPVS_CMD_FLUSH, 0), 1);
	assert_int_equal(request(fixture, NLMSG_NOOP, IPVS_CMD_FLUSH, NLM_F_REQUEST | NLM_F_ACK), 0);
	assert_int_equal(fixture->model->n_services, 1);
}

static void
sixty_destinations_come_whole_in_several_datagrams(void **state)
{
	struct control_fixture *fixture = *state;
	const struct nlmsghdr *message;

	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	for (uint8_t i = 1; i <= 60; i++)
		assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, i, FORWARD_NAT, i), 0);
	/* not acknowledged, although asked for */
	assert_int_equal(dest_command(fixture, IPVS_CMD_GET_DEST, 1, 0, 0, 0), 1);
	assert_in_range(fixture->n_answers, 3, 10);
	assert_int_equal(dump_count(fixture), 60);
	for (uint32_t i = 0; i < 60; i++) {
		message = answer_message(fixture, i);
		assert_int_equal(message->nlmsg_flags, NLM_F_MULTI);
		assert_int_equal(message->nlmsg_type, IPVSD_FAMILY_IPVS);
		/* the newest first */
		assert_int_equal(attr_u32(answer_attr(message, IPVS_CMD_ATTR_DEST, IPVS_DEST_ATTR_WEIGHT)), 60 - i);
	}
	for (uint32_t i = 0; i < fixture->n_answers; i++)
		assert_in_range(fixture->answers[i]->length, 1, GENL_DUMP_DATAGRAM);
	message = answer_message(fixture, 60);
	assert_int_equal(message->nlmsg_type, NLMSG_DONE);
	assert_int_equal(message->nlmsg_flags, NLM_F_MULTI);
	assert_int_equal(message->nlmsg_len, 20);
	assert_null(answer_message(fixture, 61));
}

static void
a_dump_survives_changes_on_its_way(void **state)
{
	struct control_fixture *fixture = *state;
	struct ipvs_service *service;
	uint64_t index = 0;

	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	for (uint8_t i = 1; i <= 60; i++)
		assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, i, FORWARD_NAT, i), 0);
	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, IPVS_CMD_GET_DEST, NLM_F_REQUEST | NLM_F_DUMP);
	wire_service(&wire, 1, false);
	wire_end(&wire);
	/* as if the client's queue were full after the first datagram */
	fixture->session.out_bytes = GENL_OUT_LIMIT - 100;
	genl_session_input(&fixture->session, wire.bytes, wire.length);
	assert_true(genl_session_busy(&fixture->session));
	service = ipvs_service_next(fixture->model, &index);
	ipvs_service_remove(fixture->model, service);
	assert_int_equal(ipvs_model_publish(fixture->model), 0);
	fixture->session.out_bytes -= GENL_OUT_LIMIT - 100;
	genl_session_resume(&fixture->session);
	assert_false(genl_session_busy(&fixture->session));
	wire_clear(&wire);
	ask(fixture, &wire);
	assert_in_range(dump_count(fixture), 1, 30);
	assert_int_equal(answer_message(fixture, dump_count(fixture))->nlmsg_type, NLMSG_DONE);
}

/* What workers would still be owed if the destinations of service 1 were listed now. */
static uint64_t
owed_for_listing(struct control_fixture *fixture)
{
	fixture->genl.pace = (struct dump_pace){ 0 };
	assert_int_equal(dest_command(fixture, IPVS_CMD_GET_DEST, 1, 0, 0, 0), 1);
	return fixture->genl.pace.owed_until_ns;
}

static void
a_dump_owes_for_counts_that_move(void **state)
{
	struct control_fixture *fixture = *state;

	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	for (uint8_t i = 1; i <= 3; i++)
		assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, i, FORWARD_NAT, 1), 0);
	assert_int_equal(owed_for_listing(fixture), 0);
	fixture->worker->loads[0].in_packets++;
	assert_true(owed_for_listing(fixture) > 0);
	fixture->worker->loads[0].in_packets--;
	fixture->worker->loads[0].out_packets++;
	assert_true(owed_for_listing(fixture) > 0);
	/* the estimator has seen it: nothing came since */
	for (uint32_t ms = 100; ms <= 4100; ms += 100)
		ipvs_model_tick(fixture->model, ms);
	assert_int_equal(owed_for_listing(fixture), 0);
}

static void
a_dump_waits_until_what_is_owed_has_been_paid(void **state)
{
	struct control_fixture *fixture = *state;
	struct dump_pace *pace = &fixture->genl.pace;
	uint64_t now_ns = dump_pace_now_ns();

	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	pace->waits_until_ns = now_ns + (uint64_t)3600 * 1000000000;
	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, IPVS_CMD_GET_SERVICE, NLM_F_REQUEST | NLM_F_DUMP);
	wire_end(&wire);
	ask(fixture, &wire);
	assert_int_equal(fixture->n_answers, 0);
	assert_true(genl_session_busy(&fixture->session));
	assert_true(genl_session_wait_ns(&fixture->session, now_ns) > (uint64_t)1000000000);
	*pace = (struct dump_pace){ 0 };
	assert_int_equal(genl_session_wait_ns(&fixture->session, now_ns), 0);
	genl_session_resume(&fixture->session);
	wire_clear(&wire);
	ask(fixture, &wire);
	assert_int_equal(dump_count(fixture), 1);
	assert_false(genl_session_busy(&fixture->session));
}

/* Requests of one datagram wait for each other, and those behind a dump for its time. */
static void
a_batch_of_dumps_waits_as_one_does(void **state)
{
	struct control_fixture *fixture = *state;
	struct dump_pace *pace = &fixture->genl.pace;

	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 1, FORWARD_NAT, 1), 0);
	fixture->worker->loads[0].in_packets++;
	wire_clear(&wire);
	for (int i = 0; i < 8; i++) {
		wire_message(&wire, IPVSD_FAMILY_IPVS, IPVS_CMD_GET_SERVICE, NLM_F_REQUEST | NLM_F_DUMP);
		wire_end(&wire);
	}
	/* the first one exceeds what may be owed, however slowly it is read */
	pace->owed_until_ns = UINT64_MAX / 2;
	ask(fixture, &wire);
	assert_int_equal(dump_count(fixture), 1);
	assert_true(genl_session_busy(&fixture->session));
	*pace = (struct dump_pace){ 0 };
	genl_session_resume(&fixture->session);
	assert_false(genl_session_busy(&fixture->session));
	wire_clear(&wire);
	ask(fixture, &wire);
	assert_int_equal(dump_count(fixture), 7);
}

static void
what_is_owed_has_a_bound(void **state)
{
	struct dump_pace pace = { 0 };

	(void)state;
	dump_pace_owe(&pace, 1000, UINT32_MAX);
	assert_in_range(dump_pace_wait_ns(&pace, 1000), DUMP_DEBT_NS / 2, DUMP_DEBT_NS);
}

static void
dumps_get_a_share_of_the_time_and_a_burst(void **state)
{
	const uint64_t burst_reads = DUMP_BURST_NS / (READ_CONN_NS * DUMP_SHARE), second_ns = 1000000000;
	struct dump_pace pace = { 0 };
	uint64_t now_ns = second_ns, end_ns = now_ns + second_ns, reads = 0;

	(void)state;
	while (dump_pace_wait_ns(&pace, now_ns) == 0) {
		dump_pace_owe(&pace, now_ns, READ_CONN_NS);
		reads++;
	}
	assert_in_range(reads, burst_reads, burst_reads + 1);
	for (reads = 0; now_ns < end_ns;) {
		now_ns += dump_pace_wait_ns(&pace, now_ns);
		dump_pace_owe(&pace, now_ns, READ_CONN_NS);
		reads++;
	}
	assert_in_range(reads * READ_CONN_NS, second_ns / DUMP_SHARE * 98 / 100, second_ns / DUMP_SHARE * 102 / 100);
}

static void
messages_of_one_datagram_are_answered_in_order(void **state)
{
	struct control_fixture *fixture = *state;

	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, IPVS_CMD_GET_CONFIG, NLM_F_REQUEST);
	wire_end(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, IPVS_CMD_GET_SERVICE, NLM_F_REQUEST | NLM_F_DUMP);
	wire_end(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, IPVS_CMD_FLUSH, NLM_F_REQUEST | NLM_F_ACK);
	wire_end(&wire);
	assert_int_equal(ask(fixture, &wire), 0);
	assert_int_equal(answer_message(fixture, 0)->nlmsg_seq, wire.seq - 2);
	assert_int_equal(answer_message(fixture, 1)->nlmsg_seq, wire.seq - 1);
	assert_int_equal(answer_message(fixture, 2)->nlmsg_type, NLMSG_DONE);
	assert_int_equal(answer_message(fixture, 3)->nlmsg_seq, wire.seq);
	assert_int_equal(fixture->model->n_services, 0);
}

static void
messages_of_a_wrong_length_end_their_datagram(void **state)
{
	static const uint32_t lengths[] = { 0, 1, 15, 37, 1000, 0x7fffffff, 0xffffffff };
	struct control_fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct nlmsghdr *second;

		wire_clear(&wire);
		wire_message(&wire, IPVSD_FAMILY_IPVS, IPVS_CMD_GET_INFO, NLM_F_REQUEST);
		wire_end(&wire);
		second = wire_message(&wire, IPVSD_FAMILY_IPVS, IPVS_CMD_GET_INFO, NLM_F_REQUEST);
		wire_end(&wire);
		second->nlmsg_len = lengths[i];
		assert_int_equal(ask(fixture, &wire), 1);
		assert_int_equal(fixture->n_answers, 1);
	}
	/* a header without the generic one */
	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, IPVS_CMD_GET_INFO, NLM_F_REQUEST)->nlmsg_len = 18;
	assert_int_equal(ask(fixture, &wire), -EINVAL);
	/* errors are padded to a whole word, as the kernel's */
	assert_int_equal(fixture->answers[0]->length, 40);
}

static void
a_failed_publication_is_no_success(void **state)
{
	struct control_fixture *fixture = *state;
	struct datagram *answer;
	int32_t code;

	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, IPVS_CMD_NEW_SERVICE, NLM_F_REQUEST | NLM_F_ACK);
	wire_service(&wire, 1, true);
	wire_end(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, IPVS_CMD_GET_INFO, NLM_F_REQUEST | NLM_F_ACK);
	wire_end(&wire);
	genl_session_input(&fixture->session, wire.bytes, wire.length);
	genl_session_settle(&fixture->session, -ENOMEM);
	answer = genl_session_pop(&fixture->session);
	memcpy(&code, answer->bytes + NLMSG_HDRLEN, sizeof(code));
	assert_int_equal(code, -ENOMEM);
	free(answer);
	free(genl_session_pop(&fixture->session));
	/* what changed nothing isn't concerned */
	answer = genl_session_pop(&fixture->session);
	memcpy(&code, answer->bytes + NLMSG_HDRLEN, sizeof(code));
	assert_int_equal(code, 0);
	free(answer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_family_is_resolved_as_by_the_kernel, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(a_client_that_asks_for_no_acknowledgement_gets_none, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(families_are_found_by_number_and_listed, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(success_is_acknowledged_with_the_header_and_errors_carry_the_request,
						control_setup, control_teardown),
		cmocka_unit_test_setup_teardown(a_get_is_answered_before_it_is_acknowledged, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(commands_that_are_not_there_are_not_supported, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(without_permission_only_the_resolution_works, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(the_exclusive_flag_is_no_dump, control_setup, control_teardown),
		cmocka_unit_test_setup_teardown(what_is_no_request_is_only_acknowledged, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(sixty_destinations_come_whole_in_several_datagrams, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(a_dump_survives_changes_on_its_way, control_setup, control_teardown),
		cmocka_unit_test_setup_teardown(a_dump_owes_for_counts_that_move, control_setup, control_teardown),
		cmocka_unit_test_setup_teardown(a_dump_waits_until_what_is_owed_has_been_paid, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(a_batch_of_dumps_waits_as_one_does, control_setup, control_teardown),
		cmocka_unit_test(what_is_owed_has_a_bound),
		cmocka_unit_test(dumps_get_a_share_of_the_time_and_a_burst),
		cmocka_unit_test_setup_teardown(messages_of_one_datagram_are_answered_in_order, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(messages_of_a_wrong_length_end_their_datagram, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(a_failed_publication_is_no_success, control_setup, control_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
