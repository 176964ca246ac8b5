/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Services and destinations as ipvsd has them, as far as the socket options can show them: IPv4.
 */
#ifndef SOCKOPT_LISTS_H
#define SOCKOPT_LISTS_H

#include "sockopt_entries.h"
#include "sockopt_session.h"

/* All return 0 or a negative errno: what ipvsd answered, -ENODEV if it goes away, -ENOMEM. */
int lists_count_services(struct session *session, unsigned int *ret);

/* The first *n at most; *n becomes the number of entries in *ret, which lists_free() takes, after an error, too. */
int lists_services(struct session *session, struct ip_vs_service_entry **ret, unsigned int *n);
int lists_dests(struct session *session, const struct service_key *key, struct ip_vs_dest_entry **ret, unsigned int *n);
void lists_free(void *entries);

/* -ESRCH if there is no such service. What the structure has besides is left as it is. */
int lists_service(struct session *session, const struct service_key *key, struct ip_vs_service_entry *entry);

#endif
