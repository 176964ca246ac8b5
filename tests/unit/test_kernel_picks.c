/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Schedulers against a real kernel: what tests/oracle/kernel-picks asked Linux 6.1 and what it answered, replayed through
 * the control side's model and a worker's picks. One test a scheduler; kernel_picks.txt is explained in that script. The
 * same for conhash, with what tests/oracle/conhash-picks worked out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/ipvs_model.h"
#include "control_fixture.h"
#include "lb/lb.h"
#include "lb/scheduler.h"

#define WORDS_MAX 8
#define OPEN_MAX 4096

/* A connection that was opened and not closed. */
struct opened {
	char client[INET6_ADDRSTRLEN], port[8];
	uint32_t dest; /* id */
};

struct replay {
	struct control_fixture *fixture;
	struct ipvs_service *service;
	struct service_cursor cursor;
	struct opened *opened;
	uint32_t n_opened, n_asked, n_answered, line;
};

static struct ip_addr
parse_address(const char *text)
{
	struct ip_addr address = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	assert_int_equal(inet_pton(address.family, text, &address.ip), 1);
	return address;
}

static rte_be16_t
parse_port(const char *text)
{
	return rte_cpu_to_be_16((uint16_t)strtoul(text, NULL, 10));
}

static void
replay_end(struct replay *replay)
{
	if (!replay->fixture)
		return;
	replay->fixture->worker->cursors = NULL;
	control_fixture_free(replay->fixture);
	replay->fixture = NULL;
}

static void
begin_service(struct replay *replay, char *const *words)
{
	const struct ipvs_service_setup setup = {
		.scheduler = words[2],
		.flags = (uint32_t)strtoul(words[4], NULL, 16),
		.netmask = words[3][0] == '4' ? UINT32_MAX : 128,
	};
	struct ipvs_key key = { .family = words[3][0] == '4' ? AF_INET : AF_INET6, .protocol = IPPROTO_TCP };

	replay_end(replay);
	replay->fixture = control_fixture_new();
	replay->fixture->worker->lb = replay->fixture->lb;
	replay->fixture->worker->n_workers = 1;
	replay->fixture->worker->cursors = &replay->cursor;
	replay->cursor = (struct service_cursor){ 0 };
	replay->n_opened = 0;
	if (strncmp(words[5], "mark:", 5) == 0) {
		key.fwmark = (uint32_t)strtoul(words[5] + 5, NULL, 10);
	} else {
		key.addr = parse_address(words[5]).ip;
		key.port = RTE_BE16(80);
	}
	assert_int_equal(ipvs_service_add(replay->fixture->model, &key, &setup, &replay->service), 0);
}

static void
change_list(struct replay *replay, char *const *words)
{
	struct ipvs_model *model = replay->fixture->model;
	struct dest spec = { .addr = parse_address(words[1]), .port = parse_port(words[2]) };
	struct ipvs_dest *dest;

	if (strcmp(words[0], "delete") == 0) {
		assert_int_equal(ipvs_dest_remove(model, replay->service, &spec.addr, spec.port), 0);
		return;
	}
	spec.weight = (int32_t)strtol(words[3], NULL, 10);
	spec.upper = (uint32_t)strtoul(words[4], NULL, 10);
	spec.lower = (uint32_t)strtoul(words[5], NULL, 10);
	if (strcmp(words[0], "add") == 0)
		assert_int_equal(ipvs_dest_add(model, replay->service, &spec, &dest), 0);
	else
		assert_int_equal(ipvs_dest_edit(model, replay->service, &spec), 0);
}

static const struct dest *
pick(struct replay *replay, char *const *words)
{
	struct worker *self = replay->fixture->worker;
	const struct service *svc;
	struct ip_addr client = parse_address(words[1]), destination = parse_address(words[3]);
	const struct flow flow = {
		.src = client.ip,
		.dst = destination.ip,
		.sport = parse_port(words[2]),
		.dport = RTE_BE16(80),
		.family = client.family,
		.proto = IPPROTO_TCP,
	};

	assert_int_equal(ipvs_model_publish(replay->fixture->model), 0);
	svc = self->lb->services[replay->service->index];
	return svc->scheduler->pick(self, svc, &flow);
}

