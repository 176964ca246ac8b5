/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See keepalived_file.h. The first words of a line, as keepalived.conf(5) has them; what follows ! or # is a comment.
 * Variables ($) and conditions (@) are keepalived's: what has some in it is not understood.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_common.h>

#include "core/cleanup.h"
#include "doctor/keepalived_file.h"

#define BLANKS " \t\r\n"
#define WORDS_MAX 4
#define DEPTH_MAX 8
/* More of them would only be counted. */
#define LIST_MAX (1u << 20)

struct reading {
	const struct machine *machine;
	struct keepalived_file *file;
	bool in_server; /* the last one of FILE->servers */
	char group[KEEPALIVED_NAME_MAX]; /* whose lines come, "": none's */
	int err;
};

/* Room for one more of N elements, at powers of two. */
static void *
grow(struct reading *reading, void *list, size_t n, size_t size)
{
	void *grown = list;

	if (n >= LIST_MAX)
		return NULL;
	if (n == 0 || (n & (n - 1)) == 0)
		grown = reallocarray(list, n == 0 ? 1 : 2 * n, size);
	if (!grown)
		reading->err = -ENOMEM;
	return grown;
}

/* ---- virtual servers ---- */

static bool
read_number(const char *text, unsigned long most, unsigned long *ret)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*ret = strtoul(text, &end, 10);
	return errno == 0 && *end == '\0' && *ret <= most;
}

/* "fwmark 7", "192.0.2.1 80", "192.0.2.1-9 80", "192.0.2.0/29", "2001:db8::1 80" */
static bool
read_address(char *first, const char *second, struct virtual_address *ret)
{
	unsigned long number = 0;

	*ret = (struct virtual_address){ .mark = 0 };
	if (strcmp(first, "fwmark") == 0) {
		if (!second || !read_number(second, UINT32_MAX, &number) || number == 0)
			return false;
		ret->mark = (uint32_t)number;
		return true;
	}
	if (second && strcmp(second, "{") != 0 && !read_number(second, UINT16_MAX, &number))
		return false;
	ret->port = (uint16_t)number;
	first[strcspn(first, "-/")] = '\0';
	ret->addr.family = strchr(first, ':') ? AF_INET6 : AF_INET;
	return inet_pton(ret->addr.family, first, &ret->addr.ip) == 1;
}

static void
begin_server(struct reading *reading, char **words)
{
	struct virtual_server server = { .protocol = IPPROTO_UDP }, *servers;
	struct keepalived_file *file = reading->file;

	file->has_services = true;
	reading->in_server = false;
	if (!words[1])
		return;
	if (strcmp(words[1], "group") == 0 && words[2])
		snprintf(server.group, sizeof(server.group), "%s", words[2]);
	else if (!read_address(words[1], words[2], &server.own))
		return;
	servers = grow(reading, file->servers, file->n_servers, sizeof(server));
	if (!servers)
		return;
	file->servers = servers;
	servers[file->n_servers++] = server;
	reading->in_server = true;
}

static void
read_in_server(struct virtual_server *server, char **words)
{
	static const struct {
		const char *name;
		uint8_t protocol;
	} protocols[] = { { "TCP", IPPROTO_TCP }, { "UDP", IPPROTO_UDP }, { "SCTP", IPPROTO_SCTP } };

	if (strcmp(words[0], "real_server") == 0)
		server->has_servers = true;
	if (strcmp(words[0], "protocol") != 0)
		return;
	server->protocol = 0;
	for (size_t i = 0; i < RTE_DIM(protocols) && words[1]; i++) {
		if (strcasecmp(words[1], protocols[i].name) == 0)
			server->protocol = protocols[i].protocol;
	}
	server->is_unsure |= server->protocol == 0;
}

static void
begin_group(struct reading *reading, char **words)
{
	reading->file->has_services = true;
	reading->in_server = false;
	if (words[1])
		snprintf(reading->group, sizeof(reading->group), "%s", words[1]);
}

static void
read_in_group(struct reading *reading, char **words)
{
	struct keepalived_file *file = reading->file;
	struct virtual_member member, *members;

	if (words[0][0] == '}') {
		reading->group[0] = '\0';
		return;
	}
	if (!read_address(words[0], words[1], &member.address))
		return;
	memcpy(member.group, reading->group, sizeof(member.group));
	members = grow(reading, file->members, file->n_members, sizeof(member));
	if (!members)
		return;
	file->members = members;
	members[file->n_members++] = member;
}

/* ---- lines and files ---- */

static void read_file(struct reading *reading, const char *path, int depth);

