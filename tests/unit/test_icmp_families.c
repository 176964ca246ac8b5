/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ICMP errors about connections between the families: RFC 7915, 4.2 to 4.5 and 5.2 to 5.5, and what the director says
 * itself.
 */
#include "family_pairs.h"
#include "icmp_messages.h"
#include "ip/neighbour_wait.h"

static const char *const own[2][2] = { { "198.51.100.254", "2001:db8:1::254" }, { "10.0.0.254", "fd00::254" } };
static const char *const routers[2][2] = { { "198.51.100.77", "2001:db8:1::77" }, { "10.0.0.77", "fd00::77" } };

static struct network *
serve(const struct pair *pair)
{
	struct network *network = pair_serve(pair);

	token_bucket_init(&network->director->workers[0]->icmp_errors, 1000000, 0);
	for (uint8_t port = 0; port < 2; port++) {
		const struct fib_own addresses = { .has_v4 = true,
						   .has_v6 = true,
						   .v4 = address_of(own[port][0]).ip,
						   .v6 = address_of(own[port][1]).ip };

		assert_int_equal(fib_set_own(network->fib, port, &addresses), 0);
		set_route(network, own[port][0], 32, FIB_LOCAL);
		set_route(network, own[port][1], 128, FIB_LOCAL);
	}
	return network;
}

/* What an error has to say. */
struct told {
	const char *src, *dst;
	uint8_t type, code;
	uint32_t rest; /* of the header: MTU, pointer */
	const struct frame *about; /* as its sender knows it */
	uint8_t ttl;
};

static void
check_quote(const uint8_t *quote, const struct frame *about, uint32_t there)
{
	const bool v6 = is_v6(about->src);
	const struct ip_addr src = address_of(about->src), dst = address_of(about->dst);
	const uint8_t *l4 = quote + (v6 ? 40 : 20);

	assert_int_equal(*quote >> 4, v6 ? 6 : 4);
	assert_memory_equal(quote + (v6 ? 8 : 12), &src.ip, v6 ? 16 : 4);
	assert_memory_equal(quote + (v6 ? 24 : 16), &dst.ip, v6 ? 16 : 4);
	assert_int_equal(quote[v6 ? 6 : 9], about->proto);
	assert_int_equal(be16(l4), about->sport);
	assert_int_equal(be16(l4 + 2), about->dport);
	if (!v6)
		assert_int_equal(rte_raw_cksum(quote, 20), 0xffff);
	/* As its sender made it: the same transport, to the last byte that is there. */
	if (there > 0) {
		struct rte_mbuf *fresh = frame_new(about, 0);

		assert_memory_equal(l4, rte_pktmbuf_mtod_offset(fresh, uint8_t *, v6 ? 54 : 34), there);
		rte_pktmbuf_free(fresh);
	}
}

/* The one packet that PORT sent. THERE: bytes of the quoted transport that are compared. */
static void
assert_told(uint8_t port, const struct told *told, uint32_t there)
{
	struct rte_mbuf *m = sent_one(port);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, 14), *icmp;
	const struct ip_addr src = address_of(told->src), dst = address_of(told->dst);
	const bool v6 = is_v6(told->dst);

	assert_int_equal(*ip >> 4, v6 ? 6 : 4);
	assert_int_equal(be16(ip - 2), v6 ? 0x86dd : 0x0800);
	assert_int_equal(v6 ? 40 + be16(ip + 4) : be16(ip + 2), m->pkt_len - 14);
	assert_int_equal(m->data_len, m->pkt_len);
	assert_int_equal(ip[v6 ? 7 : 8], told->ttl);
	assert_memory_equal(ip + (v6 ? 8 : 12), &src.ip, v6 ? 16 : 4);
	assert_memory_equal(ip + (v6 ? 24 : 16), &dst.ip, v6 ? 16 : 4);
	assert_true(icmp_sums_are_right(m));
	icmp = ip + (v6 ? 40 : 20);
	assert_int_equal(icmp[0], told->type);
	assert_int_equal(icmp[1], told->code);
	assert_int_equal(be16(icmp + 4) << 16 | be16(icmp + 6), told->rest);
	assert_true(m->pkt_len - 14 <= (v6 ? 1280 : 576));
	check_quote(icmp + 8, told->about, there);
	rte_pktmbuf_free(m);
}

