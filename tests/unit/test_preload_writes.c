/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Writes to the shim's files of /proc: what gets to ipvsd, and what comes of its answer, with an ipvsd that the test
 * plays.
 */
#include "file_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>

#define KNOB "/proc/sys/net/ipv4/vs/sync_threshold"

/* What opening a file for writing asks: its mode, and its text. */
static void
will_be_opened(struct file_peer *peer, uint32_t mode)
{
	struct file_exchange *asked = file_peer_next(peer);

	file_answer(asked, IPVSX_FILE_ATTR_MODE, &mode, sizeof(mode));
	file_answer_end(asked, NLMSG_ERROR, 0);
	if (!(mode & 0222))
		return;
	asked = file_peer_next(peer);
	file_answer(asked, IPVSX_FILE_ATTR_TEXT, "3\t50\n", 5);
	file_answer_end(asked, NLMSG_DONE, 0);
}

static void
will_be_written(struct file_peer *peer, int32_t code)
{
	file_answer_end(file_peer_next(peer), NLMSG_ERROR, code);
}

static void
assert_written(const struct file_exchange *exchange, const char *text)
{
	struct nlattr name, value;
	struct genlmsghdr genl;
	size_t at = NLMSG_HDRLEN;

	assert_true(exchange->n_request > 0);
	memcpy(&genl, exchange->request + at, sizeof(genl));
	assert_int_equal(genl.cmd, IPVSX_CMD_SET_FILE);
	at += GENL_HDRLEN + NLA_HDRLEN;
	memcpy(&name, exchange->request + at, sizeof(name));
	assert_int_equal(name.nla_type, IPVSX_FILE_ATTR_NAME);
	assert_string_equal((const char *)exchange->request + at + NLA_HDRLEN, &KNOB[strlen("/proc/")]);
	at += NLA_ALIGN(name.nla_len);
	memcpy(&value, exchange->request + at, sizeof(value));
	assert_int_equal(value.nla_type, IPVSX_FILE_ATTR_TEXT);
	assert_int_equal(value.nla_len - NLA_HDRLEN, strlen(text));
	assert_memory_equal(exchange->request + at + NLA_HDRLEN, text, strlen(text));
}

static void
a_write_gets_to_ipvsd_with_the_file_s_name(void **state)
{
	struct file_peer peer = { .n = 0 };
	char text[16] = "";
	int fd;

	will_be_opened(&peer, 0644);
	will_be_written(&peer, 0);
	file_peer_begin(&peer, *state);
	fd = open(KNOB, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "5 60\n", 5), 5);
	file_peer_end(&peer);
	assert_written(&peer.exchanges[2], "5 60\n");
	/* As with the kernel's, only what is written at the beginning counts: nobody is asked, who would not be there. */
	assert_int_equal(write(fd, "7", 1), 1);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(write(fd, "7", 1), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(read(fd, text, sizeof(text)), 5);
	assert_string_equal(text, "3\t50\n");
	close(fd);
}

