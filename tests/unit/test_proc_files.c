/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The files of /proc, compared with what Linux 6.1 wrote for the same services and connections (data/proc).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "control/proc_conns.h"
#include "control/proc_file.h"
#include "control_fixture.h"
#include "lb/conn_table.h"
#include "lb/lb.h"

#define CONNECTIONS 40000

static const uint64_t seed[3] = { 3, 5, 7 };

static int
setup(void **state)
{
	struct control_fixture *fixture = control_fixture_new();

	fixture->model->limits.connections = 4096;
	fixture->worker->now_ms = 2000000;
	for (int table = 0; table < TABLES; table++)
		assert_int_equal(conn_table_create(table == TABLE_IPV6, CONNECTIONS, 0, -1, false, seed,
						   &fixture->worker->conns[table]),
				 0);
	*state = fixture;
	return 0;
}

static int
teardown(void **state)
{
	struct control_fixture *fixture = *state;

	conn_table_destroy(fixture->worker->conns[TABLE_IPV4]);
	conn_table_destroy(fixture->worker->conns[TABLE_IPV6]);
	control_fixture_free(fixture);
	return 0;
}

/* ---- What the kernel had when its files were taken ---- */

static struct ip_addr
address_of(const char *text)
{
	struct ip_addr addr = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	assert_int_equal(inet_pton(addr.family, text, &addr.ip), 1);
	return addr;
}

struct service_row {
	const char *vip; /* NULL: by firewall mark */
	uint16_t port, protocol;
	uint32_t fwmark;
	uint16_t family;
	const char *scheduler;
	uint32_t flags, timeout_s;
	uint32_t netmask; /* host order; a prefix length for IPv6 */
};

static struct ipvs_service *
add_service(struct control_fixture *fixture, const struct service_row *row)
{
	const struct ipvs_service_setup setup = {
		.scheduler = row->scheduler,
		.flags = row->flags,
		.timeout_s = row->timeout_s,
		.netmask = row->family == AF_INET ? htonl(row->netmask) : row->netmask,
	};
	struct ipvs_key key = {
		.addr = row->vip ? address_of(row->vip).ip : (union ip_bits){ .half = { 0 } },
		.fwmark = row->fwmark,
		.port = htons(row->port),
		.family = row->family,
		.protocol = row->protocol,
	};
	struct ipvs_service *service;

	assert_int_equal(ipvs_service_add(fixture->model, &key, &setup, &service), 0);
	return service;
}

/* Returns its id. */
static uint32_t
add_dest(struct control_fixture *fixture, struct ipvs_service *service, const char *address, uint16_t port,
	 uint8_t method, int32_t weight, int32_t active, int32_t inactive)
{
	const struct dest spec = {
		.addr = address_of(address), .port = htons(port), .forward = method, .weight = weight
	};
	struct ipvs_dest *dest;
	struct dest_load *load;

	assert_int_equal(ipvs_dest_add(fixture->model, service, &spec, &dest), 0);
	load = &fixture->worker->loads[DEST_INDEX(dest->spec.id)];
	load->active = active;
	load->inactive = inactive;
	return dest->spec.id;
}

struct kernel_dests {
	uint32_t masq, route, tunnel, udp, route6;
};

static struct kernel_dests
add_everything(struct control_fixture *fixture)
{
	const uint32_t persistent = IP_VS_SVC_F_PERSISTENT, ops = IP_VS_SVC_F_ONEPACKET, full = ~0u;
	struct kernel_dests dests;
	struct ipvs_service *svc;

	svc = add_service(fixture, &(struct service_row){ "fd00::1", 80, 6, 0, AF_INET6, "wlc", persistent, 360, 64 });
	add_dest(fixture, svc, "fd00:1::1", 8080, FORWARD_NAT, 0, 0, 0);
	dests.route6 = add_dest(fixture, svc, "fd00:1::2", 80, FORWARD_DIRECT, 1, 1, 0);
	svc = add_service(fixture, &(struct service_row){ "10.0.0.1", 80, 6, 0, AF_INET, "rr", 0, 0, full });
	dests.masq = add_dest(fixture, svc, "10.1.0.1", 8080, FORWARD_NAT, 3, 1, 0);
	dests.route = add_dest(fixture, svc, "10.1.0.2", 80, FORWARD_DIRECT, 1, 0, 2);
	dests.tunnel = add_dest(fixture, svc, "10.1.0.3", 80, FORWARD_TUNNEL, 12345, 0, 2);
	add_service(fixture, &(struct service_row){ "fd00::1", 53, 17, 0, AF_INET6, "rr", ops, 0, 128 });
	svc = add_service(fixture, &(struct service_row){ "10.0.0.1", 53, 17, 0, AF_INET, "wlc", ops, 0, full });
	add_dest(fixture, svc, "10.1.0.1", 53, FORWARD_NAT, 1, 0, 0);
	add_service(fixture, &(struct service_row){ "10.0.0.1", 99, 132, 0, AF_INET, "rr", 0, 0, full });
	svc = add_service(fixture,
			  &(struct service_row){ "10.0.0.1", 5353, 17, 0, AF_INET, "wlc", persistent, 50, full });
	dests.udp = add_dest(fixture, svc, "10.1.0.1", 5353, FORWARD_NAT, 1, 0, 1);
	add_service(fixture, &(struct service_row){ NULL, 0, 6, 9, AF_INET, "rr", ops, 0, full });
	add_service(fixture, &(struct service_row){ NULL, 0, 6, 10, AF_INET, "wrr", persistent, 300, 0xffffff00 });
	add_service(fixture, &(struct service_row){ NULL, 0, 6, 11, AF_INET6, "wrr", persistent, 300, 128 });
	assert_int_equal(ipvs_model_publish(fixture->model), 0);
	return dests;
}

