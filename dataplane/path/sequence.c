/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Sequence numbers of a full-NAT connection that took over the local port of a closed one. The server may hold that one
 * in TIME_WAIT, and takes a SYN for a new connection only if its sequence number lies beyond the old one's and no older
 * timestamp speaks against it. So the SYN loses its timestamp option, and, where the client's number lies before the
 * expected one, all of the client's numbers are moved up; the server's acknowledgements and SACK blocks move back.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_tcp.h>

#include "core/checksum.h"
#include "lb/conn_table.h"
#include "lb/protocol.h"
#include "path/path.h"

/* What is further ahead than this counts as behind: the server compares with a number that lies before ours. */
#define BEYOND_MAX (1u << 30)

enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_SACK = 5, OPTION_TIMESTAMP = 8 };

/* Replaces LENGTH bytes at AT by NEW and mends the checksum; an odd place swaps the bytes of each word. */
static void
replace(struct rte_tcp_hdr *tcp, uint8_t *at, const void *new, size_t length)
{
	uint8_t old_words[36] = { 0 }, new_words[36] = { 0 };
	size_t odd = (size_t)(at - (uint8_t *)tcp) & 1;
	size_t words = (length + odd + 1) & ~(size_t)1;

	memcpy(old_words + odd, at, length);
	memcpy(new_words + odd, new, length);
	tcp->cksum = checksum_update(tcp->cksum, checksum_fold(checksum_difference(old_words, new_words, words)));
	memcpy(at, new, length);
}

static void
add32(struct rte_tcp_hdr *tcp, void *at, uint32_t delta)
{
	rte_be32_t value;

	memcpy(&value, at, sizeof(value));
	value = rte_cpu_to_be_32(rte_be_to_cpu_32(value) + delta);
	replace(tcp, at, &value, sizeof(value));
}

/* The option of KIND in a header whose data offset was checked; NULL if it isn't there, or the list is broken. */
static uint8_t *
find_option(struct rte_tcp_hdr *tcp, uint8_t kind)
{
	uint8_t *option = (uint8_t *)(tcp + 1), *end = (uint8_t *)tcp + (tcp->data_off >> 4) * 4;

	while (option < end && *option != OPTION_END) {
		if (*option == OPTION_NOP) {
			option++;
			continue;
		}
		if (end - option < 2 || option[1] < 2 || option[1] > end - option)
			return NULL;
		if (*option == kind)
			return option;
		option += option[1];
	}
	return NULL;
}

static void
strip_timestamp(struct rte_tcp_hdr *tcp)
{
	static const uint8_t nops[10] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
	uint8_t *option = find_option(tcp, OPTION_TIMESTAMP);

	if (option && option[1] == sizeof(nops))
		replace(tcp, option, nops, sizeof(nops));
}

static void
shift_sack(struct rte_tcp_hdr *tcp, uint32_t delta)
{
	uint8_t *option = find_option(tcp, OPTION_SACK);

	for (int at = 2; option && at + 4 <= option[1]; at += 4)
		add32(tcp, option + at, delta);
}

void
sequence_restore(struct worker *self, const struct packet *packet, struct conn *conn, uint8_t direction,
		 struct rte_tcp_hdr *tcp, uint16_t there)
{
	const struct conn_table *table = self->conns[packet->flow.family == AF_INET ? TABLE_IPV4 : TABLE_IPV6];
	const uint32_t shift = conn_cold(table, conn)->shift;

	if (conn->proto != IPPROTO_TCP || shift == 0)
		return;
	if (direction == CONN_OUT) {
		add32(tcp, &tcp->sent_seq, 0 - shift);
		return;
	}
	if (there <= offsetof(struct rte_tcp_hdr, tcp_flags) || !(tcp->tcp_flags & RTE_TCP_ACK_FLAG))
		return;
	add32(tcp, &tcp->recv_ack, shift);
	if ((tcp->data_off >> 4) * 4u <= there)
		shift_sack(tcp, shift);
}

void
sequence_shift(struct worker *self, struct packet *packet, struct conn *conn, uint8_t direction)
{
	struct conn_table *table = self->conns[packet->flow.family == AF_INET ? TABLE_IPV4 : TABLE_IPV6];
	struct conn_cold *cold = conn_cold(table, conn);
	struct rte_tcp_hdr *tcp = packet_at(packet, packet->l4);

	if (conn->proto != IPPROTO_TCP)
		return;
	if (direction == CONN_IN && (tcp->tcp_flags & RTE_TCP_SYN_FLAG)) {
		uint32_t sequence = rte_be_to_cpu_32(tcp->sent_seq);

		/* Retransmissions of the SYN find the shift already set. */
		if (cold->expected != 0 && sequence - cold->expected > BEYOND_MAX)
			cold->shift = cold->expected - sequence;
		cold->expected = 0;
		strip_timestamp(tcp);
	}
	if (cold->shift == 0) {
		/* Nothing left to do once the handshake's SYNs are through. */
		if (conn->state == TCP_ESTABLISHED_)
			conn->flags &= (uint8_t)~CONN_SHIFTED;
	} else if (direction == CONN_IN) {
		add32(tcp, &tcp->sent_seq, cold->shift);
	} else if (tcp->tcp_flags & RTE_TCP_ACK_FLAG) {
		add32(tcp, &tcp->recv_ack, 0 - cold->shift);
		shift_sack(tcp, 0 - cold->shift);
	}
}
