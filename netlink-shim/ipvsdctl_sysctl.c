/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ipvsdctl sysctl: shows and sets what Linux has in /proc/sys/net/ipv4/vs, by the files of that name that ipvsd has.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control_connect.h"
#include "control_file.h"
#include "ipvsdctl.h"
#include "wire.h"

#define FOLDER "sys/net/ipv4/vs/"
#define DOTTED "net.ipv4.vs."

static int
complain(const char *name, int err)
{
	const char *why = err == -ENOENT       ? "no such knob; ipvsd-sysctl(7) lists them"
			  : err == -EINVAL     ? "not an allowed value; ipvsd-sysctl(7) has the ranges"
			  : err == -EOPNOTSUPP ? "ipvsd knows no other value; ipvsd-sysctl(7) says why"
					       : strerror(-err);

	fprintf(stderr, "ipvsdctl: sysctl %s: %s\n", name, why);
	return EXIT_FAILURE;
}

static int
print_text(void *arg, const void *text, size_t length)
{
	(void)arg;
	return fwrite(text, 1, length, stdout) == length ? 0 : -EIO;
}

/* FILE: below /proc. */
static int
show(const char *socket, const char *file)
{
	uint32_t mode;
	int err = control_file_mode(socket, file, &mode);

	if (err == 0) {
		printf(DOTTED "%s = ", file + strlen(FOLDER));
		err = control_file_read(socket, file, print_text, NULL);
	}
	return err;
}

struct names {
	char *files[256];
	size_t n;
};

static int
take_name(void *arg, const char *name)
{
	struct names *names = arg;

	if (strncmp(name, FOLDER, strlen(FOLDER)) != 0 || names->n == sizeof(names->files) / sizeof(names->files[0]))
		return 0;
	names->files[names->n] = strdup(name);
	return names->files[names->n++] ? 0 : -ENOMEM;
}

static int
show_all(const char *socket)
{
	struct names names = { .n = 0 };
	int err = control_file_list(socket, take_name, &names);

	for (size_t i = 0; i < names.n; i++) {
		if (err == 0)
			err = show(socket, names.files[i]);
		free(names.files[i]);
	}
	if (err == 0)
		return EXIT_SUCCESS;
	fprintf(stderr, "ipvsdctl: %s: %s (is ipvsd running?)\n", control_path(socket), strerror(-err));
	return EXIT_FAILURE;
}

/* NAME or NAME=VALUE. */
static int
do_one(const char *socket, const char *word)
{
	const char *name = strncmp(word, DOTTED, strlen(DOTTED)) == 0 ? word + strlen(DOTTED) : word;
	const char *value = strchr(name, '=');
	char file[IPVSX_FILE_NAME_MAX + 1];
	int length, err = -ENOENT;

	length = snprintf(file, sizeof(file), FOLDER "%.*s", value ? (int)(value - name) : (int)strlen(name), name);
	if (length >= 0 && (size_t)length < sizeof(file))
		err = value ? control_file_write(socket, file, value + 1, strlen(value + 1)) : 0;
	if (err == 0)
		err = show(socket, file);
	return err < 0 ? complain(word, err) : EXIT_SUCCESS;
}

int
sysctl_run(const struct options *options, int argc, char **argv)
{
	int status = EXIT_SUCCESS;

	if (argc == 0)
		return show_all(options->socket);
	for (int i = 0; i < argc; i++)
		if (do_one(options->socket, argv[i]) != EXIT_SUCCESS)
			status = EXIT_FAILURE;
	return status;
}
