/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets between IPv6 clients and IPv4 servers, and the other way round, to the last byte.
 */
#include "lb/conn_life.h"
#include "lb/conn_walk.h"
#include "lb/laddr.h"
#include "lb/protocol.h"
#include "family_pairs.h"
#include "index_keys.h"

static const uint16_t payloads[] = { 0, 1, 2, 3, 999, 1220, 1240, 1400 };

static void
packets_of_both_directions_have_the_right_bytes(void **state)
{
	(void)state;
	for (EACH_PAIR(pair)) {
		struct network *network = pair_serve(pair);
		struct pair_talk talk = pair_open(network, pair, 40000);

		for (uint32_t i = 0; i < 2 * RTE_DIM(payloads); i++) {
			talk.in.flags = talk.out.flags = ACK;
			talk.in.payload = talk.out.payload = payloads[i / 2];
			talk.in.seq = talk.out.ack = 1000 + i;
			pass(network, CLIENTS, &talk.in, &talk.to_server, i & 1);
			pass(network, SERVERS, &talk.out, &talk.to_client, i & 1);
		}
		assert_int_equal(counted(network, COUNT_CONN_NEW), 1);
		assert_int_equal(network->director->workers[0]->conns[TABLE_IPV4]->n_used, 0);
		network_free(network);
	}
}

static void
the_first_packets_have_the_right_bytes_too(void **state)
{
	(void)state;
	for (EACH_PAIR(pair)) {
		for (uint32_t slowly = 0; slowly < 2; slowly++) {
			struct network *network = pair_serve(pair);
			struct pair_talk talk = pair_open(network, pair, 40000);

			talk.in.flags = SYN;
			talk.in.payload = 11;
			pass(network, CLIENTS, &talk.in, &talk.to_server, slowly);
			talk.out.flags = SYN | ACK;
			pass(network, SERVERS, &talk.out, &talk.to_client, slowly);
			network_free(network);
		}
	}
}

/* The shortest frame of Ethernet. */
static struct rte_mbuf *
padded(struct rte_mbuf *m)
{
	if (m->pkt_len < 60)
		memset(rte_pktmbuf_append(m, (uint16_t)(60 - m->pkt_len)), 0xaa, 60 - m->pkt_len);
	return m;
}

static void
padding_stays_behind(void **state)
{
	(void)state;
	for (uint32_t slowly = 0; slowly < 2; slowly++) {
		for (EACH_PAIR(pair)) {
			struct network *network = pair_serve(pair);
			struct pair_talk talk = pair_open(network, pair, 40000);
			struct rte_mbuf *in = padded(frame_new(&talk.in, CLIENTS));
			struct rte_mbuf *out = padded(frame_new(&talk.out, SERVERS));

			(slowly ? receive_slowly : receive)(network, 0, CLIENTS, in);
			assert_translated(SERVERS, &talk.to_server);
			(slowly ? receive_slowly : receive)(network, 0, SERVERS, out);
			assert_translated(CLIENTS, &talk.to_client);
			network_free(network);
		}
	}
}

static void
udp_from_ipv4_without_a_checksum_gets_one(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		const bool slowly = i & 1, odd = i & 2;
		struct network *network = pair_serve(&pairs[1]);
		struct pair_talk talk = pair_open(network, &pairs[1], 40000);

		talk.out.payload = talk.to_client.payload = odd ? 77 : 100;
		talk.out.no_checksum = true;
		(slowly ? receive_slowly : receive)(network, 0, SERVERS, frame_new(&talk.out, SERVERS));
		assert_translated(CLIENTS, &talk.to_client);
		network_free(network);
	}
}

/* The same packet with its data moved to the front of the buffer, but for ROOM bytes. */
static struct rte_mbuf *
with_headroom(struct rte_mbuf *m, uint32_t room)
{
	memmove((uint8_t *)m->buf_addr + room, rte_pktmbuf_mtod(m, void *), m->data_len);
	m->data_off = (uint16_t)room;
	return m;
}

