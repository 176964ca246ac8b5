/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The C library's own functions, behind the shim's hooks of the same names (preload_hook_*.c). One list for each file of
 * hooks.
 */
#ifndef PRELOAD_REAL_H
#define PRELOAD_REAL_H

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

/* Visible outside the library; everything else is hidden. */
#define HOOK __attribute__((visibility("default")))

/* preload_hook_socket.c */
#define REAL_SOCKET_FUNCTIONS(X)                                     \
	X(int, socket, (int, int, int))                              \
	X(int, bind, (int, const struct sockaddr *, socklen_t))      \
	X(int, connect, (int, const struct sockaddr *, socklen_t))   \
	X(int, getsockname, (int, struct sockaddr *, socklen_t *))   \
	X(int, getpeername, (int, struct sockaddr *, socklen_t *))   \
	X(int, getsockopt, (int, int, int, void *, socklen_t *))     \
	X(int, setsockopt, (int, int, int, const void *, socklen_t)) \
	X(int, shutdown, (int, int))

/* preload_hook_io.c, preload_hook_batch.c */
#define REAL_IO_FUNCTIONS(X)                                                                     \
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
	X(int, sendmmsg, (int, struct mmsghdr *, unsigned int, mmsg_flags))                      \
	X(int, recvmmsg, (int, struct mmsghdr *, unsigned int, mmsg_flags, struct timespec *))

/* preload_hook_wait.c */
#define REAL_WAIT_FUNCTIONS(X)                                                              \
	X(int, poll, (struct pollfd *, nfds_t, int))                                        \
	X(int, ppoll, (struct pollfd *, nfds_t, const struct timespec *, const sigset_t *)) \
	X(int, epoll_ctl, (int, int, int, struct epoll_event *))

/* preload_hook_fd.c */
#define REAL_FD_FUNCTIONS(X)          \
	X(int, close, (int))          \
	X(int, dup, (int))            \
	X(int, dup2, (int, int))      \
	X(int, dup3, (int, int, int)) \
	X(int, fcntl, (int, int, ...))

/* preload_hook_path.c */
#define REAL_PATH_FUNCTIONS(X)                                   \
	X(int, open, (const char *, int, ...))                   \
	X(int, openat, (int, const char *, int, ...))            \
	X(FILE *, fopen, (const char *, const char *))           \
	X(int, stat, (const char *, struct stat *))              \
	X(int, lstat, (const char *, struct stat *))             \
	X(int, fstatat, (int, const char *, struct stat *, int)) \
	X(char *, realpath, (const char *, char *))              \
	X(int, access, (const char *, int))                      \
	X(int, faccessat, (int, const char *, int, int))

/* preload_hook_folder.c */
#define REAL_FOLDER_FUNCTIONS(X)                                            \
	X(DIR *, opendir, (const char *))                                   \
	X(int, closedir, (DIR *))                                           \
	X(struct dirent *, readdir, (DIR *))                                \
	X(int, readdir_r, (DIR *, struct dirent *, struct dirent **))       \
	X(void, rewinddir, (DIR *))                                         \
	X(long, telldir, (DIR *))                                           \
	X(void, seekdir, (DIR *, long))                                     \
	X(int, scandir,                                                     \
	  (const char *, struct dirent ***, int (*)(const struct dirent *), \
	   int (*)(const struct dirent **, const struct dirent **)))

/* preload_hook_glibc.c, preload_hook_path_glibc.c: other C libraries have none of them. */
#ifdef __GLIBC__
#define REAL_GLIBC_FUNCTIONS(X)                                \
	X(int, close_range, (unsigned int, unsigned int, int)) \
	X(void, closefrom, (int))                              \
	X(int, statx, (int, const char *, int, unsigned int, struct statx *))
typedef int mmsg_flags;
#else
#define REAL_GLIBC_FUNCTIONS(X)
typedef unsigned int mmsg_flags;
#endif

#define REAL_FUNCTIONS(X)        \
	REAL_SOCKET_FUNCTIONS(X) \
	REAL_IO_FUNCTIONS(X)     \
	REAL_WAIT_FUNCTIONS(X)   \
	REAL_FD_FUNCTIONS(X)     \
	REAL_PATH_FUNCTIONS(X)   \
	REAL_FOLDER_FUNCTIONS(X) \
	REAL_GLIBC_FUNCTIONS(X)

struct real_functions {
#define X(type, name, args) type(*name) args;
	REAL_FUNCTIONS(X)
#undef X
};

/* Looks the functions up on first use, which may come before any constructor of ours has run; a function that the C
 * library lacks ends the process with a line that names it. */
const struct real_functions *real(void);

#endif
