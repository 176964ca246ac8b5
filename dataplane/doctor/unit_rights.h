/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a service of systemd may do, by its unit.
 */
#ifndef DOCTOR_UNIT_RIGHTS_H
#define DOCTOR_UNIT_RIGHTS_H

#include "doctor/unit_file.h"

/* May the service have the capability ("CAP_SYS_ADMIN")? */
bool unit_may_have(const struct unit *unit, const char *capability);

/* May it open character devices of the GROUP ("uio") of /proc/devices, or some of /dev/GROUP...? */
bool unit_may_open(const struct unit *unit, const char *group);

#endif