static void
a_buffer_without_headroom_is_dropped(void **state)
{
	(void)state;
	for (uint32_t slowly = 0; slowly < 2; slowly++) {
		for (EACH_PAIR(pair)) {
			const uint8_t port = is_v6(pair->client) ? SERVERS : CLIENTS;
			struct network *network = pair_serve(pair);
			struct pair_talk talk = pair_open(network, pair, 40000);
			const struct frame *frame = port == CLIENTS ? &talk.in : &talk.out;

			(slowly ? receive_slowly : receive)(network, 0, port,
							    with_headroom(frame_new(frame, port), 18));
			assert_dropped(network, DROP_NO_HEADROOM);
			(slowly ? receive_slowly : receive)(network, 0, port,
							    with_headroom(frame_new(frame, port), 20));
			assert_translated(port ^ 1, port == CLIENTS ? &talk.to_server : &talk.to_client);
			network_free(network);
		}
	}
}

/* FRAME, of IPv6, with an IPv4-mapped source or destination, as no host may send it. */
static struct rte_mbuf *
with_mapped(const struct frame *frame, uint8_t port, const char *src, const char *dst)
{
	struct rte_mbuf *m = frame_new(frame, port);
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, 14);
	const union ip_bits from = src ? ip4_mapped(address_of(src).ip.v4) : address_of(frame->src).ip;
	const union ip_bits to = dst ? ip4_mapped(address_of(dst).ip.v4) : address_of(frame->dst).ip;

	memcpy(ip + 8, &from, 16);
	memcpy(ip + 24, &to, 16);
	frame_checksums(m);
	return m;
}

static void
mapped_addresses_on_the_wire_are_refused(void **state)
{
	struct network *network = pair_serve(&pairs[0]);
	const struct pair_talk to_ipv4 = pair_open(network, &pairs[0], 40000);
	const struct frame stranger = { .src = "2001:db8:1::9", .dst = "2001:db8::1", .dport = 80, .flags = SYN };
	struct frame like = { .src = "::", .dst = "::", .flags = ACK };

	(void)state;
	/* all that the server's packets have, in the form in which the connection holds them */
	like.sport = to_ipv4.out.sport;
	like.dport = to_ipv4.out.dport;
	receive(network, 0, SERVERS, with_mapped(&like, SERVERS, "10.0.0.1", "10.0.0.100"));
	assert_dropped(network, DROP_IP_MAPPED);
	receive_slowly(network, 0, SERVERS, with_mapped(&like, SERVERS, "10.0.0.1", "10.0.0.100"));
	assert_dropped(network, DROP_IP_MAPPED);
	receive_slowly(network, 0, CLIENTS, with_mapped(&stranger, CLIENTS, "198.51.100.7", NULL));
	assert_dropped(network, DROP_IP_MAPPED);
	/* past classify: the fast path knows that it is of no connection */
	receive(network, 0, CLIENTS, with_mapped(&stranger, CLIENTS, "198.51.100.7", NULL));
	assert_dropped(network, DROP_IP_SOURCE);
	network_free(network);

	network = pair_serve(&pairs[2]);
	(void)pair_open(network, &pairs[2], 40000);
	like.sport = 40000;
	like.dport = 80;
	receive(network, 0, CLIENTS, with_mapped(&like, CLIENTS, "198.51.100.7", "192.0.2.1"));
	assert_dropped(network, DROP_IP_MAPPED);
	network_free(network);
}

static void
set_local_ports(struct network *network, uint16_t first, uint16_t last)
{
	const struct ip_addr laddrs[] = { address_of("10.0.0.100"), address_of("fd00::100") };
	const struct laddr_group_spec group = { .name = "g",
						.port = SERVERS,
						.addresses = laddrs,
						.n_addresses = 2,
						.first_port = first,
						.last_port = last,
						.active = true };

	assert_int_equal(laddrs_publish(network->director->lb, &group, 1), 0);
}

