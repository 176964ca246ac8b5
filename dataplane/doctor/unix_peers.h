/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Who is connected to a socket in the file system: sock_diag(7).
 */
#ifndef DOCTOR_UNIX_PEERS_H
#define DOCTOR_UNIX_PEERS_H

#include <stddef.h>
#include <stdint.h>

#include "doctor/process.h"

struct unix_peers {
	uint32_t *inodes; /* of the clients' ends */
	size_t n;
};

/* Those at PATH. ipvsd binds it under another name and renames it, which the kernel doesn't hear of. -errno; -ENOENT where
 * the kernel can't tell. */
int unix_peers_read(const char *path, struct unix_peers *ret);
void unix_peers_free(struct unix_peers *peers);

/* 1: the process holds one of them; 0: it doesn't; -EACCES: its descriptors are not ours to see. */
int unix_peers_held(const struct machine *machine, const struct unix_peers *peers, pid_t pid);

#endif
