/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Virtual servers of keepalived.conf that a running ipvsd doesn't have.
 */
#ifndef DOCTOR_LEFT_OUT_H
#define DOCTOR_LEFT_OUT_H

#include "doctor/findings.h"
#include "doctor/keepalived_file.h"
#include "doctor/service_list.h"

/* One finding, or none. Of a group each line counts, by its first address. */
void find_left_out(struct findings *findings, const struct keepalived_file *file, const struct service_list *services);

#endif
