/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which cache lines of the whole process a piece of code changed: an image of all memory before, compared with what is
 * there afterwards. The stack doesn't count, nor what the test says is its own.
 */
#ifndef WRITTEN_LINES_H
#define WRITTEN_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE 64

/* Addresses of lines, ascending. */
struct lines {
	uintptr_t *at;
	size_t n;
};

/* First thing in main(): begins the program again, with all functions bound. The dynamic linker would write down each one
 * at its first call. */
void lines_bind_now(char **argv);

/* Memory that is not looked at: the test's own. May be called again for more. */
void lines_ignore(const void *memory, size_t size);

/* Runs CODE(ARG) and adds the lines that it changed to LINES, which starts as zeros. */
void lines_written_by(void (*code)(void *arg), void *arg, struct lines *lines);
void lines_free(struct lines *lines);

bool lines_have(const struct lines *lines, const void *at);
/* Prints the lines that both have, with the mapping that each lies in. How many there are. */
size_t lines_in_both(const struct lines *a, const struct lines *b);

#endif
