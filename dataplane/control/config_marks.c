/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The section marks of ipvsd.conf: rules that give packets the marks of services by mark.
 */
#include <netinet/in.h>
#include <string.h>

#include "control/address_range.h"
#include "control/config_marks.h"

#define MARKS_MAX 4096

static void
read_prefix(struct config_reader *reader, const config_setting_t *group, const char *key, struct ip_addr *ret,
	    uint8_t *ret_length)
{
	const config_setting_t *setting = config_setting_get_member(group, key);
	const char *text = setting ? config_setting_get_string(setting) : NULL;

	if (setting && (!text || prefix_parse(text, ret, ret_length) < 0))
		config_complain(
			reader, setting,
			"is no prefix; allowed: \"192.0.2.0/24\", \"2001:db8::/64\", or an address, without bits set "
			"behind the prefix");
}

static void
read_range(struct config_reader *reader, const config_setting_t *group, const char *key, uint16_t *ret_first,
	   uint16_t *ret_last)
{
	const config_setting_t *setting = config_setting_get_member(group, key);
	const char *text = setting ? config_setting_get_string(setting) : NULL;
	long long one = setting ? config_setting_get_int64(setting) : 0;

	*ret_first = 0;
	*ret_last = UINT16_MAX;
	if (setting && !text && one >= 1 && one <= UINT16_MAX)
		*ret_first = *ret_last = (uint16_t)one;
	else if (setting && (!text || port_range_parse(text, ret_first, ret_last) < 0))
		config_complain(reader, setting, "is no range of ports; allowed: 80, \"1-65535\" or part of it");
}

static void
read_protocol(struct config_reader *reader, const config_setting_t *group, uint8_t *ret)
{
	static const char *const names[] = { "any", "tcp", "udp", "sctp", "icmp", "icmpv6", NULL };
	static const uint8_t numbers[] = { 0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP, IPPROTO_ICMPV6 };
	int choice = 0;

	config_word(reader, group, "protocol", names, &choice);
	*ret = numbers[choice];
}

static void
check_port(struct config_reader *reader, const config_setting_t *group, const struct config *config, const char *key,
	   const char *name)
{
	bool known = name[0] == '\0';

	for (uint32_t i = 0; i < config->n_ports; i++)
		known |= strcmp(config->ports[i].name, name) == 0;
	if (!known)
		config_complain(reader, group, "%s \"%s\" is none of the ports", key, name);
}

static void
check_mark(struct config_reader *reader, const config_setting_t *group, const struct config *config,
	   const struct config_mark *mark)
{
	check_port(reader, group, config, "port", mark->port);
	check_port(reader, group, config, "out_port", mark->out_port);
	if (mark->source.family && mark->destination.family && mark->source.family != mark->destination.family)
		config_complain(reader, group, "source and destination are of two families: no packet has both");
}

static void
read_mark(struct config_reader *reader, const config_setting_t *group, const struct config *config,
	  struct config_mark *mark)
{
	static const char *const keys[] = { "mark",  "protocol", "source",   "destination", "source_ports",
					    "ports", "port",	 "out_port", NULL };

	mark->line = config_setting_source_line(group);
	if (!config_keys(reader, group, keys))
		return;
	if (!config_setting_get_member(group, "mark"))
		config_complain(reader, group, "mark is needed, as in mark = 1");
	config_number(reader, group, "mark", 1, UINT32_MAX, &mark->mark);
	read_protocol(reader, group, &mark->protocol);
	read_prefix(reader, group, "source", &mark->source, &mark->source_length);
	read_prefix(reader, group, "destination", &mark->destination, &mark->destination_length);
	read_range(reader, group, "source_ports", &mark->first_source_port, &mark->last_source_port);
	read_range(reader, group, "ports", &mark->first_port, &mark->last_port);
	config_name(reader, group, "port", mark->port, sizeof(mark->port));
	config_name(reader, group, "out_port", mark->out_port, sizeof(mark->out_port));
	check_mark(reader, group, config, mark);
}

void
config_read_marks(struct config_reader *reader, const config_setting_t *root, struct config *config)
{
	const config_setting_t *list = config_setting_get_member(root, "marks");
	void *marks = NULL;

	if (!list)
		return;
	config->n_marks = config_groups(reader, list, MARKS_MAX, sizeof(*config->marks), &marks);
	config->marks = marks;
	for (uint32_t i = 0; i < config->n_marks; i++)
		read_mark(reader, config_setting_get_elem(list, i), config, &config->marks[i]);
}
