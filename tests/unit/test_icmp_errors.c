/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ICMP errors about packets of connections (path/icmp_error.c): of every kind, in every forwarding method, from both
 * sides, each compared with what it is to become, to the last byte.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include <linux/ip_vs.h>

#include "icmp_messages.h"
#include "lb/conn_table.h"
#include "random_source.h"

#define FROM_CLIENTS 0
#define FROM_SERVERS 1

struct kind {
	uint8_t type, last_code;
};

static const struct kind kinds4[] = { { 3, 15 }, { 4, 0 }, { 11, 1 }, { 12, 2 }, { 0, 0 } };
static const struct kind kinds6[] = { { 1, 8 }, { 2, 0 }, { 3, 1 }, { 4, 10 }, { 0, 0 } };

static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };
static const uint8_t methods[] = { FORWARD_NAT, FORWARD_DIRECT, FORWARD_FULLNAT };

/* An error about a talk, and what is to become of it. */
struct error {
	struct icmp_spec in, out;
	uint8_t port_in, port_out;
};

/* SIDE: where the error comes from; BY_HOST: from the end host rather than a router on the way to it. */
static struct error
error_about(const struct talk *talk, int side, bool by_host)
{
	const bool v4 = talk->family == AF_INET;
	struct error error = { .port_in = side == FROM_CLIENTS ? CLIENTS : SERVERS,
			       .port_out = side == FROM_CLIENTS ? SERVERS : CLIENTS };

	if (side == FROM_CLIENTS) {
		error.in.src = by_host ? talk->sent.src : v4 ? "198.51.100.99" : "2001:db8:1::99";
		error.in.dst = talk->returned.src;
		error.in.quoted = &talk->returned;
		error.out.src = by_host ? talk->answered.dst : error.in.src;
		error.out.dst = talk->answered.src;
		error.out.quoted = &talk->answered;
		error.out.src_mac = port_mac[SERVERS];
		error.out.dst_mac = server_mac[0];
	} else {
		error.in.src = by_host ? talk->got.dst : v4 ? "10.0.0.77" : "fd00::77";
		error.in.dst = talk->got.src;
		error.in.quoted = &talk->got;
		error.out.src = by_host ? talk->sent.dst : error.in.src;
		error.out.dst = talk->sent.src;
		error.out.quoted = &talk->sent;
		error.out.src_mac = port_mac[CLIENTS];
		error.out.dst_mac = router_mac;
	}
	error.in.cut = error.out.cut = ICMP_QUOTE_ALL;
	error.in.type = error.out.type = v4 ? 3 : 1;
	error.out.ttl = 63;
	return error;
}

static const struct conn *
first_conn(const struct network *network, uint16_t family)
{
	return conn_at(network->director->workers[0]->conns[family == AF_INET ? TABLE_IPV4 : TABLE_IPV6], 0);
}

/* The error goes through, and the connection knows nothing of it. */
static void
passes(struct network *network, const struct talk *talk, const struct error *error)
{
	const struct conn *conn = first_conn(network, talk->family);
	const size_t size = talk->family == AF_INET ? CONN4_SIZE : CONN6_SIZE;
	uint8_t before[CONN6_SIZE];
	struct rte_mbuf *m = icmp_new(&error->in, error->port_in), *tight = frame_tight(m, m->data_len);

	rte_pktmbuf_free(m);
	network->director->workers[0]->now_ms += 1000;
	memcpy(before, conn, size);
	receive(network, 0, error->port_in, tight);
	assert_icmp_sent(error->port_out, &error->out);
	assert_memory_equal(conn, before, size);
	assert_accounts_close(network);
}

/* Calls CHECK for a new network with a talk for each method, family and protocol, and each side that is translated. */
static void
for_each_talk(void (*check)(struct network *network, const struct talk *talk, int side))
{
	for (int i = 0; i < 2 * 2 * 3; i++) {
		const uint8_t method = methods[i / 4];

		for (int side = FROM_CLIENTS; side <= (method == FORWARD_DIRECT ? FROM_CLIENTS : FROM_SERVERS);
		     side++) {
			struct network *network = network_new(1, 64);
			struct talk talk;

			talk_open(network, 0, 0, i & 1 ? AF_INET6 : AF_INET, protocols[i / 2 % 2], method, 1000, &talk);
			check(network, &talk, side);
			network_free(network);
		}
	}
}

