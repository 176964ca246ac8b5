/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Marks: what iptables -j MARK does for the kernel's services by mark, rules of the configuration do here. They are asked
 * for packets of no connection alone, and only while there are services by mark.
 */
#ifndef LB_MARK_H
#define LB_MARK_H

#include <stdint.h>

#include "core/address.h"
#include "core/flow.h"

#define MARK_ANY_PORT UINT32_MAX
#define MARK_NO_PORT (UINT32_MAX - 1) /* the destination is reached by none */

struct marks;

struct mark_prefix {
	struct ip_addr address; /* family 0: any */
	uint8_t length;
};

struct mark_rule {
	uint32_t mark; /* not 0 */
	uint8_t proto; /* 0: any but ICMP and ICMPv6 */
	uint32_t port; /* index of the port by which the packet came in, or MARK_ANY_PORT */
	uint32_t out_port; /* the same of the port by which its destination is reached */
	struct mark_prefix source, destination; /* of the same family, if both are given */
	uint16_t first_source_port, last_source_port; /* host order */
	uint16_t first_port, last_port; /* of the destination */
};

/* RULES are in order: the first that fits wins. -EINVAL for rules of two families, -ENOMEM, or what DPDK says. */
int marks_create(const struct mark_rule *rules, uint32_t n, struct marks **ret);
void marks_destroy(struct marks *marks);

/* The mark of a packet that came in by PORT and whose destination is reached by OUT_PORT (an index, or MARK_NO_PORT), or 0. */
uint32_t marks_classify(const struct marks *marks, const struct flow *flow, uint8_t port, uint32_t out_port);

#endif
