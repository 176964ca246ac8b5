/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The shim's files of /proc: which paths are ipvsd's, and what comes of its answers, with an ipvsd that the test plays.
 */
#include "control_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/stat.h>

#include <linux/genetlink.h>

#include "preload_files.h"

static void
only_files_of_ipvs_are_ours(void **state)
{
	(void)state;
	assert_string_equal(files_name("/proc/net/ip_vs"), "net/ip_vs");
	assert_string_equal(files_name("/proc/self/net/ip_vs_conn"), "net/ip_vs_conn");
	assert_string_equal(files_name("/proc/thread-self/net/ip_vs_conn"), "net/ip_vs_conn");
	assert_string_equal(files_name("/proc/4711/net/ip_vs_stats"), "net/ip_vs_stats");
	assert_string_equal(files_name("/proc/sys/net/ipv4/vs/drop_entry"), "sys/net/ipv4/vs/drop_entry");
	assert_null(files_name("/proc/net/dev"));
	assert_null(files_name("/proc/net"));
	assert_null(files_name("/proc/4711x/net/ip_vs"));
	assert_null(files_name("/proc/4711"));
	assert_null(files_name("/proc/sys/net/ipv4/vs"));
	assert_null(files_name("/proc/sys/net/ipv4/vs/"));
	assert_null(files_name("/proc/sys/net/ipv4/vsx"));
	assert_null(files_name("proc/net/ip_vs"));
	assert_null(files_name("/tmp/proc/net/ip_vs"));
	assert_null(files_name(""));
	assert_true(files_is_folder("/proc/sys/net/ipv4/vs"));
	assert_true(files_is_folder("/proc/sys/net/ipv4/vs/"));
	assert_false(files_is_folder("/proc/sys/net/ipv4"));
}

/* ---- One answer of ipvsd's ---- */

struct play {
	const struct control_peer *peer;
	const uint8_t *answer;
	size_t length;
	char asked[64]; /* the name in the request */
};

static void *
play_run(void *arg)
{
	struct play *play = arg;
	uint8_t request[1024] = { 0 };
	int fd = accept(play->peer->listener, NULL, NULL);
	ssize_t n = fd < 0 ? -1 : recv(fd, request, sizeof(request), 0);

	if (n == sizeof(struct ipvsd_hello) && recv(fd, request, sizeof(request), 0) > 32)
		memcpy(play->asked, request + 28, sizeof(play->asked) - 1);
	if (play->length > 0)
		send(fd, play->answer, play->length, MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

/* Opens NAME, while ipvsd answers with these bytes. */
static int
open_with_answer(struct control_peer *peer, const char *name, const void *answer, size_t length, int *ret_errno)
{
	struct play play = { .peer = peer, .answer = answer, .length = length };
	pthread_t thread;
	int fd;

	assert_int_equal(setenv(IPVSD_SOCKET_ENV, peer->path, 1), 0);
	assert_int_equal(pthread_create(&thread, NULL, play_run, &play), 0);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	*ret_errno = errno;
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_string_equal(play.asked, name + strlen("/proc/"));
	return fd;
}

struct error_answer {
	struct nlmsghdr header;
	int32_t code;
};

static struct error_answer
end_of_dump(int32_t code, uint16_t type)
{
	return (struct error_answer){ .header = { .nlmsg_len = sizeof(struct error_answer), .nlmsg_type = type },
				      .code = code };
}

struct text_answer {
	struct nlmsghdr header;
	struct genlmsghdr genl;
	struct nlattr nest, text;
	char bytes[8];
	struct error_answer done;
};

static void
an_opened_file_has_the_text_and_takes_no_more(void **state)
{
	const struct text_answer answer = {
		.header = { .nlmsg_len = offsetof(struct text_answer, done), .nlmsg_type = IPVSD_FAMILY_IPVSX },
		.nest = { .nla_len = 16, .nla_type = IPVSX_ATTR_FILE },
		.text = { .nla_len = 4 + 6, .nla_type = IPVSX_FILE_ATTR_TEXT },
		.bytes = "hello\n",
		.done = end_of_dump(0, NLMSG_DONE),
	};
	char text[16] = "";
	int err, fd = open_with_answer(*state, "/proc/net/ip_vs", &answer, sizeof(answer), &err);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), 6);
	assert_string_equal(text, "hello\n");
	assert_int_equal(read(fd, text, sizeof(text)), 0);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

static void
an_error_of_ipvsd_is_one_of_a_file(void **state)
{
	struct error_answer answer = end_of_dump(-ENOENT, NLMSG_ERROR);
	int err;

	assert_int_equal(open_with_answer(*state, "/proc/net/ip_vs_x", &answer, sizeof(answer), &err), -1);
	assert_int_equal(err, ENOENT);
	answer = end_of_dump(-EPERM, NLMSG_ERROR);
	assert_int_equal(open_with_answer(*state, "/proc/net/ip_vs", &answer, sizeof(answer), &err), -1);
	assert_int_equal(err, EACCES);
}

static void
an_answer_that_ends_early_is_an_error_and_no_short_file(void **state)
{
	const struct nlmsghdr cut = { .nlmsg_len = 100, .nlmsg_type = IPVSD_FAMILY_IPVSX };
	int err;

	assert_int_equal(open_with_answer(*state, "/proc/net/ip_vs", NULL, 0, &err), -1);
	assert_int_equal(err, EIO);
	assert_int_equal(open_with_answer(*state, "/proc/net/ip_vs", &cut, sizeof(cut), &err), -1);
	assert_int_equal(err, EIO);
}

static void
without_ipvsd_there_is_no_such_file(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(setenv(IPVSD_SOCKET_ENV, "/nonexistent/socket", 1), 0);
	assert_int_equal(open("/proc/net/ip_vs", O_RDONLY), -1);
	assert_int_equal(errno, ENOENT);
	assert_null(fopen("/proc/net/ip_vs", "r"));
	assert_int_equal(errno, ENOENT);
	assert_int_equal(stat("/proc/net/ip_vs", &st), -1);
	assert_int_equal(access("/proc/net/ip_vs", R_OK), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_files_of_ipvs_are_ours),
		cmocka_unit_test(an_opened_file_has_the_text_and_takes_no_more),
		cmocka_unit_test(an_error_of_ipvsd_is_one_of_a_file),
		cmocka_unit_test(an_answer_that_ends_early_is_an_error_and_no_short_file),
		cmocka_unit_test(without_ipvsd_there_is_no_such_file),
	};

	return cmocka_run_group_tests(tests, peer_setup, peer_teardown);
}
