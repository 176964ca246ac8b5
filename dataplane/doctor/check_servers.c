/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The real servers of the running ipvsd: is there a way to each, by a port of ours, a neighbour that answers, and for
 * full NAT a local address?
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/ip_vs.h>

#include "doctor/checks.h"
#include "doctor/findings.h"
#include "doctor/instance.h"
#include "doctor/kernel_network.h"
#include "doctor/service_list.h"
#include "netlink-shim/wire.h"

#define PATIENCE_S 1

/* One address of servers; and for full NAT one group of local addresses of it. */
struct server {
	struct ip_addr addr;
	uint8_t method;
	const char *group;
};

struct trouble {
	struct names names;
	char first[INET6_ADDRSTRLEN], where[CONFIG_NAME_MAX]; /* of the first */
};

struct troubles {
	size_t n_looked_at;
	struct trouble no_route, elsewhere, silent, own, no_laddr;
};

static int
compare(const void *a, const void *b)
{
	const struct server *one = a, *other = b;
	int order = memcmp(&one->addr.ip, &other->addr.ip, sizeof(one->addr.ip));

	if (order == 0)
		order = (int)one->addr.family - (int)other->addr.family;
	if (order == 0)
		order = (int)one->method - (int)other->method;
	return order != 0 ? order : strcmp(one->group, other->group);
}

/* Those that packets go to: not a gateway's address, not the machine itself, none that gets no connections. */
static bool
is_reached_by_route(const struct listed_dest *dest)
{
	return dest->weight > 0 && (dest->method == IP_VS_CONN_F_MASQ || dest->method == IP_VS_CONN_F_TUNNEL ||
				    dest->method == IP_VS_CONN_F_DROUTE || dest->method == IPVSD_FWD_FULLNAT);
}

/* Sorted, each once; how many. For free(). */
static size_t
collect(const struct service_list *list, struct server **ret)
{
	size_t room = 0, n = 0, kept = 0;
	struct server *servers;

	for (size_t i = 0; i < list->n_looked_at; i++)
		room += list->services[i].n_dests;
	servers = calloc(room + 1, sizeof(*servers));
	*ret = servers;
	if (!servers)
		return 0;
	for (size_t i = 0; i < list->n_looked_at; i++) {
		const struct listed_service *service = &list->services[i];

		for (size_t j = 0; j < service->n_dests; j++) {
			const struct listed_dest *dest = &service->dests[j];

			if (is_reached_by_route(dest))
				servers[n++] =
					(struct server){ dest->addr, dest->method,
							 dest->method == IPVSD_FWD_FULLNAT ? service->group : "" };
		}
	}
	qsort(servers, n, sizeof(*servers), compare);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || compare(&servers[kept - 1], &servers[i]) != 0)
			servers[kept++] = servers[i];
	}
	return kept;
}

/* WHERE: the interface or port that it is about, "" for none. */
static void
trouble_add(struct trouble *trouble, const struct ip_addr *addr, const char *where)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(addr->family, &addr->ip, text, sizeof(text));
	if (trouble->names.n == 0) {
		strcpy(trouble->first, text);
		snprintf(trouble->where, sizeof(trouble->where), "%s", where);
	}
	if (where[0] != '\0')
		names_add(&trouble->names, "%s (%s)", text, where);
	else
		names_add(&trouble->names, "%s", text);
}

/* The port whose kernel interface this is; NULL: none's. */
static const struct config_port *
port_of(const struct config *config, const char *interface)
{
	for (uint32_t i = 0; i < config->n_ports; i++) {
		if (strcmp(config->ports[i].kernel, interface) == 0)
			return &config->ports[i];
	}
	return NULL;
}

static bool
has_laddr(const struct service_list *list, const struct server *server, const char *port)
{
	for (size_t i = 0; i < list->n_laddrs; i++) {
		const struct listed_laddrs *group = &list->laddrs[i];
		uint32_t n = server->addr.family == AF_INET ? group->n_ipv4 : group->n_ipv6;

		if (group->active && n > 0 && strcmp(group->port, port) == 0 &&
		    (server->group[0] == '\0' || strcmp(server->group, group->name) == 0))
			return true;
	}
	return false;
}

static void
look_at(const struct machine *machine, struct kernel_network *network, const struct server *server,
	struct troubles *ret)
{
	bool is_nat = server->method == IP_VS_CONN_F_MASQ || server->method == IPVSD_FWD_FULLNAT;
	const struct config_port *port;
	struct kernel_route route;