/* Two services with one server: by plain full-NAT, and from IPv6. */
static void
serve_both(struct network *network, const struct frame *ret_clients[2])
{
	static const struct frame clients[2] = {
		{ .src = "198.51.100.7", .dst = "192.0.2.1", .sport = 40000, .dport = 80, .flags = SYN },
		{ .src = "2001:db8:1::7", .dst = "2001:db8::1", .sport = 40000, .dport = 80, .flags = SYN },
	};
	const struct dest_spec dest = { .address = "10.0.0.1", .port = 8080, .weight = 1, .forward = FORWARD_FULLNAT };

	director_serve(network->director, 0, IPPROTO_TCP, "192.0.2.1", 80, "rr", 0, &dest, 1);
	director_serve(network->director, 1, IPPROTO_TCP, "2001:db8::1", 80, "rr", 1, &dest, 1);
	ret_clients[0] = &clients[0];
	ret_clients[1] = &clients[1];
}

static void
a_local_port_is_never_taken_twice(void **state)
{
	(void)state;
	for (int first = 0; first < 2; first++) {
		struct network *network = network_new(1, 64);
		const struct frame *clients[2];
		struct frame another;
		struct rte_mbuf *m;
		uint16_t port;

		serve_both(network, clients);
		another = *clients[first ^ 1];
		set_local_ports(network, 2000, 2001);
		receive(network, 0, CLIENTS, frame_new(clients[first], CLIENTS));
		m = sent_one(SERVERS);
		port = local_port_of(&pairs[0], m);
		rte_pktmbuf_free(m);
		network->director->workers[0]->laddr_cursor = port; /* it is the next one's first choice */
		receive(network, 0, CLIENTS, frame_new(&another, CLIENTS));
		m = sent_one(SERVERS);
		assert_int_equal(local_port_of(&pairs[0], m), port ^ 1);
		rte_pktmbuf_free(m);
		another.sport++;
		receive(network, 0, CLIENTS, frame_new(&another, CLIENTS));
		assert_dropped(network, DROP_NO_LOCAL_PORT);
		network_free(network);
	}
}

/* The other kind of connection keeps its port, even when it is over. */
static void
ports_of_closed_connections_are_recycled_by_their_own_kind(void **state)
{
	struct network *network = network_new(1, 64);
	struct worker *self = network->director->workers[0];
	const struct frame *clients[2];
	struct frame frame;

	(void)state;
	serve_both(network, clients);
	set_local_ports(network, 2000, 2000);
	frame = *clients[1];
	receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	rte_pktmbuf_free(sent_one(SERVERS));
	conn_set_state(self, conn_at(self->conns[TABLE_IPV6], 0), TCP_TIME_WAIT_);
	receive(network, 0, CLIENTS, frame_new(clients[0], CLIENTS));
	assert_dropped(network, DROP_NO_LOCAL_PORT);
	frame = *clients[1];
	frame.sport++;
	receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	frame = pair_talk(&pairs[0], frame.sport, 2000).to_server;
	frame.flags = SYN;
	assert_translated(SERVERS, &frame);
	assert_int_equal(counted(network, COUNT_LADDR_RECYCLED), 1);
	assert_int_equal(self->mapped_conns, 1);
	network_free(network);
}

static void
a_mixed_burst_goes_where_each_packet_belongs(void **state)
{
	struct network *network = network_new(1, 256);
	const struct frame *clients[2];
	struct rte_mbuf *burst[BURST];
	struct frame server[2], client[2];

	(void)state;
	serve_both(network, clients);
	for (int i = 0; i < 2; i++) {
		struct rte_mbuf *m;

		receive(network, 0, CLIENTS, frame_new(clients[i], CLIENTS));
		m = sent_one(SERVERS);
		server[i] = (struct frame){ .src = "10.0.0.1",
					    .dst = "10.0.0.100",
					    .sport = 8080,
					    .dport = local_port_of(&pairs[0], m),
					    .flags = ACK,
					    .src_mac = server_mac[0] };
		rte_pktmbuf_free(m);
		client[i] = (struct frame){ .src = clients[i]->dst,
					    .dst = clients[i]->src,
					    .sport = 80,
					    .dport = 40000,
					    .flags = ACK,
					    .ttl = 63,
					    .src_mac = port_mac[CLIENTS],
					    .dst_mac = router_mac };
	}
	for (uint32_t i = 0; i < BURST; i++) {
		server[i & 1].seq = i;
		burst[i] = frame_new(&server[i & 1], SERVERS);
	}
	receive_burst(network, 0, SERVERS, burst, BURST);
	assert_int_equal(sent[CLIENTS].n, BURST);
	/* of each kind in its order */
	for (uint32_t i = 0, at[2] = { 0, 1 }; i < BURST; i++) {
		struct rte_mbuf *m = sent[CLIENTS].packets[i];
		const uint32_t kind = be16(rte_pktmbuf_mtod_offset(m, uint8_t *, 12)) == 0x86dd;
		const uint32_t l4 = kind ? 54 : 34;
		struct rte_mbuf *wanted;

		client[kind].seq = at[kind];
		wanted = frame_new(&client[kind], CLIENTS);
		assert_int_equal(m->pkt_len, wanted->pkt_len);
		assert_memory_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, l4),
				    rte_pktmbuf_mtod_offset(wanted, uint8_t *, l4), 20);
		at[kind] += 2;
		rte_pktmbuf_free(wanted);
	}
	forget_packets(network);
	network_free(network);
}

