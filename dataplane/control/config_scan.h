/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONTROL_CONFIG_SCAN_H
#define CONTROL_CONFIG_SCAN_H

#include "control/config_values.h"

/* Complains about plain integers that libconfig would cut to 32 bits without a word (decisions.md 12). */
void config_scan_integers(struct config_reader *reader);

#endif
