/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See machine.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/cpu_list.h"
#include "doctor/findings.h"
#include "doctor/machine.h"

/* A path that is too long is none: no file of that name is there. */
static void
make_path(const struct machine *machine, char path[PATH_MAX], const char *format, va_list args)
{
	int length = snprintf(path, PATH_MAX, "%s", machine->root);

	if (length < PATH_MAX)
		length += vsnprintf(&path[length], (size_t)(PATH_MAX - length), format, args);
	if (length >= PATH_MAX)
		path[0] = '\0';
}

void
machine_path(const struct machine *machine, char path[PATH_MAX], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	make_path(machine, path, format, args);
	va_end(args);
}

static ssize_t
read_all(int fd, char *text, size_t size)
{
	size_t n = 0;

	while (n < size - 1) {
		ssize_t got = read(fd, &text[n], size - 1 - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

ssize_t
machine_read(const struct machine *machine, char *text, size_t size, const char *format, ...)
{
	CLEANUP(fd_close) int fd = -1;
	char path[PATH_MAX];
	ssize_t n;
	va_list args;

	text[0] = '\0';
	va_start(args, format);
	make_path(machine, path, format, args);
	va_end(args);
	/* A FIFO in the place of a file must not hold us up. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	n = read_all(fd, text, size);
	if (n < 0)
		return n;
	if (n > 0 && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	return n;
}

int
machine_number(const struct machine *machine, long *ret, const char *format, ...)
{
	char path[PATH_MAX], text[32], *end;
	ssize_t n;
	long number;
	va_list args;

	va_start(args, format);
	make_path(machine, path, format, args);
	va_end(args);
	n = machine_read(&(const struct machine){ .root = "" }, text, sizeof(text), "%s", path);
	if (n < 0)
		return (int)n;
	errno = 0;
	number = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		return -EINVAL;
	*ret = number;
	return 0;
}

int
machine_link(const struct machine *machine, char text[NAME_MAX + 1], const char *format, ...)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *last;
	ssize_t n;
	va_list args;

	va_start(args, format);
	make_path(machine, path, format, args);
	va_end(args);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	if (strlen(last) > NAME_MAX)
		return -ENAMETOOLONG;
	strcpy(text, last);
	return 0;
}

int
machine_access(const struct machine *machine, int mode, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;

	va_start(args, format);
	make_path(machine, path, format, args);
	va_end(args);
	return access(path, mode) == 0 ? 0 : -errno;
}

static int
is_name(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

int
machine_names(const struct machine *machine, struct dirent ***ret, const char *format, ...)
{
	char path[PATH_MAX];
	int n;
	va_list args;

	*ret = NULL;
	va_start(args, format);
	make_path(machine, path, format, args);
	va_end(args);
	n = scandir(path, ret, is_name, versionsort);
	return n < 0 ? 0 : n;
}

void
machine_names_free(struct dirent **names, int n)
{
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

void
machine_cpus(const struct machine *machine, cpu_set_t *ret, const char *format, ...)
{
	uint16_t cpus[CPU_LIST_MAX];
	char path[PATH_MAX], text[8192];
	int n = 0;
	va_list args;

	CPU_ZERO(ret);
	va_start(args, format);
	make_path(machine, path, format, args);
	va_end(args);
	if (machine_read(&(const struct machine){ .root = "" }, text, sizeof(text), "%s", path) > 0)
		n = cpu_list_parse(text, cpus);
	for (int i = 0; i < n; i++)
		CPU_SET(cpus[i], ret);
}

const char *
cpus_text(const cpu_set_t *cpus, char text[CPUS_TEXT_MAX])
{
	size_t length = 0;
	int first, last;

	text[0] = '\0';
	for (first = 0; first < CPU_SETSIZE && length < CPUS_TEXT_MAX; first = last + 1) {
		last = first;
		if (!CPU_ISSET(first, cpus))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, cpus))
			last++;
		length += (size_t)snprintf(&text[length], CPUS_TEXT_MAX - length, first < last ? "%s%d-%d" : "%s%d",
					   length > 0 ? "," : "", first, last);
	}
	return text;
}

int
machine_worker_cpus(const struct machine *machine, cpu_set_t *ret)
{
	const struct config_workers *workers = &machine->config->workers;
	uint16_t cpus[CPU_LIST_MAX];
	int n = workers->cpus ? cpu_list_parse(workers->cpus, cpus) : 0;

	CPU_ZERO(ret);
	if (n > (int)workers->count)
		n = (int)workers->count;
	for (int i = 0; i < n; i++)
		CPU_SET(cpus[i], ret);
	return n < 0 ? 0 : n;
}

/* A folder that may be entered is no program. */
static bool
is_program(const char *path)
{
	struct stat status;

	return access(path, X_OK) == 0 && stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

bool
machine_program(const struct machine *machine, const char *name, char path[PATH_MAX])
{
	static const char system[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	const char *own = machine->live ? getenv("PATH") : NULL;
	char folders[PATH_MAX], *rest = folders, *folder;

	snprintf(folders, sizeof(folders), "%s:%s", own ? own : "", system);
	while ((folder = strsep(&rest, ":")) != NULL) {
		if (folder[0] != '/')
			continue;
		machine_path(machine, path, "%s/%s", folder, name);
		if (path[0] != '\0' && is_program(path))
			return true;
	}
	return false;
}

void
mend_kernel_arguments(const struct machine *machine, struct findings *findings, const char *arguments)
{
	char path[PATH_MAX];

	if (machine_program(machine, "grubby", path))
		finding_mend(findings, "grubby --update-kernel=ALL --args='%s' && reboot", arguments);
	else if (machine_access(machine, F_OK, "/etc/default/grub") == 0)
		finding_mend(findings,
			     "sed -i 's/^GRUB_CMDLINE_LINUX=\"/&%s /' /etc/default/grub && update-grub && reboot",
			     arguments);
	else
		finding_mend(findings, "cat /proc/cmdline   # have the boot loader add to it: %s", arguments);
}

void
mend_package(const struct machine *machine, struct findings *findings, const char *package, const char *more)
{
	char path[PATH_MAX];

	finding_mend(findings, "%s install %s%s", machine_program(machine, "dnf", path) ? "dnf" : "apt-get", package,
		     more);
}

void
mend_config(const struct machine *machine, struct findings *findings, uint32_t line, const char *format, ...)
{
	char word[SHELL_WORD_MAX], at[16] = "", text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (line > 0)
		snprintf(at, sizeof(at), "+%u ", line);
	finding_mend(findings, "${EDITOR:-vi} %s%s   # %s", at, shell_word(machine->config_path, word), text);
}
