/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A preloaded library that writes down what a program says and hears on its generic-netlink sockets, for tests/oracle:
 * one line a datagram, "S PID HEX" for sent and "R PID HEX" for received, appended to the file $ORACLE_RECORD. It works for
 * the kernel's sockets and, as it stands before the shim in LD_PRELOAD, for the shim's.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FDS 1024

static bool recorded[FDS];

static void *
next(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function)
		abort();
	return function;
}

static bool
is_recorded(int fd)
{
	return fd >= 0 && fd < FDS && recorded[fd];
}

/* A guest takes long for system calls, so the file is opened once; high up, where no program closes or expects it. */
static int
record_fd(void)
{
	static int kept = -1;
	const char *path = getenv("ORACLE_RECORD");
	int fd;

	if (kept >= 0)
		return kept;
	fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
	if (fd < 0)
		abort(); /* a test that lost a message would prove nothing */
	kept = fcntl(fd, F_DUPFD_CLOEXEC, FDS - 24);
	if (kept < 0)
		abort();
	close(fd);
	return kept;
}

static pid_t pid;

static void
forget_pid(void)
{
	pid = 0;
}

static pid_t
own_pid(void)
{
	if (pid == 0) {
		pthread_atfork(NULL, NULL, forget_pid);
		pid = getpid();
	}
	return pid;
}

/* One write() a line: O_APPEND keeps the lines of several processes apart. */
static void
put_line(char direction, const uint8_t *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	int saved = errno, fd = record_fd();
	char *line = malloc(2 * length + 32), *at = line;

	if (!line)
		abort();
	at += sprintf(at, "%c %d ", direction, own_pid());
	for (size_t i = 0; i < length; i++) {
		*at++ = digits[bytes[i] >> 4];
		*at++ = digits[bytes[i] & 15];
	}
	*at++ = '\n';
	if (write(fd, line, (size_t)(at - line)) != at - line)
		abort();
	free(line);
	errno = saved;
}

static void
put_vector(char direction, const struct msghdr *msg, size_t length)
{
	uint8_t *bytes = malloc(length + 1);
	size_t used = 0;

	if (!bytes)
		abort();
	for (size_t i = 0; i < msg->msg_iovlen && used < length; i++) {
		size_t part = msg->msg_iov[i].iov_len;

		part = part < length - used ? part : length - used;
		memcpy(bytes + used, msg->msg_iov[i].iov_base, part);
		used += part;
	}
	put_line(direction, bytes, used);
	free(bytes);
}

static size_t
vector_length(const struct msghdr *msg)
{
	size_t length = 0;

	for (size_t i = 0; i < msg->msg_iovlen; i++)
		length += msg->msg_iov[i].iov_len;
	return length;
}

int
socket(int domain, int type, int protocol)
{
	int (*real)(int, int, int) = (int (*)(int, int, int))next("socket");
	int fd = real(domain, type, protocol);

	if (fd >= 0 && fd < FDS)
		recorded[fd] = domain == AF_NETLINK && protocol == NETLINK_GENERIC;
	return fd;
}

ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	ssize_t (*real)(int, const struct msghdr *, int) = (ssize_t(*)(int, const struct msghdr *, int))next("sendmsg");

	/* before it is sent: another process may record the answer's effects */
	if (is_recorded(fd))
		put_vector('S', msg, vector_length(msg));
	return real(fd, msg, flags);
}

ssize_t
recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t (*real)(int, struct msghdr *, int) = (ssize_t(*)(int, struct msghdr *, int))next("recvmsg");
	ssize_t got = real(fd, msg, flags);

	if (is_recorded(fd) && got > 0 && !(flags & MSG_PEEK))
		put_vector('R', msg, (size_t)got);
	return got;
}
