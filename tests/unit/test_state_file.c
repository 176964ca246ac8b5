/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The state file: what is written comes back, and what is damaged in any way is never loaded in part.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/state_file.h"
#include "control/state_log_format.h"
#include "control_fixture.h"
#include "core/log.h"
#include "heard_log.h"

#define BOOT "11111111-2222-3333-4444-555555555555"
#define OTHER_BOOT "99999999-2222-3333-4444-555555555555"

struct folder {
	char path[64];
};

static void
path_of(const struct folder *folder, const char *name, char *ret, size_t size)
{
	snprintf(ret, size, "%s/%s", folder->path, name);
}

static int
setup(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	log_open(LOG_CRIT, false);
	strcpy(folder->path, "/tmp/ipvsd-state-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
	*state = folder;
	return 0;
}

/* Calls EACH for the names in the folder. Returns how many begin with PREFIX. */
static uint32_t
count_files(const struct folder *folder, const char *prefix, bool remove_them)
{
	DIR *dir = opendir(folder->path);
	struct dirent *entry;
	uint32_t n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' || strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		n++;
		if (remove_them)
			assert_int_equal(unlinkat(dirfd(dir), entry->d_name, 0), 0);
	}
	closedir(dir);
	return n;
}

static int
teardown(void **state)
{
	struct folder *folder = *state;

	count_files(folder, "", true);
	assert_int_equal(rmdir(folder->path), 0);
	free(folder);
	return 0;
}

struct instance {
	struct control_fixture *fixture;
	struct state_file *state;
	int restored; /* what state_file_restore() said */
};

static struct instance
start(const struct folder *folder, const char *boot_id, bool after_reboot)
{
	struct state_file_config config = {
		.folder = folder->path,
		.boot_id = boot_id,
		.restore_after_reboot = after_reboot,
	};
	struct instance instance = { .fixture = control_fixture_new() };

	assert_int_equal(state_file_open(&config, &instance.state), 0);
	instance.restored = state_file_restore(instance.state, instance.fixture->model, instance.fixture->groups);
	return instance;
}

static void
observe(struct instance *instance)
{
	assert_int_equal(state_file_observe(instance->state, instance->fixture->model, instance->fixture->groups), 0);
}

/* As after a SIGKILL: nothing more is written. */
static void
end(struct instance *instance)
{
	state_file_close(instance->state);
	control_fixture_free(instance->fixture);
}

static void
add_group(struct control_fixture *fixture, const char *name, uint8_t last)
{
	struct ip_addr addr = { .family = AF_INET, .ip.bytes = { 10, 2, 0, last } };
	struct laddr_group group = { .addresses = &addr, .n_addresses = 1, .first_port = 1025, .last_port = 65535 };

	snprintf(group.name, sizeof(group.name), "%s", name);
	strcpy(group.port_name, "lan");
	assert_int_equal(laddr_groups_set(fixture->groups, &group), 0);
}

/* Of the only service. */
static void
set_options(struct control_fixture *fixture)
{
	struct ipvs_service_setup setup = {
		.scheduler = "rr",
		.options = { .established_timeout_s = 77,
			     .quiescent = QUIESCENT_RESET,
			     .client_address = 3,
			     .laddr_group = "g2",
			     .quic = "dpvs" },
	};
	uint64_t index = 0;

	assert_int_equal(ipvs_service_edit(fixture->model, ipvs_service_next(fixture->model, &index), &setup), 0);
}

/* A file of some groups of records: made, changed, removed, revived. */
static void
fill(struct instance *instance)
{
	struct control_fixture *fixture = instance->fixture;

	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 2), 0);
	state_file_commit(instance->state);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 2, 1, FORWARD_FULLNAT, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 2, 2, FORWARD_NAT, 2), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 2, 3, FORWARD_DIRECT, 3), 0);
	state_file_commit(instance->state);
	assert_int_equal(dest_command(fixture, IPVS_CMD_DEL_DEST, 2, 2, 0, 0), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_SET_DEST, 2, 1, FORWARD_FULLNAT, 7), 0);
	assert_int_equal(service_command(fixture, IPVS_CMD_DEL_SERVICE, 1), 0);
	add_group(fixture, "g1", 1);
	add_group(fixture, "g2", 2);
	assert_int_equal(laddr_groups_remove(fixture->groups, "g1"), 0);
	state_file_commit(instance->state);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 2, 2, FORWARD_NAT, 4), 0);
	assert_int_equal(ipvs_timeouts_set(fixture->model, &(struct timeouts_spec){ .tcp_s = 60 }), 0);
	set_options(fixture);
	state_file_commit(instance->state);
}

