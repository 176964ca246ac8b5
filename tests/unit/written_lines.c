/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The image is made without malloc, which would change what is looked at. Pages that were never used are not in it: of
 * anonymous memory they are zeros.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "written_lines.h"

#define PAGE ((size_t)4096)
#define IMAGE_PAGES ((size_t)1 << 18)
#define CHANGED_MAX ((size_t)1 << 20)
#define RANGES_MAX 4096
#define IGNORED_MAX 64
#define PRESENT ((uint64_t)3 << 62) /* in memory or in swap: Documentation/admin-guide/mm/pagemap.rst */

struct range {
	uintptr_t from, to;
	bool zeros; /* what is not there yet reads as zeros */
};

/* All that the comparison needs, in one mapping that it passes over. */
struct image {
	char maps[1 << 20];
	struct range ranges[RANGES_MAX];
	size_t n_ranges, n_pages, n_changed;
	uintptr_t address[IMAGE_PAGES]; /* ascending */
	uintptr_t changed[CHANGED_MAX];
	uint8_t copy[IMAGE_PAGES][PAGE];
};

static struct image *image;
static int pagemap = -1, maps = -1;
static struct range ignored[IGNORED_MAX];
static size_t n_ignored;

static void
start(void)
{
	if (image)
		return;
	image = mmap(NULL, sizeof(*image), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(image, MAP_FAILED);
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	assert_true(pagemap >= 0 && maps >= 0);
	lines_ignore(&image, sizeof(image));
	lines_ignore(ignored, sizeof(ignored));
}

void
lines_bind_now(char **argv)
{
	if (getenv("LD_BIND_NOW"))
		return;
	setenv("LD_BIND_NOW", "1", 1);
	execv("/proc/self/exe", argv);
}

void
lines_ignore(const void *memory, size_t size)
{
	assert_true(n_ignored < IGNORED_MAX);
	ignored[n_ignored++] = (struct range){ .from = (uintptr_t)memory, .to = (uintptr_t)memory + size };
}

static bool
is_ignored(uintptr_t address)
{
	for (size_t i = 0; i < n_ignored; i++) {
		if (address >= ignored[i].from && address < ignored[i].to)
			return true;
	}
	return false;
}

static void
read_maps(void)
{
	size_t length = 0;
	ssize_t n;

	assert_int_equal(lseek(maps, 0, SEEK_SET), 0);
	while ((n = read(maps, image->maps + length, sizeof(image->maps) - 1 - length)) > 0)
		length += (size_t)n;
	image->maps[length] = '\0';
}

/* A line of /proc/self/maps: "from-to rw-p offset device inode   path". */
static void
add_range(const char *text, size_t length)
{
	char rights[5] = "", path[2] = "";
	unsigned long from, to;
	bool memfd = memmem(text, length, "/memfd:", 7) || memmem(text, length, "/dev/zero", 9);

	if (sscanf(text, "%lx-%lx %4s %*s %*s %*[0-9] %1[^\n]", &from, &to, rights, path) < 3 || rights[1] != 'w' ||
	    memmem(text, length, "[stack]", 7))
		return;
	assert_true(image->n_ranges < RANGES_MAX);
	image->ranges[image->n_ranges++] = (struct range){ .from = from, .to = to, .zeros = path[0] != '/' || memfd };
}

static void
find_ranges(void)
{
	read_maps();
	image->n_ranges = 0;
	for (const char *text = image->maps; *text;) {
		size_t length = strcspn(text, "\n");

		add_range(text, length);
		text += length + (text[length] == '\n');
	}
}

static bool
is_mine(uintptr_t page)
{
	return page >= (uintptr_t)image && page < (uintptr_t)(image + 1);
}

/* Calls SEE for each page of writable memory that is there. */
static void
each_page(void (*see)(uintptr_t page))
{
	uint64_t entries[512];

	find_ranges();
	for (size_t i = 0; i < image->n_ranges; i++) {
		const struct range *range = &image->ranges[i];

		for (uintptr_t at = range->from; at < range->to; at += sizeof(entries) / 8 * PAGE) {
			ssize_t n = pread(pagemap, entries, sizeof(entries), (off_t)(at / PAGE * 8));

			assert_true(n > 0);
			for (size_t k = 0; k < (size_t)n / 8 && at + k * PAGE < range->to; k++) {
				if ((!range->zeros || (entries[k] & PRESENT) != 0) && !is_mine(at + k * PAGE))
					see(at + k * PAGE);
			}
		}
	}
}

static void
copy_page(uintptr_t page)
{
	assert_true(image->n_pages < IMAGE_PAGES);
	image->address[image->n_pages] = page;
	memcpy(image->copy[image->n_pages++], (const void *)page, PAGE);
}

static const uint8_t *
page_before(uintptr_t page)
{
	static const uint8_t zeros[PAGE];
	size_t first = 0, n = image->n_pages;

	while (n > 0) {
		size_t half = n / 2;

		if (image->address[first + half] < page) {
			first += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return first < image->n_pages && image->address[first] == page ? image->copy[first] : zeros;
}

static bool
line_changed(const uint8_t *before, uintptr_t line)
{
	const uint8_t *now = (const uint8_t *)line;

	for (size_t i = 0; i < LINE; i++) {
		if (before[i] != now[i] && !is_ignored(line + i))
			return true;
	}
	return false;
}

static void
compare_page(uintptr_t page)
{
	const uint8_t *before = page_before(page);

	if (memcmp(before, (const void *)page, PAGE) == 0)
		return;
	for (size_t at = 0; at < PAGE; at += LINE) {
		if (!line_changed(before + at, page + at))
			continue;
		assert_true(image->n_changed < CHANGED_MAX);
		image->changed[image->n_changed++] = page + at;
	}
}

static void
add_changed(struct lines *lines)
{
	uintptr_t *merged = malloc((lines->n + image->n_changed + 1) * sizeof(*merged));
	size_t n = 0, a = 0, b = 0;

	assert_non_null(merged);
	while (a < lines->n || b < image->n_changed) {
		uintptr_t left = a < lines->n ? lines->at[a] : UINTPTR_MAX;
		uintptr_t right = b < image->n_changed ? image->changed[b] : UINTPTR_MAX;

		merged[n++] = left < right ? left : right;
		a += left <= right;
		b += right <= left;
	}
	free(lines->at);
	*lines = (struct lines){ .at = merged, .n = n };
}

void
lines_written_by(void (*code)(void *arg), void *arg, struct lines *lines)
{
	start();
	image->n_pages = 0;
	image->n_changed = 0;
	each_page(copy_page);
	code(arg);
	each_page(compare_page);
	add_changed(lines);
}

void
lines_free(struct lines *lines)
{
	free(lines->at);
	*lines = (struct lines){ .n = 0 };
}

bool
lines_have(const struct lines *lines, const void *at)
{
	uintptr_t line = (uintptr_t)at & ~(uintptr_t)(LINE - 1);

	for (size_t i = 0; i < lines->n; i++) {
		if (lines->at[i] == line)
			return true;
	}
	return false;
}

static void
say_line(uintptr_t line)
{
	unsigned long from, to;

	read_maps();
	for (const char *text = image->maps; *text; text += strcspn(text, "\n") + 1) {
		if (sscanf(text, "%lx-%lx", &from, &to) == 2 && line >= from && line < to)
			print_message("# line %#lx of %.*s\n", (unsigned long)line, (int)strcspn(text, "\n"), text);
	}
}

size_t
lines_in_both(const struct lines *a, const struct lines *b)
{
	size_t n = 0;

	for (size_t i = 0, k = 0; i < a->n && k < b->n;) {
		if (a->at[i] == b->at[k]) {
			say_line(a->at[i]);
			n++;
		}
		if (a->at[i] <= b->at[k])
			i++;
		else
			k++;
	}
	return n;
}
