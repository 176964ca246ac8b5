/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ipvsdctl: shows what the IPVS interface has no words for, over the private family IPVSX (wire.h).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "libipvsd.h"
#include "wire.h"

struct options {
	const char *socket;
	bool by_worker; /* counters: each worker's, not only the sum */
	bool all; /* counters: those that are 0 too */
};

static void
usage(FILE *to)
{
	fprintf(to, "Usage: ipvsdctl [-s SOCKET] COMMAND [OPTION...]\n"
		    "\n"
		    "  counters [-a] [-w]  what was received, forwarded and dropped, and why\n"
		    "                      -a: also what is 0; -w: each worker's, too\n"
		    "  laddrs              groups of local addresses\n"
		    "\n"
		    "See ipvsdctl(8).\n");
}

static int
show_counter(struct nl_msg *msg, void *arg)
{
	const struct options *options = arg;
	struct nlattr *outer[IPVSX_ATTR_MAX + 1], *counter[IPVSX_COUNTER_ATTR_MAX + 1];
	char worker[16] = "";

	if (genlmsg_parse(nlmsg_hdr(msg), 0, outer, IPVSX_ATTR_MAX, NULL) < 0 || !outer[IPVSX_ATTR_COUNTER] ||
	    nla_parse_nested(counter, IPVSX_COUNTER_ATTR_MAX, outer[IPVSX_ATTR_COUNTER], NULL) < 0 ||
	    !counter[IPVSX_COUNTER_ATTR_NAME] || !counter[IPVSX_COUNTER_ATTR_TEXT] ||
	    !counter[IPVSX_COUNTER_ATTR_VALUE])
		return NL_SKIP;
	if (counter[IPVSX_COUNTER_ATTR_WORKER]) {
		if (!options->by_worker)
			return NL_OK;
		if (nla_get_u32(counter[IPVSX_COUNTER_ATTR_WORKER]) == IPVSX_IO_THREAD)
			snprintf(worker, sizeof(worker), "I/O thread");
		else
			snprintf(worker, sizeof(worker), "worker %u", nla_get_u32(counter[IPVSX_COUNTER_ATTR_WORKER]));
	}
	if (nla_get_u64(counter[IPVSX_COUNTER_ATTR_VALUE]) == 0 && !options->all)
		return NL_OK;
	printf("%-28s %-10s %20llu  %s\n", nla_get_string(counter[IPVSX_COUNTER_ATTR_NAME]), worker,
	       (unsigned long long)nla_get_u64(counter[IPVSX_COUNTER_ATTR_VALUE]),
	       nla_get_string(counter[IPVSX_COUNTER_ATTR_TEXT]));
	return NL_OK;
}

static void
show_address(const struct nlattr *attr)
{
	char text[INET6_ADDRSTRLEN];

	printf(" %s", inet_ntop(nla_len(attr) == 4 ? AF_INET : AF_INET6, nla_data(attr), text, sizeof(text)));
}

