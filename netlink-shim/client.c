/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * libipvsd: libnl's send and receive hooks over the control socket. The public side is libipvsd.h.
 *
 * The only state is the descriptor. libnl gives its hooks the nl_sock and nothing else, and a socket that nl_connect()
 * never saw has no use for its peer port, so the descriptor is kept there, plus one (0 is what a fresh socket has).
 * A socket that lost its ipvsd stays lost: libnl's count of expected answers can't be set back.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "control_connect.h"
#include "libipvsd.h"
#include "wire.h"

#define LOST UINT32_MAX

#define API __attribute__((visibility("default")))

API const char *
ipvsd_socket_path(const char *path)
{
	return control_path(path);
}

API int
ipvsd_fd(const struct nl_sock *sk)
{
	uint32_t port = nl_socket_get_peer_port(sk);

	return port == LOST ? -1 : (int)port - 1;
}

API void
ipvsd_detach(struct nl_sock *sk)
{
	int fd = ipvsd_fd(sk);

	if (fd >= 0)
		close(fd);
	nl_socket_set_peer_port(sk, 0);
}

/* What libnl is told about err, a positive errno of the descriptor. Whatever means "the other end is gone" ends the
 * connection, so that a caller who goes on regardless gets the same answer at once. */
static int
link_error(struct nl_sock *sk, int err)
{
	if (err == EAGAIN || err == EINTR || err == EMSGSIZE || err == ENOMEM)
		return -nl_syserr2nlerr(err);
	ipvsd_detach(sk);
	nl_socket_set_peer_port(sk, LOST);
	return -NLE_NODEV;
}

static ssize_t
send_datagram(int fd, const void *data, size_t size)
{
	ssize_t n;

	do
		n = send(fd, data, size, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n;
}

static int
client_send(struct nl_sock *sk, struct nl_msg *msg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	int fd = ipvsd_fd(sk);
	ssize_t n;

	if (fd < 0)
		return -NLE_NODEV;
	n = send_datagram(fd, nlh, nlh->nlmsg_len);
	return n < 0 ? link_error(sk, errno) : (int)n;
}

/* libnl's contract: *buf is allocated here and freed by libnl when the result is positive; a result of 0 would make
 * recvmsgs() report success with nothing read. */
static int
client_recv(struct nl_sock *sk, struct sockaddr_nl *from, unsigned char **buf, struct ucred **creds)
{
	unsigned char *data;
	int fd = ipvsd_fd(sk);
	ssize_t n;
	int err;

	if (creds)
		*creds = NULL;
	if (fd < 0)
		return -NLE_NODEV;
	data = malloc(IPVSD_MAX_DATAGRAM);
	if (!data)
		return -NLE_NOMEM;
	do
		n = recv(fd, data, IPVSD_MAX_DATAGRAM, MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n <= 0 || n > IPVSD_MAX_DATAGRAM) {
		err = n == 0 ? ECONNRESET : errno;
		free(data);
		return n > 0 ? -NLE_MSG_TRUNC : link_error(sk, err);
	}
	*from = (struct sockaddr_nl){ .nl_family = AF_NETLINK };
	*buf = data;
	return (int)n;
}

API int
ipvsd_attach(struct nl_sock *sk, const char *path, uint32_t flags)
{
	const struct ipvsd_hello hello = control_hello(nl_socket_get_local_port(sk), flags);
	struct nl_cb *cb;
	int fd, err;

	if (nl_socket_get_peer_port(sk) != 0 || nl_socket_get_fd(sk) >= 0)
		return -EBUSY;
	fd = control_connect(control_path(path), SOCK_CLOEXEC);
	if (fd < 0)
		return fd;
	if (send_datagram(fd, &hello, sizeof(hello)) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	cb = nl_socket_get_cb(sk);
	nl_cb_overwrite_send(cb, client_send);
	nl_cb_overwrite_recv(cb, client_recv);
	nl_cb_put(cb);
	nl_socket_set_peer_port(sk, (uint32_t)fd + 1);
	return 0;
}
