/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Any bytes as what a client of an insecure service sends first: a header that is found lies within them, and what is
 * written again of it says the same.
 */
#include <stdlib.h>
#include <string.h>

#include "ip/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_and_read(uint8_t version, const struct proxy_header *header)
{
	struct proxy_header again;
	uint8_t written[PROXY_HEADER_MAX];
	uint16_t length = proxy_header_write(version, &header->flow, written);

	if (length > sizeof(written) || length != proxy_header_length(version, &header->flow) ||
	    proxy_header_read(written, length, &again) != 0 || again.length != length || again.version != version ||
	    memcmp(&again.flow, &header->flow, sizeof(again.flow)) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* of just that size, so that the sanitizer sees who reads beyond */
	uint8_t *copy = malloc(size + (size == 0));
	struct proxy_header header;

	if (!copy || size > UINT32_MAX)
		abort();
	if (size > 0)
		memcpy(copy, data, size);
	if (proxy_header_read(copy, (uint32_t)size, &header) == 0) {
		if (header.length == 0 || header.length > size || header.length > PROXY_HEADER_READ_MAX)
			abort();
		write_and_read(2, &header);
		if (header.flow.proto != 17)
			write_and_read(1, &header);
	}
	free(copy);
	return 0;
}
