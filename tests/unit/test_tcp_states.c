/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * TCP's states (lb/protocol_tcp.c) against those of the kernel, which stand as data in tests/unit/data/tcp_states.txt,
 * and the counts of active and inactive connections that follow from them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "core/knobs.h"
#include "director_fixture.h"
#include "lb/conn_life.h"
#include "lb/conn_table.h"
#include "lb/forward.h"
#include "random_source.h"

#ifndef TEST_DATA
#define TEST_DATA "tests/unit/data"
#endif

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32 };

/* In the order in which the data names them. */
static const enum tcp_state states[TCP_STATES] = {
	TCP_NONE,   TCP_ESTABLISHED_, TCP_SYN_SENT_, TCP_SYN_RECV_, TCP_FIN_WAIT, TCP_TIME_WAIT_,
	TCP_CLOSE_, TCP_CLOSE_WAIT_,  TCP_LAST_ACK_, TCP_LISTEN_,   TCP_SYNACK,
};
static const char names[TCP_STATES][3] = { "NO", "ES", "SS", "SR", "FW", "TW", "CL", "CW", "LA", "LI", "SA" };
static const char *const views[VIEWS] = {
	[VIEW_INPUT] = "input", [VIEW_OUTPUT] = "output", [VIEW_INPUT_ONLY] = "input-only"
};

/* The line of the data file that begins with these words, split at its blanks. */
struct row {
	char word[TCP_STATES][8];
};

static struct row
data_row(const char *beginning)
{
	struct row row = { .word = { "" } };
	FILE *file = fopen(TEST_DATA "/tcp_states.txt", "r");
	char line[256], *at;
	int n = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, beginning, strlen(beginning)) != 0 || line[strlen(beginning)] != ' ')
			continue;
		for (at = strtok(line + strlen(beginning), " \n"); at; at = strtok(NULL, " \n")) {
			assert_true(n < TCP_STATES);
			snprintf(row.word[n++], sizeof(row.word[0]), "%s", at);
		}
	}
	fclose(file);
	assert_int_equal(n, TCP_STATES);
	return row;
}

static enum tcp_state
state_named(const char *name)
{
	for (int i = 0; i < TCP_STATES; i++) {
		if (strcmp(names[i], name) == 0)
			return states[i];
	}
	fail_msg("no state %s", name);
	return TCP_NONE;
}

/* The kernel's order of precedence (tcp_state_idx). */
static const char *
event_of(uint8_t flags)
{
	return flags & RST ? "rst" : flags & SYN ? "syn" : flags & FIN ? "fin" : flags & ACK ? "ack" : "none";
}

static void
the_data_names_the_states_in_our_order(void **state)
{
	struct row row = data_row("states");

	(void)state;
	for (int i = 0; i < TCP_STATES; i++) {
		assert_string_equal(row.word[i], names[i]);
		assert_int_equal(states[i], i);
	}
}

static void
assert_transitions(const char *table, uint8_t secure)
{
	for (int view = 0; view < VIEWS; view++) {
		for (unsigned int flags = 0; flags < 256; flags++) {
			char beginning[32];
			struct row row;

			snprintf(beginning, sizeof(beginning), "%s%s %s", table, views[view], event_of((uint8_t)flags));
			row = data_row(beginning);
			for (int from = 0; from < TCP_STATES; from++) {
				const struct conn conn = {
					.proto = IPPROTO_TCP,
					.state = (uint8_t)from,
					.flags = view == VIEW_INPUT_ONLY ? CONN_NO_OUTPUT : 0,
				};
				enum conn_direction direction = view == VIEW_OUTPUT ? CONN_OUT : CONN_IN;

				assert_int_equal(tcp_next_state(&conn, direction, (uint8_t)flags, &secure),
						 state_named(row.word[from]));
			}
		}
	}
}

static void
every_transition_is_the_kernels(void **state)
{
	(void)state;
	assert_transitions("", 0);
}

static void
with_secure_tcp_every_transition_is_the_kernels(void **state)
{
	(void)state;
	assert_transitions("secure ", 1);
}

static void
a_reset_wins_over_a_syn_and_that_over_a_fin_and_that_over_an_ack(void **state)
{
	(void)state;
	assert_int_equal(tcp_events[RST | SYN | FIN | ACK], TCP_EVENT_RST);
	assert_int_equal(tcp_events[SYN | FIN | ACK | PSH], TCP_EVENT_SYN);
	assert_int_equal(tcp_events[FIN | ACK | URG], TCP_EVENT_FIN);
	assert_int_equal(tcp_events[ACK | PSH | URG], TCP_EVENT_ACK);
	assert_int_equal(tcp_events[PSH | URG], TCP_EVENT_OTHER);
}

static void
the_same_states_are_active_as_in_the_kernel(void **state)
{
	struct row row = data_row("active");

	(void)state;
	for (uint8_t i = 0; i < TCP_STATES; i++)
		assert_int_equal(protocol_tcp.active(i), row.word[i][0] == '1');
}

