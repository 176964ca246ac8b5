/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * SCTP's states (lb/protocol_sctp.c) against those of the kernel, which stand as data in tests/unit/data/sctp_states.txt.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/knobs.h"
#include "lb/protocol.h"

#ifndef TEST_DATA
#define TEST_DATA "tests/unit/data"
#endif

#define HEADER 12

static const char *const views[VIEWS] = {
	[VIEW_INPUT] = "input", [VIEW_OUTPUT] = "output", [VIEW_INPUT_ONLY] = "input-only"
};

/* By chunk type (RFC 9260, 3.2): what the kernel calls its event (sctp_events). */
static const char *const event_names[15] = {
	"data",	       "init",	     "init-ack", "data",	 "data",
	"data",	       "abort",	     "shutdown", "shutdown-ack", "error",
	"cookie-echo", "cookie-ack", "data",	 "data",	 "shutdown-complete",
};
enum { INIT = 1, ABORT = 6, COOKIE_ECHO = 10, COOKIE_ACK = 11 };

/* The line of the data file that begins with these words, split at its blanks. */
struct row {
	char word[SCTP_STATES][16];
};

static struct row
data_row(const char *beginning)
{
	struct row row = { .word = { "" } };
	FILE *file = fopen(TEST_DATA "/sctp_states.txt", "r");
	char line[256], *at;
	int n = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, beginning, strlen(beginning)) != 0 || line[strlen(beginning)] != ' ')
			continue;
		for (at = strtok(line + strlen(beginning), " \n"); at; at = strtok(NULL, " \n")) {
			assert_true(n < SCTP_STATES);
			snprintf(row.word[n++], sizeof(row.word[0]), "%s", at);
		}
	}
	fclose(file);
	assert_int_equal(n, SCTP_STATES);
	return row;
}

static int
state_named(const char *name)
{
	struct row names = data_row("states");

	for (int i = 0; i < SCTP_STATES; i++) {
		if (strcmp(names.word[i], name) == 0)
			return i;
	}
	fail_msg("no state %s", name);
	return -1;
}

/* A packet with a chunk of this type and LENGTH, and another one behind it. */
struct packet {
	uint8_t bytes[64];
};

static struct packet
packet_of(uint8_t type, uint16_t length, uint8_t second)
{
	struct packet packet = {
		.bytes = { [HEADER] = type, [HEADER + 2] = (uint8_t)(length >> 8), [HEADER + 3] = (uint8_t)length }
	};

	packet.bytes[HEADER + ((length + 3) & ~3)] = second;
	packet.bytes[HEADER + ((length + 3) & ~3) + 3] = 4;
	return packet;
}

static uint8_t
next_state(int view, uint8_t state, const struct packet *packet, uint32_t length)
{
	const struct conn conn = {
		.proto = IPPROTO_SCTP,
		.state = state,
		.flags = view == VIEW_INPUT_ONLY ? CONN_NO_OUTPUT : 0,
	};

	return protocol_sctp.follow(&conn, view == VIEW_OUTPUT ? CONN_OUT : CONN_IN, packet->bytes, length);
}

static void
check_view(int view)
{
	for (unsigned int type = 0; type < 256; type++) {
		struct packet packet = packet_of((uint8_t)type, 4, 0);
		char beginning[48];
		struct row row;

		snprintf(beginning, sizeof(beginning), "%s %s", views[view], type < 15 ? event_names[type] : "data");
		row = data_row(beginning);
		for (uint8_t from = 0; from < SCTP_STATES; from++)
			assert_int_equal(next_state(view, from, &packet, HEADER + 4), state_named(row.word[from]));
	}
}

static void
every_transition_is_the_kernels(void **state)
{
	(void)state;
	for (int view = 0; view < VIEWS; view++)
		check_view(view);
}

static void
names_and_activity_are_the_kernels(void **state)
{
	struct row names = data_row("names"), active = data_row("active");

	(void)state;
	for (uint8_t i = 0; i < SCTP_STATES; i++) {
		assert_string_equal(protocol_sctp.state_names[i], names.word[i]);
		assert_int_equal(protocol_sctp.active(i), active.word[i][0] == '1');
	}
	assert_int_equal(protocol_sctp.n_states, SCTP_STATES);
}

static void
timeouts_are_the_kernels(void **state)
{
	struct row row = data_row("seconds");
	uint32_t ms[PROTOCOL_STATES];

	(void)state;
	protocol_sctp.timeouts(NULL, ms);
	for (int i = 0; i < SCTP_STATES; i++)
		assert_int_equal(ms[i], atoi(row.word[i]) * 1000);
}

/* As set_sctp_state() does; it looks no further than the second chunk. */
static void
an_abort_behind_a_cookie_counts(void **state)
{
	(void)state;
	for (uint16_t length = 4; length < 30; length++) {
		struct packet echo = packet_of(COOKIE_ECHO, length, ABORT), ack = packet_of(COOKIE_ACK, length, ABORT);
		struct packet data = packet_of(0, length, ABORT);
		uint32_t end = HEADER + ((length + 3u) & ~3u) + 4;

		assert_int_equal(next_state(VIEW_INPUT, SCTP_COOKIE_SENT, &echo, end), SCTP_CLOSED);
		assert_int_equal(next_state(VIEW_INPUT, SCTP_ESTABLISHED, &ack, end), SCTP_CLOSED);
		assert_int_equal(next_state(VIEW_INPUT, SCTP_ESTABLISHED, &data, end), SCTP_ESTABLISHED);
		/* cut off before its end it is no chunk */
		assert_int_equal(next_state(VIEW_INPUT, SCTP_COOKIE_SENT, &echo, end - 1), SCTP_COOKIE_REPLIED);
	}
}

static void
an_init_makes_a_connection_and_any_but_an_abort_with_sloppy_sctp(void **state)
{
	struct knobs knobs;

	(void)state;
	knobs_preset(&knobs);
	for (unsigned int type = 0; type < 256; type++) {
		struct packet packet = packet_of((uint8_t)type, 4, 0);

		knobs.sloppy_sctp = 0;
		assert_int_equal(protocol_sctp.opens(packet.bytes, 16, &knobs), type == INIT);
		knobs.sloppy_sctp = 1;
		assert_int_equal(protocol_sctp.opens(packet.bytes, 16, &knobs), type != ABORT);
	}
}

static void
an_init_over_a_closed_connection_begins_a_new_one(void **state)
{
	(void)state;
	for (unsigned int type = 0; type < 256; type++) {
		struct packet packet = packet_of((uint8_t)type, 4, 0);

		for (uint8_t from = 0; from < SCTP_STATES; from++) {
			const struct conn conn = { .proto = IPPROTO_SCTP, .state = from };

			assert_int_equal(protocol_sctp.begins(packet.bytes, 16) && protocol_sctp.renews(&conn, 1),
					 type == INIT && from == SCTP_CLOSED);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_transition_is_the_kernels),
		cmocka_unit_test(names_and_activity_are_the_kernels),
		cmocka_unit_test(timeouts_are_the_kernels),
		cmocka_unit_test(an_abort_behind_a_cookie_counts),
		cmocka_unit_test(an_init_makes_a_connection_and_any_but_an_abort_with_sloppy_sctp),
		cmocka_unit_test(an_init_over_a_closed_connection_begins_a_new_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
