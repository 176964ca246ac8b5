/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONTROL_CONFIG_QUIC_H
#define CONTROL_CONFIG_QUIC_H

#include "control/config_values.h"

/* Reads quic_codings of ROOT into CONFIG. */
void config_read_quic(struct config_reader *reader, const config_setting_t *root, struct config *config);

#endif