/* One direction of errors: who gets them, about what, and as which packet it comes to whom they are from. */
struct case_of_error {
	uint8_t port; /* where they come in */
	bool from_ipv4;
	struct frame quoted, sent; /* sequence numbers and ports as they are there */
	const char *host, *receiver; /* the host at the other end, and whom its receiver takes it for */
};

static struct case_of_error
case_of(const struct pair *pair, const struct pair_talk *talk, bool about_client)
{
	struct case_of_error ret = {
		.port = about_client ? SERVERS : CLIENTS,
		.from_ipv4 = !is_v6(about_client ? pair->server : pair->client),
		.quoted = about_client ? talk->to_server : talk->to_client,
		.sent = about_client ? talk->in : talk->out,
		.host = about_client ? pair->server : pair->client,
		.receiver = about_client ? pair->vip : pair->laddr,
	};

	ret.quoted.flags = ret.sent.flags = ACK;
	ret.quoted.payload = ret.sent.payload = 100;
	return ret;
}

struct words {
	uint8_t type, code;
	uint32_t rest;
	int to_type, to_code; /* -1: none */
	uint32_t to_rest;
};

static const struct words from_ipv4[] = {
	{ 3, 0, 0, 1, 0, 0 },		{ 3, 1, 0, 1, 0, 0 },		{ 3, 2, 0, 4, 1, 6 },
	{ 3, 3, 0, 1, 4, 0 },		{ 3, 4, 1400, 2, 0, 1420 },	{ 3, 4, 576, 2, 0, 1280 },
	{ 3, 4, 0, 2, 0, 1280 },	{ 3, 5, 0, 1, 0, 0 },		{ 3, 6, 0, 1, 0, 0 },
	{ 3, 7, 0, 1, 0, 0 },		{ 3, 8, 0, 1, 0, 0 },		{ 3, 9, 0, 1, 1, 0 },
	{ 3, 10, 0, 1, 1, 0 },		{ 3, 11, 0, 1, 0, 0 },		{ 3, 12, 0, 1, 0, 0 },
	{ 3, 13, 0, 1, 1, 0 },		{ 3, 14, 0, -1, 0, 0 },		{ 3, 15, 0, 1, 1, 0 },
	{ 3, 16, 0, -1, 0, 0 },		{ 4, 0, 0, -1, 0, 0 },		{ 11, 0, 0, 3, 0, 0 },
	{ 11, 1, 0, 3, 1, 0 },		{ 12, 0, 0, 4, 0, 0 },		{ 12, 0, 1u << 24, 4, 0, 1 },
	{ 12, 0, 2u << 24, 4, 0, 4 },	{ 12, 0, 4u << 24, -1, 0, 0 },	{ 12, 0, 8u << 24, 4, 0, 7 },
	{ 12, 2, 9u << 24, 4, 0, 6 },	{ 12, 0, 10u << 24, -1, 0, 0 }, { 12, 0, 12u << 24, 4, 0, 8 },
	{ 12, 0, 19u << 24, 4, 0, 24 }, { 12, 0, 20u << 24, -1, 0, 0 }, { 12, 1, 0, -1, 0, 0 },
};

