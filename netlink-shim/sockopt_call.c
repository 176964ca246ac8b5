/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See sockopt_call.h.
 */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/ip_vs.h>

#include "control_connect.h"
#include "preload_absent.h"
#include "sockopt.h"
#include "sockopt_call.h"

/* The kernel copies between two places of this process, and notices what is none. Where it is not allowed to (seccomp),
 * a wrong pointer ends the program. */
static int
copy(void *to, const void *from, size_t size, bool reads)
{
	struct iovec here = { .iov_base = reads ? to : (void *)from, .iov_len = size };
	struct iovec there = { .iov_base = reads ? (void *)from : to, .iov_len = size };
	ssize_t n;

	if (size == 0)
		return 0;
	n = reads ? process_vm_readv(getpid(), &here, 1, &there, 1, 0)
		  : process_vm_writev(getpid(), &here, 1, &there, 1, 0);
	if (n == (ssize_t)size)
		return 0;
	if (n >= 0 || errno == EFAULT || !to || !from)
		return -EFAULT;
	memcpy(to, from, size);
	return 0;
}

int
call_read(void *to, const void *program, size_t size)
{
	return copy(to, program, size, true);
}

int
call_write(void *program, const void *from, size_t size)
{
	return copy(program, from, size, false);
}

int
call_begin(struct session *session)
{
	const char *path = control_path(NULL);
	int err = session_open(session, path);

	if (err == 0 || err == -ENOMEM)
		return err;
	if (err == -EACCES)
		return -EPERM;
	return absent_is_kernels(path, err) ? SOCKOPT_KERNELS : -ENOPROTOOPT;
}

int
call_refuse(struct session *session, int err)
{
	struct message request;

	message_begin(&request, IPVS_CMD_GET_INFO, NLM_F_ACK);
	return session_ask(session, &request, NULL, NULL) == -EPERM ? -EPERM : err;
}