static int
show_laddrs(struct nl_msg *msg, void *arg)
{
	struct nlattr *outer[IPVSX_ATTR_MAX + 1], *group[IPVSX_LADDRS_ATTR_MAX + 1], *attr;
	int left;

	(void)arg;
	if (genlmsg_parse(nlmsg_hdr(msg), 0, outer, IPVSX_ATTR_MAX, NULL) < 0 || !outer[IPVSX_ATTR_LADDRS] ||
	    nla_parse_nested(group, IPVSX_LADDRS_ATTR_MAX, outer[IPVSX_ATTR_LADDRS], NULL) < 0 ||
	    !group[IPVSX_LADDRS_ATTR_NAME] || !group[IPVSX_LADDRS_ATTR_PORT])
		return NL_SKIP;
	printf("%s: port %s, local ports %u-%u, %s", nla_get_string(group[IPVSX_LADDRS_ATTR_NAME]),
	       nla_get_string(group[IPVSX_LADDRS_ATTR_PORT]),
	       group[IPVSX_LADDRS_ATTR_FIRST_PORT] ? nla_get_u16(group[IPVSX_LADDRS_ATTR_FIRST_PORT]) : 0,
	       group[IPVSX_LADDRS_ATTR_LAST_PORT] ? nla_get_u16(group[IPVSX_LADDRS_ATTR_LAST_PORT]) : 0,
	       group[IPVSX_LADDRS_ATTR_ACTIVE] && nla_get_u8(group[IPVSX_LADDRS_ATTR_ACTIVE]) ? "active" : "waiting");
	if (group[IPVSX_LADDRS_ATTR_WITH_VIP]) {
		printf(", with");
		show_address(group[IPVSX_LADDRS_ATTR_WITH_VIP]);
	}
	printf("\n ");
	nla_for_each_nested(attr, outer[IPVSX_ATTR_LADDRS], left)
	{
		if (nla_type(attr) == IPVSX_LADDRS_ATTR_ADDRESS && (nla_len(attr) == 4 || nla_len(attr) == 16))
			show_address(attr);
	}
	printf("\n");
	return NL_OK;
}

/* A dump of COMMAND, each answer given to SHOW. A negative libnl error. */
static int
dump(struct nl_sock *sk, int command, int (*show)(struct nl_msg *msg, void *arg), struct options *options)
{
	int family = genl_ctrl_resolve(sk, IPVSX_FAMILY_NAME), err;
	struct nl_msg *msg;

	if (family < 0)
		return family;
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, show, options);
	msg = nlmsg_alloc();
	if (!msg || !genlmsg_put(msg, 0, NL_AUTO_SEQ, family, 0, NLM_F_DUMP, (uint8_t)command, IPVSX_FAMILY_VERSION)) {
		nlmsg_free(msg);
		return -NLE_NOMEM;
	}
	err = nl_send_auto(sk, msg);
	nlmsg_free(msg);
	return err < 0 ? err : nl_recvmsgs_default(sk);
}

static int
run(const char *command, struct options *options)
{
	struct nl_sock *sk = nl_socket_alloc();
	int err;

	if (!sk) {
		fprintf(stderr, "ipvsdctl: out of memory\n");
		return EXIT_FAILURE;
	}
	err = ipvsd_attach(sk, options->socket, IPVSD_HELLO_EXT);
	if (err < 0) {
		fprintf(stderr, "ipvsdctl: %s: %s (is ipvsd running?)\n", ipvsd_socket_path(options->socket),
			strerror(-err));
		nl_socket_free(sk);
		return EXIT_FAILURE;
	}
	err = strcmp(command, "counters") == 0 ? dump(sk, IPVSX_CMD_GET_COUNTERS, show_counter, options)
					       : dump(sk, IPVSX_CMD_GET_LADDRS, show_laddrs, options);
	if (err < 0)
		fprintf(stderr, "ipvsdctl: %s: %s\n", command, nl_geterror(err));
	ipvsd_detach(sk);
	nl_socket_free(sk);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	struct options options = { .socket = NULL };
	const char *command;
	int option;

	while ((option = getopt(argc, argv, "+s:h")) != -1) {
		if (option == 's') {
			options.socket = optarg;
		} else {
			usage(option == 'h' ? stdout : stderr);
			return option == 'h' ? EXIT_SUCCESS : 2;
		}
	}
	command = optind < argc ? argv[optind++] : "";
	while ((option = getopt(argc, argv, "aw")) != -1) {
		if (option == '?' || strcmp(command, "counters") != 0) {
			usage(stderr);
			return 2;
		}
		options.all |= option == 'a';
		options.by_worker |= option == 'w';
	}
	if (optind < argc || (strcmp(command, "counters") != 0 && strcmp(command, "laddrs") != 0)) {
		usage(stderr);
		return 2;
	}
	return run(command, &options);
}
