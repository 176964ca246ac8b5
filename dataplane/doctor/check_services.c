/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The services of the running ipvsd against the network of this machine: addresses that are on no interface, services
 * without a server. check_servers.c has the servers.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/checks.h"
#include "doctor/findings.h"
#include "doctor/instance.h"
#include "doctor/kernel_network.h"
#include "doctor/service_list.h"

#define KEEPALIVED_MAX 32

static bool
takes_connections(const struct listed_service *service)
{
	for (size_t i = 0; i < service->n_dests; i++) {
		if (service->dests[i].weight > 0)
			return true;
	}
	return false;
}

static void
find_without_server(const struct machine *machine, struct findings *findings)
{
	const struct service_list *list = machine->services;
	char text[SERVICE_TEXT_MAX], all[NAMES_TEXT_MAX];
	struct names names = { .n = 0 };

	for (size_t i = 0; i < list->n_looked_at; i++) {
		if (!takes_connections(&list->services[i]))
			names_add(&names, "%s", service_text(&list->services[i], text));
	}
	if (names.n == 0)
		return;
	finding_add(findings, LEVEL_WARN, "services without a server of a weight above 0: %s", names_text(&names, all));
	finding_mend(findings, "ipvsadm -Ln; journalctl -t Keepalived_healthcheckers -n 50");
}

static bool
is_same_address(const struct listed_service *a, const struct listed_service *b)
{
	return a->mark == 0 && b->mark == 0 && ip_addr_equal(&a->addr, &b->addr);
}

/* Addresses of services, those of one address in a row once. */
struct addresses {
	struct names absent;
	size_t n;
	char first[INET6_ADDRSTRLEN]; /* of the absent ones */
};

static void
look_for_addresses(const struct service_list *list, const struct kernel_network *network, struct addresses *ret)
{
	*ret = (struct addresses){ .n = 0 };
	for (size_t i = 0; i < list->n_services; i++) {
		const struct listed_service *service = &list->services[i];
		char text[INET6_ADDRSTRLEN];

		if (service->mark != 0 || (i > 0 && is_same_address(service, &list->services[i - 1])))
			continue;
		ret->n++;
		if (kernel_network_has_address(network, &service->addr))
			continue;
		inet_ntop(service->addr.family, &service->addr.ip, text, sizeof(text));
		if (ret->absent.n == 0)
			strcpy(ret->first, text);
		names_add(&ret->absent, "%s", text);
	}
}

static bool
keepalived_runs(const struct machine *machine)
{
	struct process found[KEEPALIVED_MAX];
	int n = processes_called(machine, "keepalived", found, KEEPALIVED_MAX);

	for (int i = 0; i < n; i++) {
		if (process_in_our_network(machine, found[i].pid))
			return true;
	}
	return false;
}

static void
find_addresses(const struct machine *machine, struct findings *findings, const struct kernel_network *network)
{
	struct addresses addresses;
	char all[NAMES_TEXT_MAX];

	look_for_addresses(machine->services, network, &addresses);
	if (addresses.absent.n == 0) {
		finding_add(findings, LEVEL_OK, "services: %zu; their addresses: %zu, all on this machine",
			    machine->services->n_services, addresses.n);
		return;
	}
	names_text(&addresses.absent, all);
	if (addresses.absent.n == addresses.n && keepalived_runs(machine)) {
		finding_add(findings, LEVEL_NOTE,
			    "the addresses of services are not on this machine, as on the standby of a pair: %s", all);
		finding_mend(findings, "ip -br address   # is the other director the master?");
		return;
	}
	finding_add(findings, LEVEL_WARN, "addresses of services that are on no interface of this machine: %s", all);
	finding_mend(findings, "ip address add %s/%d dev %s", addresses.first, strchr(addresses.first, ':') ? 128 : 32,
		     machine->config->ports[0].kernel);
}

static void
run(const struct machine *machine, struct findings *findings)
{
	const struct service_list *list = machine->services;
	struct kernel_network *network = NULL;
	int err;

	if (list->n_services == 0) {
		finding_add(findings, LEVEL_NOTE, "ipvsd has no services yet: keepalived or ipvsadm makes them");
		return;
	}
	if (machine->instance->process.pid > 0 && !process_in_our_network(machine, machine->instance->process.pid)) {
		finding_add(findings, LEVEL_NOTE,
			    "ipvsd is in another network namespace: addresses were not looked for");
		finding_mend(findings, "nsenter -t %d -n ipvsd doctor", machine->instance->process.pid);
		return;
	}
	err = kernel_network_read(&network);
	if (err < 0) {
		finding_add(findings, LEVEL_NOTE, "the kernel did not tell its addresses: %s", strerror(-err));
		return;
	}
	find_addresses(machine, findings, network);
	find_without_server(machine, findings);
	kernel_network_free(network);
}

const struct check check_services = {
	.name = "services",
	.needs_config = true,
	.needs_services = true,
	.run = run,
};
