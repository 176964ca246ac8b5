/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Who has a PCI device, for folders that look like /sys and /proc, and real locks of real processes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "port/pci_claim.h"

#define VFIO "0000:00:03.0"
#define UIO "0000:00:02.0"
#define KERNELS "0000:00:01.0"

struct scene {
	char root[64], sys[80], proc[80], locks[80];
	struct pci_places places;
};

static void __attribute__((format(printf, 2, 3))) add_folder(const struct scene *scene, const char *format, ...)
{
	char path[256];
	va_list args;
	int length = snprintf(path, sizeof(path), "%s/", scene->root);

	va_start(args, format);
	vsnprintf(&path[length], sizeof(path) - (size_t)length, format, args);
	va_end(args);
	for (char *slash = strchr(&path[length], '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0700);
		*slash = '/';
	}
	(void)mkdir(path, 0700);
}

static void
add_link(const struct scene *scene, const char *path, const char *target)
{
	char name[512];

	snprintf(name, sizeof(name), "%s/%s", scene->root, path);
	assert_int_equal(symlink(target, name), 0);
}

static void
add_device(const struct scene *scene, const char *name, const char *driver)
{
	char path[128], target[128];

	add_folder(scene, "sys/bus/pci/devices/%s", name);
	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/driver", name);
	snprintf(target, sizeof(target), "../../../../bus/pci/drivers/%s", driver);
	add_link(scene, path, target);
}

/* A process that has a file open. */
static void
add_process(const struct scene *scene, int pid, const char *name, const char *file)
{
	char path[256];
	FILE *out;

	add_folder(scene, "proc/%d/fd", pid);
	snprintf(path, sizeof(path), "%s/%d/comm", scene->proc, pid);
	out = fopen(path, "we");
	assert_non_null(out);
	fprintf(out, "%s\n", name);
	assert_int_equal(fclose(out), 0);
	snprintf(path, sizeof(path), "proc/%d/fd/3", pid);
	add_link(scene, path, "/dev/null");
	snprintf(path, sizeof(path), "proc/%d/fd/4", pid);
	add_link(scene, path, file);
}

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	strcpy(scene->root, "/tmp/ipvsd-claim-XXXXXX");
	assert_non_null(mkdtemp(scene->root));
	snprintf(scene->sys, sizeof(scene->sys), "%s/sys", scene->root);
	snprintf(scene->proc, sizeof(scene->proc), "%s/proc", scene->root);
	snprintf(scene->locks, sizeof(scene->locks), "%s/locks", scene->root);
	scene->places = (struct pci_places){ .sys = scene->sys, .proc = scene->proc, .locks = scene->locks };
	add_folder(scene, "proc");
	add_device(scene, KERNELS, "e1000e");
	add_device(scene, UIO, "uio_pci_generic");
	add_folder(scene, "sys/bus/pci/devices/" UIO "/uio/uio7");
	add_device(scene, VFIO, "vfio-pci");
	add_link(scene, "sys/bus/pci/devices/" VFIO "/iommu_group", "../../../../kernel/iommu_groups/12");
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;
	char command[96];

	snprintf(command, sizeof(command), "rm -r '%s'", scene->root);
	assert_int_equal(system(command), 0);
	free(scene);
	return 0;
}

/* Another process that has claimed a device, when this returns; it ends when it is killed. */
static pid_t
claimed_elsewhere(const struct scene *scene, const char *name)
{
	struct pci_holder holder;
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* should the test fail */
		if (pci_claim(&scene->places, name, &holder) >= 0 && write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void
a_claim_keeps_others_out_until_its_process_ends(void **state)
{
	const struct scene *scene = *state;
	struct pci_holder holder;
	pid_t other = claimed_elsewhere(scene, UIO);
	int fd, fd2;

	assert_int_equal(pci_claim(&scene->places, UIO, &holder), -EBUSY);
	assert_int_equal(holder.pid, other);
	assert_string_equal(holder.name, program_invocation_short_name);
	fd2 = pci_claim(&scene->places, VFIO, &holder);
	assert_true(fd2 >= 0);
	/* By whatever. */
	assert_int_equal(kill(other, SIGKILL), 0);
	assert_int_equal(waitpid(other, NULL, 0), other);
	fd = pci_claim(&scene->places, UIO, &holder);
	assert_true(fd >= 0);
	/* Twice in one configuration. */
	assert_int_equal(pci_claim(&scene->places, UIO, &holder), -EBUSY);
	assert_int_equal(holder.pid, getpid());
	close(fd);
	close(fd2);
	fd = pci_claim(&scene->places, UIO, &holder);
	assert_true(fd >= 0);
	close(fd);
}

static void
other_programs_are_found_by_their_open_nodes(void **state)
{
	const struct scene *scene = *state;
	struct pci_holder holder;
	int fd;

	add_process(scene, 4711, "dpdk-testpmd", "/dev/uio7");
	add_process(scene, 4712, "qemu", "/dev/vfio/1");
	assert_int_equal(pci_claim(&scene->places, UIO, &holder), -EBUSY);
	assert_int_equal(holder.pid, 4711);
	assert_string_equal(holder.name, "dpdk-testpmd");
	fd = pci_claim(&scene->places, VFIO, &holder);
	assert_true(fd >= 0);
	close(fd);
	add_process(scene, 4713, "qemu", "/dev/vfio/noiommu-12");
	assert_int_equal(pci_claim(&scene->places, VFIO, &holder), -EBUSY);
	assert_int_equal(holder.pid, 4713);
	/* Our own are none. */
	add_device(scene, "0000:00:05.0", "igb_uio");
	add_folder(scene, "sys/bus/pci/devices/0000:00:05.0/uio/uio8");
	add_process(scene, getpid(), "ipvsd", "/dev/uio8");
	fd = pci_claim(&scene->places, "0000:00:05.0", &holder);
	assert_true(fd >= 0);
	close(fd);
}

static void
what_dpdk_cannot_have_is_not_claimed(void **state)
{
	const struct scene *scene = *state;
	struct pci_holder holder;
	struct stat status;

	assert_int_equal(pci_claim(&scene->places, KERNELS, &holder), -ENODEV);
	assert_int_equal(pci_claim(&scene->places, "0000:00:09.0", &holder), -ENODEV);
	assert_int_equal(stat(scene->locks, &status), -1);
}

static void
without_a_folder_for_locks_open_nodes_are_looked_at(void **state)
{
	const struct scene *scene = *state;
	struct pci_places places = scene->places;
	struct pci_holder holder;
	char locks[96];

	snprintf(locks, sizeof(locks), "%s/none/locks", scene->root);
	places.locks = locks;
	assert_int_equal(pci_claim(&places, UIO, &holder), -ENOENT);
	add_process(scene, 4711, "dpdk-testpmd", "/dev/uio7");
	assert_int_equal(pci_claim(&places, UIO, &holder), -EBUSY);
	assert_int_equal(holder.pid, 4711);
	/* A link could lead anywhere. */
	add_folder(scene, "locks");
	add_link(scene, "locks/" VFIO ".lock", "/tmp/ipvsd-claim-elsewhere");
	assert_int_equal(pci_claim(&scene->places, VFIO, &holder), -ELOOP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_claim_keeps_others_out_until_its_process_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(other_programs_are_found_by_their_open_nodes, setup, teardown),
		cmocka_unit_test_setup_teardown(what_dpdk_cannot_have_is_not_claimed, setup, teardown),
		cmocka_unit_test_setup_teardown(without_a_folder_for_locks_open_nodes_are_looked_at, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
