/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A machine for the doctor: a folder with as much of /proc, /sys, /dev and /etc as a test puts there, and a
 * configuration. Findings are asked for by their level and words.
 */
#ifndef FAKE_MACHINE_H
#define FAKE_MACHINE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/config_file.h"
#include "doctor/checks.h"
#include "doctor/findings.h"
#include "doctor/instance.h"
#include "doctor/service_list.h"

struct fake_machine {
	char root[64], config_path[96];
	struct machine machine;
	struct instance instance;
	struct service_list services;
	struct config *config;
	struct findings findings;
};

static inline int
fake_setup(void **state)
{
	struct fake_machine *fake = calloc(1, sizeof(*fake));

	if (!fake)
		return -1;
	strcpy(fake->root, "/tmp/ipvsd-doctor-XXXXXX");
	if (!mkdtemp(fake->root))
		return -1;
	snprintf(fake->config_path, sizeof(fake->config_path), "%s/ipvsd.conf", fake->root);
	fake->machine = (struct machine){ .root = fake->root, .config_path = fake->config_path };
	fake->machine.instance = &fake->instance;
	*state = fake;
	return 0;
}

static inline int
fake_teardown(void **state)
{
	struct fake_machine *fake = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", fake->root);
	config_free(fake->config);
	findings_free(&fake->findings);
	if (system(command) != 0)
		return -1;
	free(fake);
	return 0;
}

static inline void
make_folders(const char *path)
{
	char folder[512];

	snprintf(folder, sizeof(folder), "%s", path);
	for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(folder, 0755);
		*slash = '/';
	}
}

/* LENGTH bytes, for what has a NUL in it. */
static inline void
there_are_bytes(struct fake_machine *fake, const char *path, const char *bytes, size_t length)
{
	char name[512];
	FILE *out;

	snprintf(name, sizeof(name), "%s%s", fake->root, path);
	make_folders(name);
	out = fopen(name, "we");
	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, length, out), length);
	assert_int_equal(fclose(out), 0);
}

static inline void
there_is(struct fake_machine *fake, const char *path, const char *text)
{
	there_are_bytes(fake, path, text, strlen(text));
}

static inline void
there_is_folder(struct fake_machine *fake, const char *path)
{
	char name[512];

	snprintf(name, sizeof(name), "%s%s/", fake->root, path);
	make_folders(name);
}

static inline void
there_is_link(struct fake_machine *fake, const char *path, const char *target)
{
	char name[512];

	snprintf(name, sizeof(name), "%s%s", fake->root, path);
	make_folders(name);
	(void)unlink(name);
	assert_int_equal(symlink(target, name), 0);
}

static inline void
there_is_not(struct fake_machine *fake, const char *path)
{
	char name[512];

	snprintf(name, sizeof(name), "%s%s", fake->root, path);
	assert_int_equal(unlink(name), 0);
}

/* Must be good. */
static inline void
configure(struct fake_machine *fake, const char *text)
{
	there_is(fake, "/ipvsd.conf", text);
	config_free(fake->config);
	fake->config = NULL;
	assert_int_equal(config_load(fake->config_path, &fake->config, stderr), 0);
	fake->machine.config = fake->config;
}

static inline void
use_cpus(struct fake_machine *fake, const char *list)
{
	there_is(fake, "/sys/devices/system/cpu/online", list);
	machine_cpus(&fake->machine, &fake->machine.cpus, "/sys/devices/system/cpu/online");
}

static inline void
ask(struct fake_machine *fake, const struct check *check)
{
	findings_free(&fake->findings);
	fake->findings.check = check->name;
	check->run(&fake->machine, &fake->findings);
	/* Whatever is wrong comes with a command. */
	for (size_t i = 0; i < fake->findings.n; i++) {
		if (fake->findings.list[i].level >= LEVEL_WARN)
			assert_non_null(fake->findings.list[i].mend);
	}
}

/* One finding of that level with these words; and these in its command, unless NULL. */
static inline void
found(const struct fake_machine *fake, enum level level, const char *words, const char *mend)
{
	for (size_t i = 0; i < fake->findings.n; i++) {
		const struct finding *finding = &fake->findings.list[i];

		if (finding->level != level || !strstr(finding->text, words))
			continue;
		if (!mend || (finding->mend && strstr(finding->mend, mend)))
			return;
	}
	findings_print(&fake->findings, LEVEL_OK, stderr);
	fail_msg("not found: \"%s\", to be mended by \"%s\"", words, mend ? mend : "");
}

static inline void
nothing_is_wrong(const struct fake_machine *fake)
{
	if (findings_count(&fake->findings, LEVEL_WARN) + findings_count(&fake->findings, LEVEL_FAIL) == 0)
		return;
	findings_print(&fake->findings, LEVEL_OK, stderr);
	fail_msg("something is wrong");
}

/* A process of root's. WORDS: its command line, with a NUL after each. */
#define there_is_process(fake, pid, parent, name, words) \
	there_is_process_of((fake), (pid), (parent), (name), (words), sizeof(words))

static inline void
there_is_process_of(struct fake_machine *fake, int pid, int parent, const char *name, const char *words, size_t length)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	snprintf(text, sizeof(text), "%s\n", name);
	there_is(fake, path, text);
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	snprintf(text, sizeof(text), "%d (%s) S %d 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 1000 9 9\n", pid, name,
		 parent);
	there_is(fake, path, text);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	there_is(fake, path, "Name:\tx\nUid:\t0\t0\t0\t0\n");
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	there_are_bytes(fake, path, words, length);
}

#endif
