/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The shim's folder of sysctls: what opendir() and its kin list there and in the folder above, with an ipvsd that the
 * test plays.
 */
#include "file_peer.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>

#include "preload_folders.h"

#define FOLDER "/proc/sys/net/ipv4/vs"
#define ABOVE "/proc/sys/net/ipv4"

static const char *const files[] = {
	"net/ip_vs",
	"sys/net/ipv4/vs/drop_entry",
	"sys/net/ipv4/vs/am_droprate",
	"sys/net/ipv4/vs/below/it",
};

static void
will_be_listed(struct file_peer *peer)
{
	struct file_exchange *asked = file_peer_next(peer);

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		file_answer(asked, IPVSX_FILE_ATTR_NAME, files[i], strlen(files[i]) + 1);
	file_answer_end(asked, NLMSG_DONE, 0);
}

static void
assert_next(DIR *dir, const char *name, unsigned char type)
{
	const struct dirent *entry = readdir(dir);

	assert_non_null(entry);
	assert_string_equal(entry->d_name, name);
	assert_int_equal(entry->d_type, type);
	assert_int_not_equal(entry->d_ino, 0);
}

static void
the_folder_lists_the_sysctls_and_nothing_else(void **state)
{
	struct file_peer peer = { .n = 0 };
	DIR *dir;

	will_be_listed(&peer);
	file_peer_begin(&peer, *state);
	dir = opendir(FOLDER);
	file_peer_end(&peer);
	assert_non_null(dir);
	assert_true(dirfd(dir) >= 0);
	assert_next(dir, ".", DT_DIR);
	assert_next(dir, "..", DT_DIR);
	assert_next(dir, "drop_entry", DT_REG);
	assert_next(dir, "am_droprate", DT_REG);
	errno = 0;
	assert_null(readdir(dir));
	assert_null(readdir(dir));
	assert_int_equal(errno, 0);
	assert_int_equal(closedir(dir), 0);
}

static void
a_place_is_found_again(void **state)
{
	struct file_peer peer = { .n = 0 };
	long place;
	DIR *dir;

	will_be_listed(&peer);
	will_be_listed(&peer);
	file_peer_begin(&peer, *state);
	dir = opendir(FOLDER "/");
	assert_non_null(dir);
	assert_next(dir, ".", DT_DIR);
	assert_next(dir, "..", DT_DIR);
	place = telldir(dir);
	assert_next(dir, "drop_entry", DT_REG);
	seekdir(dir, place);
	assert_next(dir, "drop_entry", DT_REG);
	seekdir(dir, 1000);
	seekdir(dir, -1);
	assert_next(dir, "am_droprate", DT_REG);
	rewinddir(dir);
	file_peer_end(&peer);
	assert_next(dir, ".", DT_DIR);
	/* ipvsd is gone: it stays as it was. */
	rewinddir(dir);
	assert_next(dir, ".", DT_DIR);
	assert_next(dir, "..", DT_DIR);
	assert_next(dir, "drop_entry", DT_REG);
	closedir(dir);
}

static int
no_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void
scandir_filters_and_sorts(void **state)
{
	struct file_peer peer = { .n = 0 };
	struct dirent **entries;

	will_be_listed(&peer);
	file_peer_begin(&peer, *state);
	assert_int_equal(scandir(FOLDER, &entries, no_dots, alphasort), 2);
	file_peer_end(&peer);
	assert_string_equal(entries[0]->d_name, "am_droprate");
	assert_string_equal(entries[1]->d_name, "drop_entry");
	free(entries[0]);
	free(entries[1]);
	free(entries);
}

static uint32_t
times_listed(const char *path, const char *name)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	uint32_t times = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		times += strcmp(entry->d_name, name) == 0;
	closedir(dir);
	return times;
}

static void
the_folder_above_has_it_once_and_all_else(void **state)
{
	struct file_peer peer = { .n = 0 };
	const bool is_kernels = times_listed(ABOVE, "vs") > 0;

	/* The kernel's own is enough to know. */
	if (!is_kernels) {
		will_be_listed(&peer);
		will_be_listed(&peer);
	}
	file_peer_begin(&peer, *state);
	assert_int_equal(times_listed(ABOVE, "vs"), 1);
	assert_int_equal(times_listed(ABOVE "/", "vs"), 1);
	file_peer_end(&peer);
	assert_int_equal(times_listed(ABOVE, "ip_forward"), 1);
	assert_int_equal(times_listed("/proc/sys/net", "vs"), 0);
}

static void
without_ipvsd_there_is_no_such_folder(void **state)
{
	struct dirent **entries;

	(void)state;
	assert_int_equal(setenv(IPVSD_SOCKET_ENV, "/nonexistent/socket", 1), 0);
	assert_null(opendir(FOLDER));
	assert_int_equal(errno, ENOENT);
	assert_int_equal(scandir(FOLDER, &entries, NULL, NULL), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(times_listed(ABOVE, "ip_forward"), 1);
}

static void
an_answer_that_ends_early_or_is_senseless_is_an_error(void **state)
{
	char name[400] = "sys/net/ipv4/vs/";
	struct file_peer peer = { .n = 0 };
	struct file_exchange *asked = file_peer_next(&peer);

	memset(name + strlen(name), 'x', sizeof(name) - 1 - strlen(name));
	file_answer(asked, IPVSX_FILE_ATTR_NAME, files[1], strlen(files[1]) + 1);
	asked = file_peer_next(&peer);
	file_answer(asked, IPVSX_FILE_ATTR_NAME, name, sizeof(name));
	file_answer_end(asked, NLMSG_DONE, 0);
	file_peer_begin(&peer, *state);
	assert_null(opendir(FOLDER));
	assert_int_equal(errno, EIO);
	assert_null(opendir(FOLDER));
	assert_int_equal(errno, EIO);
	file_peer_end(&peer);
}

static void
so_many_can_be_open_and_one_more_is_refused(void **state)
{
	DIR *dirs[FOLDERS_MAX];

	(void)state;
	assert_int_equal(setenv(IPVSD_SOCKET_ENV, "/nonexistent/socket", 1), 0);
	for (size_t round = 0; round < 2; round++) {
		for (size_t i = 0; i < FOLDERS_MAX; i++) {
			dirs[i] = opendir(ABOVE);
			assert_non_null(dirs[i]);
		}
		assert_null(opendir(ABOVE));
		assert_int_equal(errno, EMFILE);
		for (size_t i = 0; i < FOLDERS_MAX; i++)
			assert_int_equal(closedir(dirs[i]), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_folder_lists_the_sysctls_and_nothing_else),
		cmocka_unit_test(a_place_is_found_again),
		cmocka_unit_test(scandir_filters_and_sorts),
		cmocka_unit_test(the_folder_above_has_it_once_and_all_else),
		cmocka_unit_test(without_ipvsd_there_is_no_such_folder),
		cmocka_unit_test(an_answer_that_ends_early_or_is_senseless_is_an_error),
		cmocka_unit_test(so_many_can_be_open_and_one_more_is_refused),
	};

	return cmocka_run_group_tests(tests, peer_setup, peer_teardown);
}
