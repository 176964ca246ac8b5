/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The group vs of ipvsd.conf: what /proc/sys/net/ipv4/vs begins with. A value is a number, true or false, or a string
 * with what would be written to the file.
 */
#include <stdio.h>
#include <string.h>

#include "control/config_knobs.h"

static void
read_knob(struct config_reader *reader, const config_setting_t *setting, const struct knob *knob, struct knobs *knobs)
{
	char number[32], allowed[160];
	const char *text = number;
	int err;

	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		snprintf(number, sizeof(number), "%lld", config_setting_get_int64(setting));
		break;
	case CONFIG_TYPE_BOOL:
		text = config_setting_get_bool(setting) ? "1" : "0";
		break;
	case CONFIG_TYPE_STRING:
		text = config_setting_get_string(setting);
		break;
	default:
		text = "";
		break;
	}
	err = knob_parse(knob, text, strlen(text), knob_values(knobs, knob));
	if (err == 0)
		return;
	knob_explain(knob, err, allowed, sizeof(allowed));
	config_complain(reader, setting, "%s", allowed);
}

void
config_read_knobs(struct config_reader *reader, const config_setting_t *root, struct knobs *knobs)
{
	const config_setting_t *group = config_setting_get_member(root, "vs");

	if (!group)
		return;
	if (!config_setting_is_group(group)) {
		config_complain(reader, group, "is not a group; write { ... }");
		return;
	}
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *setting = config_setting_get_elem(group, (unsigned int)i);
		const struct knob *knob = knob_by_name(config_setting_name(setting));

		if (knob)
			read_knob(reader, setting, knob, knobs);
		else
			config_complain(reader, setting, "no such knob; ipvsd-sysctl(7) lists them");
	}
}