static void
check_kinds(struct network *network, const struct talk *talk, int side)
{
	for (int by_host = 0; by_host < 2; by_host++) {
		struct error error = error_about(talk, side, by_host);

		for (const struct kind *kind = talk->family == AF_INET ? kinds4 : kinds6; kind->type; kind++) {
			for (uint8_t code = 0; code <= kind->last_code; code++) {
				/* an MTU for those that have one, a pointer or nothing for the others */
				const uint8_t rest[4] = { kind->type == 12 ? 13 : 0, 0, 5, 0xdc };

				error.in.type = error.out.type = kind->type;
				error.in.code = error.out.code = code;
				memcpy(error.in.rest, rest, 4);
				memcpy(error.out.rest, rest, 4);
				passes(network, talk, &error);
			}
		}
	}
}

static void
every_kind_of_error_passes_in_every_method(void **state)
{
	(void)state;
	for_each_talk(check_kinds);
}

static uint16_t
l4_of(const struct talk *talk, bool extra)
{
	return (talk->family == AF_INET ? 20 : 40) + (extra ? 8 : 0);
}

/* As `passes`, but a checksum of which half is there stays as it came. */
static void
passes_cut(struct network *network, const struct talk *talk, struct error *error, uint16_t cut)
{
	const bool half = talk->proto == IPPROTO_TCP && cut == l4_of(talk, error->in.quoted_extra) + 17;
	struct rte_mbuf *m, *came;

	error->in.cut = error->out.cut = cut;
	if (!half) {
		passes(network, talk, error);
		return;
	}
	receive(network, 0, error->port_in, icmp_new(&error->in, error->port_in));
	m = sent_one(error->port_out);
	assert_true(icmp_sums_are_right(m) || error->in.outer_extra);
	came = icmp_new(&error->in, error->port_in);
	assert_int_equal(*rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len - 1),
			 *rte_pktmbuf_mtod_offset(came, uint8_t *, came->data_len - 1));
	rte_pktmbuf_free(came);
	rte_pktmbuf_free(m);
}

static void
check_cuts(struct network *network, const struct talk *talk, int side)
{
	for (int extras = 0; extras < 4; extras++) {
		struct error error = error_about(talk, side, false);
		const uint16_t l4 = l4_of(talk, extras & 1);
		const uint16_t whole = l4 + (talk->proto == IPPROTO_TCP ? 20 : 8) + 33;

		error.in.quoted_extra = error.out.quoted_extra = extras & 1;
		error.in.outer_extra = error.out.outer_extra = extras & 2;
		for (uint16_t cut = 0; cut < l4 + 8; cut++) {
			struct rte_mbuf *m, *tight;

			error.in.cut = cut;
			m = icmp_new(&error.in, error.port_in);
			tight = frame_tight(m, m->data_len);
			rte_pktmbuf_free(m);
			receive(network, 0, error.port_in, tight);
			assert_dropped(network, DROP_ICMP_QUOTE);
		}
		for (uint16_t cut = l4 + 8; cut <= whole; cut++)
			passes_cut(network, talk, &error, cut);
	}
}

static void
quotes_cut_at_every_byte_pass_or_are_dropped(void **state)
{
	(void)state;
	for_each_talk(check_cuts);
}

/* The extension is no part of what was quoted, even where a header field would be. */
static void
check_extension(struct network *network, const struct talk *talk, int side)
{
	struct error error = error_about(talk, side, false);
	const bool v4 = talk->family == AF_INET;

	error.in.cut = error.out.cut = 128;
	error.in.padded = error.out.padded = 128;
	error.in.rest[v4 ? 1 : 0] = error.out.rest[v4 ? 1 : 0] = v4 ? 32 : 16;
	passes(network, talk, &error);
	/* only eight bytes of the transport header are the quote's */
	error.in.padded = error.out.padded = error.in.cut = error.out.cut = l4_of(talk, false) + 8;
	error.in.rest[v4 ? 1 : 0] = error.out.rest[v4 ? 1 : 0] = error.in.padded / (v4 ? 4 : 8);
	passes(network, talk, &error);
}