static struct conn *
add_conn(struct control_fixture *fixture, uint8_t proto, uint8_t state, uint32_t dest, const char *client,
	 uint16_t cport, const char *vip, uint16_t vport, uint32_t idle_s)
{
	struct ip_addr from = address_of(client), to = address_of(vip);
	struct conn_table *table = fixture->worker->conns[from.family == AF_INET ? TABLE_IPV4 : TABLE_IPV6];
	const struct dest *server = &fixture->model->dests[DEST_INDEX(dest)]->spec;
	struct conn *conn = conn_new(table);

	assert_non_null(conn);
	conn->proto = proto;
	conn->flags = server->forward == FORWARD_NAT ? 0 : CONN_NO_OUTPUT;
	conn->state = state;
	conn->dest = dest;
	conn->last_seen_ms = fixture->worker->now_ms - idle_s * 1000;
	if (from.family == AF_INET) {
		conn->key4[CONN_IN] = (struct conn_key4){ from.ip.v4, to.ip.v4, htons(cport), htons(vport) };
		conn->key4[CONN_OUT].sport = server->port;
	} else {
		memcpy(conn->key6[CONN_IN].src, &from.ip, 16);
		memcpy(conn->key6[CONN_IN].dst, &to.ip, 16);
		conn->key6[CONN_IN].sport = htons(cport);
		conn->key6[CONN_IN].dport = htons(vport);
		conn->key6[CONN_OUT].sport = server->port;
	}
	assert_int_equal(conn_link(table, conn, CONN_IN, NULL), 0);
	conn_show(table, conn);
	return conn;
}

static void
add_connections(struct control_fixture *fixture, const struct kernel_dests *dests)
{
	add_conn(fixture, 6, TCP_CLOSE_, dests->route, "10.1.0.1", 2003, "10.0.0.1", 80, 4);
	add_conn(fixture, 6, TCP_ESTABLISHED_, dests->masq, "10.1.0.1", 2001, "10.0.0.1", 80, 4);
	add_conn(fixture, 6, TCP_SYN_RECV_, dests->route6, "fd00:1::1", 2100, "fd00::1", 80, 3);
	add_conn(fixture, 6, TCP_CLOSE_, dests->tunnel, "10.0.0.1", 57332, "10.0.0.1", 80, 5);
	add_conn(fixture, 17, UDP_NORMAL, dests->udp, "10.1.0.1", 3000, "10.0.0.1", 5353, 4);
}

/* ---- Reading ---- */

struct text {
	size_t length;
	char bytes[65536];
};

static void
request_file(struct control_fixture *fixture, const char *name, uint16_t flags)
{
	static struct wire wire;

	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVSX, IPVSX_CMD_GET_FILE, NLM_F_REQUEST | flags);
	if (name) {
		uint32_t nest = wire_nest(&wire, IPVSX_ATTR_FILE);

		wire_string(&wire, IPVSX_FILE_ATTR_NAME, name);
		wire_nest_end(&wire, nest);
	}
	wire_end(&wire);
	ask(fixture, &wire);
}

