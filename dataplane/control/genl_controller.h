/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The family "nlctrl", by which clients find the numbers of the others.
 */
#ifndef CONTROL_GENL_CONTROLLER_H
#define CONTROL_GENL_CONTROLLER_H

#include "control/genl_dispatch.h"

/* Registered with its struct genl as context. */
extern const struct genl_family genl_controller;

#endif