static void
what_follows_the_quote_is_left_alone(void **state)
{
	(void)state;
	for_each_talk(check_extension);
}

static void
check_no_checksum(struct network *network, const struct talk *talk, int side)
{
	struct talk without = *talk;
	struct error error = error_about(&without, side, false);

	if (talk->proto != IPPROTO_UDP)
		return;
	without.sent.no_checksum = without.got.no_checksum = true;
	without.answered.no_checksum = without.returned.no_checksum = true;
	passes(network, &without, &error);
}

static void
udp_without_a_checksum_is_quoted_without_one(void **state)
{
	(void)state;
	for_each_talk(check_no_checksum);
}

static void
check_statistics(struct network *network, const struct talk *talk, int side)
{
	const struct error error = error_about(talk, side, false);
	const struct dest_load *load = &network->director->workers[0]->loads[0];
	const struct dest_load before = *load;
	struct rte_mbuf *m = icmp_new(&error.in, error.port_in);
	const uint32_t length = m->data_len - 14;

	receive(network, 0, error.port_in, m);
	assert_int_equal(load->packets[side], before.packets[side] + 1);
	assert_int_equal(load->bytes[side], before.bytes[side] + length);
	assert_int_equal(load->packets[side ^ 1], before.packets[side ^ 1]);
	forget_packets(network);
}

static void
errors_count_in_the_statistics_of_their_direction(void **state)
{
	(void)state;
	for_each_talk(check_statistics);
}

static void
check_refused(struct network *network, const struct talk *talk, int side)
{
	struct error error = error_about(talk, side, false);
	const bool v4 = talk->family == AF_INET;

	error.in.ttl = 1;
	receive(network, 0, error.port_in, icmp_new(&error.in, error.port_in));
	assert_dropped(network, DROP_IP_TTL);
	error.in.ttl = 64;
	error.in.src = v4 ? "127.0.0.1" : "::1";
	receive(network, 0, error.port_in, icmp_new(&error.in, error.port_in));
	assert_dropped(network, DROP_IP_SOURCE);
	error.in.src = v4 ? "192.0.2.1" : "2001:db8::1";
	receive(network, 0, error.port_in, icmp_new(&error.in, error.port_in));
	assert_dropped(network, DROP_IP_SOURCE);
	/* the way out is down: nothing is told about an error */
	error = error_about(talk, side, false);
	network->ports.port[error.port_out].up = false;
	receive(network, 0, error.port_in, icmp_new(&error.in, error.port_in));
	assert_dropped(network, DROP_PORT_DOWN);
}

static void
errors_with_a_spent_ttl_or_a_false_source_end_here(void **state)
{
	(void)state;
	for_each_talk(check_refused);
}

/* Nothing that is translated: to whom it goes then depends on where it was sent. */
static void
goes_its_way(struct network *network, const struct icmp_spec *spec, uint8_t port)
{
	struct ip_addr dst = address_of(spec->dst);

	receive(network, 0, port, icmp_new(spec, port));
	if (fib_lookup(network->fib, dst.family, &dst.ip) == FIB_LADDR)
		assert_dropped(network, DROP_LADDR_NO_CONN);
	else
		assert_to_kernel(network, EXCEPTION_OTHER);
}

static void
check_not_ours(struct network *network, const struct talk *talk, int side)
{
	const bool v4 = talk->family == AF_INET;
	struct error error = error_about(talk, side, false);
	struct frame other = *error.in.quoted;

	other.dport ^= 1;
	error.in.quoted = &other;
	goes_its_way(network, &error.in, error.port_in);
	/* redirects, and what is no error */
	error = error_about(talk, side, false);
	error.in.type = v4 ? 5 : 127;
	goes_its_way(network, &error.in, error.port_in);
	/* about the same packet, but not to who sent it */
	error = error_about(talk, side, false);
	error.in.dst = v4 ? "192.0.2.77" : "2001:db8::77";
	goes_its_way(network, &error.in, error.port_in);
}

