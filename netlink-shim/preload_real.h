/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The C library's own functions, behind the shim's hooks of the same names (preload_hook_*.c).
 */
#ifndef PRELOAD_REAL_H
#define PRELOAD_REAL_H

#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Visible outside the library; everything else is hidden. */
#define HOOK __attribute__((visibility("default")))

#define REAL_FUNCTIONS(X)                                                                        \
	X(int, socket, (int, int, int))                                                          \
	X(int, bind, (int, const struct sockaddr *, socklen_t))                                  \
	X(int, connect, (int, const struct sockaddr *, socklen_t))                               \
	X(int, getsockname, (int, struct sockaddr *, socklen_t *))                               \
	X(int, getpeername, (int, struct sockaddr *, socklen_t *))                               \
	X(int, getsockopt, (int, int, int, void *, socklen_t *))                                 \
	X(int, setsockopt, (int, int, int, const void *, socklen_t))                             \
	X(ssize_t, sendmsg, (int, const struct msghdr *, int))                                   \
	X(ssize_t, sendto, (int, const void *, size_t, int, const struct sockaddr *, socklen_t)) \
	X(ssize_t, send, (int, const void *, size_t, int))                                       \
	X(ssize_t, write, (int, const void *, size_t))                                           \
	X(ssize_t, writev, (int, const struct iovec *, int))                                     \
	X(ssize_t, recvmsg, (int, struct msghdr *, int))                                         \
	X(ssize_t, recvfrom, (int, void *, size_t, int, struct sockaddr *, socklen_t *))         \
	X(ssize_t, recv, (int, void *, size_t, int))                                             \
	X(ssize_t, read, (int, void *, size_t))                                                  \
	X(ssize_t, readv, (int, const struct iovec *, int))                                      \
	X(int, close, (int))                                                                     \
	X(int, close_range, (unsigned int, unsigned int, int))                                   \
	X(void, closefrom, (int))                                                                \
	X(int, dup, (int))                                                                       \
	X(int, dup2, (int, int))                                                                 \
	X(int, dup3, (int, int, int))                                                            \
	X(int, fcntl, (int, int, ...))                                                           \
	X(int, open, (const char *, int, ...))                                                   \
	X(int, openat, (int, const char *, int, ...))                                            \
	X(FILE *, fopen, (const char *, const char *))                                           \
	X(int, stat, (const char *, struct stat *))                                              \
	X(int, lstat, (const char *, struct stat *))                                             \
	X(int, fstatat, (int, const char *, struct stat *, int))                                 \
	X(int, statx, (int, const char *, int, unsigned int, struct statx *))                    \
	X(int, access, (const char *, int))                                                      \
	X(int, faccessat, (int, const char *, int, int))

struct real_functions {
#define X(type, name, args) type(*name) args;
	REAL_FUNCTIONS(X)
#undef X
};

/* Looks the functions up on first use, which may come before any constructor of ours has run; a function that the C
 * library lacks ends the process with a line that names it. */
const struct real_functions *real(void);

#endif
