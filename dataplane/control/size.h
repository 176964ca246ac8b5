/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Sizes as people write them: "64", "256K", "1M", "2G" (powers of 1,024).
 */
#ifndef CONTROL_SIZE_H
#define CONTROL_SIZE_H

#include <stdint.h>

/* 0; -EINVAL if TEXT is no size, -ERANGE if it doesn't fit. */
int size_parse(const char *text, uint64_t *ret);

#endif
