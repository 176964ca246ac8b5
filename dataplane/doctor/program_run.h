/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Runs another program for what it says.
 */
#ifndef DOCTOR_PROGRAM_RUN_H
#define DOCTOR_PROGRAM_RUN_H

#include <stddef.h>

/* Runs ARGV[0], a path, for at most MS milliseconds; then it is killed. What it wrote to stdout and stderr, up to SIZE - 1
 * bytes, is in TEXT. Its exit status, -ETIMEDOUT, -EINTR where a signal ended it, or -errno. */
int program_run(const char *const *argv, unsigned int ms, char *text, size_t size);

#endif