/* A pattern of the shell; a relative one begins in the folder of the file that has it. PATH: from our root. */
static void
include(struct reading *reading, const char *path, const char *pattern, int depth)
{
	char folder[PATH_MAX], whole[2 * PATH_MAX];
	glob_t found;

	if (pattern[0] == '/') {
		snprintf(whole, sizeof(whole), "%s%s", reading->machine->root, pattern);
	} else {
		snprintf(folder, sizeof(folder), "%s", path);
		snprintf(whole, sizeof(whole), "%s/%s", dirname(folder), pattern);
	}
	if (depth == DEPTH_MAX || glob(whole, GLOB_BRACE, NULL, &found) != 0) {
		reading->file->is_partial = true;
		return;
	}
	for (size_t i = 0; i < found.gl_pathc && reading->err == 0; i++)
		read_file(reading, found.gl_pathv[i], depth + 1);
	globfree(&found);
}

/* The first one counts. PATH: from our root. */
static void
read_socket(struct reading *reading, const char *path, const char *socket)
{
	struct keepalived_file *file = reading->file;

	if (file->socket[0] != '\0')
		return;
	snprintf(file->socket, sizeof(file->socket), "%s", socket);
	snprintf(file->socket_file, sizeof(file->socket_file), "%s", &path[strlen(reading->machine->root)]);
}

static void
read_words(struct reading *reading, const char *path, char **words, int depth)
{
	struct keepalived_file *file = reading->file;

	if (strncmp(words[0], "include", 7) == 0 && words[1])
		include(reading, path, words[1], depth);
	else if (strcmp(words[0], "virtual_server") == 0)
		begin_server(reading, words);
	else if (strcmp(words[0], "virtual_server_group") == 0)
		begin_group(reading, words);
	else if (strcmp(words[0], "lvs_control_socket") == 0 && words[1])
		read_socket(reading, path, words[1]);
	else if (strcmp(words[0], "nftables_ipvs") == 0)
		file->groups_are_marks = true;
	else if (reading->group[0] != '\0')
		read_in_group(reading, words);
	else if (reading->in_server)
		read_in_server(&file->servers[file->n_servers - 1], words);
}

/* $NAME stands for lines, @ID before a line for a condition; ~ repeats lines. */
static bool
is_beyond_us(const char *line)
{
	return line[0] == '$' || line[0] == '@' || line[0] == '~';
}

static void
read_line(struct reading *reading, const char *path, char *line, int depth)
{
	char *rest = line, *words[WORDS_MAX + 1] = { NULL };

	line[strcspn(line, "!#")] = '\0';
	line += strspn(line, BLANKS);
	if (is_beyond_us(line)) {
		if (strstr(line, "virtual_server")) {
			reading->file->has_services = true;
			reading->in_server = false;
		}
		if (reading->in_server)
			reading->file->servers[reading->file->n_servers - 1].is_unsure = true;
		return;
	}
	for (int i = 0; i < WORDS_MAX; i++) {
		words[i] = strtok_r(i == 0 ? line : NULL, BLANKS, &rest);
		if (!words[i])
			break;
	}
	if (words[0])
		read_words(reading, path, words, depth);
}

/* A backslash at its end joins a line with the next one. False at the end. */
static bool
next_line(FILE *in, char **line, size_t *room)
{
	CLEANUP(free) void *more = NULL;
	size_t more_room = 0;
	ssize_t length = getline(line, room, in), n;

	if (length < 0)
		return false;
	while (length >= 2 && strcmp(&(*line)[length - 2], "\\\n") == 0) {
		char *joined;

		n = getline((char **)&more, &more_room, in);
		if (n < 0)
			break;
		joined = realloc(*line, (size_t)(length + n) + 1);
		if (!joined)
			return false;
		*line = joined;
		*room = (size_t)(length + n) + 1;
		memcpy(&joined[length - 2], more, (size_t)n + 1);
		length += n - 2;
	}
	return true;
}

/* Neither a folder nor a FIFO, which would hold us up. */
static FILE *
open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	FILE *in = NULL;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		errno = EINVAL;
	else
		in = fdopen(fd, "r");
	if (!in)
		close(fd);
	return in;
}

static void
read_file(struct reading *reading, const char *path, int depth)
{
	FILE *in = open_file(path);
	char *line = NULL;
	size_t room = 0;

	if (!in) {
		if (depth == 0)
			reading->err = -errno;
		reading->file->is_partial = true;
		return;
	}
	while (reading->err == 0 && next_line(in, &line, &room))
		read_line(reading, path, line, depth);
	if (ferror(in) && depth == 0)
		reading->err = -EIO;
	free(line);
	fclose(in);
}

int
keepalived_file_read(const struct machine *machine, const char *path, struct keepalived_file *ret)
{
	struct reading reading = { .machine = machine, .file = ret };
	char from_root[PATH_MAX];

	*ret = (struct keepalived_file){ .has_services = false };
	machine_path(machine, from_root, "%s", path);
	read_file(&reading, from_root, 0);
	return reading.err;
}

void
keepalived_file_free(struct keepalived_file *file)
{
	free(file->servers);
	free(file->members);
	*file = (struct keepalived_file){ .has_services = false };
}
