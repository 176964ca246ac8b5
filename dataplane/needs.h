/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a configuration needs of the machine before ipvsd starts, as words for programs: the service's helpers.
 */
#ifndef NEEDS_H
#define NEEDS_H

#include <stdio.h>

struct config;

/* Each line is a word for what it is about, and then words in a fixed order (ipvsd(8)). */
void needs_print(const struct config *config, FILE *out);

#endif
