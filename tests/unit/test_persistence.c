/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Persistent services (lb/template.h, path/persistent.c): a client stays at its server, for as long, and at whatever
 * worker its connections are.
 */
#include "chosen_servers.h"
#include "lb/conn_life.h"
#include "lb/persistence.h"
#include "lb/scheduler.h"
#include "lb/template.h"

#define VIP "192.0.2.1"
#define CLIENT "198.51.100.7"
#define OTHER "198.51.100.8"

static struct network *
network_with(uint32_t n_workers, const struct service_spec *spec)
{
	struct network *network = network_new(n_workers, 1024);

	director_serve_as(network->director, spec, 0, spec->key.family == AF_INET ? two_servers : two_servers6, 2);
	return network;
}

static struct network *
usual_network(uint32_t n_workers)
{
	const struct service_spec spec = spec_of(IPPROTO_TCP, VIP, 80, IP_VS_SVC_F_PERSISTENT);

	return network_with(n_workers, &spec);
}

static int32_t
templates_at(const struct network *network, uint32_t dest)
{
	struct dest_load load;

	dest_load_sum(network->director->lb, dest, &load);
	return load.persistent;
}

static void
none_used(struct worker *self, uint32_t nexthop)
{
	(void)self, (void)nexthop;
}

static const struct sweep_hooks hooks = { .used = none_used, .reset = reset_conn };

/* Time passes, a tenth of a second a turn. */
static void
pass(struct network *network, uint32_t seconds)
{
	for (uint32_t i = 0; i < 10 * seconds; i++) {
		for (uint32_t k = 0; k < network->director->n_workers; k++) {
			struct worker *self = network->director->workers[k];

			self->now_ms += 100;
			conn_sweep(self, AF_INET, &hooks);
			conn_sweep(self, AF_INET6, &hooks);
			templates_sweep(self);
		}
	}
}

static void
a_client_stays_at_its_server(void **state)
{
	struct network *network = usual_network(1);
	uint8_t mine = connects(network, 0, CLIENT, 4000, VIP, 80, IPPROTO_TCP).last;
	uint8_t its = connects(network, 0, OTHER, 4000, VIP, 80, IPPROTO_TCP).last;

	(void)state;
	assert_int_equal(mine + its, 3);
	for (uint16_t i = 1; i < 20; i++) {
		struct chosen chosen = connects(network, 0, CLIENT, (uint16_t)(4000 + i), VIP, 80, IPPROTO_TCP);

		assert_int_equal(chosen.last, mine);
		assert_int_equal(chosen.port, 8080);
		if (i % 3 == 0)
			assert_int_equal(connects(network, 0, OTHER, (uint16_t)(4000 + i), VIP, 80, IPPROTO_TCP).last,
					 its);
	}
	assert_int_equal(templates_at(network, 0), 1);
	assert_int_equal(templates_at(network, 1), 1);
	network_free(network);
}

static void
clients_of_one_network_stay_together(void **state)
{
	struct service_spec spec = spec_of(IPPROTO_TCP, VIP, 80, IP_VS_SVC_F_PERSISTENT);
	struct service_spec spec6 = spec_of(IPPROTO_TCP, "2001:db8::1", 80, IP_VS_SVC_F_PERSISTENT);
	struct network *network;
	uint8_t first;

	(void)state;
	spec.netmask = RTE_BE32(0xfffffff0);
	network = network_with(1, &spec);
	first = connects(network, 0, "198.51.100.1", 4000, VIP, 80, IPPROTO_TCP).last;
	assert_int_equal(connects(network, 0, "198.51.100.15", 4000, VIP, 80, IPPROTO_TCP).last, first);
	assert_int_equal(connects(network, 0, "198.51.100.16", 4000, VIP, 80, IPPROTO_TCP).last, 3 - first);
	assert_int_equal(connects(network, 0, "198.51.100.2", 4000, VIP, 80, IPPROTO_TCP).last, first);
	network_free(network);
	/* 124 is within a byte */
	spec6.netmask = 124;
	network = network_with(1, &spec6);
	first = connects(network, 0, "2001:db8:1::21", 4000, "2001:db8::1", 80, IPPROTO_TCP).last;
	assert_int_equal(connects(network, 0, "2001:db8:1::2f", 4000, "2001:db8::1", 80, IPPROTO_TCP).last, first);
	assert_int_equal(connects(network, 0, "2001:db8:1::31", 4000, "2001:db8::1", 80, IPPROTO_TCP).last, 3 - first);
	network_free(network);
}

