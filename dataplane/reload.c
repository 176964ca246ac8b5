/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config_file.h"
#include "control/control.h"
#include "core/cleanup.h"
#include "core/log.h"
#include "reload.h"

struct reload {
	const char *file;
	const struct config *running; /* what the workers and ports were made by */
};

CLEANUP_FUNCTION(config_free, struct config *)

int
reload_create(const char *file, const struct config *running, struct reload **ret)
{
	struct reload *reload = calloc(1, sizeof(*reload));

	if (!reload)
		return -ENOMEM;
	reload->file = file;
	reload->running = running;
	*ret = reload;
	return 0;
}

void
reload_destroy(struct reload *reload)
{
	free(reload);
}

/* The errors of the file, as config_load() says them, go to the log. */
static int
read_file(const struct reload *reload, struct config **ret)
{
	CLEANUP(free) void *text = NULL;
	char *line, *rest;
	size_t length;
	FILE *messages = open_memstream((char **)&text, &length);
	int err;

	if (!messages)
		return -ENOMEM;
	err = config_load(reload->file, ret, messages);
	if (fclose(messages) != 0 || !text)
		return err < 0 ? err : -ENOMEM;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		log_error("reload", "%s; the configuration stays as it was", line);
	return err;
}

static uint64_t
digest_of(const struct config *config, const char *section)
{
	for (uint32_t i = 0; i < config->n_sections; i++) {
		if (strcmp(config->sections[i].name, section) == 0)
			return config->sections[i].digest;
	}
	return 0;
}

static bool
can_change(const struct config *running, const struct config *config, const char *section)
{
	if (strcmp(section, "log") == 0)
		return running->log.syslog == config->log.syslog;
	return strcmp(section, "vs") == 0 || strcmp(section, "local_addresses") == 0;
}

static void
note(const struct config *running, const struct config *config, const char *section, FILE *out)
{
	if (!can_change(running, config, section) && digest_of(running, section) != digest_of(config, section))
		fprintf(out, "%s%s", ftell(out) > 0 ? ", " : "", section);
}

/* Names the sections that say something else than what runs, and must wait. */
static void
report_rest(const struct config *running, const struct config *config)
{
	char names[256] = "";
	FILE *out = fmemopen(names, sizeof(names), "w");

	if (!out)
		return;
	for (uint32_t i = 0; i < config->n_sections; i++)
		note(running, config, config->sections[i].name, out);
	for (uint32_t i = 0; i < running->n_sections; i++) {
		if (digest_of(config, running->sections[i].name) == 0)
			note(running, config, running->sections[i].name, out);
	}
	fclose(out);
	if (names[0] != '\0')
		log_warning("reload", "these sections have changed, and take effect when ipvsd is restarted: %s",
			    names);
}

int
reload_config(struct reload *reload, struct control *control)
{
	CLEANUP(config_free) struct config *config = NULL;
	int err = read_file(reload, &config);

	if (err == 0)
		err = control_reload(control, config);
	if (err < 0)
		return err;
	log_open(config->log.level, reload->running->log.syslog);
	log_info("reload", "%s was read again", reload->file);
	report_rest(reload->running, config);
	return 0;
}
