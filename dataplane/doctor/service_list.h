/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a running ipvsd has: services, destinations, groups of local addresses, asked over its control socket.
 */
#ifndef DOCTOR_SERVICE_LIST_H
#define DOCTOR_SERVICE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/address.h"
#include "core/config.h"

struct listed_dest {
	struct ip_addr addr;
	uint16_t port; /* host order */
	uint8_t method; /* of <linux/ip_vs.h>, or IPVSD_FWD_... */
	int32_t weight;
};

struct listed_service {
	uint16_t family;
	uint8_t protocol;
	struct ip_addr addr;
	uint16_t port; /* host order */
	uint32_t mark; /* not 0: instead of protocol, address and port */
	char group[CONFIG_NAME_MAX]; /* of local addresses, "": any */
	struct listed_dest *dests;
	size_t n_dests;
};

struct listed_laddrs {
	char name[CONFIG_NAME_MAX], port[CONFIG_NAME_MAX];
	bool active;
	uint32_t n_ipv4, n_ipv6;
};

struct service_list {
	struct listed_service *services;
	size_t n_services;
	size_t n_looked_at; /* the first ones, whose destinations are there; others were too many for the time */
	struct listed_laddrs *laddrs;
	size_t n_laddrs;
};

/* Asks for at most MS milliseconds, and again as long for destinations. -EPERM: not for us; -ETIMEDOUT: no answer;
 * -ENOENT, -ECONNREFUSED...: there is none. *RET is empty then. */
int service_list_ask(const char *socket, unsigned int ms, struct service_list *ret);
void service_list_free(struct service_list *list);

/* "TCP 192.0.2.1:80", "mark 7" */
#define SERVICE_TEXT_MAX 72
const char *service_text(const struct listed_service *service, char text[SERVICE_TEXT_MAX]);

#endif
