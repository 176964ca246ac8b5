/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the files of ipvsdctl share: a command of its command line, and the options of them all.
 */
#ifndef IPVSDCTL_H
#define IPVSDCTL_H

#include <stdbool.h>
#include <stdint.h>

#include <netinet/in.h>
#include <netlink/msg.h>
#include <netlink/socket.h>

/* One end of the connections that are wanted. */
struct wanted_end {
	int family; /* 0: any address */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
	bool by_port;
	uint16_t port; /* host order */
};

struct wanted_conns {
	uint8_t protocol; /* 0: any */
	struct wanted_end client, virtual, local, server;
	const char *state; /* NULL: any */
	bool by_worker;
	uint32_t worker;
};

/* A service, and what of its options is to be changed. */
struct wanted_service {
	int family; /* 0: none was named */
	uint8_t protocol;
	struct wanted_end address;
	uint32_t mark;
	bool change_timeout, change_quiescent;
	uint32_t timeout_s;
	uint8_t quiescent;
	bool change_client_address;
	uint8_t client_address;
	const char *laddr_group, *quic; /* NULL: unchanged */
};

struct options {
	const char *socket;
	bool by_worker; /* counters: each worker's, not only the sum */
	bool all; /* counters: those that are 0 too */
	struct wanted_conns conns;
	struct wanted_service service;
};

/* What both files of commands read: false if TEXT is none. */
bool parse_number(const char *text, uint32_t most, uint32_t *ret);
/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]:80", ":80" */
bool parse_end(const char *argument, struct wanted_end *ret);

/* service: takes an option of the command line; false if its argument isn't one. */
bool service_option(struct options *options, int option, const char *argument);
/* service: changes what was given. A negative libnl error. */
int service_change(struct nl_sock *sk, struct options *options);
/* services: lists them. A negative libnl error. */
int services_list(struct nl_sock *sk, struct options *options);

/* sysctl: shows all, or those of the words NAME, or sets those of NAME=VALUE. An exit status. */
int sysctl_run(const struct options *options, int argc, char **argv);
/* conns: takes an option of the command line; false if its argument isn't one. */
bool conns_option(struct options *options, int option, const char *argument);
/* conns: puts the filter into the request. A negative libnl error. */
int conns_fill(struct nl_msg *msg, const struct options *options);
/* conns: prints the heading. */
void conns_head(void);
/* conns: prints one. As a libnl callback. */
int conns_show(struct nl_msg *msg, void *arg);

#endif