/* Four bytes of padding behind the IPv4 header: for the slow path. */
static struct rte_mbuf *
with_options(struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip;
	uint8_t *frame;

	assert_non_null(rte_pktmbuf_prepend(m, 4));
	frame = rte_pktmbuf_mtod(m, uint8_t *);
	ip = (void *)(frame + 14);
	memmove(frame, frame + 4, 34);
	memset(frame + 34, 1, 4);
	ip->version_ihl = 0x46;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(ip->total_length) + 4));
	ip->hdr_checksum = 0;
	ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, 24);
	return m;
}

static void
a_burst_keeps_its_order(void **state)
{
	(void)state;
	for (EACH_PAIR(pair)) {
		const uint8_t port = is_v6(pair->client) ? SERVERS : CLIENTS;
		struct network *network = pair_serve(pair);
		struct pair_talk talk = pair_open(network, pair, 40000);
		struct frame frame = port == CLIENTS ? talk.in : talk.out;
		struct rte_mbuf *burst[BURST];

		frame.flags = ACK;
		for (uint16_t i = 0; i < BURST; i++) {
			frame.payload = i;
			burst[i] = frame_new(&frame, port);
			if (i % 3 == 1)
				burst[i] = with_options(burst[i]);
		}
		receive_burst(network, 0, port, burst, BURST);
		assert_int_equal(sent[port ^ 1].n, BURST);
		for (uint32_t i = 0; i < BURST; i++)
			assert_int_equal(sent[port ^ 1].packets[i]->pkt_len, sent[port ^ 1].packets[0]->pkt_len + i);
		forget_packets(network);
		network_free(network);
	}
}

/* The table that counts is the one that the connection is to be in. */
static void
the_room_of_the_other_family_counts(void **state)
{
	(void)state;
	for (EACH_PAIR(pair)) {
		struct network *network = network_new(1, 64);
		struct worker *self = network->director->workers[0];
		const struct dest_spec server = {
			.address = "10.0.0.2", .port = 53, .weight = 1, .forward = FORWARD_FULLNAT
		};
		struct frame frame = { .src = "198.51.100.7", .dst = "192.0.2.2", .dport = 53, .proto = IPPROTO_UDP };

		pair_serve_as(network, pair, 0);
		director_serve(network->director, 1, IPPROTO_UDP, "192.0.2.2", 53, "rr", 8, &server, 1);
		for (frame.sport = 50000; !conn_table_is_full(self->conns[TABLE_IPV4]); frame.sport++)
			receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
		forget_packets(network);
		(void)pair_open(network, pair, 40000);
		assert_int_equal(dropped(network, DROP_CONN_TABLE_FULL), 0);
		receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
		assert_dropped(network, DROP_CONN_TABLE_FULL);
		network_free(network);
	}
}

