/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See findings.h. Texts come from files and processes of others, so nothing of them reaches a terminal or a shell as it
 * is.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/findings.h"

#define NAMES_SHOWN 5

static void
make_printable(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 127)
			*text = '?';
	}
}

static char *
print_to_string(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		return NULL;
	make_printable(text);
	return text;
}

void
finding_add(struct findings *findings, enum level level, const char *format, ...)
{
	struct finding *list = realloc(findings->list, (findings->n + 1) * sizeof(*list));
	va_list args;
	char *text;

	if (!list) {
		findings->incomplete = true;
		return;
	}
	findings->list = list;
	va_start(args, format);
	text = print_to_string(format, args);
	va_end(args);
	if (!text) {
		findings->incomplete = true;
		return;
	}
	list[findings->n++] = (struct finding){ .level = level, .check = findings->check, .text = text };
}

void
finding_mend(struct findings *findings, const char *format, ...)
{
	va_list args;

	if (findings->n == 0 || findings->incomplete)
		return;
	va_start(args, format);
	findings->list[findings->n - 1].mend = print_to_string(format, args);
	va_end(args);
	findings->incomplete = !findings->list[findings->n - 1].mend;
}

size_t
findings_count(const struct findings *findings, enum level level)
{
	size_t n = 0;

	for (size_t i = 0; i < findings->n; i++)
		n += findings->list[i].level == level;
	return n;
}

void
findings_print(const struct findings *findings, enum level least, FILE *out)
{
	static const char *const words[LEVELS] = { "ok", "note", "warn", "FAIL" };
	size_t warnings = findings_count(findings, LEVEL_WARN), failures = findings_count(findings, LEVEL_FAIL);

	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *found = &findings->list[i];

		if (found->level < least)
			continue;
		fprintf(out, "%-5s %-11s %s\n", words[found->level], found->check, found->text);
		if (found->mend)
			fprintf(out, "      mend: %s\n", found->mend);
	}
	fprintf(out, "%zu ok, %zu to note, %zu warning%s, %zu failure%s\n", findings_count(findings, LEVEL_OK),
		findings_count(findings, LEVEL_NOTE), warnings, plural(warnings), failures, plural(failures));
}

void
findings_free(struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		free(findings->list[i].text);
		free(findings->list[i].mend);
	}
	free(findings->list);
	*findings = (struct findings){ .n = 0 };
}

static bool
is_plain(const char *text)
{
	return *text != '\0' &&
	       text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@%+,-")] == '\0';
}

const char *
shell_word(const char *text, char word[SHELL_WORD_MAX])
{
	size_t n = 0;

	if (is_plain(text)) {
		snprintf(word, SHELL_WORD_MAX, "%s", text);
		return word;
	}
	word[n++] = '\'';
	/* Room is left for a quote, '\'' in the shell, and for the end. */
	for (; *text && n < SHELL_WORD_MAX - 6; text++) {
		if (*text == '\'')
			n = (size_t)(stpcpy(&word[n], "'\\''") - word);
		else
			word[n++] = *text;
	}
	word[n++] = '\'';
	word[n] = '\0';
	return word;
}

void
names_add(struct names *names, const char *format, ...)
{
	size_t length = strlen(names->text);
	va_list args;

	if (names->n++ >= NAMES_SHOWN)
		return;
	if (length > 0)
		length += (size_t)snprintf(&names->text[length], sizeof(names->text) - length, ", ");
	if (length >= sizeof(names->text))
		return;
	va_start(args, format);
	vsnprintf(&names->text[length], sizeof(names->text) - length, format, args);
	va_end(args);
}

const char *
names_text(const struct names *names, char text[NAMES_TEXT_MAX])
{
	if (names->n > NAMES_SHOWN)
		snprintf(text, NAMES_TEXT_MAX, "%s and %zu more", names->text, names->n - NAMES_SHOWN);
	else
		snprintf(text, NAMES_TEXT_MAX, "%s", names->text);
	return text;
}