static void
the_pieces_of_a_writev_are_one_text(void **state)
{
	const struct iovec pieces[] = {
		{ .iov_base = "5", .iov_len = 1 },
		{ .iov_base = NULL, .iov_len = 0 },
		{ .iov_base = " 60\n", .iov_len = 4 },
	};
	struct file_peer peer = { .n = 0 };
	int fd;

	will_be_opened(&peer, 0644);
	will_be_written(&peer, 0);
	file_peer_begin(&peer, *state);
	fd = open(KNOB, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(writev(fd, pieces, 3), 5);
	file_peer_end(&peer);
	assert_written(&peer.exchanges[2], "5 60\n");
	close(fd);
}

static void
a_copy_of_the_descriptor_writes_too(void **state)
{
	struct file_peer peer = { .n = 0 };
	int fd, copy;

	will_be_opened(&peer, 0644);
	will_be_written(&peer, 0);
	file_peer_begin(&peer, *state);
	fd = open(KNOB, O_WRONLY | O_CLOEXEC);
	copy = dup(fd);
	close(fd);
	assert_int_equal(write(copy, "1 2", 3), 3);
	file_peer_end(&peer);
	assert_written(&peer.exchanges[2], "1 2");
	close(copy);
}

static void
a_stream_writes_when_it_is_flushed(void **state)
{
	struct file_peer peer = { .n = 0 };
	FILE *stream;

	will_be_opened(&peer, 0644);
	will_be_written(&peer, 0);
	file_peer_begin(&peer, *state);
	stream = fopen(KNOB, "w");
	assert_non_null(stream);
	assert_true(fputs("5 ", stream) >= 0);
	assert_int_equal(fprintf(stream, "%d\n", 60), 3);
	assert_int_equal(fclose(stream), 0);
	file_peer_end(&peer);
	assert_written(&peer.exchanges[2], "5 60\n");
}

static void
what_ipvsd_refuses_is_the_error_of_the_write(void **state)
{
	static const struct {
		int32_t code;
		int error;
	} cases[] = { { -EINVAL, EINVAL }, { -EOPNOTSUPP, EOPNOTSUPP }, { -EPERM, EACCES } };
	const struct iovec piece = { .iov_base = "60 5", .iov_len = 4 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct file_peer peer = { .n = 0 };
		int fd;

		will_be_opened(&peer, 0644);
		will_be_written(&peer, cases[i].code);
		will_be_written(&peer, cases[i].code);
		file_peer_begin(&peer, *state);
		fd = open(KNOB, O_WRONLY | O_CLOEXEC);
		assert_int_equal(write(fd, "60 5", 4), -1);
		assert_int_equal(errno, cases[i].error);
		assert_int_equal(writev(fd, &piece, 1), -1);
		assert_int_equal(errno, cases[i].error);
		file_peer_end(&peer);
		close(fd);
	}
}

static void
an_error_at_the_flush_is_the_stream_s(void **state)
{
	struct file_peer peer = { .n = 0 };
	FILE *stream;

	will_be_opened(&peer, 0644);
	will_be_written(&peer, -EINVAL);
	file_peer_begin(&peer, *state);
	stream = fopen(KNOB, "w");
	assert_non_null(stream);
	assert_true(fputs("x", stream) >= 0);
	assert_int_equal(fclose(stream), EOF);
	assert_int_equal(errno, EINVAL);
	file_peer_end(&peer);
}

static void
only_what_was_opened_for_it_can_be_written(void **state)
{
	const struct iovec piece = { .iov_base = "1", .iov_len = 1 };
	struct file_peer peer = { .n = 0 };
	struct file_exchange *asked;
	int fd;

	will_be_opened(&peer, 0444);
	asked = file_peer_next(&peer);
	file_answer(asked, IPVSX_FILE_ATTR_TEXT, "1\n", 2);
	file_answer_end(asked, NLMSG_DONE, 0);
	file_peer_begin(&peer, *state);
	assert_int_equal(open("/proc/net/ip_vs", O_WRONLY | O_CLOEXEC), -1);
	assert_int_equal(errno, EACCES);
	fd = open(KNOB, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	file_peer_end(&peer);
	assert_int_equal(write(fd, "1", 1), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(writev(fd, &piece, 1), -1);
	assert_int_equal(errno, EPERM);
	close(fd);
}

static void
a_text_that_is_too_long_is_not_sent(void **state)
{
	static char text[IPVSX_FILE_TEXT_MAX + 1];
	const struct iovec halves[] = {
		{ .iov_base = text, .iov_len = sizeof(text) / 2 },
		{ .iov_base = text, .iov_len = sizeof(text) - sizeof(text) / 2 },
	};
	struct file_peer peer = { .n = 0 };
	int fd;

	memset(text, ' ', sizeof(text));
	will_be_opened(&peer, 0644);
	file_peer_begin(&peer, *state);
	fd = open(KNOB, O_WRONLY | O_CLOEXEC);
	file_peer_end(&peer);
	assert_int_equal(write(fd, text, sizeof(text)), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(writev(fd, halves, 2), -1);
	assert_int_equal(errno, EINVAL);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_write_gets_to_ipvsd_with_the_file_s_name),
		cmocka_unit_test(the_pieces_of_a_writev_are_one_text),
		cmocka_unit_test(a_copy_of_the_descriptor_writes_too),
		cmocka_unit_test(a_stream_writes_when_it_is_flushed),
		cmocka_unit_test(what_ipvsd_refuses_is_the_error_of_the_write),
		cmocka_unit_test(an_error_at_the_flush_is_the_stream_s),
		cmocka_unit_test(only_what_was_opened_for_it_can_be_written),
		cmocka_unit_test(a_text_that_is_too_long_is_not_sent),
	};

	return cmocka_run_group_tests(tests, peer_setup, peer_teardown);
}