static const struct words from_ipv6[] = {
	{ 1, 0, 0, 3, 1, 0 },		{ 1, 1, 0, 3, 10, 0 },
	{ 1, 2, 0, 3, 1, 0 },		{ 1, 3, 0, 3, 1, 0 },
	{ 1, 4, 0, 3, 3, 0 },		{ 1, 5, 0, -1, 0, 0 },
	{ 2, 0, 1400, 3, 4, 1380 },	{ 2, 0, 1280, 3, 4, 1260 },
	{ 2, 0, 10, 3, 4, 68 },		{ 2, 0, 0xffffffff, 3, 4, 65515 },
	{ 3, 0, 0, 11, 0, 0 },		{ 3, 1, 0, 11, 1, 0 },
	{ 4, 0, 0, 12, 0, 0 },		{ 4, 0, 1, 12, 0, 1u << 24 },
	{ 4, 0, 2, -1, 0, 0 },		{ 4, 0, 4, 12, 0, 2u << 24 },
	{ 4, 0, 6, 12, 0, 9u << 24 },	{ 4, 0, 7, 12, 0, 8u << 24 },
	{ 4, 0, 8, 12, 0, 12u << 24 },	{ 4, 0, 23, 12, 0, 12u << 24 },
	{ 4, 0, 24, 12, 0, 16u << 24 }, { 4, 0, 39, 12, 0, 16u << 24 },
	{ 4, 0, 40, -1, 0, 0 },		{ 4, 1, 6, 3, 2, 0 },
	{ 4, 2, 0, -1, 0, 0 },
};

static void
check_words(struct network *network, const struct case_of_error *its, const struct words *words, bool router)
{
	const struct icmp_spec spec = {
		.src = router ? routers[its->port][!its->from_ipv4] : its->host,
		.dst = its->quoted.src,
		.type = words->type,
		.code = words->code,
		.rest = { (uint8_t)(words->rest >> 24), (uint8_t)(words->rest >> 16), (uint8_t)(words->rest >> 8),
			  (uint8_t)words->rest },
		.quoted = &its->quoted,
		.cut = ICMP_QUOTE_ALL,
		.src_mac = its->port == SERVERS ? server_mac[0] : router_mac,
	};
	const struct told told = {
		/* a router's address means nothing in the other family */
		.src = router ? own[its->port ^ 1][its->from_ipv4] : its->receiver,
		.dst = its->sent.src,
		.type = (uint8_t)words->to_type,
		.code = (uint8_t)words->to_code,
		.rest = words->to_rest,
		.about = &its->sent,
		.ttl = 63,
	};

	receive(network, 0, its->port, icmp_new(&spec, its->port));
	if (words->to_type < 0)
		assert_dropped(network, DROP_ICMP_WORDLESS);
	else
		assert_told(its->port ^ 1, &told, 8 + 100);
}

static void
every_word_has_its_translation(void **state)
{
	(void)state;
	for (EACH_PAIR(pair)) {
		struct network *network = serve(pair);
		struct pair_talk talk = pair_open(network, pair, 40000);

		for (int about_client = 0; about_client < 2; about_client++) {
			const struct case_of_error its = case_of(pair, &talk, about_client);
			const struct words *words = its.from_ipv4 ? from_ipv4 : from_ipv6;
			const uint32_t n = its.from_ipv4 ? RTE_DIM(from_ipv4) : RTE_DIM(from_ipv6);

			for (uint32_t i = 0; i < 2 * n; i++)
				check_words(network, &its, &words[i / 2], i & 1);
		}
		network_free(network);
	}
}

