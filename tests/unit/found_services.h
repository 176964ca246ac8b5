/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Services as a packet finds them.
 */
#ifndef FOUND_SERVICES_H
#define FOUND_SERVICES_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_rcu_qsbr.h>

#include "director_fixture.h"
#include "lb/address_set.h"
#include "lb/reverse_map.h"
#include "lb/scheduler.h"
#include "random_source.h"

static const struct dest_spec two_servers[] = {
	{ .address = "10.0.0.1", .port = 80, .weight = 1 },
	{ .address = "10.0.0.2", .port = 80, .weight = 1 },
};

static const struct service *
find(const struct director *director, uint8_t proto, const char *address, uint16_t port)
{
	struct flow flow = flow_of(proto, strchr(address, ':') ? "2001:db8::9" : "198.51.100.9", 999, address, port);

	return service_find(director->lb, &flow);
}

#endif
