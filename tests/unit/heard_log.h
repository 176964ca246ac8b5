/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the code under test says in the log, which goes to stderr.
 */
#ifndef HEARD_LOG_H
#define HEARD_LOG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

struct heard {
	FILE *file;
	int shown; /* where it goes otherwise */
	char text[512];
};

static inline void
heard_begin(struct heard *heard)
{
	heard->file = tmpfile();
	heard->shown = dup(STDERR_FILENO);
	assert_non_null(heard->file);
	assert_true(dup2(fileno(heard->file), STDERR_FILENO) >= 0);
}

/* The first of it is in TEXT now. */
static inline void
heard_end(struct heard *heard)
{
	size_t length;

	assert_true(dup2(heard->shown, STDERR_FILENO) >= 0);
	close(heard->shown);
	rewind(heard->file);
	length = fread(heard->text, 1, sizeof(heard->text) - 1, heard->file);
	heard->text[length] = '\0';
	fclose(heard->file);
}

#endif