static void
timeouts_are_the_kernels_but_for_those_that_were_set(void **state)
{
	const struct timeouts_spec kernel = { .tcp_s = 900, .tcp_fin_s = 120, .udp_s = 300 };
	const struct timeouts_spec other = { .tcp_s = 100, .tcp_fin_s = 20, .udp_s = 30 };
	struct row row = data_row("seconds");
	uint32_t ms[PROTOCOL_STATES], set[PROTOCOL_STATES];

	(void)state;
	protocol_tcp.timeouts(&kernel, ms);
	protocol_tcp.timeouts(&other, set);
	for (int i = 0; i < TCP_STATES; i++) {
		uint32_t expected = (uint32_t)atoi(row.word[i]) * 1000;

		assert_int_equal(ms[i], expected);
		assert_int_equal(set[i], i == TCP_ESTABLISHED_ ? 100000 : i == TCP_FIN_WAIT ? 20000 : expected);
	}
}

static void
only_a_bare_syn_makes_a_connection(void **state)
{
	struct knobs knobs;

	(void)state;
	knobs_preset(&knobs);
	for (unsigned int flags = 0; flags < 64; flags++) {
		uint8_t header[20] = { [13] = (uint8_t)flags };

		assert_int_equal(protocol_tcp.opens(header, sizeof(header), &knobs),
				 (flags & (SYN | RST | ACK | FIN)) == SYN);
	}
}

static void
with_sloppy_tcp_all_but_a_reset_makes_a_connection(void **state)
{
	struct knobs knobs;

	(void)state;
	knobs_preset(&knobs);
	knobs.sloppy_tcp = 1;
	for (unsigned int flags = 0; flags < 64; flags++) {
		uint8_t header[20] = { [13] = (uint8_t)flags };

		assert_int_equal(protocol_tcp.opens(header, sizeof(header), &knobs), !(flags & RST));
	}
}

struct setting {
	struct director *director;
	struct worker *self;
	const struct service *svc;
	struct dest_load *load;
};

static struct setting
setting_new(uint8_t proto)
{
	const struct dest_spec server = { .address = "10.0.0.1", .port = 80, .weight = 1 };
	struct setting here = { .director = director_new(1, 1024) };

	here.self = here.director->workers[0];
	here.svc = director_serve(here.director, 0, proto, "192.0.2.1", 80, "rr", 7, &server, 1);
	here.load = &here.self->loads[7];
	return here;
}

static struct conn *
open_from(struct setting *here, uint8_t proto, uint16_t port)
{
	struct flow flow = flow_of(proto, "198.51.100.7", port, "192.0.2.1", 80);
	struct flow reply = flow_of(proto, "10.0.0.1", 80, "198.51.100.7", port);
	struct conn *conn;

	assert_int_equal(
		conn_open(here->self, here->svc, here->svc->dests[0], &forward_nat, &flow, &reply, CONN_NONE, &conn),
		0);
	return conn;
}

static void
a_connection_counts_as_active_in_the_active_states_alone(void **state)
{
	struct setting here = setting_new(IPPROTO_TCP);
	struct random_source random = random_source_new(99);
	struct conn *conns[50];

	(void)state;
	for (uint16_t i = 0; i < 50; i++)
		conns[i] = open_from(&here, IPPROTO_TCP, 1000 + i);
	assert_int_equal(here.load->active, 0);
	assert_int_equal(here.load->inactive, 50);
	for (int round = 0; round < 10000; round++) {
		int32_t active = 0;

		conn_set_state(here.self, conns[random_upto(&random, 50)], (uint8_t)random_upto(&random, TCP_STATES));
		for (int i = 0; i < 50; i++)
			active += protocol_tcp.active(conns[i]->state);
		assert_int_equal(here.load->active, active);
		assert_int_equal(here.load->inactive, 50 - active);
	}
	for (int i = 0; i < 50; i++)
		conn_close(here.self, conns[i], AF_INET);
	assert_int_equal(here.load->active, 0);
	assert_int_equal(here.load->inactive, 0);
	assert_int_equal(here.load->connections, 50);
	assert_int_equal(here.self->counters.count[COUNT_CONNS], 0);
	assert_int_equal(here.self->counters.count[COUNT_CONN_NEW], 50);
	director_free(here.director);
}

static void
udp_is_never_active(void **state)
{
	struct setting here = setting_new(IPPROTO_UDP);
	struct conn *conn = open_from(&here, IPPROTO_UDP, 53);

	(void)state;
	conn_set_state(here.self, conn, UDP_NORMAL);
	assert_int_equal(here.load->active, 0);
	assert_int_equal(here.load->inactive, 1);
	conn_close(here.self, conn, AF_INET);
	assert_int_equal(here.load->inactive, 0);
	director_free(here.director);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_data_names_the_states_in_our_order),
		cmocka_unit_test(every_transition_is_the_kernels),
		cmocka_unit_test(with_secure_tcp_every_transition_is_the_kernels),
		cmocka_unit_test(a_reset_wins_over_a_syn_and_that_over_a_fin_and_that_over_an_ack),
		cmocka_unit_test(the_same_states_are_active_as_in_the_kernel),
		cmocka_unit_test(timeouts_are_the_kernels_but_for_those_that_were_set),
		cmocka_unit_test(only_a_bare_syn_makes_a_connection),
		cmocka_unit_test(with_sloppy_tcp_all_but_a_reset_makes_a_connection),
		cmocka_unit_test(a_connection_counts_as_active_in_the_active_states_alone),
		cmocka_unit_test(udp_is_never_active),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
