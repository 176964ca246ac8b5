/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See preload_files.h. The text is fetched when the file is opened, into memory that behaves like a file.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control_connect.h"
#include "control_file.h"
#include "preload_absent.h"
#include "preload_files.h"
#include "preload_real.h"

#define SYSCTL_FOLDER "/proc/sys/net/ipv4/vs"

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

/* Are the files the kernel's, because there is no ipvsd? */
static bool
are_kernels(void)
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

	return name && !are_kernels() ? name : NULL;
}

bool
files_is_folder(const char *path)
{
	return (strcmp(path, SYSCTL_FOLDER) == 0 || strcmp(path, SYSCTL_FOLDER "/") == 0) && !are_kernels();
}

/* A user who may not ask ipvsd gets the error of a file. */
static int
fail(int err)
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
	int fd, err;

	if ((flags & O_ACCMODE) != O_RDONLY)
		return fail(-EACCES);
	fd = memfd_create(name, memory);
	if (fd < 0)
		return -1;
	err = control_file_read(NULL, name, append, &fd);
	if (err == 0 && (lseek(fd, 0, SEEK_SET) < 0 ||
			 fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0))
		err = -errno;
	if (err == 0)
		return fd;
	real()->close(fd);
	return fail(err);
}

int
files_mode(const char *name, uint32_t *ret)
{
	int err = control_file_mode(NULL, name, ret);

	return err < 0 ? fail(err) : 0;
}
