/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONTROL_CONFIG_LADDRS_H
#define CONTROL_CONFIG_LADDRS_H

#include "control/config_values.h"

/* Reads the groups of local addresses; the ports have been read before. */
void config_read_laddrs(struct config_reader *reader, const config_setting_t *root, struct config *config);

#endif
