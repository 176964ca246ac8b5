/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reads ipvsd.conf (libconfig syntax) into struct config; ipvsd.conf(5) documents each key.
 */
#ifndef CONTROL_CONFIG_FILE_H
#define CONTROL_CONFIG_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "core/config.h"

#define CONFIG_DEFAULT_FILE "/etc/ipvsd/ipvsd.conf"

/* Every error is a line to MESSAGES: file, line, key, what is wrong and what is allowed; all errors are reported, not
 * only the first. 0, -EINVAL, -ENOENT..., -ENOMEM. *RET is the caller's, for config_free(). */
int config_load(const char *path, struct config **ret, FILE *messages);
/* The same, with the lines on stderr: one at least if it fails. */
int config_load_aloud(const char *path, struct config **ret);
/* Whether it was not for want of memory or the like that it failed with ERR, and would again. */
bool config_error_is_lasting(int err);
void config_free(struct config *config);

#endif
