/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Programs on disk, and which of them is ours: told by words that only our patches have, without running them.
 */
#ifndef DOCTOR_PROGRAM_FILE_H
#define DOCTOR_PROGRAM_FILE_H

#include <stdbool.h>

/* Words of the patch series. */
#define KEEPALIVED_WORD "lvs_control_socket"
#define IPVSADM_WORD "ipvsd has no"

/* 1: the file has the text in it, 0: it hasn't, -errno. */
int program_has_text(const char *path, const char *text);

#endif
