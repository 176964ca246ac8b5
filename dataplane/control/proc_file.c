/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See proc_file.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "control/proc_file.h"

static const struct proc_file *const files[] = {
	&proc_services, &proc_conns, &proc_conns_sync, &proc_stats, &proc_stats_percpu, &proc_apps,
};

const struct proc_file *
proc_file_at(uint64_t position)
{
	const uint64_t n = sizeof(files) / sizeof(files[0]);

	if (position < n)
		return files[position];
	return position - n < KNOB_COUNT ? &proc_knobs[position - n] : NULL;
}

const struct proc_file *
proc_file_by_name(const char *name)
{
	const struct proc_file *file;

	for (uint64_t i = 0; (file = proc_file_at(i)) != NULL; i++)
		if (strcmp(file->name, name) == 0)
			return file;
	return NULL;
}

void
proc_print(struct proc_text *text, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text->at, text->room, format, args);
	va_end(args);
	if (length < 0 || text->room == 0)
		return;
	if ((uint32_t)length >= text->room)
		length = (int)text->room - 1;
	text->at += length;
	text->room -= (uint32_t)length;
}

void
proc_print_address(struct proc_text *text, uint16_t family, const union ip_bits *address)
{
	if (family == AF_INET) {
		proc_print(text, "%08X", rte_be_to_cpu_32(address->v4));
		return;
	}
	for (int i = 0; i < 16; i += 2)
		proc_print(text, "%s%02x%02x", i == 0 ? "" : ":", address->bytes[i], address->bytes[i + 1]);
}

void
proc_print_protocol(struct proc_text *text, uint32_t protocol, int width)
{
	static const struct {
		uint32_t number;
		const char *name;
	} names[] = { { 0, "IP" }, { 1, "ICMP" }, { 6, "TCP" }, { 17, "UDP" }, { 58, "ICMPv6" }, { 132, "SCTP" } };
	char other[16];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == protocol) {
			proc_print(text, "%-*s", width, names[i].name);
			return;
		}
	snprintf(other, sizeof(other), "IP_%u", protocol);
	proc_print(text, "%-*s", width, other);
}
