/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A look at the text of the configuration itself, for what the library's tree doesn't show any more.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/config_scan.h"

enum place { IN_TEXT, IN_STRING, IN_LINE_COMMENT, IN_COMMENT };

struct scan {
	enum place place;
	int before; /* the character before, 0 at the start */
	char word[64]; /* letters and digits that hang together */
	size_t length;
	uint32_t line;
};

static void
end_word(struct scan *scan, struct config_reader *reader)
{
	char *end;
	long long value;

	scan->word[scan->length] = '\0';
	scan->length = 0;
	if (!isdigit((unsigned char)scan->word[0]))
		return;
	errno = 0;
	value = strtoll(scan->word, &end, 0);
	if (*end != '\0' || (errno == 0 && value <= INT32_MAX))
		return;
	fprintf(reader->messages, "%s:%u: %s: is too large for a plain number; write it as a string, as in \"4G\"\n",
		reader->path, scan->line, scan->word);
	reader->n_errors++;
}

static enum place
place_after(const struct scan *scan, int c, int next)
{
	switch (scan->place) {
	case IN_STRING:
		return c == '"' && scan->before != '\\' ? IN_TEXT : IN_STRING;
	case IN_LINE_COMMENT:
		return c == '\n' ? IN_TEXT : IN_LINE_COMMENT;
	case IN_COMMENT:
		return c == '/' && scan->before == '*' ? IN_TEXT : IN_COMMENT;
	default:
		if (c == '"')
			return IN_STRING;
		if (c == '#' || (c == '/' && next == '/'))
			return IN_LINE_COMMENT;
		return c == '/' && next == '*' ? IN_COMMENT : IN_TEXT;
	}
}

void
config_scan_integers(struct config_reader *reader)
{
	struct scan scan = { .place = IN_TEXT, .line = 1 };
	FILE *file = fopen(reader->path, "re");
	int c = file ? fgetc(file) : EOF, next;

	if (!file) {
		fprintf(reader->messages, "%s: %s\n", reader->path, strerror(errno));
		reader->n_errors++;
		return;
	}
	for (; c != EOF; scan.before = c, c = next) {
		bool in_word = scan.place == IN_TEXT && (isalnum(c) || c == '_' || c == '.');

		next = fgetc(file);
		if (in_word && scan.length < sizeof(scan.word) - 1)
			scan.word[scan.length++] = (char)c;
		else if (!in_word && scan.length > 0)
			end_word(&scan, reader);
		scan.place = place_after(&scan, c, next);
		scan.line += c == '\n';
	}
	if (scan.length > 0)
		end_word(&scan, reader);
	fclose(file);
}