/* Short ones, those with options or extension headers in and around, and those with extensions behind (RFC 4884). */
static void
errors_of_every_form_are_translated(void **state)
{
	static const struct icmp_spec forms[] = {
		{ .cut = 28 },
		{ .cut = 48 },
		{ .cut = ICMP_QUOTE_ALL, .outer_extra = true },
		{ .cut = ICMP_QUOTE_ALL, .quoted_extra = true },
		{ .cut = ICMP_QUOTE_ALL, .outer_extra = true, .quoted_extra = true },
		{ .cut = 128, .padded = 128 },
	};

	(void)state;
	for (EACH_PAIR(pair)) {
		struct network *network = serve(pair);
		struct pair_talk talk = pair_open(network, pair, 40000);

		for (uint32_t i = 0; i < 2 * RTE_DIM(forms); i++) {
			const struct case_of_error its = case_of(pair, &talk, i & 1);
			struct icmp_spec spec = forms[i / 2];
			struct told told = { .src = its.receiver, .dst = its.sent.src, .about = &its.sent, .ttl = 63 };

			if (spec.cut == 28 && !its.from_ipv4)
				spec.cut = 48;
			spec.src = its.host;
			spec.dst = its.quoted.src;
			spec.type = its.from_ipv4 ? 11 : 3;
			spec.quoted = &its.quoted;
			if (spec.padded)
				spec.rest[its.from_ipv4 ? 1 : 0] = its.from_ipv4 ? 128 / 4 : 128 / 8;
			told.type = its.from_ipv4 ? 3 : 11;
			receive(network, 0, its.port, icmp_new(&spec, its.port));
			/* half a TCP header's checksum can't be mended */
			assert_told(its.port ^ 1, &told, spec.cut < 64 ? 4 : 80);
		}
		network_free(network);
	}
}

/* Of the first fragment of a datagram: IPv6 says so in a header of its own (RFC 7915, 4.1). */
static void
assert_fragment_told(uint8_t port, const struct case_of_error *its, uint16_t length)
{
	const uint8_t header[] = { its->quoted.proto, 0, 0, 1, 0, 0, 0xbe, 0xef };
	struct rte_mbuf *m = sent_one(port), *fresh = frame_new(&its->sent, 0);
	const uint8_t *quote = rte_pktmbuf_mtod_offset(m, const uint8_t *, 14 + 40 + 8);

	assert_true(icmp_sums_are_right(m));
	assert_int_equal(m->pkt_len, 14 + 40 + 8 + 40 + sizeof(header) + length);
	assert_int_equal(quote[6], IPPROTO_FRAGMENT);
	assert_int_equal(be16(quote + 4), sizeof(header) + length);
	assert_memory_equal(quote + 40, header, sizeof(header));
	assert_memory_equal(quote + 48, rte_pktmbuf_mtod_offset(fresh, uint8_t *, 54), length);
	rte_pktmbuf_free(fresh);
	rte_pktmbuf_free(m);
}

static void
a_quoted_fragment_stays_one_in_ipv6(void **state)
{
	(void)state;
	for (EACH_PAIR(pair)) {
		struct network *network = serve(pair);
		struct pair_talk talk = pair_open(network, pair, 40000);
		const struct case_of_error its = case_of(pair, &talk, is_v6(pair->client));
		struct rte_mbuf *quoted = frame_new(&its.quoted, 0);
		struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(quoted, struct rte_ipv4_hdr *, 14);
		const struct icmp_spec spec = { .src = its.host,
						.dst = its.quoted.src,
						.type = 11,
						.raw = (const uint8_t *)ip,
						.raw_length = quoted->data_len - 14 };

		assert_true(its.from_ipv4);
		ip->packet_id = RTE_BE16(0xbeef);
		ip->fragment_offset = RTE_BE16(RTE_IPV4_HDR_MF_FLAG);
		ip->hdr_checksum = 0;
		ip->hdr_checksum = rte_ipv4_cksum(ip);
		receive(network, 0, its.port, icmp_new(&spec, its.port));
		assert_fragment_told(its.port ^ 1, &its, spec.raw_length - 20);
		rte_pktmbuf_free(quoted);
		network_free(network);
	}
}