/* The timeout runs from the last new connection, and never ends while there is one. */
static void
a_client_is_forgotten_after_the_timeout_and_its_last_connection(void **state)
{
	struct network *network = usual_network(1);
	uint8_t mine = connects(network, 0, CLIENT, 4000, VIP, 80, IPPROTO_TCP).last;
	struct frame frame = { .src = CLIENT, .dst = VIP, .sport = 4000, .dport = 80, .flags = ACK };

	(void)state;
	pass(network, TIMEOUT_S - 10);
	assert_int_equal(templates_at(network, mine - 1), 1);
	assert_int_equal(connects(network, 0, CLIENT, 4001, VIP, 80, IPPROTO_TCP).last, mine);
	pass(network, TIMEOUT_S - 10);
	assert_int_equal(templates_at(network, mine - 1), 1);
	/* the connection lasts 15 minutes */
	receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	assert_int_equal(chosen_server().last, 0);
	assert_to_kernel(network, EXCEPTION_OTHER);
	assert_int_equal(connects(network, 0, CLIENT, 4002, VIP, 80, IPPROTO_TCP).last, mine);
	frame.sport = 4002;
	receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	assert_int_equal(chosen_server().last, mine);
	pass(network, 890);
	assert_int_equal(templates_at(network, mine - 1), 1);
	pass(network, 80);
	assert_int_equal(templates_at(network, mine - 1), 0);
	assert_int_equal(network->director->workers[0]->counters.count[COUNT_CONNS], 0);
	network_free(network);
}

static void
weight_zero_keeps_clients_unless_told_otherwise(void **state)
{
	struct network *network = usual_network(1);
	uint8_t mine = connects(network, 0, CLIENT, 4000, VIP, 80, IPPROTO_TCP).last;
	struct dest_spec servers[2] = { two_servers[0], two_servers[1] };
	const struct service_spec spec = spec_of(IPPROTO_TCP, VIP, 80, IP_VS_SVC_F_PERSISTENT);

	(void)state;
	servers[mine - 1].weight = 0;
	director_serve_as(network->director, &spec, 0, servers, 2);
	assert_int_equal(connects(network, 0, CLIENT, 4001, VIP, 80, IPPROTO_TCP).last, mine);
	assert_int_equal(connects(network, 0, OTHER, 4001, VIP, 80, IPPROTO_TCP).last, 3 - mine);
	director_knob(network->director, "expire_quiescent_template", 1);
	assert_int_equal(connects(network, 0, CLIENT, 4002, VIP, 80, IPPROTO_TCP).last, 3 - mine);
	assert_int_equal(templates_at(network, mine - 1), 0);
	assert_int_equal(templates_at(network, 3 - mine - 1), 2);
	network_free(network);
}

static void
a_client_of_a_removed_server_gets_another_and_stays_there(void **state)
{
	struct network *network = usual_network(1);
	uint8_t mine = connects(network, 0, CLIENT, 4000, VIP, 80, IPPROTO_TCP).last;
	const struct service_spec spec = spec_of(IPPROTO_TCP, VIP, 80, IP_VS_SVC_F_PERSISTENT);

	(void)state;
	director_serve_as(network->director, &spec, 2 - mine, &two_servers[2 - mine], 1);
	dest_retract(network->director->lb, DEST_ID(mine - 1, 1));
	assert_int_equal(connects(network, 0, CLIENT, 4001, VIP, 80, IPPROTO_TCP).last, 3 - mine);
	director_serve_as(network->director, &spec, 0, two_servers, 2);
	for (uint16_t i = 0; i < 5; i++)
		assert_int_equal(connects(network, 0, CLIENT, (uint16_t)(4002 + i), VIP, 80, IPPROTO_TCP).last,
				 3 - mine);
	network_free(network);
}

