/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is said about PCI devices that DPDK can't work with, for folders that look like /sys.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "port/pci_driver.h"

struct scene {
	char sys[64];
};

static void
make_folder(const char *path)
{
	char part[256];

	snprintf(part, sizeof(part), "%s", path);
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(part, 0700);
		*slash = '/';
	}
	(void)mkdir(part, 0700);
}

/* DRIVER: NULL for none. */
static void
add_device(const struct scene *scene, const char *name, const char *driver)
{
	char device[128], target[128], link[160];

	snprintf(device, sizeof(device), "%s/bus/pci/devices/%s", scene->sys, name);
	make_folder(device);
	if (!driver)
		return;
	snprintf(target, sizeof(target), "../../../../bus/pci/drivers/%s", driver);
	snprintf(link, sizeof(link), "%s/driver", device);
	assert_int_equal(symlink(target, link), 0);
}

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	strcpy(scene->sys, "/tmp/ipvsd-sys-XXXXXX");
	assert_non_null(mkdtemp(scene->sys));
	add_device(scene, "0000:00:01.0", "e1000e");
	add_device(scene, "0000:00:02.0", "uio_pci_generic");
	add_device(scene, "0000:00:03.0", "vfio-pci");
	add_device(scene, "0000:00:04.0", NULL);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;
	char command[96];

	snprintf(command, sizeof(command), "rm -r '%s'", scene->sys);
	assert_int_equal(system(command), 0);
	free(scene);
	return 0;
}

static void
assert_explained(const struct scene *scene, const char *name, const char *expected)
{
	char text[PCI_DRIVER_TEXT];

	pci_driver_explain(scene->sys, name, true, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void
each_driver_has_its_remedy(void **state)
{
	const struct scene *scene = *state;

	assert_explained(scene, "0000:00:01.0", "the kernel's driver e1000e has it; ipvsd-bind gives it to DPDK");
	assert_explained(
		scene, "0000:00:02.0",
		"DPDK has no driver for it, or can't open it (uio_pci_generic); see the lines above, and dmesg");
	assert_explained(scene, "0000:00:03.0",
			 "DPDK has no driver for it, or can't open it (vfio-pci); see the lines above, and dmesg");
	assert_explained(scene, "0000:00:04.0", "it has no driver; ipvsd-bind gives it one that DPDK works with");
	assert_explained(scene, "0000:00:05.0", "there is no such PCI device; lspci -D lists those that there are");
}

static void
uio_needs_a_capability(void **state)
{
	const struct scene *scene = *state;
	char text[PCI_DRIVER_TEXT];

	pci_driver_explain(scene->sys, "0000:00:02.0", false, text, sizeof(text));
	assert_string_equal(text, "uio_pci_generic needs CAP_SYS_ADMIN: install -D -m 644 "
				  "/usr/share/ipvsd/systemd-uio.conf /etc/systemd/system/ipvsd.service.d/uio.conf && "
				  "systemctl daemon-reload, or bind it to vfio-pci");
	pci_driver_explain(scene->sys, "0000:00:03.0", false, text, sizeof(text));
	assert_null(strstr(text, "CAP_SYS_ADMIN"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_driver_has_its_remedy, setup, teardown),
		cmocka_unit_test_setup_teardown(uio_needs_a_capability, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