static void
check_filled(const struct control_fixture *fixture)
{
	static const int32_t weights[] = { 4, 3, 7 };
	uint64_t index = 0;
	const struct ipvs_service *service = ipvs_service_next(fixture->model, &index);
	const struct ipvs_dest *dest;
	const struct laddr_group *group = TAILQ_FIRST(laddr_groups_list(fixture->groups));
	uint32_t i = 0;

	assert_int_equal(fixture->model->n_services, 1);
	assert_int_equal(fixture->model->n_dests, 3);
	assert_int_equal(service->index, 1);
	assert_string_equal(scheduler_name(service->scheduler), "rr");
	assert_int_equal(service->options.established_timeout_s, 77);
	assert_int_equal(service->options.quiescent, QUIESCENT_RESET);
	assert_int_equal(service->options.client_address, 3);
	assert_string_equal(service->options.laddr_group, "g2");
	assert_string_equal(service->options.quic, "dpvs");
	TAILQ_FOREACH (dest, &service->dests, link)
		assert_int_equal(dest->spec.weight, weights[i++]);
	assert_int_equal(TAILQ_FIRST(&service->dests)->spec.id, DEST_ID(1, 1));
	assert_int_equal(TAILQ_LAST(&service->dests, ipvs_dest_list)->spec.forward, FORWARD_FULLNAT);
	assert_int_equal(fixture->model->timeouts.tcp_s, 60);
	assert_int_equal(fixture->model->timeouts.udp_s, 300);
	assert_string_equal(group->name, "g2");
	assert_null(TAILQ_NEXT(group, link));
}

