/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONTROL_CONFIG_KNOBS_H
#define CONTROL_CONFIG_KNOBS_H

#include "control/config_values.h"

/* vs = { drop_entry = 1; sync_threshold = "3 50"; }; */
void config_read_knobs(struct config_reader *reader, const config_setting_t *root, struct knobs *knobs);

#endif
