/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The section local_addresses of ipvsd.conf.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/address_range.h"
#include "control/config_laddrs.h"

#define GROUPS_MAX 256
#define GROUP_ADDRESSES_MAX 1024

/* Those from FIRST on, of the element WHERE. */
static void
check_addresses(struct config_reader *reader, const config_setting_t *where, const struct config_laddrs *laddrs,
		uint32_t first)
{
	char text[INET6_ADDRSTRLEN];

	for (uint32_t i = first; i < laddrs->n_addresses; i++) {
		const struct ip_addr *address = &laddrs->addresses[i];
		uint32_t same = 0;

		inet_ntop(address->family, &address->ip, text, sizeof(text));
		if (!address_is_host(address)) {
			config_complain(reader, where,
					"group \"%s\": %s can't be a host's own address on a network; name others",
					laddrs->name, text);
			return;
		}
		while (!ip_addr_equal(&laddrs->addresses[same], address))
			same++;
		if (same < i) {
			config_complain(reader, where, "group \"%s\": %s is there twice; leave it out once",
					laddrs->name, text);
			return;
		}
	}
}

static void
read_group_addresses(struct config_reader *reader, const config_setting_t *group, struct config_laddrs *laddrs)
{
	const config_setting_t *list = config_setting_get_member(group, "addresses");
	int n = list && config_setting_is_aggregate(list) ? config_setting_length(list) : 0;

	laddrs->addresses = calloc(GROUP_ADDRESSES_MAX, sizeof(*laddrs->addresses));
	if (n == 0 || !laddrs->addresses) {
		config_complain(
			reader, list ? list : group,
			"a list of addresses is needed, as in addresses = ( \"10.0.0.1-10.0.0.9\", \"fd00::1\" )");
		return;
	}
	for (int i = 0; i < n; i++) {
		const char *range = config_setting_get_string_elem(list, i);
		int got = range ? address_range_parse(range, laddrs->addresses + laddrs->n_addresses,
						      GROUP_ADDRESSES_MAX - laddrs->n_addresses)
				: -EINVAL;

		if (got > 0) {
			laddrs->n_addresses += (uint32_t)got;
			check_addresses(reader, config_setting_get_elem(list, (unsigned int)i), laddrs,
					laddrs->n_addresses - (uint32_t)got);
		} else if (got == -E2BIG)
			config_complain(reader, list, "more than %d addresses", GROUP_ADDRESSES_MAX);
		else if (got == -ERANGE)
			config_complain(reader, list, "\"%s\" runs backwards", range);
		else
			config_complain(reader, list,
					"element %d is no address or range; allowed: \"10.0.0.1\", "
					"\"10.0.0.1-10.0.0.9\", \"fd00::1\"",
					i + 1);
	}
}

/* "always", or "with-vip ADDRESS". */
static void
read_group_activation(struct config_reader *reader, const config_setting_t *group, struct config_laddrs *laddrs)
{
	static const char with_vip[] = "with-vip ";
	const config_setting_t *setting = config_setting_get_member(group, "active");
	const char *text = setting ? config_setting_get_string(setting) : NULL;

	if (!setting || (text && strcmp(text, "always") == 0))
		return;
	laddrs->with_vip = text && strncmp(text, with_vip, sizeof(with_vip) - 1) == 0 &&
			   address_parse(text + sizeof(with_vip) - 1, &laddrs->vip) == 0;
	if (!laddrs->with_vip)
		config_complain(reader, setting, "is not allowed; \"always\" or \"with-vip ADDRESS\"");
}

static void
check_group(struct config_reader *reader, const config_setting_t *setting, const struct config *config, uint32_t index)
{
	const struct config_laddrs *group = &config->laddrs[index];
	bool known = false;

	for (uint32_t i = 0; i < config->n_ports; i++)
		known |= strcmp(config->ports[i].name, group->port) == 0;
	if (!known)
		config_complain(reader, setting, "port \"%s\" is none of the ports", group->port);
	for (uint32_t i = 0; i < index; i++) {
		const struct config_laddrs *other = &config->laddrs[i];

		if (strcmp(other->name, group->name) == 0)
			config_complain(reader, setting, "the name \"%s\" is taken by the group of line %u",
					group->name, other->line);
		for (uint32_t a = 0; a < group->n_addresses; a++) {
			for (uint32_t b = 0; b < other->n_addresses; b++) {
				if (!ip_addr_equal(&group->addresses[a], &other->addresses[b]))
					continue;
				config_complain(reader, setting, "shares an address with the group of line %u",
						other->line);
				return;
			}
		}
	}
}

static void
read_group(struct config_reader *reader, const config_setting_t *group, struct config_laddrs *laddrs)
{
	static const char *const keys[] = { "name", "port", "addresses", "ports", "active", NULL };
	const config_setting_t *ports;

	laddrs->first_port = 1025;
	laddrs->last_port = UINT16_MAX;
	laddrs->line = config_setting_source_line(group);
	if (!config_keys(reader, group, keys))
		return;
	if (!config_setting_get_member(group, "name") || !config_setting_get_member(group, "port"))
		config_complain(reader, group, "name and port are needed");
	config_name(reader, group, "name", laddrs->name, sizeof(laddrs->name));
	config_name(reader, group, "port", laddrs->port, sizeof(laddrs->port));
	read_group_addresses(reader, group, laddrs);
	ports = config_setting_get_member(group, "ports");
	if (ports && (!config_setting_get_string(ports) ||
		      port_range_parse(config_setting_get_string(ports), &laddrs->first_port, &laddrs->last_port) < 0))
		config_complain(reader, ports, "is no range of ports; allowed: \"1-65535\" or part of it");
	read_group_activation(reader, group, laddrs);
}

void
config_read_laddrs(struct config_reader *reader, const config_setting_t *root, struct config *config)
{
	const config_setting_t *list = config_setting_get_member(root, "local_addresses");
	void *groups = NULL;

	if (!list)
		return;
	config->n_laddrs = config_groups(reader, list, GROUPS_MAX, sizeof(*config->laddrs), &groups);
	config->laddrs = groups;
	for (uint32_t i = 0; i < config->n_laddrs; i++) {
		read_group(reader, config_setting_get_elem(list, i), &config->laddrs[i]);
		check_group(reader, config_setting_get_elem(list, i), config, i);
	}
}
