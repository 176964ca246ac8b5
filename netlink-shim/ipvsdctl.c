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

#include "ipvsdctl.h"
#include "libipvsd.h"
#include "wire.h"

static void
usage(FILE *to)
{
	fprintf(to, "Usage: ipvsdctl [-s SOCKET] COMMAND [OPTION...]\n"
		    "\n"
		    "  counters [-a] [-w]  what was received, forwarded and dropped, and why\n"
		    "                      -a: also what is 0; -w: each worker's, too\n"
		    "  laddrs              groups of local addresses\n"
		    "  conns [-p tcp|udp|sctp|icmp|icmpv6] [-c CLIENT] [-v VIRTUAL] [-l LOCAL] [-r SERVER] [-t STATE] "
		    "[-w WORKER]\n"
		    "                      connections; of each end ADDRESS, ADDRESS:PORT or :PORT\n"
		    "  services            options of services that IPVS has no words for\n"
		    "  service {-t|-u|-s} ADDRESS:PORT | -f MARK [-6]\n"
		    "          [-e SECONDS] [-q keep|expire|reset] [-c none|toa|proxy-v1|proxy-v2|...]\n"
		    "          [-l GROUP] [-i CODING]\n"
		    "                      changes those of one: the timeout of established connections, what\n"
		    "                      becomes of those of a removed server, how servers hear of their\n"
		    "                      clients, the group of local addresses, how QUIC connection IDs are\n"
		    "                      read (\"dpvs\", or one of ipvsd.conf)\n"
		    "  sysctl [NAME[=VALUE]...]\n"
		    "                      shows or sets what Linux has in /proc/sys/net/ipv4/vs\n"
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

static bool
counters_option(struct options *options, int option, const char *argument)
{
	(void)argument;
	options->all |= option == 'a';
	options->by_worker |= option == 'w';
	return true;
}

static bool
no_option(struct options *options, int option, const char *argument)
{
	(void)options;
	(void)option;
	(void)argument;
	return false;
}

static const struct command {
	const char *name;
	const char *options; /* getopt()'s */
	int number; /* of a dump */
	bool (*option)(struct options *options, int option, const char *argument);
	int (*fill)(struct nl_msg *msg, const struct options *options); /* may be NULL */
	void (*head)(void); /* may be NULL */
	int (*show)(struct nl_msg *msg, void *arg);
	int (*act)(struct nl_sock *sk, struct options *options); /* instead of a dump of IPVSX */
} commands[] = {
	{ "counters", "aw", IPVSX_CMD_GET_COUNTERS, counters_option, NULL, NULL, show_counter, NULL },
	{ "laddrs", "", IPVSX_CMD_GET_LADDRS, no_option, NULL, NULL, show_laddrs, NULL },
	{ "conns", "p:c:v:l:r:t:w:", IPVSX_CMD_GET_CONNS, conns_option, conns_fill, conns_head, conns_show, NULL },
	{ "services", "", 0, no_option, NULL, NULL, NULL, services_list },
	{ "service", "t:u:s:f:6e:q:c:l:i:", 0, service_option, NULL, NULL, NULL, service_change },
};

/* A dump, each answer shown as it comes. A negative libnl error. */
static int
dump(struct nl_sock *sk, const struct command *command, struct options *options)
{
	int family = genl_ctrl_resolve(sk, IPVSX_FAMILY_NAME), err = 0;
	struct nl_msg *msg;

	if (family < 0)
		return family;
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, command->show, options);
	msg = nlmsg_alloc();
	if (!msg ||
	    !genlmsg_put(msg, 0, NL_AUTO_SEQ, family, 0, NLM_F_DUMP, (uint8_t)command->number, IPVSX_FAMILY_VERSION))
		err = -NLE_NOMEM;
	if (err == 0 && command->fill)
		err = command->fill(msg, options);
	if (err == 0)
		err = nl_send_auto(sk, msg);
	nlmsg_free(msg);
	if (err >= 0 && command->head)
		command->head();
	return err < 0 ? err : nl_recvmsgs_default(sk);
}

static int
run(const struct command *command, struct options *options)
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
	err = command->act ? command->act(sk, options) : dump(sk, command, options);
	if (err < 0)
		fprintf(stderr, "ipvsdctl: %s: %s\n", command->name, nl_geterror(err));
	ipvsd_detach(sk);
	nl_socket_free(sk);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static const struct command *
command_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* What follows the command's name. */
static bool
take_options(int argc, char **argv, const struct command *command, struct options *options)
{
	int option;

	while ((option = getopt(argc, argv, command->options)) != -1)
		if (option == '?' || !command->option(options, option, optarg)) {
			if (option != '?')
				fprintf(stderr, "ipvsdctl: -%c %s: not allowed\n", option, optarg ? optarg : "");
			return false;
		}
	return optind == argc;
}

int
main(int argc, char **argv)
{
	struct options options = { .socket = NULL };
	const struct command *command;
	int option;

	while ((option = getopt(argc, argv, "+s:h")) != -1) {
		if (option == 's') {
			options.socket = optarg;
		} else {
			usage(option == 'h' ? stdout : stderr);
			return option == 'h' ? EXIT_SUCCESS : 2;
		}
	}
	command = optind < argc ? command_by_name(argv[optind++]) : NULL;
	if (!command && optind > 1 && optind <= argc && strcmp(argv[optind - 1], "sysctl") == 0)
		return sysctl_run(&options, argc - optind, argv + optind);
	if (!command || !take_options(argc, argv, command, &options)) {
		usage(stderr);
		return 2;
	}
	return run(command, &options);
}
