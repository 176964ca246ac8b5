/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ipvsd-proc: keeps the files that the kernel's IPVS has below /proc in a folder, for programs that can be told where
 * /proc is. Each file is replaced as a whole, so that a reader sees one state of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control_connect.h"
#include "control_file.h"

#define FILES_MAX 128
#define INTERVAL_MIN_S 0.1
#define INTERVAL_MAX_S 86400

struct export
{
	const char *socket;
	int folder;
	bool conns; /* the lists of connections, too */
	double interval_s;
	char *names[FILES_MAX]; /* written by now */
	uint32_t n_names;
	int last_error; /* told to the user */
};

static void
usage(FILE *to)
{
	fprintf(to, "Usage: ipvsd-proc [-1c] [-i SECONDS] [-s SOCKET] FOLDER\n"
		    "\n"
		    "  -1  once, not again and again\n"
		    "  -c  the lists of connections, too\n"
		    "  -i  how often; 1\n"
		    "  -s  ipvsd's control socket\n"
		    "\n"
		    "See ipvsd-proc(1).\n");
}

/* The folders that NAME's file is in. */
static int
make_folders(const struct export *export, const char *name)
{
	char path[256];

	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(path, sizeof(path), "%.*s", (int)(slash - name), name);
		if (mkdirat(export->folder, path, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int
write_text(void *arg, const void *text, size_t length)
{
	return fwrite(text, 1, length, arg) == length ? 0 : -errno;
}

/* Under another name first. A link that somebody put there is not followed. */
static int
write_file(const struct export *export, const char *name)
{
	char new[256];
	FILE *stream;
	int fd, err;

	snprintf(new, sizeof(new), "%s.new", name);
	err = make_folders(export, name);
	if (err < 0)
		return err;
	if (unlinkat(export->folder, new, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(export->folder, new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	stream = fd < 0 ? NULL : fdopen(fd, "w");
	if (!stream) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	err = control_file_read(export->socket, name, write_text, stream);
	if (fclose(stream) == EOF && err == 0)
		err = -errno;
	if (err == 0 && renameat(export->folder, new, export->folder, name) < 0)
		err = -errno;
	if (err < 0)
		unlinkat(export->folder, new, 0);
	return err;
}

static int
take_name(void *arg, const char *name)
{
	struct export *export = arg;

	/* what is there to be written would do nothing in a copy */
	if (strncmp(name, "sys/", strlen("sys/")) == 0)
		return 0;
	if (!export->conns && strncmp(name, "net/ip_vs_conn", strlen("net/ip_vs_conn")) == 0)
		return 0;
	/* it comes from another program, and becomes a path */
	if (strstr(name, "..") || *name == '/' || export->n_names == FILES_MAX)
		return -EIO;
	export->names[export->n_names] = strdup(name);
	return export->names[export->n_names++] ? 0 : -ENOMEM;
}

static void
forget_names(struct export *export)
{
	while (export->n_names > 0)
		free(export->names[--export->n_names]);
}

/* What is not kept up to date must not look as if it were. */
static void
remove_files(struct export *export)
{
	for (uint32_t i = 0; i < export->n_names; i++)
		if (export->names[i] && unlinkat(export->folder, export->names[i], 0) < 0 && errno != ENOENT)
			fprintf(stderr, "ipvsd-proc: %s can't be removed: %s\n", export->names[i], strerror(errno));
	forget_names(export);
}

static int
write_all(struct export *export)
{
	int err = export->n_names > 0 ? 0 : control_file_list(export->socket, take_name, export);

	for (uint32_t i = 0; err == 0 && i < export->n_names; i++)
		err = write_file(export, export->names[i]);
	if (err < 0)
		remove_files(export);
	if (err < 0 && err != export->last_error)
		fprintf(stderr, "ipvsd-proc: %s: %s; the files are removed until ipvsd can be read\n",
			control_path(export->socket), strerror(-err));
	if (err == 0 && export->last_error != 0)
		fprintf(stderr, "ipvsd-proc: %s: reading again\n", control_path(export->socket));
	export->last_error = err;
	return err;
}

/* Until a signal says so. */
static int
keep_writing(struct export *export)
{
	struct pollfd wait = { .events = POLLIN };
	int ready = 0;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || (wait.fd = signalfd(-1, &set, SFD_CLOEXEC)) < 0) {
		perror("ipvsd-proc: signalfd");
		return EXIT_FAILURE;
	}
	while (ready <= 0) {
		write_all(export);
		ready = poll(&wait, 1, (int)(export->interval_s * 1000));
		if (ready < 0 && errno != EINTR) {
			perror("ipvsd-proc: poll");
			return EXIT_FAILURE;
		}
	}
	remove_files(export);
	return EXIT_SUCCESS;
}

static bool
parse_interval(const char *text, double *ret)
{
	char *end;

	*ret = strtod(text, &end);
	return end != text && *end == '\0' && *ret >= INTERVAL_MIN_S && *ret <= INTERVAL_MAX_S;
}

int
main(int argc, char **argv)
{
	struct export export = { .interval_s = 1 };
	bool once = false;
	int option, status;

	while ((option = getopt(argc, argv, "1ci:s:h")) != -1) {
		if (option == '1') {
			once = true;
		} else if (option == 'c') {
			export.conns = true;
		} else if (option == 's') {
			export.socket = optarg;
		} else if (option == 'i') {
			if (!parse_interval(optarg, &export.interval_s)) {
				fprintf(stderr, "ipvsd-proc: -i %s: not a number of seconds from %g to %d\n", optarg,
					INTERVAL_MIN_S, INTERVAL_MAX_S);
				return 2;
			}
		} else {
			usage(option == 'h' ? stdout : stderr);
			return option == 'h' ? EXIT_SUCCESS : 2;
		}
	}
	if (optind + 1 != argc) {
		usage(stderr);
		return 2;
	}
	export.folder = open(argv[optind], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (export.folder < 0) {
		fprintf(stderr, "ipvsd-proc: %s: %s\n", argv[optind], strerror(errno));
		return EXIT_FAILURE;
	}
	if (once)
		status = write_all(&export) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	else
		status = keep_writing(&export);
	forget_names(&export);
	close(export.folder);
	return status;
}
