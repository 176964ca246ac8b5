/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Persistence engines: what tells the clients of a persistent service apart, besides their addresses. One file each with
 * a const struct at its bottom, one line in persistence.c.
 */
#ifndef LB_PERSISTENCE_H
#define LB_PERSISTENCE_H

#include <stdbool.h>
#include <stdint.h>

struct persistence_engine {
	const char *name;
	uint8_t number; /* from 1 */
	/* Finds it in the LENGTH bytes of PAYLOAD after the header of protocol PROTO, at most TEMPLATE_DATA_MAX bytes, of which
	 * *RET points to the first. False: this packet has none, and addresses have to do. */
	bool (*read)(uint8_t proto, const uint8_t *payload, uint32_t length, const uint8_t **ret, uint8_t *ret_length);
};

extern const struct persistence_engine persistence_sip;

/* NULL if there is none. */
const struct persistence_engine *persistence_engine_by_name(const char *name);
const struct persistence_engine *persistence_engine_by_number(uint8_t number);

#endif
