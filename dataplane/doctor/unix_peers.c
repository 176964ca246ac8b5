/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See unix_peers.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "doctor/unix_peers.h"

#define PEERS_MAX 65536
#define BOUND_SUFFIX ".new"

struct asking {
	const char *path;
	struct unix_peers *peers;
	int err;
};

/* The kernel gives the name without a NUL. */
static bool
is_named(const struct nlattr *attr, const char *path)
{
	size_t length = (size_t)nla_len(attr), wanted = strlen(path);
	const char *name = nla_data(attr);

	while (length > 0 && name[length - 1] == '\0')
		length--;
	if (length < wanted || memcmp(name, path, wanted) != 0)
		return false;
	return length == wanted || (length == wanted + strlen(BOUND_SUFFIX) &&
				    memcmp(&name[wanted], BOUND_SUFFIX, strlen(BOUND_SUFFIX)) == 0);
}

static int
take_socket(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[UNIX_DIAG_MAX + 1];
	struct asking *asking = arg;
	struct unix_peers *peers = asking->peers;
	uint32_t *inodes;

	if (nlmsg_parse(nlmsg_hdr(msg), sizeof(struct unix_diag_msg), attrs, UNIX_DIAG_MAX, NULL) < 0 ||
	    !attrs[UNIX_DIAG_NAME] || !attrs[UNIX_DIAG_PEER] || nla_len(attrs[UNIX_DIAG_PEER]) < 4 ||
	    !is_named(attrs[UNIX_DIAG_NAME], asking->path))
		return NL_SKIP;
	inodes = peers->n < PEERS_MAX ? realloc(peers->inodes, (peers->n + 1) * sizeof(*inodes)) : NULL;
	if (!inodes) {
		asking->err = -ENOMEM;
		return NL_STOP;
	}
	peers->inodes = inodes;
	inodes[peers->n++] = nla_get_u32(attrs[UNIX_DIAG_PEER]);
	return NL_OK;
}

static int
dump(struct nl_sock *sk, struct asking *asking)
{
	struct unix_diag_req request = {
		.sdiag_family = AF_UNIX,
		.udiag_states = UINT32_MAX,
		.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER,
	};

	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, take_socket, asking);
	if (nl_connect(sk, NETLINK_SOCK_DIAG) < 0 ||
	    nl_send_simple(sk, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &request, sizeof(request)) < 0 ||
	    nl_recvmsgs_default(sk) < 0)
		return -ENOENT;
	return asking->err;
}

int
unix_peers_read(const char *path, struct unix_peers *ret)
{
	struct asking asking = { .path = path, .peers = ret };
	struct nl_sock *sk = nl_socket_alloc();
	int err;

	*ret = (struct unix_peers){ .n = 0 };
	if (!sk)
		return -ENOMEM;
	err = dump(sk, &asking);
	nl_socket_free(sk);
	if (err < 0)
		unix_peers_free(ret);
	return err;
}

void
unix_peers_free(struct unix_peers *peers)
{
	free(peers->inodes);
	*peers = (struct unix_peers){ .n = 0 };
}

static bool
has_inode(const struct unix_peers *peers, uint32_t inode)
{
	for (size_t i = 0; i < peers->n; i++) {
		if (peers->inodes[i] == inode)
			return true;
	}
	return false;
}

int
unix_peers_held(const struct machine *machine, const struct unix_peers *peers, pid_t pid)
{
	struct dirent **names;
	int n, held = 0;

	if (machine_access(machine, R_OK, "/proc/%d/fd", pid) < 0)
		return -EACCES;
	n = machine_names(machine, &names, "/proc/%d/fd", pid);
	for (int i = 0; i < n && held == 0; i++) {
		char target[NAME_MAX + 1];
		unsigned int inode;

		held = machine_link(machine, target, "/proc/%d/fd/%s", pid, names[i]->d_name) == 0 &&
		       sscanf(target, "socket:[%u]", &inode) == 1 && has_inode(peers, inode);
	}
	machine_names_free(names, n);
	return held;
}
