/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * TOA: the client's port and address in a TCP option, of kind 254, that a module or program at the real server reads
 * (DPVS, kmod/toa). It stands in each packet from the client, the acknowledgement that ends the handshake being the first,
 * until the server shows that one of them has arrived: by data of its own, or by acknowledging the client's.
 */
#include <string.h>

#include <rte_tcp.h>

#include "lb/conn_life.h"
#include "lb/conn_table.h"
#include "path/resize.h"
#include "path/tcp_options.h"
#include "path/tell.h"

#define TOA_KIND 254

/* Copies the options of the header without padding; an option that is broken, and what is behind it, as it is. */
static uint8_t
prune(const struct rte_tcp_hdr *tcp, uint8_t to[TCP_OPTIONS_MAX])
{
	const uint8_t *option = (const uint8_t *)(tcp + 1), *end = (const uint8_t *)tcp + tcp_header_length(tcp);
	uint8_t n = 0;

	while (option < end && *option != TCP_OPTION_END) {
		uint8_t length = 1;

		if (*option != TCP_OPTION_NOP) {
			length = end - option >= 2 && option[1] >= 2 && option[1] <= end - option
					 ? option[1]
					 : (uint8_t)(end - option);
			memcpy(to + n, option, length);
			n += length;
		}
		option += length;
	}
	return n;
}

/* The options that the packet is to have, padded and not shorter than they were; 0: they would be too many. */
static uint8_t
new_options(const struct telling *telling, const struct rte_tcp_hdr *tcp, uint8_t to[TCP_OPTIONS_MAX])
{
	const uint16_t old = tcp_header_length(tcp) - sizeof(*tcp);
	uint8_t pruned[TCP_OPTIONS_MAX], option[TELL_OPTION_MAX], length = tell_write_option(telling, TOA_KIND, option),
								  n;

	memset(to, TCP_OPTION_END, TCP_OPTIONS_MAX);
	if (length + old <= TCP_OPTIONS_MAX) {
		memcpy(to, option, length);
		memcpy(to + length, tcp + 1, old);
		return (uint8_t)(length + old);
	}
	n = prune(tcp, pruned);
	if (length + n > TCP_OPTIONS_MAX)
		return 0;
	memcpy(to, option, length);
	memcpy(to + length, pruned, n);
	n = (uint8_t)((length + n + 3) & ~3);
	return n > old ? n : (uint8_t)old;
}

static bool
add_option(const struct telling *telling)
{
	struct packet *packet = telling->packet;
	struct rte_tcp_hdr *tcp = packet_at(packet, packet->l4);
	const uint8_t old = (uint8_t)(tcp_header_length(tcp) - sizeof(*tcp));
	uint64_t before = packet_l4_sum(packet);
	uint8_t options[TCP_OPTIONS_MAX], length = new_options(telling, tcp, options);
	const uint16_t behind = packet->l4 + tcp_header_length(tcp);

	if (length == 0 || packet->end - packet->l3 + length - old > telling->room)
		return false;
	if (length > old && !packet_enlarge(packet, behind, length - old))
		return false;
	tcp = packet_at(packet, packet->l4);
	memcpy(tcp + 1, options, length);
	tcp->data_off = (uint8_t)((sizeof(*tcp) + length) / 4 << 4) | (tcp->data_off & 15);
	packet_mend_l4(packet, before);
	return true;
}

static enum verdict
toa_client(const struct telling *telling)
{
	const struct rte_tcp_hdr *tcp = packet_at(telling->packet, telling->packet->l4);

	if ((tcp->tcp_flags & RTE_TCP_SYN_FLAG) && telling->packet->is_fragment)
		return verdict_drop(DROP_CLIENT_EARLY);
	if (tcp->tcp_flags & RTE_TCP_SYN_FLAG)
		tell_strip_syn(telling);
	else if (!(tcp->tcp_flags & RTE_TCP_RST_FLAG) && !add_option(telling))
		telling->self->counters.count[COUNT_CLIENT_NO_ROOM]++;
	return VERDICT_NEXT;
}

static void
toa_server(const struct telling *telling)
{
	const struct packet *packet = telling->packet;
	const struct conn_cold *cold = telling->cold;
	const struct rte_tcp_hdr *tcp = packet_at(packet, packet->l4);
	uint8_t option[TELL_OPTION_MAX];
	bool data = packet->end > packet->l4 + tcp_header_length(tcp) || (tcp->tcp_flags & RTE_TCP_FIN_FLAG) != 0;

	if (!(tcp->tcp_flags & RTE_TCP_ACK_FLAG))
		return;
	if (tcp->tcp_flags & RTE_TCP_SYN_FLAG)
		tell_hear_syn(telling, tell_write_option(telling, TOA_KIND, option));
	else if ((cold->flags & COLD_HEARD) &&
		 (data || (int32_t)(rte_be_to_cpu_32(telling->conn->last_ack[CONN_OUT]) - cold->told.first) > 0))
		conn_told(telling->self, telling->conn, telling->table);
}

const struct teller tell_toa = {
	.name = "TOA",
	.client = toa_client,
	.server = toa_server,
};