static void
read_file(struct control_fixture *fixture, const char *name, struct text *ret)
{
	const struct nlmsghdr *message;

	ret->length = 0;
	request_file(fixture, name, NLM_F_DUMP);
	for (uint32_t i = 0; (message = answer_message(fixture, i))->nlmsg_type != NLMSG_DONE; i++) {
		const struct nlattr *piece = answer_attr(message, IPVSX_ATTR_FILE, IPVSX_FILE_ATTR_TEXT);

		assert_non_null(piece);
		assert_true(ret->length + (size_t)nla_len(piece) < sizeof(ret->bytes));
		memcpy(ret->bytes + ret->length, nla_data(piece), (size_t)nla_len(piece));
		ret->length += (size_t)nla_len(piece);
	}
	ret->bytes[ret->length] = '\0';
}

static void
read_sample(const char *name, struct text *ret)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), TEST_DATA "/proc/%s.txt", name);
	file = fopen(path, "r");
	assert_non_null(file);
	ret->length = fread(ret->bytes, 1, sizeof(ret->bytes) - 1, file);
	ret->bytes[ret->length] = '\0';
	fclose(file);
}

static int
compare_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The kernel's order is that of a hash. */
static void
sort_lines(struct text *text)
{
	char *lines[256], *copy = strdup(text->bytes), *rest = copy, *line;
	size_t n = 0;

	assert_non_null(copy);
	while ((line = strsep(&rest, "\n")) != NULL && n < 256)
		lines[n++] = line;
	qsort(lines, n, sizeof(lines[0]), compare_lines);
	text->length = 0;
	for (size_t i = 0; i < n; i++)
		text->length += (size_t)sprintf(text->bytes + text->length, "%s\n", lines[i]);
	free(copy);
}

static void
assert_file_is(struct control_fixture *fixture, const char *name, const char *sample, bool any_order)
{
	static struct text is, should_be;

	read_file(fixture, name, &is);
	read_sample(sample, &should_be);
	if (any_order) {
		sort_lines(&is);
		sort_lines(&should_be);
	}
	assert_string_equal(is.bytes, should_be.bytes);
}

/* ---- Tests ---- */

static void
ip_vs_has_the_kernels_bytes(void **state)
{
	add_everything(*state);
	assert_file_is(*state, "net/ip_vs", "ip_vs", false);
}

static void
ip_vs_conn_has_the_kernels_bytes(void **state)
{
	struct kernel_dests dests = add_everything(*state);

	add_connections(*state, &dests);
	assert_file_is(*state, "net/ip_vs_conn", "ip_vs_conn", true);
	assert_file_is(*state, "net/ip_vs_conn_sync", "ip_vs_conn_sync", true);
}

static void
ip_vs_stats_have_the_kernels_bytes(void **state)
{
	struct control_fixture *fixture = *state;
	struct kernel_dests dests = add_everything(fixture);
	struct dest_load *load = &fixture->worker->loads[DEST_INDEX(dests.masq)];

	/* the kernel's averages were on their way: connections, packets 1 a second, bytes 0x4a and 0x3f */
	fixture->model->totals.estimator = (struct ipvs_estimator){ .conns = 1 << 10,
								    .in_packets = 1 << 10,
								    .out_packets = 1 << 10,
								    .in_bytes = 0x4a << 5,
								    .out_bytes = 0x3f << 5 };
	load->connections = 5;
	load->in_packets = 10;
	load->out_packets = 5;
	load->in_bytes = 0x300;
	/* what a removed destination counted stays */
	load = &fixture->worker->loads[DEST_INDEX(dests.udp)];
	load->connections = 3;
	load->out_packets = 3;
	load->out_bytes = 0x278;
	ipvs_flush(fixture->model);
	assert_int_equal(ipvs_model_publish(fixture->model), 0);
	assert_file_is(fixture, "net/ip_vs_stats", "ip_vs_stats", false);
	assert_file_is(fixture, "net/ip_vs_stats_percpu", "ip_vs_stats_percpu", false);
	assert_file_is(fixture, "net/ip_vs_app", "ip_vs_app", false);
}

static void
zero_clears_the_totals_but_not_a_workers_line(void **state)
{
	static struct text text;
	struct control_fixture *fixture = *state;
	struct kernel_dests dests = add_everything(fixture);

	fixture->worker->loads[DEST_INDEX(dests.masq)].connections = 0xabc;
	ipvs_zero_all(fixture->model);
	fixture->worker->loads[DEST_INDEX(dests.masq)].connections++;
	read_file(fixture, "net/ip_vs_stats_percpu", &text);
	assert_non_null(strstr(text.bytes, "\n  0      ABD        0        0                0                0\n"));
	assert_non_null(strstr(text.bytes, "\n  ~        1        0        0                0                0\n"));
}

