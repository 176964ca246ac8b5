/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reaching ipvsd: see control_connect.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control_connect.h"
#include "wire.h"

const char *
control_path(const char *path)
{
	if (path)
		return path;
	path = secure_getenv(IPVSD_SOCKET_ENV);
	return path && *path ? path : IPVSD_DEFAULT_SOCKET;
}

int
control_connect(const char *path, int flags)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | flags, 0);
	if (fd < 0)
		return -errno;
	do
		err = connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
	while (err == -EINTR);
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}

/* The inode that names the calling thread's network namespace, 0 if /proc is not there to tell. */
static uint64_t
netns_inode(void)
{
	struct stat st;

	return stat("/proc/thread-self/ns/net", &st) < 0 ? 0 : st.st_ino;
}

struct ipvsd_hello
control_hello(uint32_t portid, uint32_t flags)
{
	return (struct ipvsd_hello){
		.magic = IPVSD_HELLO_MAGIC,
		.version = IPVSD_HELLO_VERSION,
		.length = sizeof(struct ipvsd_hello),
		.portid = portid,
		.pid = (uint32_t)getpid(),
		.netns = netns_inode(),
		.flags = flags,
	};
}