static void
errors_about_what_is_not_known_go_to_the_kernel_or_nowhere(void **state)
{
	(void)state;
	for_each_talk(check_not_ours);
}

static void
errors_to_the_directors_own_address_are_the_kernels_however_short(void **state)
{
	struct network *network = network_new(1, 64);
	struct talk talk;

	(void)state;
	talk_open(network, 0, 0, AF_INET, IPPROTO_TCP, FORWARD_NAT, 1000, &talk);
	for (uint16_t cut = 0; cut < 60; cut++) {
		const struct icmp_spec spec = {
			.src = "198.51.100.99", .dst = "192.0.2.77", .type = 3, .quoted = &talk.returned, .cut = cut
		};

		receive(network, 0, CLIENTS, icmp_new(&spec, CLIENTS));
		assert_to_kernel(network, EXCEPTION_OTHER);
	}
	network_free(network);
}

/* A fragment that isn't the first has no ports, whatever its bytes look like. */
static void
check_fragments(struct network *network, const struct talk *talk, int side)
{
	struct error error = error_about(talk, side, false);
	struct rte_mbuf *m = icmp_new(&error.in, error.port_in);
	uint8_t *quote = rte_pktmbuf_mtod_offset(m, uint8_t *, 14 + l4_of(talk, false) + 8);

	if (talk->family == AF_INET) {
		quote[7] = 1;
	} else {
		memmove(quote + 48, quote + 40, m->data_len - (14 + 40 + 8 + 40) - 8);
		memcpy(quote + 40, (uint8_t[]){ quote[6], 0, 0, 8, 0, 0, 0, 1 }, 8);
		quote[6] = IPPROTO_FRAGMENT;
	}
	receive(network, 0, error.port_in, m);
	if (side == FROM_SERVERS && talk->forward == FORWARD_FULLNAT)
		assert_dropped(network, DROP_LADDR_NO_CONN);
	else
		assert_to_kernel(network, EXCEPTION_OTHER);
}

static void
later_fragments_that_are_quoted_are_not_translated(void **state)
{
	(void)state;
	for_each_talk(check_fragments);
}

static void
check_shifted(struct network *network, const struct talk *talk, int side)
{
	struct worker *self = network->director->workers[0];
	struct conn_table *table = self->conns[talk->family == AF_INET ? TABLE_IPV4 : TABLE_IPV6];
	struct conn *conn = conn_at(table, 0);
	struct talk shifted = *talk;
	struct error error = error_about(&shifted, side, false);

	if (talk->proto != IPPROTO_TCP || talk->forward != FORWARD_FULLNAT)
		return;
	conn->flags |= CONN_SHIFTED;
	conn_cold(table, conn)->shift = 0xfedcba98;
	shifted.got.seq += 0xfedcba98; /* the server sees the client's numbers moved up */
	shifted.returned.ack -= 0xfedcba98; /* and acknowledges those */
	for (uint16_t there = 8; there <= 20; there++) {
		uint16_t cut = l4_of(talk, false) + there;

		/* Whether there is an acknowledgement is said behind it. */
		if (there == 17 || (side == FROM_CLIENTS && there > 8 && there < 14))
			continue;
		passes_cut(network, &shifted, &error, cut);
	}
	passes_cut(network, &shifted, &error, ICMP_QUOTE_ALL);
}

static void
shifted_sequence_numbers_are_shifted_back_in_the_quote(void **state)
{
	(void)state;
	for_each_talk(check_shifted);
}

static void
errors_for_a_server_that_was_removed_are_dropped(void **state)
{
	struct network *network = network_new(1, 64);
	struct talk talk;
	struct error error;

	(void)state;
	talk_open(network, 0, 0, AF_INET, IPPROTO_TCP, FORWARD_NAT, 1000, &talk);
	error = error_about(&talk, FROM_CLIENTS, false);
	network->director->lb->dest_live[0] = 0;
	receive(network, 0, CLIENTS, icmp_new(&error.in, CLIENTS));
	assert_dropped(network, DROP_DEST_REMOVED);
	network_free(network);
}

