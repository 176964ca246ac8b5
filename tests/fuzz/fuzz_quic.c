/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Any bytes as the payload of a packet to a QUIC service: the first two say how IDs are read, the rest is the packet.
 */
#include <stdlib.h>
#include <string.h>

#include "lb/quic_cid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_lb(const uint8_t *how, const struct quic_header *header)
{
	struct quic_lb_coding coding = {
		.server_id_length = how[0] % (QUIC_SERVER_ID_MAX + 1),
		.encrypted = how[1] & 1,
	};
	uint8_t id[QUIC_SERVER_ID_MAX], most = QUIC_PLAINTEXT_MAX - coding.server_id_length;

	coding.nonce_length = (uint8_t)(QUIC_NONCE_MIN + (how[1] >> 1) % (most - QUIC_NONCE_MIN + 1));
	aes128_set_key(&coding.aes, (const uint8_t *)"0123456789abcdef");
	if (quic_lb_server_id(&coding, header, id) &&
	    (quic_lb_codepoint(header) > QUIC_CODEPOINTS ||
	     header->room < 1u + coding.server_id_length + coding.nonce_length))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct quic_dpvs_server server;
	struct quic_header header;
	uint8_t *copy;

	if (size < 2 || size > UINT16_MAX)
		return 0;
	/* of just that size, so that the sanitizer sees who reads beyond */
	copy = malloc(size - 2 + (size == 2));
	if (!copy)
		abort();
	memcpy(copy, data + 2, size - 2);
	if (quic_header_read(copy, (uint32_t)size - 2, &header)) {
		if (header.room > 0 && (header.cid < copy || header.cid + header.room > copy + size - 2))
			abort();
		check_lb(data, &header);
		if (quic_dpvs_read(&header, &server) && (server.length < 1 || server.length > 8))
			abort();
	}
	free(copy);
	return 0;
}