/* The last bytes of the addresses of the services, by age. */
static void
check_order(const struct control_fixture *fixture, const uint8_t *wanted, uint32_t n)
{
	struct ipvs_service **services = ipvs_services_by_age(fixture->model);

	assert_int_equal(fixture->model->n_services, n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(services[i]->key.addr.bytes[3], wanted[i]);
	free(services);
}

/* Of two services whose matches overlap the older one has the packets, whatever number the younger one got. */
static void
services_keep_their_order_over_restarts(void **state)
{
	static const uint8_t order[] = { 2, 3, 1, 4 };
	struct instance instance = start(*state, BOOT, false);

	observe(&instance);
	for (uint8_t i = 1; i <= 3; i++)
		assert_int_equal(service_command(instance.fixture, IPVS_CMD_NEW_SERVICE, i), 0);
	assert_int_equal(service_command(instance.fixture, IPVS_CMD_DEL_SERVICE, 1), 0);
	assert_int_equal(service_command(instance.fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(service_command(instance.fixture, IPVS_CMD_NEW_SERVICE, 4), 0);
	state_file_commit(instance.state);
	check_order(instance.fixture, order, 4);
	/* First from the changes, then from the file that was written anew. */
	for (int i = 0; i < 2; i++) {
		end(&instance);
		instance = start(*state, BOOT, false);
		assert_int_equal(instance.restored, 0);
		check_order(instance.fixture, order, 4);
		observe(&instance);
	}
	end(&instance);
}

static uint32_t n_syncs;

/* In the C library's place. */
int
fsync(int fd)
{
	n_syncs++;
	return (int)syscall(SYS_fsync, fd);
}

/* Nothing of it is read after a power failure but with restore_after_reboot. */
static void
a_disk_is_waited_for_only_if_a_reboot_is_to_be_outlived(void **state)
{
	struct instance instance = start(*state, BOOT, false);

	n_syncs = 0;
	observe(&instance);
	fill(&instance);
	assert_int_equal(n_syncs, 0);
	end(&instance);
	instance = start(*state, BOOT, true);
	observe(&instance);
	/* the file and its folder */
	assert_int_equal(n_syncs, 2);
	end(&instance);
}

static void
what_was_written_comes_back(void **state)
{
	struct instance first = start(*state, BOOT, false), second, third;

	observe(&first);
	fill(&first);
	end(&first);
	second = start(*state, BOOT, false);
	assert_int_equal(second.restored, 0);
	check_filled(second.fixture);
	/* rewritten whole, and read again */
	observe(&second);
	end(&second);
	third = start(*state, BOOT, false);
	assert_int_equal(third.restored, 0);
	check_filled(third.fixture);
	/* new numbers don't meet restored ones */
	assert_int_equal(service_command(third.fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(dest_command(third.fixture, IPVS_CMD_NEW_DEST, 1, 9, FORWARD_NAT, 1), 0);
	assert_int_equal(third.fixture->model->n_dests, 4);
	end(&third);
}

/* mh goes by it. */
static void
the_weight_before_zero_comes_back(void **state)
{
	struct instance instance = start(*state, BOOT, false);

	observe(&instance);
	assert_int_equal(service_command(instance.fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(dest_command(instance.fixture, IPVS_CMD_NEW_DEST, 1, 1, FORWARD_NAT, 6), 0);
	assert_int_equal(dest_command(instance.fixture, IPVS_CMD_SET_DEST, 1, 1, FORWARD_NAT, 0), 0);
	assert_int_equal(dest_command(instance.fixture, IPVS_CMD_NEW_DEST, 1, 2, FORWARD_NAT, 0), 0);
	state_file_commit(instance.state);
	/* as logged change by change, then as written whole */
	for (int time = 0; time < 3; time++) {
		end(&instance);
		instance = start(*state, BOOT, false);
		assert_int_equal(instance.fixture->model->n_dests, 2);
		assert_int_equal(instance.fixture->model->dests[0]->spec.weight, 0);
		assert_int_equal(instance.fixture->model->dests[0]->spec.last_weight, 6);
		assert_int_equal(instance.fixture->model->dests[1]->spec.last_weight, 0);
		observe(&instance);
	}
	end(&instance);
}

static void
a_freed_number_keeps_its_generation(void **state)
{
	struct instance first = start(*state, BOOT, false), second, third;

	observe(&first);
	assert_int_equal(service_command(first.fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(dest_command(first.fixture, IPVS_CMD_NEW_DEST, 1, 1, FORWARD_NAT, 1), 0);
	assert_int_equal(dest_command(first.fixture, IPVS_CMD_DEL_DEST, 1, 1, FORWARD_NAT, 1), 0);
	state_file_commit(first.state);
	end(&first);
	second = start(*state, BOOT, false);
	observe(&second);
	end(&second);
	third = start(*state, BOOT, false);
	assert_int_equal(dest_command(third.fixture, IPVS_CMD_NEW_DEST, 1, 1, FORWARD_NAT, 1), 0);
	assert_non_null(third.fixture->model->dests[0]);
	assert_int_equal(third.fixture->model->dests[0]->spec.id, DEST_ID(0, 2));
	end(&third);
}

static void
after_a_reboot_nothing_is_restored_unless_asked_for(void **state)
{
	struct instance first = start(*state, BOOT, false), second, third;

	observe(&first);
	fill(&first);
	end(&first);
	second = start(*state, OTHER_BOOT, true);
	assert_int_equal(second.restored, 0);
	check_filled(second.fixture);
	end(&second);
	third = start(*state, OTHER_BOOT, false);
	assert_int_equal(third.restored, 0);
	assert_int_equal(third.fixture->model->n_services, 0);
	end(&third);
	assert_int_equal(count_files(*state, "state.damaged", false), 0);
}

static void
a_folder_belongs_to_one_instance(void **state)
{
	struct instance first = start(*state, BOOT, false);
	struct state_file_config config = { .folder = ((struct folder *)*state)->path, .boot_id = BOOT };
	struct state_file *second;

	assert_int_equal(state_file_open(&config, &second), -EBUSY);
	end(&first);
}

static uint8_t *
read_file(const struct folder *folder, size_t *ret)
{
	char path[128];
	struct stat status;
	uint8_t *bytes;
	int fd;

	path_of(folder, "state", path, sizeof(path));
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	bytes = malloc((size_t)status.st_size);
	assert_int_equal(read(fd, bytes, (size_t)status.st_size), status.st_size);
	close(fd);
	*ret = (size_t)status.st_size;
	return bytes;
}

static void
write_file(const struct folder *folder, const uint8_t *bytes, size_t length)
{
	char path[128];
	int fd;

	path_of(folder, "state", path, sizeof(path));
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	close(fd);
}

/* Whether a file cut at LENGTH ends with a whole group, as its writer could have left it. */
static bool
is_group_end(const uint8_t *bytes, size_t length)
{
	size_t offset = sizeof(struct state_header);

	while (offset < length) {
		struct state_begin begin;

		memcpy(&begin, bytes + offset + sizeof(struct state_record), sizeof(begin));
		offset += begin.length;
	}
	return offset == length && length > sizeof(struct state_header);
}

/* Starts with these bytes; returns whether they were set aside. */
static bool
is_set_aside(const struct folder *folder, const uint8_t *bytes, size_t length)
{
	struct instance instance;
	bool aside;

	write_file(folder, bytes, length);
	instance = start(folder, BOOT, false);
	aside = instance.restored == -EBADMSG;
	if (!aside)
		assert_int_equal(instance.restored, 0);
	else
		assert_int_equal(instance.fixture->model->n_services, 0);
	end(&instance);
	assert_int_equal(count_files(folder, "state.damaged", true), aside);
	return aside;
}

static void
a_file_cut_anywhere_is_set_aside(void **state)
{
	struct instance first = start(*state, BOOT, false);
	uint8_t *bytes;
	size_t length;
	uint32_t ends = 0;

	observe(&first);
	fill(&first);
	end(&first);
	bytes = read_file(*state, &length);
	for (size_t cut = 1; cut < length; cut++) {
		bool whole = is_group_end(bytes, cut);

		ends += whole;
		if (is_set_aside(*state, bytes, cut) == whole)
			fail_msg("cut at %zu of %zu", cut, length);
	}
	assert_int_equal(ends, 4);
	free(bytes);
}

/* As a power failure leaves it. */
static void
a_damaged_file_of_another_boot_is_passed_over(void **state)
{
	struct instance instance = start(*state, OTHER_BOOT, false);
	uint8_t *bytes;
	size_t length;

	observe(&instance);
	fill(&instance);
	end(&instance);
	bytes = read_file(*state, &length);
	bytes[length - 1] ^= 1;
	assert_false(is_set_aside(*state, bytes, length));
	/* whose it is can't be told */
	assert_true(is_set_aside(*state, bytes, 1));
	free(bytes);
}

/* Without an error in the log. */
static bool
is_passed_over(const struct folder *folder, const uint8_t *bytes, size_t length)
{
	struct heard heard;
	bool aside;

	log_open(LOG_WARNING, false);
	heard_begin(&heard);
	aside = is_set_aside(folder, bytes, length);
	heard_end(&heard);
	return !aside && heard.text[0] == '\0';
}

/* A power failure leaves it so, as no disk is waited for. */
static void
an_empty_file_is_as_one_of_another_boot(void **state)
{
	static uint8_t bytes[4096];
	struct instance instance;

	assert_true(is_passed_over(*state, bytes, 0));
	assert_true(is_passed_over(*state, bytes, sizeof(bytes)));
	bytes[sizeof(bytes) - 1] = 1;
	assert_false(is_passed_over(*state, bytes, sizeof(bytes)));
	log_open(LOG_CRIT, false);
	/* It was waited for. */
	write_file(*state, bytes, 0);
	instance = start(*state, BOOT, true);
	assert_int_equal(instance.restored, -EBADMSG);
	end(&instance);
	assert_int_equal(count_files(*state, "state.damaged", true), 1);
}

static void
a_flipped_bit_anywhere_is_found(void **state)
{
	struct instance first = start(*state, BOOT, false);
	uint8_t *bytes;
	size_t length;

	observe(&first);
	fill(&first);
	end(&first);
	bytes = read_file(*state, &length);
	for (size_t i = 0; i < length; i++) {
		bytes[i] ^= (uint8_t)(1u << (i % 8));
		if (!is_set_aside(*state, bytes, length))
			fail_msg("byte %zu of %zu", i, length);
		bytes[i] ^= (uint8_t)(1u << (i % 8));
	}
	free(bytes);
}

/* From the log of what was done, and from the file that each start begins. */
static void
a_gateway_without_destinations_comes_back(void **state)
{
	const struct ipvs_key key = { .fwmark = 7, .family = AF_INET };
	const struct ipvs_service_setup setup = { .scheduler = "rr" };
	const struct dest spec = { .addr = { .family = AF_INET, .ip.bytes = { 10, 2, 0, 1 } },
				   .weight = 1,
				   .forward = FORWARD_SNAT };
	struct instance instance = start(*state, BOOT, false);
	struct ipvs_model *model = instance.fixture->model;
	struct ipvs_service *service;
	struct ipvs_dest *dest;

	observe(&instance);
	assert_int_equal(ipvs_service_add(model, &key, &setup, &service), 0);
	assert_int_equal(ipvs_dest_add(model, service, &spec, &dest), 0);
	state_file_commit(instance.state);
	assert_int_equal(ipvs_dest_remove(model, service, &spec.addr, 0), 0);
	state_file_commit(instance.state);
	end(&instance);
	for (int i = 0; i < 3; i++) {
		instance = start(*state, BOOT, false);
		service = ipvs_service_find(instance.fixture->model, &key);
		assert_non_null(service);
		assert_int_equal(service->n_dests, 0);
		assert_true(service->is_gateway);
		observe(&instance);
		end(&instance);
	}
}

static void
a_write_that_was_killed_is_skipped(void **state)
{
	struct instance first = start(*state, BOOT, false);
	uint8_t *bytes, *torn;
	size_t before, length;

	observe(&first);
	fill(&first);
	free(read_file(*state, &before));
	assert_int_equal(dest_command(first.fixture, IPVS_CMD_NEW_DEST, 2, 77, FORWARD_NAT, 4), 0);
	state_file_commit(first.state);
	end(&first);
	bytes = read_file(*state, &length);
	torn = calloc(1, length);
	/* the file had its length, and only a part of the bytes had arrived */
	for (size_t arrived = before; arrived <= length - sizeof(struct state_record); arrived += 4) {
		struct instance second;

		memset(torn, 0, length);
		memcpy(torn, bytes, arrived);
		if (arrived > length - state_record_size(sizeof(struct state_commit)))
			continue;
		write_file(*state, torn, length);
		second = start(*state, BOOT, false);
		assert_int_equal(second.restored, 0);
		check_filled(second.fixture);
		end(&second);
	}
	free(torn);
	free(bytes);
}

static void
a_long_log_is_written_anew(void **state)
{
	struct instance first = start(*state, BOOT, false), second;
	size_t length, longest = 0;

	observe(&first);
	fill(&first);
	for (uint32_t i = 0; i < 20000; i++) {
		struct ipvs_service *service = first.fixture->model->services[1];

		assert_int_equal(ipvs_dest_edit(first.fixture->model, service, &TAILQ_FIRST(&service->dests)->spec), 0);
		state_file_commit(first.state);
		if (i % 1000 == 0) {
			free(read_file(*state, &length));
			longest = length > longest ? length : longest;
		}
	}
	assert_in_range(longest, 100000, 1100000);
	free(read_file(*state, &length));
	assert_in_range(length, 500, longest - 1);
	end(&first);
	second = start(*state, BOOT, false);
	check_filled(second.fixture);
	end(&second);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_written_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(a_disk_is_waited_for_only_if_a_reboot_is_to_be_outlived, setup,
						teardown),
		cmocka_unit_test_setup_teardown(services_keep_their_order_over_restarts, setup, teardown),
		cmocka_unit_test_setup_teardown(the_weight_before_zero_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(a_freed_number_keeps_its_generation, setup, teardown),
		cmocka_unit_test_setup_teardown(after_a_reboot_nothing_is_restored_unless_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(a_folder_belongs_to_one_instance, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_cut_anywhere_is_set_aside, setup, teardown),
		cmocka_unit_test_setup_teardown(a_damaged_file_of_another_boot_is_passed_over, setup, teardown),
		cmocka_unit_test_setup_teardown(an_empty_file_is_as_one_of_another_boot, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flipped_bit_anywhere_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(a_gateway_without_destinations_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(a_write_that_was_killed_is_skipped, setup, teardown),
		cmocka_unit_test_setup_teardown(a_long_log_is_written_anew, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
