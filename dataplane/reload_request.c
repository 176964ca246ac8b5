/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See reload_request.h. The file is checked here first: without it the socket isn't known, and what is wrong with it is
 * said once. ipvsd reads it by itself, and refuses if it was started with another one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <netlink/errno.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "control/config_file.h"
#include "core/cleanup.h"
#include "netlink-shim/libipvsd.h"
#include "netlink-shim/wire.h"
#include "reload_request.h"

#define PATIENCE_S 60

struct answer {
	bool acknowledged, has_messages;
};

CLEANUP_FUNCTION(config_free, struct config *)
CLEANUP_FUNCTION(nlmsg_free, struct nl_msg *)

static int
usage(FILE *stream, int status)
{
	fprintf(stream,
		"Usage: ipvsd reload [-c FILE]\n\n"
		"  -c, --config FILE  the configuration that ipvsd was started with (default " CONFIG_DEFAULT_FILE ")\n"
		"  -h, --help         print this, and exit\n");
	return status;
}

/* -1: go on; otherwise the exit status. */
static int
parse_arguments(int argc, char **argv, const char **ret_file)
{
	static const struct option options[] = { { "config", required_argument, NULL, 'c' },
						 { "help", no_argument, NULL, 'h' },
						 { NULL, 0, NULL, 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == 'h')
			return usage(stdout, EXIT_SUCCESS);
		if (option != 'c')
			return usage(stderr, 2);
		*ret_file = optarg;
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "ipvsd reload: unexpected argument '%s'\n", argv[optind]);
	return usage(stderr, 2);
}

static int
show_messages(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[IPVSX_ATTR_MAX + 1];
	struct answer *answer = arg;

	if (genlmsg_parse(nlmsg_hdr(msg), 0, attrs, IPVSX_ATTR_MAX, NULL) < 0 || !attrs[IPVSX_ATTR_MESSAGES])
		return NL_SKIP;
	fputs(nla_get_string(attrs[IPVSX_ATTR_MESSAGES]), stderr);
	answer->has_messages = true;
	return NL_OK;
}

static int
take_acknowledgement(struct nl_msg *msg, void *arg)
{
	struct answer *answer = arg;

	(void)msg;
	answer->acknowledged = true;
	return NL_STOP;
}

/* A negative libnl error. */
static int
ask(struct nl_sock *sk, const char *file, struct answer *answer)
{
	CLEANUP(nlmsg_free) struct nl_msg *msg = nlmsg_alloc();
	int err;

	if (!msg ||
	    !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, IPVSD_FAMILY_IPVSX, 0, 0, IPVSX_CMD_RELOAD,
			 IPVSX_FAMILY_VERSION) ||
	    nla_put_string(msg, IPVSX_ATTR_CONFIG, file) < 0)
		return -NLE_NOMEM;
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, show_messages, answer);
	nl_socket_modify_cb(sk, NL_CB_ACK, NL_CB_CUSTOM, take_acknowledgement, answer);
	err = nl_send_auto(sk, msg);
	while (err >= 0 && !answer->acknowledged)
		err = nl_recvmsgs_default(sk);
	return err;
}

static int
ask_at(struct nl_sock *sk, const char *socket, const char *file)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct answer answer = { .acknowledged = false };
	int err = ipvsd_attach(sk, socket, IPVSD_HELLO_EXT);

	if (err < 0) {
		fprintf(stderr, "ipvsd reload: %s: %s; start ipvsd, or restart it if control.socket has changed\n",
			socket, strerror(-err));
		return EXIT_FAILURE;
	}
	(void)setsockopt(ipvsd_fd(sk), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	err = ask(sk, file, &answer);
	ipvsd_detach(sk);
	if (err < 0 && !answer.has_messages)
		fprintf(stderr, "ipvsd reload: %s: %s; see the log of ipvsd\n", socket,
			err == -NLE_AGAIN ? "no answer" : nl_geterror(err));
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int
reload_request_run(int argc, char **argv)
{
	CLEANUP(config_free) struct config *config = NULL;
	CLEANUP(free) void *memory = NULL;
	char *resolved;
	const char *file = CONFIG_DEFAULT_FILE;
	int status = parse_arguments(argc, argv, &file);
	struct nl_sock *sk;

	if (status >= 0)
		return status;
	if (config_load_aloud(file, &config) < 0)
		return EXIT_FAILURE;
	resolved = realpath(file, NULL);
	memory = resolved;
	if (!resolved) {
		fprintf(stderr, "ipvsd reload: %s: %s\n", file, strerror(errno));
		return EXIT_FAILURE;
	}
	sk = nl_socket_alloc();
	if (!sk) {
		fprintf(stderr, "ipvsd reload: out of memory\n");
		return EXIT_FAILURE;
	}
	status = ask_at(sk, config->control.socket, resolved);
	nl_socket_free(sk);
	return status;
}
