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

#define STAYS "; the configuration stays as it was"

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
report_rest(const struct config *running, const struct config *config, FILE *messages)
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
		fprintf(messages, "these sections have changed, and take effect when ipvsd is restarted: %s\n", names);
}

/* What was checked by who asks must be what is read here. */
static int
check_file(const struct reload *reload, const char *asked, FILE *messages)
{
	CLEANUP(free) void *memory = NULL;
	char *resolved;
	const char *own;

	if (!asked)
		return 0;
	memory = resolved = realpath(reload->file, NULL);
	if (!resolved || strcmp(resolved, asked) == 0)
		return resolved || errno != ENOMEM ? 0 : -ENOMEM;
	own = reload->file[0] == '/' ? reload->file : resolved;
	fprintf(messages, "%s: ipvsd was started with -c %s: ipvsd reload -c %s\n", asked, own, own);
	return -EINVAL;
}

static int
take_config(const struct reload *reload, struct control *control, const char *asked, FILE *messages)
{
	CLEANUP(config_free) struct config *config = NULL;
	int err = check_file(reload, asked, messages);

	if (err == 0)
		err = config_load(reload->file, &config, messages);
	if (err == 0)
		err = control_reload(control, config, messages);
	if (err < 0)
		return err;
	log_set_level(config->log.level);
	log_info("reload", "%s was read again", reload->file);
	report_rest(reload->running, config, messages);
	return 0;
}

static void
log_messages(const char *messages, int err)
{
	while (*messages != '\0') {
		int length = (int)strcspn(messages, "\n");

		if (err < 0)
			log_error("reload", "%.*s" STAYS, length, messages);
		else
			log_warning("reload", "%.*s", length, messages);
		messages += length + (messages[length] == '\n');
	}
}

int
reload_config(struct reload *reload, struct control *control, const char *asked, char **ret_messages)
{
	size_t length;
	FILE *messages;
	int err;

	*ret_messages = NULL;
	messages = open_memstream(ret_messages, &length);
	err = messages ? take_config(reload, control, asked, messages) : -ENOMEM;
	if (messages)
		fclose(messages);
	if (*ret_messages && **ret_messages != '\0')
		log_messages(*ret_messages, err);
	else if (err < 0)
		log_error("reload", "%s: %s" STAYS, reload->file, strerror(-err));
	return err;
}
