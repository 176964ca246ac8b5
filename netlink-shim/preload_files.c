/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See preload_files.h. The text is fetched when the file is opened, into memory that behaves like a file.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control_connect.h"
#include "control_file.h"
#include "preload_absent.h"
#include "preload_files.h"
#include "preload_real.h"
#include "wire.h"

#define SYSCTL_FOLDER "/proc/sys/net/ipv4/vs"
/* Names of the memory of those that may be written, which tell them wherever the descriptor comes from. */
#define WRITABLE "ipvsd-writable:"

/* Behind PREFIX in TEXT, or NULL. */
static const char *
behind(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

/* Behind "self/", "thread-self/" or a process id: /proc/net is /proc/self/net. */
static const char *
behind_process(const char *text)
{
	const char *rest = behind(text, "self/");

	if (!rest)
		rest = behind(text, "thread-self/");
	if (rest)
		return rest;
	if (!isdigit((unsigned char)*text))
		return text;
	while (isdigit((unsigned char)*text))
		text++;
	return *text == '/' ? text + 1 : text;
}

bool
files_are_kernels(void)
{
	const char *path = control_path(NULL);
	int fd;

	if (!absent_may_be_kernels())
		return false;
	fd = control_connect(path, SOCK_CLOEXEC);
	if (fd < 0)
		return absent_is_kernels(path, fd);
	real()->close(fd);
	return false;
}

static const char *
name_of(const char *path)
{
	const char *name = behind(path, "/proc/");

	if (!name)
		return NULL;
	if (behind(path, SYSCTL_FOLDER "/") && path[sizeof(SYSCTL_FOLDER)] != '\0')
		return name;
	name = behind_process(name);
	return behind(name, "net/ip_vs") ? name : NULL;
}

const char *
files_name(const char *path)
{
	const char *name = name_of(path);

	return name && !files_are_kernels() ? name : NULL;
}

bool
files_is_folder(const char *path)
{
	return (strcmp(path, SYSCTL_FOLDER) == 0 || strcmp(path, SYSCTL_FOLDER "/") == 0) && !files_are_kernels();
}

/* A user who may not ask ipvsd gets the error of a file. */
int
files_fail(int err)
{
	errno = err == -EPERM ? EACCES : err == -ECONNREFUSED ? ENOENT : -err;
	return -1;
}

static int
append(void *arg, const void *text, size_t length)
{
	const char *rest = text;

	while (length > 0) {
		ssize_t n = real()->write(*(int *)arg, rest, length);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			rest += n;
			length -= (size_t)n;
		}
	}
	return 0;
}

int
files_open(const char *name, int flags)
{
	unsigned int memory = MFD_ALLOW_SEALING | ((flags & O_CLOEXEC) ? MFD_CLOEXEC : 0);
	bool writes = (flags & O_ACCMODE) != O_RDONLY;
	char label[sizeof(WRITABLE) + IPVSX_FILE_NAME_MAX];
	uint32_t mode;
	int fd, err;

	if (writes) {
		if (files_mode(name, &mode) < 0)
			return -1;
		if (!(mode & 0222))
			return files_fail(-EACCES);
	}
	snprintf(label, sizeof(label), "%s%s", writes ? WRITABLE : "", name);
	fd = memfd_create(label, memory);
	if (fd < 0)
		return -1;
	err = control_file_read(NULL, name, append, &fd);
	if (err == 0 && (lseek(fd, 0, SEEK_SET) < 0 ||
			 fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0))
		err = -errno;
	if (err == 0)
		return fd;
	real()->close(fd);
	return files_fail(err);
}

/* Whether FD was opened to be written; the name that ipvsd has for it in NAME. */
static bool
is_writable(int fd, char *name, size_t size)
{
	char path[32], target[64 + sizeof(WRITABLE) + IPVSX_FILE_NAME_MAX];
	const char *label;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return false;
	target[length] = '\0';
	label = behind(target, "/memfd:" WRITABLE);
	if (!label || fcntl(fd, F_GET_SEALS) < 0)
		return false;
	/* " (deleted)" follows */
	length = (ssize_t)strcspn(label, " ");
	if ((size_t)length >= size)
		return false;
	memcpy(name, label, (size_t)length);
	name[length] = '\0';
	return true;
}

/* As the kernel's sysctls (kernel.sysctl_writes_strict), only what is written at the beginning counts. */
ssize_t
files_write(int fd, const void *data, size_t length)
{
	char name[IPVSX_FILE_NAME_MAX + 1];
	off_t at;
	int err;

	errno = EPERM;
	if (!is_writable(fd, name, sizeof(name))) {
		errno = EPERM;
		return -1;
	}
	if (length > SSIZE_MAX)
		return files_fail(-EINVAL);
	at = lseek(fd, 0, SEEK_CUR);
	if (at == 0 && length > 0) {
		err = control_file_write(NULL, name, data, length);
		if (err < 0)
			return files_fail(err);
	}
	lseek(fd, (off_t)length, SEEK_CUR);
	return (ssize_t)length;
}

/* To the kernel (proc_sys_call_handler()) the pieces are one text, too. */
ssize_t
files_writev(int fd, const struct iovec *iov, int n)
{
	size_t length = 0, at = 0;
	ssize_t written;
	char *data;

	for (int i = 0; i < n; i++)
		if (__builtin_add_overflow(length, iov[i].iov_len, &length))
			return files_fail(-EINVAL);
	data = malloc(length > 0 ? length : 1);
	if (!data)
		return -1;
	for (int i = 0; i < n; i++) {
		if (iov[i].iov_len > 0)
			memcpy(data + at, iov[i].iov_base, iov[i].iov_len);
		at += iov[i].iov_len;
	}
	written = files_write(fd, data, length);
	free(data);
	return written;
}

static ssize_t
stream_read(void *cookie, char *data, size_t size)
{
	return real()->read(*(int *)cookie, data, size);
}

/* The C library takes 0 for an error, of which errno tells. */
static ssize_t
stream_write(void *cookie, const char *data, size_t size)
{
	ssize_t n = files_write(*(int *)cookie, data, size);

	return n < 0 ? 0 : n;
}

static int
stream_close(void *cookie)
{
	int result = real()->close(*(int *)cookie);

	free(cookie);
	return result;
}

FILE *
files_stream(int fd, const char *mode)
{
	const cookie_io_functions_t functions = {
		.read = stream_read,
		.write = stream_write,
		.close = stream_close,
	};
	int *cookie = malloc(sizeof(*cookie));
	FILE *stream;

	if (!cookie)
		return NULL;
	*cookie = fd;
	stream = fopencookie(cookie, mode, functions);
	if (!stream)
		free(cookie);
	return stream;
}

int
files_mode(const char *name, uint32_t *ret)
{
	int err = control_file_mode(NULL, name, ret);

	return err < 0 ? files_fail(err) : 0;
}
