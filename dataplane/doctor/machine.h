/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The machine that is looked at, as its /proc, /sys, /dev and /etc show it: this one, or one whose files lie in a
 * folder. Paths are given from the machine's root, with a leading slash.
 */
#ifndef DOCTOR_MACHINE_H
#define DOCTOR_MACHINE_H

#include <dirent.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/config.h"

struct findings;
struct instance;
struct service_list;

struct machine {
	const char *root; /* "" for this machine */
	bool live; /* it is this machine: its kernel, its ipvsd and its programs can be asked */
	const char *config_path; /* from our root, not the machine's */
	const struct config *config; /* NULL: not to be had, and CONFIG_ERR says why */
	int config_err;
	const char *config_errors; /* what config_load() said, lines */
	cpu_set_t cpus; /* that a program may use */
	const struct instance *instance; /* the ipvsd of this configuration */
	const struct service_list *services; /* what it told; NULL: nothing */
};

/* A check: looks at one concern and adds what it finds. */
struct check {
	const char *name;
	bool needs_config, needs_live, needs_services; /* else it is not asked */
	void (*run)(const struct machine *machine, struct findings *findings);
};

/* Up to SIZE - 1 bytes and a NUL, without a newline at the end. Returns the length, or -errno. */
ssize_t machine_read(const struct machine *machine, char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* A decimal number that is all of a file. 0 or -errno. */
int machine_number(const struct machine *machine, long *ret, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The last part of what a symbolic link leads to. 0 or -errno. */
int machine_link(const struct machine *machine, char text[NAME_MAX + 1], const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* 0, or why it can't be used in this way (access(2)): -ENOENT, -EACCES... */
int machine_access(const struct machine *machine, int mode, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The names in a folder in order, "." and ".." left out; how many, 0 if it can't be read. For machine_names_free(). */
int machine_names(const struct machine *machine, struct dirent ***ret, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void machine_names_free(struct dirent **names, int n);

/* The path as a program of this machine sees it. */
void machine_path(const struct machine *machine, char path[PATH_MAX], const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A list of CPUs that is all of a file; empty if it can't be read. */
void machine_cpus(const struct machine *machine, cpu_set_t *ret, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* "0-3,8" */
#define CPUS_TEXT_MAX 256
const char *cpus_text(const cpu_set_t *cpus, char text[CPUS_TEXT_MAX]);
/* The CPUs of the workers, each with its own; how many, 0 if they are not pinned. */
int machine_worker_cpus(const struct machine *machine, cpu_set_t *ret);

/* Where the program NAME is found, as by a shell with the folders of the system; false if nowhere. */
bool machine_program(const struct machine *machine, const char *name, char path[PATH_MAX]);

/* Adds the command that has the kernel started with ARGUMENTS. */
void mend_kernel_arguments(const struct machine *machine, struct findings *findings, const char *arguments);
/* Adds the command that installs a package of ipvsd's; MORE: another way, or "". */
void mend_package(const struct machine *machine, struct findings *findings, const char *package, const char *more);
/* Adds the command that opens the configuration at LINE, 0 for no line in particular, for what is to be done there. */
void mend_config(const struct machine *machine, struct findings *findings, uint32_t line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