static void
totals_are_estimated_every_two_seconds(void **state)
{
	struct control_fixture *fixture = *state;
	struct kernel_dests dests = add_everything(fixture);
	struct ipvs_stats counts;
	struct ipvs_rates rates;

	for (uint64_t tick = 0; tick < 20 * 12; tick++) {
		/* 50 packets each tenth of a second */
		fixture->worker->loads[DEST_INDEX(dests.route)].in_packets += 50;
		ipvs_model_tick(fixture->model, tick * 100);
	}
	ipvs_totals_read(fixture->model, &counts, &rates);
	assert_int_equal(counts.in_packets, 50 * 20 * 12);
	/* a quarter of the way each time: 1 - 0.75^12 */
	assert_in_range(rates.in_packets, 500 * 96 / 100, 500);
}

static void
a_full_nat_destination_has_a_word_of_its_own(void **state)
{
	static struct text text;
	struct control_fixture *fixture = *state;
	struct ipvs_service *svc =
		add_service(fixture, &(struct service_row){ "10.0.0.1", 80, 6, 0, AF_INET, "rr", 0, 0, ~0u });

	add_dest(fixture, svc, "10.1.0.1", 80, FORWARD_FULLNAT, 1, 0, 0);
	read_file(fixture, "net/ip_vs", &text);
	assert_non_null(strstr(text.bytes, "  -> 0A010001:0050      FullNat 1      0          0         \n"));
}

static void
a_connection_leaves_the_list_with_its_key(void **state)
{
	static struct text text;
	struct control_fixture *fixture = *state;
	struct conn_table *table = fixture->worker->conns[TABLE_IPV4];
	struct kernel_dests dests = add_everything(fixture);
	struct conn *conn = add_conn(fixture, 6, TCP_ESTABLISHED_, dests.masq, "10.9.9.9", 1, "10.0.0.1", 80, 0);

	read_file(fixture, "net/ip_vs_conn", &text);
	assert_non_null(strstr(text.bytes, "TCP 0A090909 0001 "));
	conn_unlink(table, conn, CONN_IN);
	read_file(fixture, "net/ip_vs_conn", &text);
	assert_null(strstr(text.bytes, "0A090909"));
	conn_free(table, conn);
	conn = add_conn(fixture, 6, TCP_ESTABLISHED_, dests.masq, "10.9.9.8", 1, "10.0.0.1", 80, 0);
	read_file(fixture, "net/ip_vs_conn", &text);
	assert_non_null(strstr(text.bytes, "TCP 0A090908 0001 "));
}

static void
an_idle_connection_expires_in_0_not_in_4_billion_seconds(void **state)
{
	static struct text text;
	struct control_fixture *fixture = *state;
	struct kernel_dests dests = add_everything(fixture);

	add_conn(fixture, 6, TCP_CLOSE_, dests.masq, "10.9.9.9", 1, "10.0.0.1", 80, 11);
	/* a packet after the clock was looked at */
	add_conn(fixture, 6, TCP_CLOSE_, dests.masq, "10.9.9.9", 2, "10.0.0.1", 80, 0)->last_seen_ms += 3;
	read_file(fixture, "net/ip_vs_conn", &text);
	assert_non_null(strstr(text.bytes, "0A090909 0001 0A000001 0050 0A010001 1F90 CLOSE             0\n"));
	assert_non_null(strstr(text.bytes, "0A090909 0002 0A000001 0050 0A010001 1F90 CLOSE            10\n"));
}

/* A service goes away between two pieces of the listing. */
static void
services_may_go_while_they_are_listed(void **state)
{
	struct control_fixture *fixture = *state;
	struct proc_reader reader = { .model = fixture->model, .file = &proc_services };
	char line[PROC_LINE_MAX];
	struct proc_text text = { .at = line, .room = sizeof(line) };

	add_everything(fixture);
	proc_services.open(&reader);
	for (int i = 0; i < 3; i++) {
		text = (struct proc_text){ .at = line, .room = sizeof(line) };
		assert_int_equal(proc_services.line(&reader, &text), 1);
		reader.line++;
	}
	assert_non_null(reader.dests.next);
	ipvs_flush(fixture->model);
	assert_int_equal(ipvs_model_publish(fixture->model), 0);
	ipvs_trash_collect(fixture->model, 0);
	assert_null(reader.dests.next);
	assert_int_equal(proc_services.line(&reader, &text), 0);
	proc_services.close(&reader);
}

