/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The PROXY protocol: a header that stands before the client's first byte. It goes with the acknowledgement that ends
 * the handshake, so that a server that talks first has it, and again with what the client sends from its first byte on, or
 * by time (lb/untold.h), until the server acknowledges it. No packet is kept for that: the header is written anew.
 *
 * It takes room among the client's sequence numbers, which are moved up by its length from then on (path/sequence.c).
 * Numbers in this file: the client's first byte is FIRST - conn_shift_before() as it counts, and FIRST at the server,
 * where the header stands.
 *
 * What a client sends "before its first byte" would come to stand where the header belongs, and is not let through.
 *
 * The insecure ways believe a header that the client sends, and put one of their own before its first data only if there
 * is none. It is translated if the version differs, and then stands in the place of the client's one.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_tcp.h>
#include <rte_udp.h>

#include "ip/proxy_header.h"
#include "lb/client_address.h"
#include "lb/conn_life.h"
#include "lb/conn_table.h"
#include "lb/protocol.h"
#include "lb/untold.h"
#include "path/resize.h"
#include "path/rewrite.h"
#include "path/tcp_options.h"
#include "path/tell.h"

#define AGAIN_AT_ONCE_MS 10 /* an acknowledgement so soon goes without: the header is on its way */
#define AGAIN_MAX 16 /* headers sent by time, a turn and family */
#define TIMESTAMP_SPACE 12 /* two NOPs and the option */

static uint8_t
version_of(const struct conn_told *told)
{
	return client_address_proxy_version((enum client_address)told->how);
}

/* The header that names this connection's client. */
static uint16_t
write_header(const struct telling *telling, uint8_t to[PROXY_HEADER_MAX])
{
	struct flow flow = tell_flow(telling);

	return proxy_header_write(version_of(&telling->cold->told), &flow, to);
}

/* From now on HEADER bytes stand at the server where the client has SKIPPED. */
static void
move_up(const struct telling *telling, uint16_t header, uint16_t skipped)
{
	struct conn_cold *cold = telling->cold;

	cold->shift += (uint32_t)header - skipped;
	cold->told.header = (uint8_t)header;
	cold->told.skipped = skipped;
	telling->conn->flags |= CONN_SHIFTED;
}

/* When the header was sent last, if it was. */
static bool
was_just_sent(const struct telling *telling)
{
	const struct conn_told *told = &telling->cold->told;

	return (telling->cold->flags & COLD_TIMED) &&
	       telling->self->now_ms - (told->due_ms - untold_wait_ms(told->tries)) < AGAIN_AT_ONCE_MS;
}

static void
sent(const struct telling *telling)
{
	const bool given_up = telling->cold->told.tries == UNTOLD_TRIES && !(telling->cold->flags & COLD_TIMED);

	untold_remove(telling->self, telling->table, telling->conn);
	if (!given_up)
		untold_add(telling->self, telling->table, telling->conn);
}

/* The client's numbers in the packet become such that they are FIRST when they have been shifted. */
static void
move_to_first(const struct telling *telling, struct rte_tcp_hdr *tcp)
{
	tcp->sent_seq = rte_cpu_to_be_32(telling->cold->told.first - telling->cold->shift);
}

/* A HEADER of LENGTH bytes in a segment of its own. */
static void
send_header(const struct telling *telling, const uint8_t *header, uint16_t length)
{
	const struct conn_told *told = &telling->cold->told;
	const uint8_t options = told->timestamp[0] != 0 || told->timestamp[1] != 0 ? TIMESTAMP_SPACE : 0;
	uint8_t *option;
	struct packet packet;
	struct rte_tcp_hdr *tcp;

	if (!tell_make(telling, (uint16_t)(sizeof(*tcp) + options + length), &packet))
		return;
	tcp = packet_at(&packet, packet.l4);
	tcp->sent_seq = rte_cpu_to_be_32(told->first);
	tcp->recv_ack = rte_cpu_to_be_32(told->server_first);
	tcp->data_off = (uint8_t)((sizeof(*tcp) + options) / 4 << 4);
	tcp->tcp_flags = RTE_TCP_ACK_FLAG | RTE_TCP_PSH_FLAG;
	tcp->rx_win = told->window;
	option = (uint8_t *)(tcp + 1);
	if (options) {
		memcpy(option,
		       (uint8_t[]){ TCP_OPTION_NOP, TCP_OPTION_NOP, TCP_OPTION_TIMESTAMP, TCP_TIMESTAMP_LENGTH }, 4);
		memcpy(option + 4, told->timestamp, sizeof(told->timestamp));
	}
	memcpy(option + options, header, length);
	tell_send(telling, &packet);
}

