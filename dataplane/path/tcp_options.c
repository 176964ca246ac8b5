/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include <rte_byteorder.h>

#include "core/checksum.h"
#include "path/tcp_options.h"

/* An odd place swaps the bytes of each word of the sum. */
void
tcp_replace(struct rte_tcp_hdr *tcp, void *at, const void *new, size_t length)
{
	uint8_t old_words[36] = { 0 }, new_words[36] = { 0 };
	size_t odd = (size_t)((uint8_t *)at - (uint8_t *)tcp) & 1;
	size_t words = (length + odd + 1) & ~(size_t)1;

	memcpy(old_words + odd, at, length);
	memcpy(new_words + odd, new, length);
	tcp->cksum = checksum_update(tcp->cksum, checksum_fold(checksum_difference(old_words, new_words, words)));
	memcpy(at, new, length);
}

void
tcp_add32(struct rte_tcp_hdr *tcp, void *at, uint32_t delta)
{
	rte_be32_t value;

	memcpy(&value, at, sizeof(value));
	value = rte_cpu_to_be_32(rte_be_to_cpu_32(value) + delta);
	tcp_replace(tcp, at, &value, sizeof(value));
}

uint8_t *
tcp_find_option(struct rte_tcp_hdr *tcp, uint8_t kind)
{
	uint8_t *option = (uint8_t *)(tcp + 1), *end = (uint8_t *)tcp + tcp_header_length(tcp);

	while (option < end && *option != TCP_OPTION_END) {
		if (*option == TCP_OPTION_NOP) {
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

void
tcp_clamp_mss(struct rte_tcp_hdr *tcp, uint16_t mss)
{
	uint8_t *option = tcp_find_option(tcp, TCP_OPTION_MSS);
	rte_be16_t clamped = rte_cpu_to_be_16(mss);

	if (option && option[1] == 4 && (option[2] << 8 | option[3]) > mss)
		tcp_replace(tcp, option + 2, &clamped, sizeof(clamped));
}
