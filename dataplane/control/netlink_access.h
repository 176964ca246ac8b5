/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Who may use the control socket: root, and the members of one group (decisions.md 20).
 */
#ifndef CONTROL_NETLINK_ACCESS_H
#define CONTROL_NETLINK_ACCESS_H

#include <stdbool.h>
#include <sys/types.h>

#define ACCESS_NO_GROUP ((gid_t)-1)

/* GROUP's number, ACCESS_NO_GROUP for NULL; -ENOENT if there is no such group. */
int access_group(const char *group, gid_t *ret);
/* Whether the process at the other end of FD may, and its user. -errno. */
int access_peer(int fd, gid_t group, bool *ret_permitted, uid_t *ret_uid);

#endif
