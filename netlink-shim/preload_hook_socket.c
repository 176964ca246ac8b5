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
#include "sockopt.h"

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
	if (length >= sizeof(addr->sa_family) && addr->sa_family == AF_UNSPEC)
		return 0; /* no longer connected to the kernel, which nobody was */
	if (length < sizeof(struct sockaddr_nl) || addr->sa_family != AF_NETLINK) {
		errno = EINVAL;
		return -1;
	}
	return link->portid != 0 ? 0 : link_bind(fd, link, 0);
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

/* IPVS is asked through any socket that has the options of IPv4. */
static bool
speaks_ip(int fd)
{
	socklen_t length = sizeof(int);
	int domain = 0, type = 0;

	if (real()->getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) < 0 ||
	    real()->getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) < 0)
		return false;
	return domain == AF_INET || (domain == AF_INET6 && type != SOCK_RAW);
}

static int
result(int err)
{
	if (err == 0)
		return 0;
	errno = -err;
	return -1;
}

/* An option of the socket itself: cut to the program's buffer, as the kernel does. */
static int
put_int(int number, void *value, socklen_t *length)
{
	if ((int)*length < 0)
		return result(-EINVAL);
	if (*length > sizeof(number))
		*length = sizeof(number);
	memcpy(value, &number, *length);
	return 0;
}

/* What netlink has to tell is off, whatever the program switched on: ipvsd does without. */
static int
put_netlink_option(void *value, socklen_t *length)
{
	return (int)*length < (int)sizeof(int) ? result(-EINVAL) : put_int(0, value, length);
}

static int
link_getsockopt(int fd, const struct link *link, int level, int option, void *value, socklen_t *length)
{
	if (level == SOL_NETLINK)
		return put_netlink_option(value, length);
	if (level != SOL_SOCKET)
		return result(-ENOPROTOOPT);
	switch (option) {
	case SO_TYPE:
		return put_int(link->type, value, length);
	case SO_DOMAIN:
		return put_int(AF_NETLINK, value, length);
	case SO_PROTOCOL:
		return put_int(NETLINK_GENERIC, value, length);
	default:
		return real()->getsockopt(fd, level, option, value, length);
	}
}

HOOK int
getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
	struct link *link = fds_link(fd);
	int err = SOCKOPT_KERNELS;

	if (link)
		return link_getsockopt(fd, link, level, option, value, length);
	if (sockopt_is_get(level, option) && speaks_ip(fd))
		err = sockopt_get(option, value, length);
	return err == SOCKOPT_KERNELS ? real()->getsockopt(fd, level, option, value, length) : result(err);
}

HOOK int
setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
	int err = SOCKOPT_KERNELS;

	if (fds_link(fd)) {
		if (level == SOL_NETLINK)
			return 0;
		return level == SOL_SOCKET ? real()->setsockopt(fd, level, option, value, length)
					   : result(-ENOPROTOOPT);
	}
	if (sockopt_is_set(level, option) && speaks_ip(fd))
		err = sockopt_set(option, value, length);
	return err == SOCKOPT_KERNELS ? real()->setsockopt(fd, level, option, value, length) : result(err);
}

/* Not for netlink sockets. */
HOOK int
shutdown(int fd, int how)
{
	return fds_link(fd) ? result(-EOPNOTSUPP) : real()->shutdown(fd, how);
}