/* Each connection of a client may be another worker's, and each packet may arrive at any of them. */
static void
all_workers_send_a_client_to_one_server(void **state)
{
	enum { WORKERS = 4, CLIENTS_N = 40 };
	struct network *network = usual_network(WORKERS);
	uint32_t at_server[3] = { 0 }, owners = 0;

	(void)state;
	for (uint32_t c = 0; c < CLIENTS_N; c++) {
		char client[20];
		uint8_t mine = 0;

		snprintf(client, sizeof(client), "198.51.100.%u", c + 1);
		for (uint16_t i = 0; i < 8; i++) {
			uint8_t last =
				connects(network, (c + i) % WORKERS, client, (uint16_t)(4000 + i), VIP, 80, IPPROTO_TCP)
					.last;

			assert_int_not_equal(last, 0);
			if (i > 0)
				assert_int_equal(last, mine);
			mine = last;
		}
		at_server[mine]++;
		assert_accounts_close(network);
	}
	assert_int_equal(templates_at(network, 0) + templates_at(network, 1), CLIENTS_N);
	assert_true(at_server[1] > CLIENTS_N / 4 && at_server[2] > CLIENTS_N / 4);
	/* both connections and templates are spread */
	for (uint32_t i = 0; i < WORKERS; i++) {
		assert_true(network->director->workers[i]->counters.count[COUNT_CONN_NEW] > CLIENTS_N);
		owners += templates_high(network->director->workers[i]->templates) > 0;
	}
	assert_int_equal(owners, WORKERS);
	/* no worker forgets a template that another has connections of */
	pass(network, TIMEOUT_S + 900);
	pass(network, 61);
	assert_int_equal(templates_at(network, 0) + templates_at(network, 1), 0);
	for (uint32_t i = 0; i < WORKERS; i++) {
		for (uint32_t n = 0; n < template_numbers(FIXTURE_TEMPLATES, WORKERS); n++)
			assert_int_equal(network->director->workers[i]->template_uses[n] & 0x7fffffff, 0);
	}
	network_free(network);
}

static struct template_view
only_template(const struct network *network)
{
	struct template_view view, found;
	uint32_t n = 0;

	for (uint32_t i = 0; i < network->director->n_workers; i++) {
		const struct worker *self = network->director->workers[i];

		for (uint32_t k = 0; k < templates_high(self->templates); k++) {
			if (!template_read(self, k, &view))
				continue;
			found = view;
			n++;
		}
	}
	assert_int_equal(n, 1);
	return found;
}

static void
a_template_is_listed_with_what_it_is_known_by(void **state)
{
	struct network *network = usual_network(2);
	uint8_t mine = connects(network, 0, CLIENT, 4000, VIP, 80, IPPROTO_TCP).last;
	struct frame frame = { .src = CLIENT, .dst = VIP, .sport = 4000, .dport = 80, .flags = ACK };
	const struct ip_addr client = address_of(CLIENT), vip = address_of(VIP);
	struct template_view view;

	(void)state;
	pass(network, 100);
	view = only_template(network);
	assert_true(ip_bits_equal(&view.key.client, &client.ip));
	assert_true(ip_bits_equal(&view.key.service, &vip.ip));
	assert_int_equal(view.key.port, RTE_BE16(80));
	assert_int_equal(view.key.proto, IPPROTO_TCP);
	assert_int_equal(view.dest, DEST_ID(mine - 1, 1));
	assert_in_range(view.expires_ms, (TIMEOUT_S - 101) * 1000, (TIMEOUT_S - 99) * 1000);
	assert_false(view.assured);
	assert_int_equal(connects(network, 0, CLIENT, 4000, VIP, 80, IPPROTO_TCP).last, mine);
	receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	assert_int_equal(chosen_server().last, mine);
	assert_true(only_template(network).assured);
	/* it was once, and that stays */
	pass(network, 1);
	for (uint32_t i = 0; i < 2; i++)
		memset(network->director->workers[i]->template_uses, 0,
		       template_numbers(FIXTURE_TEMPLATES, 2) * sizeof(uint32_t));
	assert_true(only_template(network).assured);
	network->director->workers[0]->conns[TABLE_IPV4]->high = 0;
	network->director->workers[1]->conns[TABLE_IPV4]->high = 0;
	network_free(network);
}

