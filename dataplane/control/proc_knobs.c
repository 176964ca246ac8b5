/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * /proc/sys/net/ipv4/vs: a file a knob (core/knobs.h), read and written as the kernel's.
 */
#include <string.h>

#include "control/proc_file.h"

#define FOLDER "sys/net/ipv4/vs/"

static const struct knob *
knob_of(const struct proc_file *file)
{
	return knob_by_name(file->name + strlen(FOLDER));
}

static int
knob_line(struct proc_reader *reader, struct proc_text *text)
{
	const struct knob *knob = knob_of(reader->file);
	const int32_t *values = knob_values(&reader->model->knobs, knob);

	if (reader->line > 0)
		return 0;
	for (uint32_t i = 0; i < knob->n; i++)
		proc_print(text, "%s%d", i > 0 ? "\t" : "", values[i]);
	proc_print(text, "\n");
	return 1;
}

static int
knob_write(struct ipvs_model *model, const struct proc_file *file, const char *text, size_t length)
{
	return ipvs_knob_write(model, knob_of(file), text, length);
}

const struct proc_file proc_knobs[KNOB_COUNT] = {
#define X(member, ...) { .name = FOLDER #member, .mode = 0644, .line = knob_line, .write = knob_write },
	KNOBS(X)
#undef X
};
