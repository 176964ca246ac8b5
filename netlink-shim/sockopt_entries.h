/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The structures of the socket options (<linux/ip_vs.h>) as netlink attributes and back. They know IPv4 only. Addresses
 * and ports are in network order on both sides, all else in host order.
 */
#ifndef SOCKOPT_ENTRIES_H
#define SOCKOPT_ENTRIES_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/ip_vs.h>

#include "sockopt_message.h"

/* What names a service: a mark, or all the rest. */
struct service_key {
	uint32_t fwmark;
	uint16_t protocol;
	__be16 port;
	__be32 addr;
};

/* Adds the attribute of a service: its key, or all its settings too. */
void entry_put_key(struct message *message, const struct service_key *key);
void entry_put_service(struct message *message, const struct ip_vs_service_user *user);

/* Adds the attribute of a destination. full: with its settings. */
void entry_put_dest(struct message *message, const struct ip_vs_dest_user *user, bool full);

/* Adds the attribute of a synchronisation daemon; name is NULL to name its state only. */
void entry_put_daemon(struct message *message, uint32_t state, const char *name, uint32_t sync_id);

/* Take the attributes of an answer. Return false if it is about something that these structures have no room for: another
 * address family. Strings are cut, counts are the low 32 bits, as in the kernel. num_dests stays as it is. */
bool entry_get_service(const void *attributes, size_t size, struct ip_vs_service_entry *ret);
bool entry_get_dest(const void *attributes, size_t size, struct ip_vs_dest_entry *ret);
bool entry_get_daemon(const void *attributes, size_t size, struct ip_vs_daemon_user *ret);

struct service_key entry_key(const struct ip_vs_service_entry *entry);

#endif
