/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The fast path between the families: a packet of an established connection gets the header of the other one, with the
 * addresses that it goes on with, in one step (RFC 7915, 4.1 and 5.1; translate_4to6.c and translate_6to4.c do so in two,
 * for what the slow path has to look at in between).
 */
#ifndef PATH_MAPPED_PASS_H
#define PATH_MAPPED_PASS_H

#include <stdbool.h>
#include <stdint.h>

struct conn;
struct rte_ipv4_hdr;
struct rte_ipv6_hdr;
struct rte_mbuf;
struct worker;

/* An ordinary IPv6 packet of CONN, which is between the families, goes to its IPv4 end. False: for the slow path, nothing is
 * changed yet. */
bool mapped_pass_6to4(struct worker *self, struct rte_mbuf *m, const struct rte_ipv6_hdr *ip, void *l4,
		      struct conn *conn, uint32_t direction);
/* The other way: an ordinary IPv4 packet of CONN. VALUE is what the IPv6 table would have for it. */
bool mapped_pass_4to6(struct worker *self, struct rte_mbuf *m, const struct rte_ipv4_hdr *ip, struct conn *conn,
		      uint32_t value);

#endif
