/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What to do when there is no ipvsd: say so, and leave the program to the kernel's own IPVS if the operator wants that.
 */
#ifndef PRELOAD_ABSENT_H
#define PRELOAD_ABSENT_H

#include <stdbool.h>

/* "kernel": programs use the kernel's IPVS while ipvsd is not running. Nothing else is known. */
#define FALLBACK_ENV "IPVSD_FALLBACK"

/* Does the environment say so? */
bool absent_may_be_kernels(void);

/* The connection to path failed with the negative errno err. Writes a line to stderr, once in a process. Returns whether
 * the call is the kernel's: if the environment says so, and nobody listens on path. */
bool absent_is_kernels(const char *path, int err);

#endif
