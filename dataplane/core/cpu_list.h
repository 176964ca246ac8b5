/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * CPU lists of the configuration, in the form of taskset and the kernel: "0-3,8".
 */
#ifndef CORE_CPU_LIST_H
#define CORE_CPU_LIST_H

#include <stddef.h>
#include <stdint.h>

#define CPU_LIST_MAX 1024

/* Writes the numbers in the order of TEXT. Returns how many, -EINVAL for a list that is not one or names a number of
 * CPU_LIST_MAX or more or a number twice. */
int cpu_list_parse(const char *text, uint16_t ret[CPU_LIST_MAX]);

#endif