/* UDP has no state that tells. */
static void
an_answer_over_udp_assures_a_template(void **state)
{
	const struct service_spec spec = spec_of(IPPROTO_UDP, VIP, 53, IP_VS_SVC_F_PERSISTENT);
	struct network *network = network_with(1, &spec);
	const struct frame frame = { .src = CLIENT, .dst = VIP, .sport = 4000, .dport = 53, .proto = IPPROTO_UDP };
	struct rte_mbuf *m;

	(void)state;
	for (int i = 0; i < 3; i++) {
		receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
		m = sent_one(SERVERS);
		assert_false(only_template(network).assured);
		if (i < 2)
			rte_pktmbuf_free(m);
	}
	for (int i = 0; i < 3; i++) {
		receive(network, 0, SERVERS, frame_reply(m));
		rte_pktmbuf_free(sent_one(CLIENTS));
		assert_true(only_template(network).assured);
		assert_int_equal(conn_at(network->director->workers[0]->conns[TABLE_IPV4], 0)->flags & CONN_WATCHED, 0);
	}
	rte_pktmbuf_free(m);
	network_free(network);
}

static void
a_client_too_many_is_refused_by_name(void **state)
{
	struct network *network = usual_network(1);
	char client[20];

	(void)state;
	for (uint32_t i = 0; i < FIXTURE_TEMPLATES; i++) {
		snprintf(client, sizeof(client), "203.0.113.%u", i % 256);
		set_route(network, "203.0.113.0", 24, network->nexthop_router);
		assert_int_not_equal(connects(network, 0, client, 4000, VIP, 80, IPPROTO_TCP).last, 0);
	}
	assert_int_equal(connects(network, 0, CLIENT, 4000, VIP, 80, IPPROTO_TCP).last, 0);
	assert_dropped(network, DROP_TEMPLATES_FULL);
	assert_int_not_equal(connects(network, 0, "203.0.113.9", 4001, VIP, 80, IPPROTO_TCP).last, 0);
	pass(network, TIMEOUT_S + 62);
	assert_int_not_equal(connects(network, 0, CLIENT, 4000, VIP, 80, IPPROTO_TCP).last, 0);
	network_free(network);
}

/* As for the kernel: port 0 is all ports of the address, a destination keeps the port. */
static void
port_zero_takes_all_ports_to_one_server(void **state)
{
	struct service_spec any = spec_of(IPPROTO_TCP, VIP, 0, IP_VS_SVC_F_PERSISTENT);
	struct network *network = network_with(1, &any);
	struct chosen first = connects(network, 0, CLIENT, 4000, VIP, 80, IPPROTO_TCP);

	(void)state;
	assert_int_equal(first.port, 80);
	for (uint16_t port = 440; port < 450; port++) {
		struct chosen chosen = connects(network, 0, CLIENT, 4000, VIP, port, IPPROTO_TCP);

		assert_int_equal(chosen.last, first.last);
		assert_int_equal(chosen.port, port);
	}
	assert_int_equal(only_template(network).key.port, 0);
	/* a service of its own wins */
	any.index = 1;
	any.key.port = RTE_BE16(443);
	any.flags = 0;
	director_serve_as(network->director, &any, 2, &two_servers[2 - first.last], 1);
	assert_int_equal(connects(network, 0, CLIENT, 5000, VIP, 443, IPPROTO_TCP).last, 3 - first.last);
	assert_int_equal(connects(network, 0, CLIENT, 5000, VIP, 444, IPPROTO_TCP).last, first.last);
	service_retract(network->director->lb, 1);
	assert_int_equal(connects(network, 0, CLIENT, 5001, VIP, 443, IPPROTO_TCP).last, first.last);
	service_retract(network->director->lb, 0);
	assert_int_equal(connects(network, 0, CLIENT, 5002, VIP, 443, IPPROTO_TCP).last, 0);
	assert_to_kernel(network, EXCEPTION_OTHER);
	network_free(network);
}