/* Bytes were put before the packet's data, or taken away: urgent data ends so much later (RFC 9293, 3.8.5). */
static void
move_urgent(struct rte_tcp_hdr *tcp, int32_t by)
{
	if (tcp->tcp_flags & RTE_TCP_URG_FLAG)
		tcp->tcp_urp = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(tcp->tcp_urp) + by));
}

/* The HEADER between the packet's TCP header and its data, if there is room on the way to the server. */
static bool
put_before_data(const struct telling *telling, const uint8_t *header, uint16_t length)
{
	struct packet *packet = telling->packet;
	uint64_t before = packet_l4_sum(packet);
	struct rte_tcp_hdr *tcp = packet_at(packet, packet->l4);
	uint16_t data = packet->l4 + tcp_header_length(tcp);

	if (packet->end - packet->l3 + length > telling->room || !packet_enlarge(packet, data, length))
		return false;
	memcpy(packet_at(packet, data), header, length);
	tcp = packet_at(packet, packet->l4);
	tcp->tcp_flags |= RTE_TCP_PSH_FLAG;
	move_urgent(tcp, length);
	move_to_first(telling, tcp);
	packet_mend_l4(packet, before);
	return true;
}

/* What a segment of ours would need, as the client's last one has it. */
static void
note_client(struct conn_told *told, struct rte_tcp_hdr *tcp)
{
	const uint8_t *option = tcp_find_option(tcp, TCP_OPTION_TIMESTAMP);

	told->window = tcp->rx_win;
	if (option && option[1] == TCP_TIMESTAMP_LENGTH)
		memcpy(told->timestamp, option + 2, sizeof(told->timestamp));
}

/* With the packet, or before it where both together are too long or the client's data begins later. */
static enum verdict
carry(const struct telling *telling, bool begins)
{
	const bool again = telling->cold->told.header != 0;
	uint8_t header[PROXY_HEADER_MAX];
	uint16_t length = write_header(telling, header);

	if (!again)
		move_up(telling, length, 0);
	else if (!was_just_sent(telling))
		telling->self->counters.count[COUNT_CLIENT_AGAIN]++;
	if (!begins || !put_before_data(telling, header, length))
		send_header(telling, header, length);
	sent(telling);
	return VERDICT_NEXT;
}

/* ---- headers that clients send ---- */

/* The packet's data begins with N bytes in the place of OLD ones, of undefined content. */
static bool
replace_data(const struct telling *telling, uint16_t data, uint16_t old, uint16_t n)
{
	struct packet *packet = telling->packet;

	if (packet->end - packet->l3 + n - old > telling->room)
		return false;
	if (n > old)
		return packet_enlarge(packet, data, n - old);
	if (n < old)
		packet_shorten(packet, data, old - n);
	return true;
}

/* The header that the client sent, at the packet's data, gives way to one of the other version; where that is too long for
 * the packet it goes before it. */
static enum verdict
translate(const struct telling *telling, uint16_t data, const struct proxy_header *theirs)
{
	struct packet *packet = telling->packet;
	uint64_t before = packet_l4_sum(packet);
	uint8_t header[PROXY_HEADER_MAX];
	const uint16_t old = (uint16_t)theirs->length;
	const uint16_t length = proxy_header_write(version_of(&telling->cold->told), &theirs->flow, header);
	const bool together = replace_data(telling, data, old, length);
	struct rte_tcp_hdr *tcp;

	if (telling->cold->told.header == 0)
		move_up(telling, length, old);
	if (together) {
		memcpy(packet_at(packet, data), header, length);
		tcp = packet_at(packet, packet->l4);
		move_urgent(tcp, length - old);
		move_to_first(telling, tcp);
	} else {
		send_header(telling, header, length);
		packet_shorten(packet, data, old);
		tcp = packet_at(packet, packet->l4);
		move_urgent(tcp, -(int32_t)old);
		tcp->sent_seq = rte_cpu_to_be_32(telling->cold->told.first + length - telling->cold->shift);
	}
	packet_mend_l4(packet, before);
	return VERDICT_NEXT;
}