static void
clients_begin_and_go_on_within_a_burst(void **state)
{
	struct network *network = pair_serve(&pairs[2]);
	struct pair_talk first = pair_open(network, &pairs[2], 39999);
	struct rte_mbuf *burst[BURST];

	(void)state;
	(void)first;
	for (uint32_t i = 0; i < BURST; i++) {
		struct frame frame = pair_talk(&pairs[2], (uint16_t)(40000 + i / 2), 0).in;

		frame.flags = i & 1 ? ACK : SYN;
		burst[i] = frame_new(&frame, CLIENTS);
	}
	receive_burst(network, 0, CLIENTS, burst, BURST);
	assert_int_equal(sent[SERVERS].n, BURST);
	assert_int_equal(counted(network, COUNT_CONN_NEW), 1 + BURST / 2);
	assert_int_equal(network->director->workers[0]->mapped_conns, 1 + BURST / 2);
	forget_packets(network);
	network_free(network);
}

/* Of one family, while there are connections between the families. */
static void
others_begin_and_go_on_within_a_burst_too(void **state)
{
	const struct dest_spec server = { .address = "10.0.0.2", .port = 53, .weight = 1, .forward = FORWARD_FULLNAT };
	struct network *network = pair_serve(&pairs[0]);
	struct rte_mbuf *burst[BURST];

	(void)state;
	director_serve(network->director, 1, IPPROTO_UDP, "192.0.2.2", 53, "rr", 8, &server, 1);
	(void)pair_open(network, &pairs[0], 39999);
	for (uint32_t i = 0; i < BURST; i++) {
		const struct frame frame = { .src = "198.51.100.7",
					     .dst = "192.0.2.2",
					     .sport = (uint16_t)(40000 + i / 4),
					     .dport = 53,
					     .proto = IPPROTO_UDP };

		burst[i] = frame_new(&frame, CLIENTS);
	}
	receive_burst(network, 0, CLIENTS, burst, BURST);
	assert_int_equal(sent[SERVERS].n, BURST);
	assert_int_equal(counted(network, COUNT_CONN_NEW), 1 + BURST / 4);
	forget_packets(network);
	network_free(network);
}

static void
listings_show_each_end_in_its_family(void **state)
{
	(void)state;
	for (EACH_PAIR(pair)) {
		struct network *network = pair_serve(pair);
		struct pair_talk talk = pair_open(network, pair, 40000);
		const struct ip_addr client = address_of(pair->client), server = address_of(pair->server);
		const struct ip_addr vip = address_of(pair->vip), local = address_of(pair->laddr);
		struct conn_walk walk = { 0 };
		struct conn_entry entry;
		uint32_t budget = 1000;

		assert_int_equal(conn_walk_next(network->director->lb, &walk, &budget, &entry), 1);
		assert_int_equal(entry.client.family, client.family);
		assert_true(ip_bits_equal(&entry.client.src, &client.ip));
		assert_true(ip_bits_equal(&entry.client.dst, &vip.ip));
		assert_int_equal(entry.server.family, server.family);
		assert_true(ip_bits_equal(&entry.server.src, &server.ip));
		assert_true(ip_bits_equal(&entry.server.dst, &local.ip));
		assert_int_equal(entry.server.dport, rte_cpu_to_be_16(talk.to_server.sport));
		network_free(network);
	}
}

static void
both_ends_are_reset_in_their_family(void **state)
{
	(void)state;
	for (EACH_PAIR(pair)) {
		struct network *network = pair_serve(pair);
		struct pair_talk talk = pair_open(network, pair, 40000);
		struct worker *self = network->director->workers[0];

		if (pair->proto == IPPROTO_UDP) {
			network_free(network);
			continue;
		}
		talk.in.flags = talk.out.flags = ACK;
		talk.in.ack = 5000;
		talk.out.ack = 7000;
		pass(network, CLIENTS, &talk.in, &talk.to_server, false);
		pass(network, SERVERS, &talk.out, &talk.to_client, false);
		reset_conn(self, conn_at(self->conns[TABLE_IPV6], 0), AF_INET6);
		transmit_flush(self);
		assert_int_equal(be16(rte_pktmbuf_mtod_offset(sent[CLIENTS].packets[0], uint8_t *, 12)),
				 is_v6(pair->client) ? 0x86dd : 0x0800);
		assert_int_equal(be16(rte_pktmbuf_mtod_offset(sent[SERVERS].packets[0], uint8_t *, 12)),
				 is_v6(pair->server) ? 0x86dd : 0x0800);
		for (uint8_t port = 0; port < 2; port++) {
			struct rte_mbuf *m = sent_one(port), *copy = rte_pktmbuf_copy(m, packet_pool, 0, UINT32_MAX);
			const uint32_t l4 = is_v6(port == CLIENTS ? pair->client : pair->server) ? 54 : 34;

			assert_int_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, l4)[13], RST);
			frame_checksums(copy);
			assert_memory_equal(rte_pktmbuf_mtod(copy, void *), rte_pktmbuf_mtod(m, void *), m->pkt_len);
			rte_pktmbuf_free(copy);
			rte_pktmbuf_free(m);
		}
		network_free(network);
	}
}

