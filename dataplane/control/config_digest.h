/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which sections of the configuration say something else than before: a number for each, made of what stands in it.
 */
#ifndef CONTROL_CONFIG_DIGEST_H
#define CONTROL_CONFIG_DIGEST_H

#include <stdint.h>

#include <libconfig.h>

/* Of all that is in SETTING, names, types and values; comments and layout don't count. */
uint64_t config_digest(const config_setting_t *setting);

#endif
