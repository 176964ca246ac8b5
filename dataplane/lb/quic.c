/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See quic.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lb/quic.h"
#include "lb/service.h"

/* The address backwards, so that those with the same end stand together. */
struct entry {
	uint8_t backwards[16];
	const struct dest *dest;
};

struct quic_index {
	uint32_t n;
	struct entry entry[];
};

static const struct quic_coding dpvs = { .name = "dpvs", .is_dpvs = true };

const struct quic_coding *
quic_coding_by_name(const struct quic_codings *codings, const char *name)
{
	for (uint32_t i = 0; codings && i < codings->n; i++) {
		if (strcmp(codings->coding[i].name, name) == 0)
			return &codings->coding[i];
	}
	return strcmp(name, dpvs.name) == 0 ? &dpvs : NULL;
}

static int
by_id(const void *a, const void *b)
{
	return memcmp(((const struct quic_server *)a)->id, ((const struct quic_server *)b)->id, QUIC_SERVER_ID_MAX);
}

void
quic_coding_sort(struct quic_coding *coding)
{
	for (uint32_t i = 0; i < QUIC_CODEPOINTS; i++) {
		struct quic_codepoint *point = &coding->points[i];

		if (point->n_servers > 0)
			qsort(point->servers, point->n_servers, sizeof(*point->servers), by_id);
	}
}

void
quic_codings_free(struct quic_codings *codings)
{
	if (!codings)
		return;
	for (uint32_t i = 0; i < codings->n; i++) {
		for (uint32_t j = 0; j < QUIC_CODEPOINTS; j++)
			free(codings->coding[i].points[j].servers);
	}
	free(codings->coding);
	free(codings);
}

static uint32_t
address_length(uint16_t family)
{
	return family == AF_INET ? 4 : 16;
}

static int
by_end(const void *a, const void *b)
{
	return memcmp(((const struct entry *)a)->backwards, ((const struct entry *)b)->backwards, 16);
}

int
quic_index_new(const struct service *svc, struct quic_index **ret)
{
	struct quic_index *index = calloc(1, sizeof(*index) + svc->n_dests * sizeof(*index->entry));

	if (!index)
		return -ENOMEM;
	index->n = svc->n_dests;
	for (uint32_t i = 0; i < svc->n_dests; i++) {
		const struct dest *dest = svc->dests[i];
		uint32_t length = address_length(dest->addr.family);

		index->entry[i].dest = dest;
		for (uint32_t j = 0; j < length; j++)
			index->entry[i].backwards[j] = dest->addr.ip.bytes[length - 1 - j];
	}
	qsort(index->entry, index->n, sizeof(*index->entry), by_end);
	*ret = index;
	return 0;
}

void
quic_index_free(struct quic_index *index)
{
	free(index);
}

/* The first destination whose address ends with LENGTH bytes, and that has PORT (0: any). */
static const struct dest *
find_by_end(const struct quic_index *index, const uint8_t *end, uint32_t length, rte_be16_t port)
{
	uint32_t low = 0, high = index->n;
	uint8_t backwards[16];

	for (uint32_t i = 0; i < length; i++)
		backwards[i] = end[length - 1 - i];
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (memcmp(index->entry[middle].backwards, backwards, length) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < index->n && memcmp(index->entry[low].backwards, backwards, length) == 0; low++) {
		const struct dest *dest = index->entry[low].dest;

		if (length <= address_length(dest->addr.family) && (port == 0 || dest->port == port))
			return dest;
	}
	return NULL;
}

static const struct dest *
pick_dpvs(const struct service *svc, const struct quic_header *header)
{
	struct quic_dpvs_server server;

	return quic_dpvs_read(header, &server)
		       ? find_by_end(svc->quic_index, server.address, server.length, server.port)
		       : NULL;
}

static const struct dest *
pick_by_id(const struct service *svc, const struct quic_codepoint *point, const uint8_t *id)
{
	struct quic_server wanted = { .port = 0 };
	const struct quic_server *server;

	if (point->n_servers == 0)
		return find_by_end(svc->quic_index, id, point->coding.server_id_length, 0);
	memcpy(wanted.id, id, point->coding.server_id_length);
	server = bsearch(&wanted, point->servers, point->n_servers, sizeof(wanted), by_id);
	return server ? find_by_end(svc->quic_index, server->addr.ip.bytes, address_length(server->addr.family),
				    server->port)
		      : NULL;
}

const struct dest *
quic_pick(const struct service *svc, const uint8_t *payload, uint32_t length)
{
	const struct dest *dest = NULL;
	struct quic_header header;
	uint8_t id[QUIC_SERVER_ID_MAX], codepoint;

	if (!quic_header_read(payload, length, &header))
		return NULL;
	if (svc->quic->is_dpvs) {
		dest = pick_dpvs(svc, &header);
	} else {
		codepoint = quic_lb_codepoint(&header);
		if (codepoint < QUIC_CODEPOINTS && quic_lb_server_id(&svc->quic->points[codepoint].coding, &header, id))
			dest = pick_by_id(svc, &svc->quic->points[codepoint], id);
	}
	return dest && header.may_be_random && dest->weight == 0 ? NULL : dest;
}