/* The client's first data, or its repetition; nothing of it has reached the server. */
static enum verdict
believe(const struct telling *telling, uint16_t data)
{
	struct packet *packet = telling->packet;
	struct conn_told *told = &telling->cold->told;
	struct proxy_header theirs;
	int err = proxy_header_read(packet_at(packet, data), (uint32_t)(packet->end - data), &theirs);

	/* What was translated once is so again, or not at all. */
	if (told->skipped != 0 && (err < 0 || theirs.length != told->skipped))
		return verdict_drop(DROP_CLIENT_EARLY);
	if (err < 0)
		return carry(telling, true);
	if (theirs.flow.proto == IPPROTO_UDP)
		theirs.flow.family = 0;
	if (theirs.version != version_of(told))
		return translate(telling, data, &theirs);
	conn_told(telling->self, telling->conn, telling->table);
	return VERDICT_NEXT;
}

/* ---- TCP ---- */

/* A reset is believed only with the number that the server expects next: that of the header, if it did not arrive. */
static enum verdict
reset(const struct telling *telling, struct rte_tcp_hdr *tcp)
{
	const struct conn_cold *cold = telling->cold;

	if (cold->told.header != 0 && rte_be_to_cpu_32(telling->conn->last_ack[CONN_OUT]) == cold->told.first)
		tcp_add32(tcp, &tcp->sent_seq, conn_shift_before(cold) - cold->shift);
	return VERDICT_NEXT;
}

/* Data of the time before the first byte: a keepalive's, or somebody's who would like to write the header. */
static void
strip_data(const struct telling *telling, uint16_t data)
{
	struct packet *packet = telling->packet;
	uint64_t before = packet_l4_sum(packet);

	packet_shorten(packet, data, packet->end - data);
	packet_mend_l4(packet, before);
}

/* Data or the end of it, AHEAD bytes behind the client's first byte, with a header of ours. */
static enum verdict
carry_data(const struct telling *telling, uint32_t ahead)
{
	/* A header that was sent goes again with what follows it at once, however soon: a server that answers with SYN
	 * cookies (RFC 4987) would reset a connection whose first packet to arrive begins behind it. */
	if (ahead != 0 && telling->cold->told.header != 0)
		return VERDICT_NEXT;
	return carry(telling, ahead == 0);
}

/* The same where the client's data may begin with a header, which shows by its first bytes. */
static enum verdict
look_for_header(const struct telling *telling, uint32_t ahead, uint16_t data)
{
	const struct conn_told *told = &telling->cold->told;

	if (told->header != 0 && told->skipped == 0)
		return carry_data(telling, ahead);
	if (ahead == 0)
		return believe(telling, data);
	return told->header == 0 || ahead < told->skipped ? verdict_drop(DROP_CLIENT_EARLY) : VERDICT_NEXT;
}

/* What has no data says nothing about a header of the client's. */
static enum verdict
carry_acknowledgement(const struct telling *telling, bool insecure)
{
	const struct conn_told *told = &telling->cold->told;

	if ((insecure && (told->header == 0 || told->skipped != 0)) || was_just_sent(telling))
		return VERDICT_NEXT;
	return carry(telling, true);
}

static enum verdict
segment(const struct telling *telling, struct rte_tcp_hdr *tcp)
{
	struct packet *packet = telling->packet;
	const struct conn_cold *cold = telling->cold;
	const bool insecure = client_address_is_insecure((enum client_address)cold->told.how);
	const uint16_t data = packet->l4 + tcp_header_length(tcp);
	uint32_t ahead = rte_be_to_cpu_32(tcp->sent_seq) - (cold->told.first - conn_shift_before(cold));

	if ((int32_t)ahead < 0 && (tcp->tcp_flags & RTE_TCP_FIN_FLAG))
		return verdict_drop(DROP_CLIENT_EARLY);
	if ((int32_t)ahead < 0 && packet->end > data)
		strip_data(telling, data);
	if (packet->end == data && !(tcp->tcp_flags & RTE_TCP_FIN_FLAG))
		return carry_acknowledgement(telling, insecure);
	return insecure ? look_for_header(telling, ahead, data) : carry_data(telling, ahead);
}

static enum verdict
proxy_client(const struct telling *telling)
{
	struct rte_tcp_hdr *tcp = packet_at(telling->packet, telling->packet->l4);

	/* What follows in other fragments can't be looked at; the header will have arrived when it is repeated. */
	if (telling->packet->is_fragment)
		return verdict_drop(DROP_CLIENT_EARLY);
	if (tcp->tcp_flags & RTE_TCP_SYN_FLAG) {
		tell_strip_syn(telling);
		return VERDICT_NEXT;
	}
	if (tcp->tcp_flags & RTE_TCP_RST_FLAG)
		return reset(telling, tcp);
	if (!tell_is_acknowledgement(telling))
		return verdict_drop(DROP_CLIENT_EARLY);
	note_client(&telling->cold->told, tcp);
	return segment(telling, tcp);
}