/* As a connection counts after its SYN, and after its RST. */
static void
count(struct replay *replay, uint32_t dest, int32_t active, int32_t inactive)
{
	struct dest_load *load = &replay->fixture->worker->loads[DEST_INDEX(dest)];

	load->active += active;
	load->inactive += inactive;
	scheduler_load_changed(replay->fixture->worker, dest);
}

static void
open_connection(struct replay *replay, char *const *words)
{
	const struct dest *dest = pick(replay, words);
	struct opened *opened = &replay->opened[replay->n_opened];
	char answer[8] = "-";

	if (dest)
		snprintf(answer, sizeof(answer), "%u", rte_be_to_cpu_16(dest->port));
	replay->n_asked++;
	replay->n_answered += dest != NULL;
	if (strcmp(answer, words[4]) != 0)
		fail_msg("line %u: the kernel picked %s for %s port %s, not %s", replay->line, words[4], words[1],
			 words[2], answer);
	if (!dest)
		return;
	assert_true(replay->n_opened < OPEN_MAX);
	snprintf(opened->client, sizeof(opened->client), "%s", words[1]);
	snprintf(opened->port, sizeof(opened->port), "%s", words[2]);
	opened->dest = dest->id;
	replay->n_opened++;
	count(replay, dest->id, 1, 0);
}

static void
close_connection(struct replay *replay, char *const *words)
{
	for (uint32_t i = 0; i < replay->n_opened; i++) {
		struct opened *opened = &replay->opened[i];

		if (strcmp(opened->client, words[1]) == 0 && strcmp(opened->port, words[2]) == 0) {
			count(replay, opened->dest, -1, 1);
			*opened = replay->opened[--replay->n_opened];
			return;
		}
	}
}

static void
step(struct replay *replay, char *const *words)
{
	if (strcmp(words[0], "open") == 0)
		open_connection(replay, words);
	else if (strcmp(words[0], "close") == 0)
		close_connection(replay, words);
	else
		change_list(replay, words);
}

static uint32_t
split(char *line, char **words)
{
	char *rest = line, *word;
	uint32_t n = 0;

	while (n < WORDS_MAX && (word = strsep(&rest, " \n")) != NULL)
		if (word[0] != '\0')
			words[n++] = word;
	return n;
}

static void
replay_file(const char *path, const char *scheduler)
{
	struct replay replay = { .opened = calloc(OPEN_MAX, sizeof(struct opened)) };
	FILE *file = fopen(path, "re");
	bool ours = false;
	char line[256];

	assert_non_null(file);
	assert_non_null(replay.opened);
	while (fgets(line, sizeof(line), file)) {
		char *words[WORDS_MAX] = { NULL };
		uint32_t n = split(line, words);

		replay.line++;
		assert_true(n >= 3);
		if (strcmp(words[0], "service") == 0) {
			ours = strcmp(words[2], scheduler) == 0;
			if (ours)
				begin_service(&replay, words);
		} else if (ours) {
			step(&replay, words);
		}
	}
	replay_end(&replay);
	fclose(file);
	free(replay.opened);
	assert_true(replay.n_asked >= 100);
	assert_true(replay.n_answered >= 100);
}

/* *STATE is the scheduler's name. */
static void
picks_what_the_kernel_picked(void **state)
{
	replay_file(TEST_DATA "/kernel_picks.txt", *state);
}

static void
conhash_picks_what_dpvs_picks(void **state)
{
	(void)state;
	replay_file(TEST_DATA "/conhash_picks.txt", "conhash");
}

#define AS_THE_KERNEL(scheduler)                                                                              \
	{                                                                                                     \
		.name = scheduler " picks what the kernel picked", .test_func = picks_what_the_kernel_picked, \
		.initial_state = scheduler                                                                    \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		AS_THE_KERNEL("rr"),   AS_THE_KERNEL("wrr"),
		AS_THE_KERNEL("lc"),   AS_THE_KERNEL("wlc"),
		AS_THE_KERNEL("sed"),  AS_THE_KERNEL("nq"),
		AS_THE_KERNEL("fo"),   AS_THE_KERNEL("ovf"),
		AS_THE_KERNEL("lblc"), AS_THE_KERNEL("lblcr"),
		AS_THE_KERNEL("sh"),   AS_THE_KERNEL("dh"),
		AS_THE_KERNEL("mh"),   cmocka_unit_test(conhash_picks_what_dpvs_picks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