static void
errors_find_their_worker(void **state)
{
	(void)state;
	for (EACH_PAIR(pair)) {
		struct network *network = network_new(4, 1024);
		struct pair_talk talk;

		pair_serve_as(network, pair, 0);
		talk = pair_open(network, pair, 40000);
		for (uint32_t i = 0; i < 8; i++) {
			const struct case_of_error its = case_of(pair, &talk, i & 1);
			const struct icmp_spec spec = { .src = its.host,
							.dst = its.quoted.src,
							.type = its.from_ipv4 ? 11 : 3,
							.quoted = &its.quoted,
							.cut = ICMP_QUOTE_ALL };
			const struct told told = { .src = its.receiver,
						   .dst = its.sent.src,
						   .type = its.from_ipv4 ? 3 : 11,
						   .about = &its.sent,
						   .ttl = 63 };

			receive(network, i / 2, its.port, icmp_new(&spec, its.port));
			assert_told(its.port ^ 1, &told, 100);
		}
		network_free(network);
	}
}

static void
a_wrong_checksum_is_not_made_right(void **state)
{
	(void)state;
	for (EACH_PAIR(pair)) {
		struct network *network = serve(pair);
		struct pair_talk talk = pair_open(network, pair, 40000);

		for (int about_client = 0; about_client < 2; about_client++) {
			const struct case_of_error its = case_of(pair, &talk, about_client);
			const struct icmp_spec spec = { .src = its.host,
							.dst = its.quoted.src,
							.type = its.from_ipv4 ? 11 : 3,
							.quoted = &its.quoted,
							.cut = ICMP_QUOTE_ALL };
			struct rte_mbuf *m = icmp_new(&spec, its.port);

			rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len - 1)[0] ^= 1;
			receive(network, 0, its.port, m);
			assert_dropped(network, DROP_ICMP_CHECKSUM);
		}
		network_free(network);
	}
}

/* Errors grow by 20 bytes for each header. */
static void
errors_without_headroom_are_dropped(void **state)
{
	(void)state;
	for (EACH_PAIR(pair)) {
		struct network *network = serve(pair);
		struct pair_talk talk = pair_open(network, pair, 40000);
		const struct case_of_error its = case_of(pair, &talk, is_v6(pair->client));
		const struct icmp_spec spec = {
			.src = its.host, .dst = its.quoted.src, .type = 11, .quoted = &its.quoted, .cut = ICMP_QUOTE_ALL
		};
		struct rte_mbuf *m = icmp_new(&spec, its.port);

		assert_true(its.from_ipv4);
		memmove((uint8_t *)m->buf_addr + 38, rte_pktmbuf_mtod(m, void *), m->data_len);
		m->data_off = 38;
		receive(network, 0, its.port, m);
		assert_dropped(network, DROP_NO_HEADROOM);
		network_free(network);
	}
}

static void
the_director_tells_when_the_ttl_is_used_up(void **state)
{
	(void)state;
	for (EACH_PAIR(pair)) {
		struct network *network = serve(pair);
		struct pair_talk talk = pair_open(network, pair, 40000);

		for (int port = 0; port < 2; port++) {
			struct frame frame = port == CLIENTS ? talk.in : talk.out;
			const bool v6 = is_v6(frame.src);
			const struct told told = {
				.src = own[port][v6], .dst = frame.src, .type = v6 ? 3 : 11, .about = &frame, .ttl = 64
			};

			frame.ttl = 1;
			frame.flags = ACK;
			frame.payload = 40;
			receive(network, 0, (uint8_t)port, frame_new(&frame, (uint8_t)port));
			assert_told((uint8_t)port, &told, 48);
			assert_int_equal(dropped(network, DROP_IP_TTL), port + 1);
		}
		network_free(network);
	}
}

