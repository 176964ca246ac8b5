/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Everything that ipvsd is made of, started and stopped in order.
 */
#ifndef MODULES_H
#define MODULES_H

struct config;

/* Runs until SIGTERM or SIGINT; SIGHUP has FILE read again, which CONFIG was read from. 0 after a clean end; -errno when something could not be started, with its reason in the
 * log. CONFIG stays the caller's. */
int modules_run(const char *file, const struct config *config);

#endif