static void
unknown_files_are_not_there(void **state)
{
	static struct text text;
	struct control_fixture *fixture = *state;
	const struct nlmsghdr *message;
	uint32_t n = 0;
	int32_t code;

	request_file(fixture, "net/ip_vs_nothing", NLM_F_DUMP);
	message = answer_message(fixture, 0);
	assert_int_equal(message->nlmsg_type, NLMSG_ERROR);
	memcpy(&code, (const uint8_t *)message + NLMSG_HDRLEN, sizeof(code));
	assert_int_equal(code, -ENOENT);
	/* and those that are there are all listed, with a mode, and can be read */
	request_file(fixture, NULL, NLM_F_DUMP);
	while ((message = answer_message(fixture, n))->nlmsg_type != NLMSG_DONE) {
		const struct nlattr *name = answer_attr(message, IPVSX_ATTR_FILE, IPVSX_FILE_ATTR_NAME);

		assert_non_null(name);
		assert_non_null(answer_attr(message, IPVSX_ATTR_FILE, IPVSX_FILE_ATTR_MODE));
		assert_non_null(proc_file_by_name(nla_data(name)));
		n++;
	}
	assert_true(n >= 6);
	read_file(fixture, "net/ip_vs_conn_sync", &text);
	assert_true(text.length > 0);
}

/* However many connections there are, no more waits in memory than a client is owed at most, and no turn of the control
 * thread looks at more than a bounded number of places. */
static void
a_long_list_goes_out_in_pieces(void **state)
{
	struct control_fixture *fixture = *state;
	struct conn_table *table = fixture->worker->conns[TABLE_IPV4];
	struct kernel_dests dests = add_everything(fixture);
	uint32_t n_lines = 0, n_turns = 0;
	struct datagram *datagram;

	for (uint32_t i = 0; i < CONNECTIONS; i++) {
		char client[32];

		snprintf(client, sizeof(client), "11.0.%u.%u", i >> 8 & 255, i & 255);
		add_conn(fixture, 6, TCP_ESTABLISHED_, dests.masq, client, 1, "10.0.0.1", 80, 0);
	}
	/* most of them end: the places stay */
	for (uint32_t i = 0; i < CONNECTIONS; i++)
		if (i % 100 != 0) {
			conn_unlink(table, conn_at(table, i), CONN_IN);
			conn_free(table, conn_at(table, i));
		}
	for (int full = 0; full < 2; full++) {
		n_lines = n_turns = 0;
		request_file(fixture, "net/ip_vs_conn", NLM_F_DUMP);
		for (uint32_t i = 0; i < fixture->n_answers; i++)
			for (uint32_t j = 0; j < fixture->answers[i]->length; j++)
				n_lines += fixture->answers[i]->bytes[j] == '\n';
		while (genl_session_busy(&fixture->session)) {
			genl_session_resume(&fixture->session);
			assert_true(fixture->session.out_bytes <= GENL_OUT_LIMIT + 2 * GENL_DUMP_DATAGRAM);
			n_turns++;
			while ((datagram = genl_session_pop(&fixture->session)) != NULL) {
				for (uint32_t j = 0; j < datagram->length; j++)
					n_lines += datagram->bytes[j] == '\n';
				free(datagram);
			}
		}
		assert_true(n_turns >= CONNECTIONS / CONN_WALK_A_TURN);
		/* and now with every place in use */
		for (uint32_t i = 0; full == 0 && i < CONNECTIONS - CONNECTIONS / 100; i++) {
			char client[32];

			snprintf(client, sizeof(client), "12.0.%u.%u", i >> 8 & 255, i & 255);
			add_conn(fixture, 6, TCP_ESTABLISHED_, dests.masq, client, 1, "10.0.0.1", 80, 0);
		}
	}
	/* bytes of netlink headers may be a line feed, too */
	assert_in_range(n_lines, CONNECTIONS + 1, CONNECTIONS + 1 + CONNECTIONS / 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ip_vs_has_the_kernels_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(ip_vs_conn_has_the_kernels_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(ip_vs_stats_have_the_kernels_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(zero_clears_the_totals_but_not_a_workers_line, setup, teardown),
		cmocka_unit_test_setup_teardown(totals_are_estimated_every_two_seconds, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_nat_destination_has_a_word_of_its_own, setup, teardown),
		cmocka_unit_test_setup_teardown(a_connection_leaves_the_list_with_its_key, setup, teardown),
		cmocka_unit_test_setup_teardown(an_idle_connection_expires_in_0_not_in_4_billion_seconds, setup,
						teardown),
		cmocka_unit_test_setup_teardown(services_may_go_while_they_are_listed, setup, teardown),
		cmocka_unit_test_setup_teardown(unknown_files_are_not_there, setup, teardown),
		cmocka_unit_test_setup_teardown(a_long_list_goes_out_in_pieces, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