	if (kernel_network_route(network, &server->addr, &route) < 0) {
		trouble_add(&ret->no_route, &server->addr, "");
		return;
	}
	if (route.local) {
		if (is_nat)
			trouble_add(&ret->own, &server->addr, "");
		return;
	}
	port = port_of(machine->config, route.interface);
	if (!port) {
		trouble_add(&ret->elsewhere, &server->addr, route.interface);
		return;
	}
	if (kernel_network_is_silent(network, route.ifindex, &route.next))
		trouble_add(&ret->silent, &route.next, route.interface);
	if (server->method == IPVSD_FWD_FULLNAT && !has_laddr(machine->services, server, port->name))
		trouble_add(&ret->no_laddr, &server->addr, port->name);
}

static void
tell_ways(const struct machine *machine, struct findings *findings, const struct troubles *troubles)
{
	const struct trouble *one = &troubles->no_route;
	char all[NAMES_TEXT_MAX];

	if (one->names.n > 0) {
		finding_add(findings, LEVEL_FAIL, "servers without a route: %s", names_text(&one->names, all));
		finding_mend(findings, "ip route add %s via GATEWAY dev %s", one->first,
			     machine->config->ports[0].kernel);
	}
	one = &troubles->elsewhere;
	if (one->names.n > 0) {
		finding_add(findings, LEVEL_FAIL, "servers behind an interface that is no port of ipvsd: %s",
			    names_text(&one->names, all));
		finding_mend(findings, "ip route get %s   # then a route to it by a port of ipvsd", one->first);
	}
	one = &troubles->silent;
	if (one->names.n > 0) {
		finding_add(findings, LEVEL_WARN, "neighbours on the way to servers that don't answer ARP or ND: %s",
			    names_text(&one->names, all));
		finding_mend(findings, "ping -c 1 %s; ip neighbour show %s dev %s", one->first, one->first, one->where);
	}
}

static void
tell_methods(const struct machine *machine, struct findings *findings, const struct troubles *troubles)
{
	const struct trouble *one = &troubles->own;
	char all[NAMES_TEXT_MAX];

	if (one->names.n > 0) {
		finding_add(
			findings, LEVEL_FAIL,
			"servers of NAT or full NAT that are this machine itself, whose answers don't pass ipvsd: %s",
			names_text(&one->names, all));
		finding_mend(findings, "ipvsadm -Ln   # then direct routing for them (ipvsadm -g, lvs_method DR)");
	}
	one = &troubles->no_laddr;
	if (one->names.n > 0) {
		finding_add(findings, LEVEL_FAIL,
			    "servers of full NAT without an active local address of their family on their port: %s",
			    names_text(&one->names, all));
		mend_config(machine, findings, 0,
			    "local_addresses = ( { name = \"...\"; port = \"%s\"; addresses = ( \"...\" ); } )",
			    one->where);
	}
}

static bool
is_troubled(const struct troubles *troubles)
{
	return troubles->no_route.names.n + troubles->elsewhere.names.n + troubles->own.names.n +
		       troubles->silent.names.n + troubles->no_laddr.names.n >
	       0;
}

static void
look_at_all(const struct machine *machine, struct findings *findings, struct kernel_network *network)
{
	struct troubles troubles = { .n_looked_at = 0 };
	struct server *servers;
	size_t n = collect(machine->services, &servers);
	time_t end = time(NULL) + PATIENCE_S + 1;

	for (size_t i = 0; i < n && time(NULL) < end; i++) {
		look_at(machine, network, &servers[i], &troubles);
		troubles.n_looked_at++;
	}
	tell_ways(machine, findings, &troubles);
	tell_methods(machine, findings, &troubles);
	if (!is_troubled(&troubles))
		finding_add(findings, LEVEL_OK, "servers that a route by a port of ipvsd leads to: %zu, which is all",
			    troubles.n_looked_at);
	if (troubles.n_looked_at < n || machine->services->n_looked_at < machine->services->n_services)
		finding_add(findings, LEVEL_NOTE,
			    "there are many: %zu of %zu services and %zu of %zu of their servers were looked at",
			    machine->services->n_looked_at, machine->services->n_services, troubles.n_looked_at, n);
	free(servers);
}

static void
run(const struct machine *machine, struct findings *findings)
{
	pid_t pid = machine->instance->process.pid;
	struct kernel_network *network = NULL;
	int err;

	if (pid > 0 && !process_in_our_network(machine, pid)) {
		finding_add(findings, LEVEL_NOTE,
			    "ipvsd is in another network namespace: ways to servers were not looked for");
		finding_mend(findings, "nsenter -t %d -n ipvsd doctor", pid);
		return;
	}
	err = kernel_network_read(&network);
	if (err < 0) {
		finding_add(findings, LEVEL_NOTE, "the kernel did not tell its routes: %s", strerror(-err));
		return;
	}
	look_at_all(machine, findings, network);
	kernel_network_free(network);
}

const struct check check_servers = {
	.name = "servers",
	.needs_config = true,
	.needs_services = true,
	.run = run,
};
