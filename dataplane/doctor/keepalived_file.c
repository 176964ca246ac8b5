/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See keepalived_file.h. The first word of a line, as keepalived.conf(5) has them; what follows ! or # is a comment.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/keepalived_file.h"

#define BLANKS " \t\r\n"

static void
read_line(char *line, struct keepalived_file *ret)
{
	char *rest = line, *word, *argument;

	line[strcspn(line, "!#")] = '\0';
	word = strtok_r(line, BLANKS, &rest);
	if (!word)
		return;
	argument = strtok_r(NULL, BLANKS, &rest);
	if (strcmp(word, "virtual_server") == 0 || strcmp(word, "virtual_server_group") == 0)
		ret->has_services = true;
	else if (strncmp(word, "include", 7) == 0)
		ret->has_include = true;
	else if (strcmp(word, "lvs_control_socket") == 0 && argument)
		snprintf(ret->socket, sizeof(ret->socket), "%s", argument);
}

int
keepalived_file_read(const char *path, struct keepalived_file *ret)
{
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	int err = 0;

	*ret = (struct keepalived_file){ .has_include = false };
	if (!in)
		return -errno;
	while (getline(&line, &room, in) >= 0)
		read_line(line, ret);
	if (ferror(in))
		err = -EIO;
	free(line);
	fclose(in);
	return err;
}
