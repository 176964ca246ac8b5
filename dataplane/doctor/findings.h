/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the doctor found: a level, the check that found it, one line, and for what is wrong a command that mends it.
 */
#ifndef DOCTOR_FINDINGS_H
#define DOCTOR_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum level {
	LEVEL_OK,
	LEVEL_NOTE, /* worth knowing, and nothing is wrong; or what could not be seen */
	LEVEL_WARN, /* ipvsd works, but worse than it could, or not for all */
	LEVEL_FAIL, /* ipvsd does not start, or does not do its work */
	LEVELS,
};

struct finding {
	enum level level;
	const char *check; /* constant */
	char *text, *mend; /* owned; MEND is NULL if there is nothing to do */
};

struct findings {
	const char *check; /* whose findings come next; constant */
	struct finding *list;
	size_t n;
	bool incomplete; /* memory ran out */
};

/* Adds a line. Bytes that a terminal would obey are replaced. */
void finding_add(struct findings *findings, enum level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The command for the finding that was added last. */
void finding_mend(struct findings *findings, const char *format, ...) __attribute__((format(printf, 2, 3)));

size_t findings_count(const struct findings *findings, enum level level);
/* Those of LEAST and above, then a line that counts all. */
void findings_print(const struct findings *findings, enum level least, FILE *out);
void findings_free(struct findings *findings);

/* The end of a noun: "s", unless there is one of it. */
static inline const char *
plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* TEXT as one word of a shell command, in WORD. */
#define SHELL_WORD_MAX 512
const char *shell_word(const char *text, char word[SHELL_WORD_MAX]);

/* Names in a sentence: the first few, then how many more there are. */
struct names {
	size_t n;
	char text[256];
};
void names_add(struct names *names, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "a, b and 3 more" */
#define NAMES_TEXT_MAX 288
const char *names_text(const struct names *names, char text[NAMES_TEXT_MAX]);

#endif
