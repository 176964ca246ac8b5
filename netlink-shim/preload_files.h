/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Files of /proc that ipvsd has in the kernel's place: which paths are meant, and descriptors with their text. The hooks
 * of the calls that take a path are in preload_hook_path.c.
 */
#ifndef PRELOAD_FILES_H
#define PRELOAD_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/uio.h>

/* The name that ipvsd knows the file of this path by ("net/ip_vs"), or NULL if it is none of ours. The result is a part
 * of PATH or a constant. */
const char *files_name(const char *path);
/* Are the files the kernel's, because there is no ipvsd and the user asked for that? */
bool files_are_kernels(void);
/* The folder of the sysctls, with or without a slash at its end. */
bool files_is_folder(const char *path);

/* A descriptor from which the file's text, as it is now, can be read; FLAGS are open()'s. -1 and errno as open(). */
int files_open(const char *name, int flags);
/* For a write() to FD that the C library refused with EPERM, as it does for the memory behind such descriptors, also when
 * they came by dup(), fork() or exec(): writes to ipvsd if FD was opened for that. What write() returns, with errno; -1
 * and EPERM as it was if FD is anything else. */
ssize_t files_write(int fd, const void *data, size_t length);
/* The same for writev(): what it has is written at once. */
ssize_t files_writev(int fd, const struct iovec *iov, int n);
/* A stream that writes and reads FD, which it closes; the C library's own would not come by our write(). */
FILE *files_stream(int fd, const char *mode);
/* The file's permission bits in *RET: 0, or -1 and errno. */
int files_mode(const char *name, uint32_t *ret);
/* Sets errno to what a file says instead of ERR, a negative errno of control_file.h; returns -1. */
int files_fail(int err);

#endif