static void
port_zero_without_persistence_takes_nothing(void **state)
{
	const struct service_spec any = spec_of(IPPROTO_TCP, VIP, 0, 0);
	struct network *network = network_with(1, &any);

	(void)state;
	assert_int_equal(connects(network, 0, CLIENT, 4000, VIP, 80, IPPROTO_TCP).last, 0);
	assert_dropped(network, DROP_NO_DEST);
	network_free(network);
}

static void
ftp_takes_its_data_connections_along(void **state)
{
	struct service_spec ftp = spec_of(IPPROTO_TCP, VIP, 21, IP_VS_SVC_F_PERSISTENT);
	struct network *network = network_with(1, &ftp);
	struct chosen first = connects(network, 0, CLIENT, 4000, VIP, 21, IPPROTO_TCP);

	(void)state;
	assert_int_equal(first.port, 8080);
	for (uint16_t port = 2000; port < 2010; port++) {
		struct chosen chosen = connects(network, 0, CLIENT, 4001, VIP, port, IPPROTO_TCP);

		assert_int_equal(chosen.last, first.last);
		assert_int_equal(chosen.port, port);
	}
	assert_int_equal(connects(network, 0, CLIENT, 4002, VIP, 80, IPPROTO_TCP).last, 0);
	assert_to_kernel(network, EXCEPTION_OTHER);
	/* begun by a server, and not by a client */
	assert_int_equal(connects(network, 0, CLIENT, 20, VIP, 2000, IPPROTO_TCP).last, 0);
	assert_to_kernel(network, EXCEPTION_OTHER);
	ftp.flags = 0;
	director_serve_as(network->director, &ftp, 0, two_servers, 2);
	assert_int_equal(connects(network, 0, CLIENT, 4003, VIP, 2000, IPPROTO_TCP).last, 0);
	assert_to_kernel(network, EXCEPTION_OTHER);
	assert_int_not_equal(connects(network, 0, CLIENT, 4003, VIP, 21, IPPROTO_TCP).last, 0);
	network_free(network);
}

static uint8_t
calls(struct network *network, uint32_t worker, const char *client, uint16_t sport, const char *text)
{
	const struct frame frame = { .src = client,
				     .dst = VIP,
				     .sport = sport,
				     .dport = 5060,
				     .proto = IPPROTO_UDP,
				     .payload = (uint16_t)strlen(text) };
	struct rte_mbuf *m = frame_new(&frame, CLIENTS);

	memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, 14 + 20 + 8), text, strlen(text));
	frame_checksums(m);
	receive(network, worker, CLIENTS, m);
	return chosen_server().last;
}

/* One client's address, as a proxy has it, and many calls. */
static void
a_call_of_sip_stays_at_its_server(void **state)
{
	for (uint32_t workers = 1; workers <= 3; workers += 2) {
		struct service_spec spec =
			spec_of(IPPROTO_UDP, VIP, 5060, IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_ONEPACKET);
		struct network *network;
		uint8_t servers[40];
		uint32_t at_first = 0;
		char text[100];

		spec.engine = persistence_engine_by_name("sip");
		assert_non_null(spec.engine);
		network = network_with(workers, &spec);
		for (uint32_t round = 0; round < 3; round++) {
			for (uint32_t call = 0; call < 40; call++) {
				uint8_t server;

				snprintf(text, sizeof(text), "INVITE sip:a@b SIP/2.0\r\nCall-ID: %u@host\r\n\r\n",
					 call);
				server = calls(network, (call + round) % workers, CLIENT, (uint16_t)(5000 + round),
					       text);
				if (round > 0)
					assert_int_equal(server, servers[call]);
				servers[call] = server;
				at_first += round == 0 && server == 1;
			}
		}
		assert_in_range(at_first, 10, 30);
		assert_int_equal(templates_at(network, 0) + templates_at(network, 1), 40);
		/* without a Call-ID the address has to do */
		at_first = calls(network, 0, CLIENT, 6000, "nothing");
		for (uint16_t i = 1; i < 10; i++)
			assert_int_equal(calls(network, 0, CLIENT, (uint16_t)(6000 + i), "nothing"), at_first);
		assert_int_equal(counted(network, COUNT_CONN_NEW), 0);
		network_free(network);
	}
	(void)state;
}