static void
other_protocols_are_refused(void **state)
{
	const struct pair sctp = { "2001:db8:1::7", "2001:db8::1", "10.0.0.1", "10.0.0.100", IPPROTO_SCTP };
	struct network *network = pair_serve(&sctp);
	struct frame frame = pair_talk(&sctp, 40000, 0).in;

	(void)state;
	frame.flags = SYN;
	receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	assert_dropped(network, DROP_FORWARD_METHOD);
	assert_int_equal(network->director->workers[0]->mapped_conns, 0);
	network_free(network);
}

/* Owners are found by the packets as they are on the wire. */
static void
packets_find_their_worker(void **state)
{
	enum { WORKERS = 4, FLOWS = 32 };

	(void)state;
	for (EACH_PAIR(pair)) {
		struct network *network = network_new(WORKERS, 1024);

		pair_serve_as(network, pair, 0);
		for (uint16_t i = 0; i < FLOWS; i++) {
			struct pair_talk talk = pair_talk(pair, (uint16_t)(40000 + i), 0);
			struct rte_mbuf *m;

			talk.in.flags = SYN;
			receive(network, i % WORKERS, CLIENTS, frame_new(&talk.in, CLIENTS));
			m = sent_one(SERVERS);
			talk = pair_talk(pair, talk.in.sport, local_port_of(pair, m));
			rte_pktmbuf_free(m);
			talk.in.flags = talk.out.flags = talk.to_client.flags = talk.to_server.flags = ACK;
			for (uint32_t worker = 0; worker < WORKERS; worker++) {
				receive(network, worker, SERVERS, frame_new(&talk.out, SERVERS));
				assert_translated(CLIENTS, &talk.to_client);
				receive(network, worker, CLIENTS, frame_new(&talk.in, CLIENTS));
				assert_translated(SERVERS, &talk.to_server);
			}
		}
		assert_int_equal(counted(network, COUNT_CONN_NEW), FLOWS);
		network_free(network);
	}
}

/* Both ends' keys and IPv4's once more; one that is left by its client has that of the server's side alone. */
static void
each_end_is_looked_for_once(void **state)
{
	(void)state;
	for (EACH_PAIR(pair)) {
		struct network *network = pair_serve(pair);
		struct worker *self = network->director->workers[0];
		const bool server_is_ipv4 = !is_v6(pair->server);

		(void)pair_open(network, pair, 40000);
		assert_int_equal(keys_in(self->conns[TABLE_IPV6]), 2);
		assert_int_equal(keys_in(self->conns[TABLE_IPV4]), 1);
		conn_leave(self, conn_at(self->conns[TABLE_IPV6], 0), AF_INET6);
		assert_int_equal(keys_in(self->conns[TABLE_IPV6]), 1);
		assert_int_equal(keys_in(self->conns[TABLE_IPV4]), server_is_ipv4);
		network_free(network);
	}
}

