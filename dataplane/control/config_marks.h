/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONTROL_CONFIG_MARKS_H
#define CONTROL_CONFIG_MARKS_H

#include "control/config_values.h"

/* Reads marks of ROOT, after the ports, into CONFIG. */
void config_read_marks(struct config_reader *reader, const config_setting_t *root, struct config *config);

#endif
