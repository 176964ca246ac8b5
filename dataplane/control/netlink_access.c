/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See netlink_access.h. The credentials are those of the moment the client connected, as the kernel keeps them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "control/netlink_access.h"
#include "core/cleanup.h"

/* SO_PEERGROUPS, since Linux 4.13; asm-generic/socket.h. */
#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

int
access_group(const char *group, gid_t *ret)
{
	const struct group *entry;

	*ret = ACCESS_NO_GROUP;
	if (!group)
		return 0;
	errno = 0;
	entry = getgrnam(group);
	if (!entry)
		return errno ? -errno : -ENOENT;
	*ret = entry->gr_gid;
	return 0;
}

/* 1: in the group, 0: not, or -errno. */
static int
in_groups(int fd, gid_t group)
{
	CLEANUP(free) void *memory = NULL;
	gid_t *groups;
	socklen_t length = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &length) == 0)
		return 0;
	if (errno != ERANGE)
		return -errno;
	memory = malloc(length);
	groups = memory;
	if (!groups)
		return -ENOMEM;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length) < 0)
		return -errno;
	for (socklen_t i = 0; i < length / sizeof(*groups); i++)
		if (groups[i] == group)
			return 1;
	return 0;
}

int
access_peer(int fd, gid_t group, bool *ret_permitted, uid_t *ret_uid)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);
	int member;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
		return -errno;
	*ret_uid = peer.uid;
	*ret_permitted = peer.uid == 0;
	if (*ret_permitted || group == ACCESS_NO_GROUP)
		return 0;
	member = peer.gid == group ? 1 : in_groups(fd, group);
	if (member < 0)
		return member;
	*ret_permitted = member == 1;
	return 0;
}