/* Whichever worker gets it, the owner passes it on. */
static void
errors_come_to_the_worker_that_owns_the_connection(void **state)
{
	(void)state;
	for (int i = 0; i < 2 * 2 * 3; i++) {
		const uint8_t method = methods[i / 4];
		struct network *network = network_new(4, 1024);
		struct talk talk;

		talk_open(network, 0, 0, i & 1 ? AF_INET6 : AF_INET, protocols[i / 2 % 2], method, 999, &talk);
		for (uint16_t n = 0; n < 64; n++) {
			talk_again(network, n % 4, 1000 + n, &talk);
			for (int side = FROM_CLIENTS; side <= (method == FORWARD_DIRECT ? FROM_CLIENTS : FROM_SERVERS);
			     side++) {
				const struct error error = error_about(&talk, side, n & 1);

				for (uint32_t worker = 0; worker < 4; worker++) {
					receive(network, worker, error.port_in, icmp_new(&error.in, error.port_in));
					assert_icmp_sent(error.port_out, &error.out);
				}
			}
			assert_accounts_close(network);
		}
		network_free(network);
	}
}

static void
errors_of_unknown_connections_end_at_one_worker(void **state)
{
	struct network *network = network_new(4, 1024);
	struct talk talk;

	(void)state;
	talk_open(network, 0, 0, AF_INET, IPPROTO_TCP, FORWARD_NAT, 999, &talk);
	for (uint16_t n = 0; n < 64; n++) {
		struct error error = error_about(&talk, n & 1, false);
		struct frame other = *error.in.quoted;

		other.sport += n & 1 ? n : 0;
		other.dport += n & 1 ? 0 : n + 1;
		error.in.quoted = &other;
		receive(network, n / 2 % 4, error.port_in, icmp_new(&error.in, error.port_in));
		assert_to_kernel(network, EXCEPTION_OTHER);
	}
	network_free(network);
}

/* schedule_icmp: where the client's packets would go. */
static void
errors_of_unknown_connections_are_scheduled_if_that_is_wanted(void **state)
{
	(void)state;
	for (int i = 0; i < 2 * 3; i++) {
		const bool fullnat = methods[i / 2] == FORWARD_FULLNAT;
		struct network *network = network_new(1, 64);
		struct error error;
		struct talk talk;

		talk_open(network, 0, 0, i & 1 ? AF_INET6 : AF_INET, IPPROTO_TCP, methods[i / 2], 1000, &talk);
		director_knob(network->director, "schedule_icmp", 1);
		talk.returned.dport = talk.answered.dport = 1001;
		error = error_about(&talk, FROM_CLIENTS, false);
		receive(network, 0, CLIENTS, icmp_new(&error.in, CLIENTS));
		if (fullnat)
			assert_to_kernel(network, EXCEPTION_OTHER);
		else
			assert_icmp_sent(SERVERS, &error.out);
		/* about packets that are no answers of a service */
		error = error_about(&talk, FROM_CLIENTS, false);
		talk.returned.sport = 81;
		receive(network, 0, CLIENTS, icmp_new(&error.in, CLIENTS));
		assert_to_kernel(network, EXCEPTION_OTHER);
		assert_int_equal(counted(network, COUNT_CONN_NEW), 1);
		assert_int_equal(network->director->workers[0]->loads[0].connections, 1);
		network_free(network);
	}
}

