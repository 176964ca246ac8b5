/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Hooks for the calls that make, name and configure a socket: a generic-netlink socket becomes a connection to ipvsd
 * that still looks like one. Reading and writing: preload_hook_io.c; copies and close: preload_hook_fd.c.
 */
#undef _FORTIFY_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <linux/netlink.h>

#include "preload_fds.h"
#include "preload_link.h"
#include "preload_real.h"

/* The socket options of IPVS, of which <linux/ip_vs.h> has the first. */
#define IPVS_OPTION_FIRST (64 + 1024 + 64)
#define IPVS_OPTION_LAST (IPVS_OPTION_FIRST + 15)

/* They would reach the kernel's own IPVS, behind the back of an operator who means ipvsd. */
static bool
is_kernel_ipvs(int level, int option)
{
	return level == IPPROTO_IP && option >= IPVS_OPTION_FIRST && option <= IPVS_OPTION_LAST;
}

HOOK int
socket(int domain, int type, int protocol)
{
	int fd;

	if (domain == AF_NETLINK && protocol == NETLINK_GENERIC)
		return link_socket(type);
	fd = real()->socket(domain, type, protocol);
	fds_forget(fd);
	return fd;
}

HOOK int
bind(int fd, const struct sockaddr *addr, socklen_t length)
{
	struct link *link = fds_link(fd);
	struct sockaddr_nl nl;

	if (!link)
		return real()->bind(fd, addr, length);
	if (length < sizeof(nl) || addr->sa_family != AF_NETLINK) {
		errno = EINVAL;
		return -1;
	}
	memcpy(&nl, addr, sizeof(nl));
	return link_bind(fd, link, nl.nl_pid);
}

HOOK int
connect(int fd, const struct sockaddr *addr, socklen_t length)
{
	struct link *link = fds_link(fd);

	if (!link)
		return real()->connect(fd, addr, length);
	if (length < sizeof(struct sockaddr_nl) || addr->sa_family != AF_NETLINK) {
		errno = EINVAL;
		return -1;
	}
	return link_bind(fd, link, 0);
}

/* Gives the program an address, cut to its buffer as the kernel does. */
static int
put_address(uint32_t portid, struct sockaddr *addr, socklen_t *length)
{
	const struct sockaddr_nl nl = { .nl_family = AF_NETLINK, .nl_pid = portid };

	memcpy(addr, &nl, *length < sizeof(nl) ? *length : sizeof(nl));
	*length = sizeof(nl);
	return 0;
}

HOOK int
getsockname(int fd, struct sockaddr *addr, socklen_t *length)
{
	struct link *link = fds_link(fd);

	return link ? put_address(link->portid, addr, length) : real()->getsockname(fd, addr, length);
}

HOOK int
getpeername(int fd, struct sockaddr *addr, socklen_t *length)
{
	return fds_link(fd) ? put_address(0, addr, length) : real()->getpeername(fd, addr, length);
}

static int
put_int(int number, void *value, socklen_t *length)
{
	if (*length < sizeof(number)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(value, &number, sizeof(number));
	*length = sizeof(number);
	return 0;
}

HOOK int
getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
	struct link *link = fds_link(fd);

	if (is_kernel_ipvs(level, option)) {
		errno = ENOPROTOOPT;
		return -1;
	}
	if (link && level == SOL_NETLINK)
		return put_int(0, value, length);
	if (link && level == SOL_SOCKET && option == SO_TYPE)
		return put_int(link->type, value, length);
	if (link && level == SOL_SOCKET && option == SO_DOMAIN)
		return put_int(AF_NETLINK, value, length);
	if (link && level == SOL_SOCKET && option == SO_PROTOCOL)
		return put_int(NETLINK_GENERIC, value, length);
	return real()->getsockopt(fd, level, option, value, length);
}

HOOK int
setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
	if (is_kernel_ipvs(level, option)) {
		errno = ENOPROTOOPT;
		return -1;
	}
	if (level == SOL_NETLINK && fds_link(fd))
		return 0;
	return real()->setsockopt(fd, level, option, value, length);
}