/* Packets that fill the MTU of the way out pass, longer ones come back with the length that fits in their family. */
static void
path_mtu_is_told_in_the_senders_family(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 8 * RTE_DIM(pairs); i++) {
		const struct pair *pair = &pairs[i / 8];
		const uint8_t port = i & 1;
		const bool slowly = i & 2, by_route = i & 4;
		struct network *network = serve(pair);
		struct pair_talk talk = pair_open(network, pair, 40000);
		struct frame frame = port == CLIENTS ? talk.in : talk.out;
		struct frame out = port == CLIENTS ? talk.to_server : talk.to_client;
		const bool v6 = is_v6(frame.src);
		const uint16_t mtu = v6 ? 1420 : 1380;
		const uint16_t headers = (uint16_t)((v6 ? 40 : 20) + (pair->proto == IPPROTO_TCP ? 20 : 8));
		const struct told told = { .src = own[port][v6],
					   .dst = frame.src,
					   .type = v6 ? 2 : 3,
					   .code = v6 ? 0 : 4,
					   .rest = mtu,
					   .about = &frame,
					   .ttl = 64 };

		narrow_way(network, port ^ 1, 1400, by_route);
		frame.flags = ACK;
		frame.payload = (uint16_t)(mtu - headers);
		pass(network, port, &frame, &out, slowly);
		pass(network, port, &frame, &out, slowly);
		frame.payload++;
		(slowly ? receive_slowly : receive)(network, 0, port, frame_new(&frame, port));
		assert_told(port, &told, 400);
		assert_int_equal(dropped(network, DROP_TOO_BIG), 1);
		network_free(network);
	}
}

/* The one packet that PORT sent has come in pieces: none is longer than MTU, and together they are LENGTH bytes behind their
 * IPv4 headers, in their order. */
static void
assert_pieces(uint8_t port, uint32_t mtu, uint32_t length)
{
	uint32_t at = 0;

	assert_true(sent[port].n > 1);
	for (uint32_t i = 0; i < sent[port].n; i++) {
		const struct rte_mbuf *m = sent[port].packets[i], *first = sent[port].packets[0];
		const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, 14);
		const bool more = i + 1 < sent[port].n;

		assert_int_equal(ip[0], 0x45);
		assert_in_range(be16(ip + 2), 20, mtu);
		assert_int_equal(m->pkt_len, 14 + be16(ip + 2));
		assert_int_equal(be16(ip + 6), (more ? 0x2000 : 0) | at / 8);
		assert_memory_equal(ip + 4, rte_pktmbuf_mtod_offset(first, const uint8_t *, 18), 2);
		at += be16(ip + 2) - 20;
	}
	assert_int_equal(at, length);
	rte_pktmbuf_free_bulk(sent[port].packets, sent[port].n);
	sent[port].n = 0;
}

/* No sender of IPv6 has to make packets shorter than 1280 bytes (RFC 8200, 5): those that become IPv4's are split. */
static void
what_ipv6_always_lets_pass_is_split_for_ipv4(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4 * RTE_DIM(pairs); i++) {
		const struct pair *pair = &pairs[i / 4];
		const uint8_t port = is_v6(pair->client) ? CLIENTS : SERVERS;
		const bool slowly = i & 1, by_route = i & 2;
		struct network *network = serve(pair);
		struct pair_talk talk = pair_open(network, pair, 40000);
		struct frame frame = port == CLIENTS ? talk.in : talk.out;
		const uint16_t headers = (uint16_t)(40 + (pair->proto == IPPROTO_TCP ? 20 : 8));
		const struct told told = {
			.src = own[port][1], .dst = frame.src, .type = 2, .rest = 1280, .about = &frame, .ttl = 64
		};

		narrow_way(network, port ^ 1, 1000, by_route);
		frame.flags = ACK;
		frame.payload = (uint16_t)(1280 - headers);
		(slowly ? receive_slowly : receive)(network, 0, port, frame_new(&frame, port));
		assert_pieces(port ^ 1, 1000, 1280 - 40);
		assert_nothing_sent();
		frame.payload++;
		(slowly ? receive_slowly : receive)(network, 0, port, frame_new(&frame, port));
		assert_told(port, &told, 400);
		assert_int_equal(dropped(network, DROP_TOO_BIG), 1);
		network_free(network);
	}
}