static void
errors_of_persistent_clients_are_scheduled_by_their_template(void **state)
{
	static const struct dest_spec servers[] = {
		{ .address = "10.0.0.1", .port = 8080, .weight = 1, .forward = FORWARD_NAT },
		{ .address = "10.0.0.2", .port = 8080, .weight = 1, .forward = FORWARD_NAT },
	};
	struct network *network = network_new(4, 1024);
	const struct service_spec spec = { .key = { .addr = address_of("192.0.2.1").ip,
						    .port = RTE_BE16(80),
						    .family = AF_INET,
						    .protocol = IPPROTO_TCP },
					   .flags = IP_VS_SVC_F_PERSISTENT,
					   .timeout_s = 360,
					   .netmask = RTE_BE32(UINT32_MAX) };
	struct frame first = { .src = "198.51.100.7", .dst = "192.0.2.1", .sport = 999, .dport = 80, .flags = SYN };
	struct rte_mbuf *m;
	uint8_t server[4];

	(void)state;
	director_serve_as(network->director, &spec, 0, servers, 2);
	director_knob(network->director, "schedule_icmp", 1);
	receive(network, 0, CLIENTS, frame_new(&first, CLIENTS));
	m = sent_one(SERVERS);
	memcpy(server, rte_pktmbuf_mtod_offset(m, uint8_t *, 14 + 16), 4);
	rte_pktmbuf_free(m);
	for (uint16_t n = 0; n < 64; n++) {
		const struct frame returned = {
			.src = "192.0.2.1", .dst = "198.51.100.7", .sport = 80, .dport = 1000 + n, .flags = ACK
		};
		const struct icmp_spec error = {
			.src = "198.51.100.99", .dst = "192.0.2.1", .type = 3, .code = 4, .quoted = &returned, .cut = 28
		};

		receive(network, n % 4, CLIENTS, icmp_new(&error, CLIENTS));
		m = sent_one(SERVERS);
		assert_memory_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, 14 + 16), server, 4);
		assert_true(icmp_sums_are_right(m));
		rte_pktmbuf_free(m);
		assert_accounts_close(network);
	}
	network_free(network);
}

static struct random_source source;

/* Flipped bits, other lengths: nothing is read or written beyond the packet, and nothing is lost. */
static void
check_hostile(struct network *network, const struct talk *talk, int side)
{
	struct error error = error_about(talk, side, false);

	for (int i = 0; i < 4000; i++) {
		struct rte_mbuf *m, *tight;
		uint8_t *frame;
		uint32_t length;

		error.in.quoted_extra = i & 1;
		error.in.outer_extra = i & 2;
		m = icmp_new(&error.in, error.port_in);
		frame = rte_pktmbuf_mtod(m, uint8_t *);
		length = m->data_len;
		for (uint32_t flips = random_upto(&source, 4); flips > 0; flips--)
			frame[14 + random_upto(&source, length - 14)] ^= (uint8_t)(1 << random_upto(&source, 8));
		tight = frame_tight(m, random_upto(&source, 2) ? length : 14 + random_upto(&source, length - 14));
		rte_pktmbuf_free(m);
		receive(network, 0, error.port_in, tight);
		assert_accounts_close(network);
		forget_packets(network);
	}
	assert_int_equal(counted(network, COUNT_CONN_NEW), 1);
}

static void
hostile_errors_do_no_harm(void **state)
{
	(void)state;
	source = random_source_new(0x1c3f);
	for_each_talk(check_hostile);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_error_passes_in_every_method),
		cmocka_unit_test(quotes_cut_at_every_byte_pass_or_are_dropped),
		cmocka_unit_test(what_follows_the_quote_is_left_alone),
		cmocka_unit_test(udp_without_a_checksum_is_quoted_without_one),
		cmocka_unit_test(errors_count_in_the_statistics_of_their_direction),
		cmocka_unit_test(errors_with_a_spent_ttl_or_a_false_source_end_here),
		cmocka_unit_test(errors_about_what_is_not_known_go_to_the_kernel_or_nowhere),
		cmocka_unit_test(errors_to_the_directors_own_address_are_the_kernels_however_short),
		cmocka_unit_test(later_fragments_that_are_quoted_are_not_translated),
		cmocka_unit_test(shifted_sequence_numbers_are_shifted_back_in_the_quote),
		cmocka_unit_test(errors_for_a_server_that_was_removed_are_dropped),
		cmocka_unit_test(errors_come_to_the_worker_that_owns_the_connection),
		cmocka_unit_test(errors_of_unknown_connections_end_at_one_worker),
		cmocka_unit_test(errors_of_unknown_connections_are_scheduled_if_that_is_wanted),
		cmocka_unit_test(errors_of_persistent_clients_are_scheduled_by_their_template),
		cmocka_unit_test(hostile_errors_do_no_harm),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
