/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The persistence engines there are.
 */
#include <stddef.h>
#include <string.h>

#include "lb/persistence.h"

static const struct persistence_engine *const engines[] = {
	&persistence_sip,
};

#define ENGINES (sizeof(engines) / sizeof(engines[0]))

const struct persistence_engine *
persistence_engine_by_name(const char *name)
{
	for (size_t i = 0; i < ENGINES; i++) {
		if (strcmp(engines[i]->name, name) == 0)
			return engines[i];
	}
	return NULL;
}

const struct persistence_engine *
persistence_engine_by_number(uint8_t number)
{
	for (size_t i = 0; i < ENGINES; i++) {
		if (engines[i]->number == number)
			return engines[i];
	}
	return NULL;
}