/* The fixture's routes towards one end: none is left, or the nearest is a black hole. */
static void
lose_way(struct network *network, uint8_t port, bool v6, bool blackhole)
{
	static const struct {
		const char *prefix;
		uint8_t length;
	} ways[2][2][2] = {
		[CLIENTS] = { { { "198.51.100.0", 24 } }, { { "2001:db8:1::", 64 } } },
		[SERVERS] = { { { "10.0.0.1", 32 }, { "10.0.0.0", 24 } }, { { "fd00::1", 128 }, { "fd00::", 64 } } },
	};

	for (int i = 0; i < 2 && ways[port][v6][i].prefix; i++) {
		const struct ip_addr prefix = address_of(ways[port][v6][i].prefix);
		const uint8_t length = ways[port][v6][i].length;

		if (blackhole)
			assert_int_equal(fib_set_route(network->fib, &prefix, length, FIB_BLACKHOLE), 0);
		else
			assert_int_equal(fib_delete_route(network->fib, &prefix, length), 0);
	}
}

static void
senders_hear_of_ways_that_are_gone(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 8 * RTE_DIM(pairs); i++) {
		const struct pair *pair = &pairs[i / 8];
		const uint8_t port = i & 1;
		const bool slowly = i & 2, blackhole = i & 4;
		struct network *network = serve(pair);
		struct pair_talk talk = pair_open(network, pair, 40000);
		struct frame frame = port == CLIENTS ? talk.in : talk.out;
		const bool v6 = is_v6(frame.src);
		const struct told told = { .src = own[port][v6],
					   .dst = frame.src,
					   .type = v6 ? 1 : 3,
					   .code = v6 ? 0 : 1,
					   .about = &frame,
					   .ttl = 64 };

		lose_way(network, port ^ 1, !v6, blackhole);
		frame.flags = ACK;
		frame.payload = 60;
		(slowly ? receive_slowly : receive)(network, 0, port, frame_new(&frame, port));
		assert_told(port, &told, 68);
		assert_int_equal(dropped(network, blackhole ? DROP_BLACKHOLE : DROP_NO_ROUTE), 1);
		network_free(network);
	}
}

static void
clients_hear_of_servers_without_a_neighbour(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(pairs); i++) {
		struct pair pair = pairs[i];
		const bool v6 = is_v6(pair.client);
		struct frame frame;
		struct network *network;
		struct worker *self;
		const struct told told = { .src = own[CLIENTS][v6],
					   .dst = pair.client,
					   .type = v6 ? 1 : 3,
					   .code = v6 ? 3 : 1,
					   .about = &frame,
					   .ttl = 63 };

		pair.server = is_v6(pair.server) ? "fd00::9" : "10.0.0.9";
		network = serve(&pair);
		self = network->director->workers[0];
		frame = pair_talk(&pair, 40000, 0).in;
		frame.flags = SYN;
		receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
		assert_nothing_sent();
		assert_int_equal(counted(network, COUNT_HELD), 1);
		self->now_ms += 10000;
		neighbour_wait_poll(self, transmit_ready, transmit_lost);
		transmit_flush(self);
		assert_told(CLIENTS, &told, 4);
		network_free(network);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_has_its_translation),
		cmocka_unit_test(errors_of_every_form_are_translated),
		cmocka_unit_test(a_quoted_fragment_stays_one_in_ipv6),
		cmocka_unit_test(errors_find_their_worker),
		cmocka_unit_test(a_wrong_checksum_is_not_made_right),
		cmocka_unit_test(errors_without_headroom_are_dropped),
		cmocka_unit_test(the_director_tells_when_the_ttl_is_used_up),
		cmocka_unit_test(path_mtu_is_told_in_the_senders_family),
		cmocka_unit_test(what_ipv6_always_lets_pass_is_split_for_ipv4),
		cmocka_unit_test(senders_hear_of_ways_that_are_gone),
		cmocka_unit_test(clients_hear_of_servers_without_a_neighbour),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
