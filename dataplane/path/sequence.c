/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Sequence numbers of connections whose client's numbers are not the server's (CONN_SHIFTED), for two reasons:
 *
 * A full-NAT connection took over the local port of a closed one. The server may hold that one in TIME_WAIT, and takes a
 * SYN for a new connection only if its sequence number lies beyond the old one's and no older timestamp speaks against
 * it. So the SYN loses its timestamp option, and, where the client's number lies before the expected one, all of the
 * client's numbers are moved up.
 *
 * A header was put before the client's data (path/tell_proxy.c): what the client sends lies behind it.
 *
 * The server's acknowledgements and SACK blocks move back.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_tcp.h>

#include "core/checksum.h"
#include "lb/conn_table.h"
#include "path/path.h"
#include "path/tcp_options.h"

/* What is further ahead than this counts as behind: the server compares with a number that lies before ours. */
#define BEYOND_MAX (1u << 30)

static void
strip_timestamp(struct rte_tcp_hdr *tcp)
{
	static const uint8_t nops[TCP_TIMESTAMP_LENGTH] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
	uint8_t *option = tcp_find_option(tcp, TCP_OPTION_TIMESTAMP);

	if (option && option[1] == sizeof(nops))
		tcp_replace(tcp, option, nops, sizeof(nops));
}

/* What is added to a number of the server's that counts the client's data. While the server has not acknowledged the
 * header, numbers of the time before it and within it are met as well: these are the client's first byte, no more. */
static uint32_t
back_shift(const struct conn_cold *cold, uint32_t number)
{
	const struct conn_told *told = &cold->told;
	uint32_t before = conn_shift_before(cold), behind = number - told->first;

	if (!(cold->flags & COLD_UNTOLD) || told->header == 0 || (int32_t)(behind - told->header) >= 0)
		return 0 - cold->shift;
	return (int32_t)behind > 0 ? told->first - before - number : 0 - before;
}

static void
shift_back(struct rte_tcp_hdr *tcp, void *at, const struct conn_cold *cold)
{
	rte_be32_t number;

	memcpy(&number, at, sizeof(number));
	tcp_add32(tcp, at, back_shift(cold, rte_be_to_cpu_32(number)));
}

static void
shift_acknowledgements(struct rte_tcp_hdr *tcp, const struct conn_cold *cold)
{
	uint8_t *option = tcp_find_option(tcp, TCP_OPTION_SACK);

	shift_back(tcp, &tcp->recv_ack, cold);
	for (int at = 2; option && at + 4 <= option[1]; at += 4)
		shift_back(tcp, option + at, cold);
}

/* When the server has answered, and nothing has to be shifted, all is done; a header may still come. */
static void
shift_syn_back(struct rte_tcp_hdr *tcp, struct conn *conn, const struct conn_cold *cold)
{
	tcp_add32(tcp, &tcp->recv_ack, 0 - conn_shift_before(cold));
	if (cold->shift == 0 && cold->told.header == 0)
		conn->flags &= (uint8_t)~CONN_SHIFTED;
}

/* Retransmissions of the SYN find the shift already set. */
static void
shift_syn(struct rte_tcp_hdr *tcp, struct conn_cold *cold)
{
	uint32_t sequence = rte_be_to_cpu_32(tcp->sent_seq);

	if (cold->expected != 0 && sequence - cold->expected > BEYOND_MAX)
		cold->shift = cold->expected - sequence;
	cold->expected = 0;
	strip_timestamp(tcp);
	tcp_add32(tcp, &tcp->sent_seq, conn_shift_before(cold));
}

void
sequence_restore(struct worker *self, const struct packet *packet, struct conn *conn, uint8_t direction,
		 struct rte_tcp_hdr *tcp, uint16_t there)
{
	const struct conn_table *table = self->conns[packet->flow.family == AF_INET ? TABLE_IPV4 : TABLE_IPV6];
	const struct conn_cold *cold = conn_cold(table, conn);
	uint8_t *option;

	if (conn->proto != IPPROTO_TCP)
		return;
	if (direction == CONN_OUT) {
		shift_back(tcp, &tcp->sent_seq, cold);
		return;
	}
	if (there <= offsetof(struct rte_tcp_hdr, tcp_flags) || !(tcp->tcp_flags & RTE_TCP_ACK_FLAG))
		return;
	tcp_add32(tcp, &tcp->recv_ack, cold->shift);
	if (tcp_header_length(tcp) > there)
		return;
	option = tcp_find_option(tcp, TCP_OPTION_SACK);
	for (int at = 2; option && at + 4 <= option[1]; at += 4)
		tcp_add32(tcp, option + at, cold->shift);
}

void
sequence_shift(struct worker *self, struct packet *packet, struct conn *conn, uint8_t direction)
{
	struct conn_table *table = self->conns[packet->flow.family == AF_INET ? TABLE_IPV4 : TABLE_IPV6];
	struct conn_cold *cold = conn_cold(table, conn);
	struct rte_tcp_hdr *tcp = packet_at(packet, packet->l4);

	if (conn->proto != IPPROTO_TCP)
		return;
	if (direction == CONN_IN && (tcp->tcp_flags & RTE_TCP_SYN_FLAG))
		shift_syn(tcp, cold);
	else if (direction == CONN_IN)
		tcp_add32(tcp, &tcp->sent_seq, cold->shift);
	else if (tcp->tcp_flags & RTE_TCP_SYN_FLAG)
		shift_syn_back(tcp, conn, cold);
	else if (tcp->tcp_flags & RTE_TCP_ACK_FLAG)
		shift_acknowledgements(tcp, cold);
}

/* The word that the options of a header with a timestamp alone begin with. */
#define TIMESTAMP_ALONE RTE_BE32(0x0101080a)

static bool
may_have_sack(const struct rte_tcp_hdr *tcp)
{
	rte_be32_t first;

	if (tcp_header_length(tcp) == sizeof(*tcp))
		return false;
	memcpy(&first, tcp + 1, sizeof(first));
	return tcp_header_length(tcp) != sizeof(*tcp) + 12 || first != TIMESTAMP_ALONE;
}

/* As tcp_add32(), for the fields of the fixed header, quickly. */
static void
add_field(struct rte_tcp_hdr *tcp, rte_be32_t *field, uint32_t delta)
{
	rte_be32_t old = *field, new = rte_cpu_to_be_32(rte_be_to_cpu_32(old) + delta);

	tcp->cksum = checksum_update(tcp->cksum, checksum_fold(checksum_difference(&old, &new, sizeof(old))));
	*field = new;
}

void
sequence_shift_established(struct rte_tcp_hdr *tcp, uint32_t shift, uint32_t direction)
{
	const struct conn_cold cold = { .shift = shift };
	rte_be32_t number;

	if (direction == CONN_IN) {
		number = tcp->sent_seq;
		add_field(tcp, &number, shift);
		tcp->sent_seq = number;
	} else if (tcp->tcp_flags & RTE_TCP_ACK_FLAG) {
		if (may_have_sack(tcp)) {
			shift_acknowledgements(tcp, &cold);
			return;
		}
		number = tcp->recv_ack;
		add_field(tcp, &number, 0 - shift);
		tcp->recv_ack = number;
	}
}
