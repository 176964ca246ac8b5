/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See quic_cid.h.
 */
#include <string.h>

#include "lb/quic_cid.h"

#define LONG_HEADER 0x80
#define LONG_HEADER_FIXED 6 /* flags, version, length of the ID */
#define QUIC_V2 0x6b3343cfu /* RFC 9369, which gives the types other numbers */
#define HALF_MAX ((QUIC_PLAINTEXT_MAX + 1) / 2)
#define DPVS_CID_MIN 7
#define DPVS_OVERHEAD 5 /* first octet, lengths, and of the nonce what its generator leaves at the least */

static bool
may_be_random(const uint8_t *payload)
{
	uint32_t version = (uint32_t)payload[1] << 24 | payload[2] << 16 | payload[3] << 8 | payload[4];
	uint8_t type = payload[0] >> 4 & 3;

	return version == QUIC_V2 ? type == 1 || type == 2 : type <= 1;
}

bool
quic_header_read(const uint8_t *payload, uint32_t length, struct quic_header *ret)
{
	if (length < 1)
		return false;
	if (!(payload[0] & LONG_HEADER)) {
		*ret = (struct quic_header){ .cid = payload + 1, .room = length - 1 };
		return true;
	}
	if (length < LONG_HEADER_FIXED || payload[5] > QUIC_CID_MAX || length - LONG_HEADER_FIXED < payload[5])
		return false;
	*ret = (struct quic_header){
		.cid = payload + LONG_HEADER_FIXED,
		.room = payload[5],
		.may_be_random = may_be_random(payload),
	};
	return true;
}

/* A half that is encrypted to a mask for the other one (5.4.2.1 of the draft). */
struct half {
	uint8_t bytes[HALF_MAX];
};

static void
mask_half(const struct quic_lb_coding *coding, const struct half *by, uint8_t pass, uint32_t plaintext, uint32_t length,
	  struct half *half)
{
	uint8_t block[AES128_BLOCK] = { 0 };

	memcpy(block, by->bytes, length);
	block[14] = (uint8_t)plaintext;
	block[15] = pass;
	aes128_encrypt(&coding->aes, block, block);
	for (uint32_t i = 0; i < length; i++)
		half->bytes[i] ^= block[i];
}

/* Of an odd number of octets the middle one is shared: the left half has its upper bits, the right half its lower. */
static void
four_passes(const struct quic_lb_coding *coding, const uint8_t *cid, uint8_t *ret)
{
	const uint32_t plaintext = coding->server_id_length + coding->nonce_length, length = (plaintext + 1) / 2;
	const uint32_t odd = plaintext & 1;
	struct half left = { { 0 } }, right = { { 0 } };

	memcpy(left.bytes, cid, length);
	memcpy(right.bytes, cid + plaintext - length, length);
	for (uint8_t pass = 4; pass >= 1; pass--) {
		if (odd) {
			left.bytes[length - 1] &= 0xf0;
			right.bytes[0] &= 0x0f;
		}
		/* A server ID that the left half has whole needs no fourth pass. */
		if (pass == 1 && coding->server_id_length <= coding->nonce_length)
			break;
		if (pass & 1)
			mask_half(coding, &left, pass, plaintext, length, &right);
		else
			mask_half(coding, &right, pass, plaintext, length, &left);
	}
	if (odd) {
		left.bytes[length - 1] &= 0xf0;
		right.bytes[0] &= 0x0f;
	}
	memcpy(ret, left.bytes, length);
	for (uint32_t i = 0; i < length; i++) {
		uint32_t at = plaintext - length + i;

		ret[at] = i == 0 && odd ? (uint8_t)(ret[at] | right.bytes[0]) : right.bytes[i];
	}
}

bool
quic_lb_server_id(const struct quic_lb_coding *coding, const struct quic_header *header,
		  uint8_t ret[QUIC_SERVER_ID_MAX])
{
	const uint32_t plaintext = coding->server_id_length + coding->nonce_length;
	const uint8_t *cid = header->cid + 1;
	uint8_t clear[QUIC_PLAINTEXT_MAX + 1];

	if (coding->server_id_length == 0 || header->room < 1 + plaintext)
		return false;
	if (!coding->encrypted)
		memcpy(clear, cid, plaintext);
	else if (plaintext == AES128_BLOCK)
		aes128_decrypt(&coding->aes, cid, clear);
	else
		four_passes(coding, cid, clear);
	memcpy(ret, clear, coding->server_id_length);
	return true;
}

/* Octets that begin in the middle of one. */
static uint8_t
straddling(const uint8_t *at)
{
	return (uint8_t)(at[0] << 4 | at[1] >> 4);
}

bool
quic_dpvs_read(const struct quic_header *header, struct quic_dpvs_server *ret)
{
	const uint8_t *at = header->cid + 1;
	uint8_t port[2] = { 0, 0 };
	bool with_port;

	if (header->room < DPVS_CID_MIN)
		return false;
	ret->length = (*at >> 5) + 1;
	with_port = (*at & 0x10) != 0;
	if (header->room < (uint32_t)ret->length + 2u * with_port + DPVS_OVERHEAD)
		return false;
	for (uint32_t i = 0; i < ret->length; i++)
		ret->address[i] = straddling(at++);
	for (uint32_t i = 0; with_port && i < 2; i++)
		port[i] = straddling(at++);
	memcpy(&ret->port, port, sizeof(port));
	return true;
}
