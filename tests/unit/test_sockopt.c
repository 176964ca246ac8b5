/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The socket options of the preload shim against an ipvsd that answers wrongly, or not at all. What a right one answers
 * is the business of tests/functional/sockopt.bats.
 */
#include "control_peer.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>

#include <linux/genetlink.h>
#include <linux/ip_vs.h>

#include "preload_absent.h"
#include "sockopt.h"
#include "sockopt_entries.h"
#include "sockopt_message.h"

/* A message of an answer: header, genl header and attributes of size bytes. */
static size_t
put_message(unsigned char *to, uint16_t type, uint32_t seq, const void *payload, size_t size)
{
	const struct nlmsghdr header = { .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + size),
					 .nlmsg_type = type,
					 .nlmsg_seq = seq };

	memcpy(to, &header, sizeof(header));
	memcpy(to + NLMSG_HDRLEN, payload, size);
	return NLMSG_HDRLEN + size;
}

static int
count(void *arg, const void *attributes, size_t size)
{
	(void)attributes;
	(void)size;
	++*(int *)arg;
	return 0;
}

static void
only_answers_to_the_request_count(void **state)
{
	const struct genlmsghdr genl = { .cmd = IPVS_CMD_NEW_SERVICE };
	const int error = -ESRCH, none = 0;
	unsigned char data[256];
	size_t size;
	int n = 0;

	(void)state;
	size = put_message(data, IPVSD_FAMILY_IPVS, 7, &genl, sizeof(genl));
	size += put_message(data + size, IPVSD_FAMILY_IPVS, 6, &genl, sizeof(genl));
	size += put_message(data + size, NLMSG_ERROR, 6, &error, sizeof(error));
	size += put_message(data + size, IPVSD_FAMILY_IPVSX, 7, &genl, sizeof(genl));
	assert_int_equal(answers_take(data, size, 7, count, &n), 0);
	assert_int_equal(n, 1);
	size += put_message(data + size, NLMSG_DONE, 7, &none, sizeof(none));
	assert_int_equal(answers_take(data, size, 7, count, &n), 1);
	size = put_message(data, NLMSG_ERROR, 7, &error, sizeof(error));
	assert_int_equal(answers_take(data, size, 7, count, &n), -ESRCH);
	size = put_message(data, NLMSG_DONE, 7, &error, sizeof(error));
	assert_int_equal(answers_take(data, size, 7, count, &n), -ESRCH);
}

static void
messages_of_wrong_lengths_are_refused(void **state)
{
	struct nlmsghdr header = { .nlmsg_len = 15, .nlmsg_type = NLMSG_ERROR, .nlmsg_seq = 7 };

	(void)state;
	assert_int_equal(answers_take(&header, sizeof(header), 7, NULL, NULL), -EBADMSG);
	header.nlmsg_len = 17;
	assert_int_equal(answers_take(&header, sizeof(header), 7, NULL, NULL), -EBADMSG);
	header.nlmsg_len = UINT32_MAX;
	assert_int_equal(answers_take(&header, sizeof(header), 7, NULL, NULL), -EBADMSG);
	header.nlmsg_len = 16; /* an error without its number */
	assert_int_equal(answers_take(&header, sizeof(header), 7, NULL, NULL), -EBADMSG);
	assert_int_equal(answers_take(&header, 15, 7, NULL, NULL), 0);
}

static void
attributes_end_where_they_lie(void **state)
{
	const uint16_t wrong[] = { 8, 1, 0x1234, 0, 5, 2, 0x11, 0, 9, 3 };
	struct attribute attrs[4];

	(void)state;
	attributes_find(wrong, sizeof(wrong), attrs, 3);
	assert_int_equal(attribute_u16(&attrs[1]), 0x1234);
	assert_int_equal(attrs[2].size, 1);
	assert_int_equal(attribute_u16(&attrs[2]), 0);
	assert_null(attrs[3].data); /* is longer than what is left */
	attributes_find(wrong, 3, attrs, 3);
	assert_null(attrs[1].data);
}