static void
proxy_server(const struct telling *telling)
{
	const struct conn_told *told = &telling->cold->told;
	const struct packet *packet = telling->packet;
	const struct rte_tcp_hdr *tcp = packet_at(packet, packet->l4);

	if ((tcp->tcp_flags & (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG)) == (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG)) {
		tell_hear_syn(telling, 0);
		return;
	}
	/* Acknowledgements alone it sends before, too (RFC 9293, 3.10.7.4). */
	if (packet->end > packet->l4 + tcp_header_length(tcp) || (tcp->tcp_flags & RTE_TCP_FIN_FLAG))
		telling->cold->flags |= COLD_SPOKEN;
	if ((tcp->tcp_flags & RTE_TCP_ACK_FLAG) && told->header != 0 &&
	    (int32_t)(rte_be_to_cpu_32(telling->conn->last_ack[CONN_OUT]) - told->first - told->header) >= 0)
		conn_told(telling->self, telling->conn, telling->table);
}

const struct teller tell_proxy = {
	.name = "PROXY",
	.client = proxy_client,
	.server = proxy_server,
};

/* ---- by time ---- */

/* Whether there is anybody to send to. */
static bool
is_alive(const struct worker *self, const struct conn *conn)
{
	return !(conn->flags & CONN_LEFT) && !protocol_tcp.over(conn->state) && dest_alive(self->lb, conn->dest);
}

static void
send_again(struct worker *self, struct conn *conn, uint32_t table)
{
	struct packet none = { .flow = { .family = table == TABLE_IPV4 ? AF_INET : AF_INET6 } };
	struct telling telling = {
		.self = self,
		.packet = &none,
		.conn = conn,
		.cold = conn_cold(self->conns[table], conn),
		.table = table,
	};

	uint8_t header[PROXY_HEADER_MAX];

	if (!is_alive(self, conn))
		return;
	if (telling.cold->told.tries == UNTOLD_TRIES) {
		self->counters.count[COUNT_CLIENT_UNTOLD]++;
		return;
	}
	if (conn->fib_generation != self->fib->generation)
		conn_find_nexthops(self, conn, none.flow.family);
	send_header(&telling, header, write_header(&telling, header));
	self->counters.count[COUNT_CLIENT_AGAIN]++;
	telling.cold->told.tries++;
	untold_add(self, table, conn);
}

void
tell_again(struct worker *self)
{
	if (self->untold_ms == self->now_ms)
		return;
	self->untold_ms = self->now_ms;
	for (uint32_t table = 0; table < TABLES; table++) {
		for (int n = 0; n < AGAIN_MAX; n++) {
			struct conn *conn = untold_due(self, table);

			if (!conn)
				break;
			send_again(self, conn, table);
		}
	}
}

/* ---- UDP ---- */

/* Before the first datagram's data, once, as DPVS does: nothing says whether it arrived. */
static enum verdict
proxy_udp_client(const struct telling *telling)
{
	struct packet *packet = telling->packet;
	struct rte_udp_hdr *udp = packet_at(packet, packet->l4);
	const uint16_t data = packet->l4 + sizeof(*udp);
	uint64_t before = packet_l4_sum(packet);
	uint8_t header[PROXY_HEADER_MAX];
	uint16_t length = write_header(telling, header);
	struct proxy_header theirs;
	const uint32_t end = RTE_MIN((uint32_t)packet->end, packet->l4 + (uint32_t)rte_be_to_cpu_16(udp->dgram_len));

	if (client_address_is_insecure((enum client_address)telling->cold->told.how) && end > data &&
	    proxy_header_read(packet_at(packet, data), end - data, &theirs) == 0 && theirs.version == 2) {
		conn_told(telling->self, telling->conn, telling->table);
		return VERDICT_NEXT;
	}
	if (packet->end - packet->l3 + length > telling->room || !packet_enlarge(packet, data, length)) {
		telling->self->counters.count[COUNT_CLIENT_NO_ROOM]++;
		return VERDICT_NEXT;
	}
	memcpy(packet_at(packet, data), header, length);
	udp = packet_at(packet, packet->l4);
	udp->dgram_len = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(udp->dgram_len) + length));
	packet_mend_l4(packet, before);
	conn_told(telling->self, telling->conn, telling->table);
	return VERDICT_NEXT;
}

const struct teller tell_proxy_udp = {
	.name = "PROXY, UDP",
	.client = proxy_udp_client,
};