static void
assert_call_id(const char *text, const char *expected)
{
	const uint8_t *id = NULL;
	uint8_t length = 0, copy[600];

	/* of just that length, so that the sanitizer sees who reads beyond */
	assert_true(strlen(text) < sizeof(copy));
	memcpy(copy + sizeof(copy) - strlen(text), text, strlen(text));
	if (!expected) {
		assert_false(persistence_sip.read(IPPROTO_UDP, copy + sizeof(copy) - strlen(text),
						  (uint32_t)strlen(text), &id, &length));
		return;
	}
	assert_true(persistence_sip.read(IPPROTO_UDP, copy + sizeof(copy) - strlen(text), (uint32_t)strlen(text), &id,
					 &length));
	assert_int_equal(length, strlen(expected));
	assert_memory_equal(id, expected, length);
}

static void
a_call_id_is_found_as_the_kernel_finds_it(void **state)
{
	char longest[400] = "x\r\nCall-ID: ", expected[300] = "";
	size_t at = strlen(longest);
	const uint8_t *id;
	uint8_t length;

	(void)state;
	assert_call_id("REGISTER sip:x SIP/2.0\r\nVia: y\r\nCall-ID: abc@host.example\r\n", "abc@host.example");
	assert_call_id("x\r\ncALL-id  :\t abc\r\n", "abc");
	assert_call_id("x\ni: 1-2.3!%*_+`'~()<>:\\\"/[]?{}\n", "1-2.3!%*_+`'~()<>:\\\"/[]?{}");
	assert_call_id("x\r\nI:abc\r\nCall-ID: def\r\n", "abc");
	assert_call_id("", NULL);
	assert_call_id("Call-ID: first line\r\n", NULL);
	assert_call_id("x\r\nCall-ID: abc", NULL);
	assert_call_id("x\r\nCall-ID: a b\r\n", NULL);
	assert_call_id("x\r\nCall-ID: a@\r\n", NULL);
	assert_call_id("x\r\nCall-ID: @a\r\n", NULL);
	assert_call_id("x\r\nCall-ID:\r\n", NULL);
	assert_call_id("x\r\nCall-ID abc\r\n", NULL);
	assert_call_id("x\r\nid: abc\r\n", NULL);
	assert_call_id("x\r\nX-Call-ID: abc\r\n", NULL);
	for (size_t i = 0; i < TEMPLATE_DATA_MAX; i++)
		longest[at + i] = expected[i] = 'a';
	strcpy(longest + at + TEMPLATE_DATA_MAX, "\r\n");
	assert_call_id(longest, expected);
	strcpy(longest + at + TEMPLATE_DATA_MAX, "a\r\n");
	assert_call_id(longest, NULL);
	assert_false(persistence_sip.read(IPPROTO_TCP, (const uint8_t *)"x\ni: a\n", 7, &id, &length));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_stays_at_its_server),
		cmocka_unit_test(clients_of_one_network_stay_together),
		cmocka_unit_test(a_client_is_forgotten_after_the_timeout_and_its_last_connection),
		cmocka_unit_test(weight_zero_keeps_clients_unless_told_otherwise),
		cmocka_unit_test(a_client_of_a_removed_server_gets_another_and_stays_there),
		cmocka_unit_test(all_workers_send_a_client_to_one_server),
		cmocka_unit_test(a_template_is_listed_with_what_it_is_known_by),
		cmocka_unit_test(an_answer_over_udp_assures_a_template),
		cmocka_unit_test(a_client_too_many_is_refused_by_name),
		cmocka_unit_test(port_zero_takes_all_ports_to_one_server),
		cmocka_unit_test(port_zero_without_persistence_takes_nothing),
		cmocka_unit_test(ftp_takes_its_data_connections_along),
		cmocka_unit_test(a_call_of_sip_stays_at_its_server),
		cmocka_unit_test(a_call_id_is_found_as_the_kernel_finds_it),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