/* Whatever else is in their bucket; among so many there are some with the same tag. */
static void
packets_are_found_in_long_chains(void **state)
{
	enum { FLOWS = 900 };

	(void)state;
	for (EACH_PAIR(pair)) {
		struct network *network = network_new(1, 2048);
		struct worker *self = network->director->workers[0];
		static struct pair_talk talks[FLOWS];

		self->conns[TABLE_IPV4]->n_buckets = self->conns[TABLE_IPV6]->n_buckets = 1;
		pair_serve_as(network, pair, 0);
		for (uint16_t i = 0; i < FLOWS; i++)
			talks[i] = pair_open(network, pair, (uint16_t)(40000 + i));
		for (uint32_t i = 0; i < FLOWS; i++) {
			pass(network, CLIENTS, &talks[i].in, &talks[i].to_server, false);
			pass(network, SERVERS, &talks[i].out, &talks[i].to_client, false);
		}
		assert_int_equal(counted(network, COUNT_CONN_NEW), FLOWS);
		network_free(network);
	}
}

static void
a_removed_server_gets_nothing_but_its_answers_pass(void **state)
{
	(void)state;
	for (EACH_PAIR(pair)) {
		struct network *network = pair_serve(pair);
		struct pair_talk talk = pair_open(network, pair, 40000);

		talk.in.flags = talk.out.flags = ACK;
		dest_retract(network->director->lb, DEST_ID(0, 1));
		receive(network, 0, CLIENTS, frame_new(&talk.in, CLIENTS));
		assert_dropped(network, DROP_DEST_REMOVED);
		pass(network, SERVERS, &talk.out, &talk.to_client, false);
		network_free(network);
	}
}

static void
a_syn_over_a_closed_connection_begins_a_new_one(void **state)
{
	(void)state;
	for (EACH_PAIR(pair)) {
		struct network *network;
		struct worker *self;

		if (pair->proto != IPPROTO_TCP)
			continue;
		network = pair_serve(pair);
		self = network->director->workers[0];
		(void)pair_open(network, pair, 40000);
		conn_set_state(self, conn_at(self->conns[TABLE_IPV6], 0), TCP_TIME_WAIT_);
		(void)pair_open(network, pair, 40000);
		assert_int_equal(counted(network, COUNT_CONN_NEW), 2);
		network_free(network);
	}
}

static void
connections_that_end_are_counted_off(void **state)
{
	(void)state;
	for (EACH_PAIR(pair)) {
		struct network *network = pair_serve(pair);
		struct worker *self = network->director->workers[0];

		(void)pair_open(network, pair, 40000);
		assert_int_equal(self->mapped_conns, 1);
		conn_close(self, conn_at(self->conns[TABLE_IPV6], 0), AF_INET6);
		assert_int_equal(self->mapped_conns, 0);
		assert_int_equal(counted(network, COUNT_CONNS), 0);
		for (uint32_t table = 0; table < TABLES; table++)
			assert_int_equal(keys_in(self->conns[table]), 0);
		network_free(network);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_of_both_directions_have_the_right_bytes),
		cmocka_unit_test(the_first_packets_have_the_right_bytes_too),
		cmocka_unit_test(padding_stays_behind),
		cmocka_unit_test(udp_from_ipv4_without_a_checksum_gets_one),
		cmocka_unit_test(a_buffer_without_headroom_is_dropped),
		cmocka_unit_test(mapped_addresses_on_the_wire_are_refused),
		cmocka_unit_test(a_local_port_is_never_taken_twice),
		cmocka_unit_test(ports_of_closed_connections_are_recycled_by_their_own_kind),
		cmocka_unit_test(a_mixed_burst_goes_where_each_packet_belongs),
		cmocka_unit_test(a_burst_keeps_its_order),
		cmocka_unit_test(the_room_of_the_other_family_counts),
		cmocka_unit_test(clients_begin_and_go_on_within_a_burst),
		cmocka_unit_test(others_begin_and_go_on_within_a_burst_too),
		cmocka_unit_test(listings_show_each_end_in_its_family),
		cmocka_unit_test(both_ends_are_reset_in_their_family),
		cmocka_unit_test(other_protocols_are_refused),
		cmocka_unit_test(packets_find_their_worker),
		cmocka_unit_test(each_end_is_looked_for_once),
		cmocka_unit_test(packets_are_found_in_long_chains),
		cmocka_unit_test(a_removed_server_gets_nothing_but_its_answers_pass),
		cmocka_unit_test(a_syn_over_a_closed_connection_begins_a_new_one),
		cmocka_unit_test(connections_that_end_are_counted_off),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
