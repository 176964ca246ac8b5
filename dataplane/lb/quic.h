/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Services whose packets of no connection follow their QUIC connection ID, so that a client that comes from another
 * address keeps its server. What IDs look like is said by a coding, which a service names: "dpvs", or one of ipvsd.conf.
 */
#ifndef LB_QUIC_H
#define LB_QUIC_H

#include "core/address.h"
#include "lb/quic_cid.h"

#define QUIC_NAME_MAX 32

struct dest;
struct quic_index;
struct service;

/* A server by the number that it has in its IDs. */
struct quic_server {
	uint8_t id[QUIC_SERVER_ID_MAX]; /* the rest is 0 */
	struct ip_addr addr;
	rte_be16_t port; /* 0: any */
};

/* How IDs of one code point are read. Without servers an ID is the end of its server's address. */
struct quic_codepoint {
	struct quic_lb_coding coding;
	struct quic_server *servers; /* by id, in order */
	uint32_t n_servers;
};

struct quic_coding {
	char name[QUIC_NAME_MAX];
	struct quic_codepoint points[QUIC_CODEPOINTS]; /* none: as DPVS has it */
	bool is_dpvs;
};

/* What ipvsd.conf has, for the life of the program. */
struct quic_codings {
	uint32_t n;
	struct quic_coding *coding;
};

/* NULL if there is none of that name. CODINGS may be NULL: "dpvs" is there always. */
const struct quic_coding *quic_coding_by_name(const struct quic_codings *codings, const char *name);
/* Puts the servers of each code point in order, as the search needs them. */
void quic_coding_sort(struct quic_coding *coding);
void quic_codings_free(struct quic_codings *codings);

/* Built with the service: its destinations by the ends of their addresses. -ENOMEM. */
int quic_index_new(const struct service *svc, struct quic_index **ret);
void quic_index_free(struct quic_index *index);

/* The destination that the first bytes of a UDP payload name; NULL if they name none, or might do so by chance and it
 * takes no new connections. */
const struct dest *quic_pick(const struct service *svc, const uint8_t *payload, uint32_t length);

#endif