static void
names_without_an_end_are_cut(void **state)
{
	struct message message;
	struct ip_vs_service_entry entry;
	const char name[] = "a scheduler of more than sixteen letters";
	size_t nest;

	(void)state;
	message_begin(&message, IPVS_CMD_NEW_SERVICE, 0);
	nest = message_nest(&message, IPVS_CMD_ATTR_SERVICE);
	message_put_u16(&message, IPVS_SVC_ATTR_AF, AF_INET);
	message_put(&message, IPVS_SVC_ATTR_SCHED_NAME, name, strlen(name));
	message_nest_end(&message, nest);
	assert_true(entry_get_service(message.bytes + NLMSG_HDRLEN + GENL_HDRLEN,
				      message.length - NLMSG_HDRLEN - GENL_HDRLEN, &entry));
	assert_string_equal(entry.sched_name, "a scheduler of ");
}

/* Serves one client: takes its hello and one request, answers with data, and hangs up. */
struct one_client {
	struct control_peer *control;
	const void *data;
	size_t size;
};

static void *
serve_one(void *arg)
{
	struct one_client *client = arg;
	struct ipvsd_hello hello;
	int fd = peer_accept(client->control, &hello);

	peer_request(fd);
	if (client->size > 0)
		assert_int_equal(send(fd, client->data, client->size, MSG_NOSIGNAL), client->size);
	close(fd);
	return NULL;
}

static int
get_info_from(struct control_peer *control, const void *data, size_t size, struct ip_vs_getinfo *info)
{
	struct one_client client = { .control = control, .data = data, .size = size };
	socklen_t length = sizeof(*info);
	pthread_t thread;
	int err;

	setenv(IPVSD_SOCKET_ENV, control->path, 1);
	assert_int_equal(pthread_create(&thread, NULL, serve_one, &client), 0);
	err = sockopt_get(IP_VS_SO_GET_INFO, info, &length);
	assert_int_equal(pthread_join(thread, NULL), 0);
	return err;
}

static void
an_ipvsd_that_hangs_up_is_an_error(void **state)
{
	const struct genlmsghdr genl = { .cmd = IPVS_CMD_SET_INFO };
	struct ip_vs_getinfo info = { .version = 77 };
	unsigned char data[64];

	assert_int_equal(get_info_from(*state, NULL, 0, &info), -ENODEV);
	/* after an answer, before its acknowledgement */
	assert_int_equal(
		get_info_from(*state, data, put_message(data, IPVSD_FAMILY_IPVS, 1, &genl, sizeof(genl)), &info),
		-ENODEV);
	assert_int_equal(info.version, 77);
	assert_int_equal(get_info_from(*state, "?", 1, &info), -ENODEV);
}

static void
refusals_reach_the_program(void **state)
{
	struct ip_vs_getinfo info;
	unsigned char data[64];
	const int error = -EPERM, absurd = -100000;

	assert_int_equal(get_info_from(*state, data, put_message(data, NLMSG_ERROR, 1, &error, sizeof(error)), &info),
			 -EPERM);
	/* No error number: taken for an acknowledgement, after which the list of services is asked for. */
	assert_int_equal(get_info_from(*state, data, put_message(data, NLMSG_ERROR, 1, &absurd, sizeof(absurd)), &info),
			 -ENODEV);
}

static void
without_ipvsd_there_is_no_ipvs_but_perhaps_the_kernels(void **state)
{
	struct control_peer *control = *state;
	struct ip_vs_getinfo info;
	socklen_t length = sizeof(info);

	setenv(IPVSD_SOCKET_ENV, control->path, 1);
	peer_stop(control);
	assert_int_equal(sockopt_get(IP_VS_SO_GET_INFO, &info, &length), -ENOPROTOOPT);
	assert_int_equal(sockopt_set(IP_VS_SO_SET_FLUSH, NULL, 0), -ENOPROTOOPT);
	setenv(FALLBACK_ENV, "kernel", 1);
	assert_int_equal(sockopt_get(IP_VS_SO_GET_INFO, &info, &length), SOCKOPT_KERNELS);
	assert_int_equal(sockopt_set(IP_VS_SO_SET_FLUSH, NULL, 0), SOCKOPT_KERNELS);
	unsetenv(FALLBACK_ENV);
	peer_listen(control);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, peer_setup, peer_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_answers_to_the_request_count),
		TEST(messages_of_wrong_lengths_are_refused),
		TEST(attributes_end_where_they_lie),
		TEST(names_without_an_end_are_cut),
		TEST(an_ipvsd_that_hangs_up_is_an_error),
		TEST(refusals_reach_the_program),
		TEST(without_ipvsd_there_is_no_ipvs_but_perhaps_the_kernels),
	};

	alarm(30); /* an option that never returns is a failure, not a hang */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
