/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Any bytes as the payload of a packet to a service with persistence engine sip: what is found lies within them, and is
 * as long as a template has room for.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lb/persistence.h"
#include "lb/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *id = NULL;
	uint8_t length = 0;
	/* of just that size, so that the sanitizer sees who reads beyond */
	uint8_t *copy = malloc(size + (size == 0));

	if (!copy || size > UINT32_MAX)
		abort();
	if (size > 0)
		memcpy(copy, data, size);
	if (persistence_sip.read(IPPROTO_UDP, copy, (uint32_t)size, &id, &length) &&
	    (length == 0 || id < copy || id + length >= copy + size || memchr(id, '\n', length)))
		abort();
	free(copy);
	return 0;
}
