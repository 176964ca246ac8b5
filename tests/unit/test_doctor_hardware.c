/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the doctor finds about NICs, the IOMMU, NUMA nodes, huge pages and CPUs, on machines made of files.
 */
#define _GNU_SOURCE
#include "fake_machine.h"

#define NIC "0000:3b:00.0"
#define OTHER "0000:3b:00.1"
#define ONE_PORT "ports = (\n { name = \"wan\"; devices = ( \"" NIC "\" ); }\n);\n"

static void
install(struct fake_machine *fake, const char *path)
{
	char name[128];

	there_is(fake, path, "#!/bin/sh\n");
	snprintf(name, sizeof(name), "%s%s", fake->root, path);
	assert_int_equal(chmod(name, 0755), 0);
}

static void
nic(struct fake_machine *fake, const char *address, const char *driver, const char *interface)
{
	char path[256], target[256];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/class", address);
	there_is(fake, path, "0x020000\n");
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", address);
	snprintf(target, sizeof(target), "../../../bus/pci/drivers/%s", driver);
	if (driver)
		there_is_link(fake, path, target);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/net/%s", address, interface ? interface : "");
	if (interface)
		there_is_folder(fake, path);
}

static void
in_group(struct fake_machine *fake, const char *address, const char *group)
{
	char path[256], target[256];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", address);
	snprintf(target, sizeof(target), "../../../kernel/iommu_groups/%s", group);
	there_is_link(fake, path, target);
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%s/devices/%s", group, address);
	there_is_folder(fake, path);
}

static void
default_route(struct fake_machine *fake, const char *interface)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
		 "%s\t00000000\t010A0A0A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
		 "lo\t00000A0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n",
		 interface);
	there_is(fake, "/proc/net/route", text);
}

/* ---- ports ---- */

static void
a_nic_that_is_not_there_is_named_beside_those_that_are(void **state)
{
	struct fake_machine *fake = *state;

	configure(fake, ONE_PORT);
	ask(fake, &check_ports);
	found(fake, LEVEL_FAIL, "port wan (line 2): " NIC ": there is no such device; network devices are: none",
	      "+2 ");
	nic(fake, OTHER, "i40e", "eth1");
	nic(fake, "0000:01:00.0", "igb", "eth0");
	default_route(fake, "eth0");
	ask(fake, &check_ports);
	found(fake, LEVEL_FAIL, "are: 0000:01:00.0 (igb, eth0, the default route's), " OTHER " (i40e, eth1)", "+2 ");
}

static void
a_nic_on_its_kernel_driver_is_to_be_bound(void **state)
{
	struct fake_machine *fake = *state;

	configure(fake, ONE_PORT);
	nic(fake, NIC, "i40e", "eth1");
	ask(fake, &check_ports);
	found(fake, LEVEL_FAIL, "the kernel has it still (driver i40e, interface eth1)", "echo uio_pci_generic > ");
	there_is_folder(fake, "/sys/kernel/iommu_groups/7");
	ask(fake, &check_ports);
	found(fake, LEVEL_FAIL, "the kernel has it still", "echo vfio-pci > ");
	install(fake, "/usr/sbin/driverctl");
	ask(fake, &check_ports);
	found(fake, LEVEL_FAIL, "the kernel has it still", "driverctl set-override " NIC " vfio-pci");
	install(fake, "/usr/sbin/ipvsd-bind");
	ask(fake, &check_ports);
	found(fake, LEVEL_FAIL, "the kernel has it still", "ipvsd-bind -c /tmp/");
}

static void
the_nic_of_the_default_route_is_not_to_be_bound(void **state)
{
	struct fake_machine *fake = *state;

	configure(fake, ONE_PORT);
	nic(fake, NIC, "i40e", "eth1");
	default_route(fake, "eth1");
	ask(fake, &check_ports);
	found(fake, LEVEL_FAIL, NIC " is eth1, by which this machine's default route leaves", "+2 ");
	default_route(fake, "eth10");
	ask(fake, &check_ports);
	found(fake, LEVEL_FAIL, "the kernel has it still", "drivers_probe");
	there_is(fake, "/proc/net/ipv6_route",
		 "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
		 "fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth1\n");
	ask(fake, &check_ports);
	found(fake, LEVEL_FAIL, "by which this machine's default route leaves", NULL);
}

static void
virtio_has_its_interface_further_down(void **state)
{
	struct fake_machine *fake = *state;

	configure(fake, ONE_PORT);
	nic(fake, NIC, "virtio-pci", NULL);
	there_is_folder(fake, "/sys/bus/pci/devices/" NIC "/virtio2/net/ens5");
	ask(fake, &check_ports);
	found(fake, LEVEL_FAIL, "(driver virtio-pci, interface ens5)", NULL);
}

static void
what_dpdk_can_drive_is_good(void **state)
{
	struct fake_machine *fake = *state;

	configure(fake, ONE_PORT);
	nic(fake, NIC, "uio_pci_generic", NULL);
	ask(fake, &check_ports);
	nothing_is_wrong(fake);
	found(fake, LEVEL_OK, "driver uio_pci_generic", NULL);
	nic(fake, NIC, "vfio-pci", NULL);
	in_group(fake, NIC, "12");
	ask(fake, &check_ports);
	found(fake, LEVEL_FAIL, "there is no /dev/vfio/12", "udevadm");
	there_is(fake, "/dev/vfio/12", "");
	ask(fake, &check_ports);
	nothing_is_wrong(fake);
	there_is(fake, "/sys/kernel/iommu_groups/12/name", "vfio-noiommu\n");
	ask(fake, &check_ports);
	found(fake, LEVEL_FAIL, "there is no /dev/vfio/noiommu-12", "udevadm");
}

static void
mellanox_shares_its_nic_with_the_kernel(void **state)
{
	struct fake_machine *fake = *state;

	configure(fake, ONE_PORT);
	nic(fake, NIC, "mlx5_core", "eth1");
	ask(fake, &check_ports);
	found(fake, LEVEL_FAIL, "no /dev/infiniband", "modprobe -a ib_uverbs mlx5_ib");
	there_is_folder(fake, "/dev/infiniband");
	ask(fake, &check_ports);
	nothing_is_wrong(fake);
	found(fake, LEVEL_OK, "driver mlx5_core, beside the kernel", NULL);
	default_route(fake, "eth1");
	ask(fake, &check_ports);
	found(fake, LEVEL_WARN, "ipvsd takes its packets", "ip route replace default");
}

static void
devices_without_driver_or_of_another_kind_are_said(void **state)
{
	struct fake_machine *fake = *state;

	configure(fake, ONE_PORT);
	nic(fake, NIC, NULL, NULL);
	ask(fake, &check_ports);
	found(fake, LEVEL_FAIL, NIC " has no driver", "uio_pci_generic");
	there_is(fake, "/sys/bus/pci/devices/" NIC "/class", "0x010802\n");
	ask(fake, &check_ports);
	found(fake, LEVEL_FAIL, "is no network device: its class is 0x010802", "+2 ");
}

static void
the_interface_below_a_port_is_there_up_and_not_our_own(void **state)
{
	struct fake_machine *fake = *state;

	configure(fake, "ports = ( { name = \"wan\"; devices = ( \"net_af_packet0,iface=eth1,qpairs=1\" ); } );\n");
	there_is(fake, "/sys/class/net/eth0/operstate", "up\n");
	ask(fake, &check_ports);
	found(fake, LEVEL_FAIL, "there is no interface eth1; there are: eth0", "+1 ");
	there_is(fake, "/sys/class/net/eth1/operstate", "down\n");
	ask(fake, &check_ports);
	found(fake, LEVEL_WARN, "eth1 is down", "ip link set eth1 up");
	there_is(fake, "/sys/class/net/eth1/operstate", "up\n");
	ask(fake, &check_ports);
	nothing_is_wrong(fake);
	default_route(fake, "eth1");
	ask(fake, &check_ports);
	found(fake, LEVEL_WARN, "default route leaves by eth1", "+1 ");
}

/* ---- iommu ---- */

static void
without_an_iommu_there_is_a_reason_and_a_way(void **state)
{
	struct fake_machine *fake = *state;

	configure(fake, ONE_PORT);
	nic(fake, NIC, "i40e", "eth1");
	ask(fake, &check_iommu);
	found(fake, LEVEL_WARN, "none (in the firmware", "modprobe uio_pci_generic");
	nic(fake, NIC, "vfio-pci", NULL);
	ask(fake, &check_iommu);
	found(fake, LEVEL_FAIL, "none (in the firmware", "enable_unsafe_noiommu_mode");
	there_is(fake, "/etc/default/grub", "GRUB_CMDLINE_LINUX=\"\"\n");
	there_is(fake, "/sys/firmware/acpi/tables/DMAR", "");
	ask(fake, &check_iommu);
	found(fake, LEVEL_FAIL, "off, though the firmware has one", "intel_iommu=on iommu=pt ");
	there_is_not(fake, "/sys/firmware/acpi/tables/DMAR");
	there_is(fake, "/sys/firmware/acpi/tables/IVRS", "");
	ask(fake, &check_iommu);
	found(fake, LEVEL_FAIL, "off, though the firmware has one", "amd_iommu=on iommu=pt ");
	there_is(fake, "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
	ask(fake, &check_iommu);
	nothing_is_wrong(fake);
	found(fake, LEVEL_NOTE, "a device can reach all memory", NULL);
	nic(fake, NIC, "uio_pci_generic", NULL);
	ask(fake, &check_iommu);
	nothing_is_wrong(fake);
	found(fake, LEVEL_OK, "the ports' drivers do without one", NULL);
}

#define UNIT_PATH "/lib/systemd/system/ipvsd.service"
#define DROP_IN "/etc/systemd/system/ipvsd.service.d/uio.conf"
#define MEND_UIO "install -D -m 644 /usr/share/ipvsd/systemd-uio.conf " DROP_IN " && systemctl daemon-reload"

static void
a_service_may_open_what_is_uios(void **state)
{
	struct fake_machine *fake = *state;

	configure(fake, ONE_PORT);
	nic(fake, NIC, "uio_pci_generic", NULL);
	there_is(fake, UNIT_PATH,
		 "[Service]\nExecStart=/usr/sbin/ipvsd\nCapabilityBoundingSet=CAP_NET_ADMIN CAP_BPF\n");
	ask(fake, &check_ports);
	found(fake, LEVEL_OK, "driver uio_pci_generic", NULL);
	found(fake, LEVEL_FAIL, "ipvsd.service can't open " NIC ": it lacks CAP_SYS_ADMIN", MEND_UIO);
	fake->instance.process.pid = 7;
	ask(fake, &check_ports);
	found(fake, LEVEL_WARN, "ipvsd.service can't open " NIC, MEND_UIO);
	there_is(fake, DROP_IN, "[Service]\nCapabilityBoundingSet=cap_sys_admin CAP_SYS_RAWIO\n");
	ask(fake, &check_ports);
	nothing_is_wrong(fake);
	there_is(fake, DROP_IN, "[Service]\nCapabilityBoundingSet=CAP_SYS_ADMIN\nCapabilityBoundingSet=\n");
	ask(fake, &check_ports);
	found(fake, LEVEL_WARN, "ipvsd.service can't open " NIC, NULL);
	there_is(fake, DROP_IN, "[Service]\nCapabilityBoundingSet=\nCapabilityBoundingSet=~CAP_SYS_TIME\n");
	ask(fake, &check_ports);
	found(fake, LEVEL_WARN, "ipvsd.service can't open " NIC, NULL);
	/* Any but one. */
	there_is_not(fake, DROP_IN);
	there_is(fake, UNIT_PATH, "[Service]\nExecStart=/usr/sbin/ipvsd\nCapabilityBoundingSet=~CAP_SYS_TIME\n");
	ask(fake, &check_ports);
	nothing_is_wrong(fake);
	there_is(fake, UNIT_PATH, "[Service]\nExecStart=/usr/sbin/ipvsd\nCapabilityBoundingSet=~CAP_SYS_ADMIN\n");
	ask(fake, &check_ports);
	found(fake, LEVEL_WARN, "ipvsd.service can't open " NIC, NULL);
	/* What needs none. */
	nic(fake, NIC, "vfio-pci", NULL);
	in_group(fake, NIC, "12");
	there_is(fake, "/dev/vfio/12", "");
	ask(fake, &check_ports);
	nothing_is_wrong(fake);
}

#define WITH_ADMIN "[Service]\nExecStart=/usr/sbin/ipvsd\nCapabilityBoundingSet=CAP_NET_ADMIN CAP_SYS_ADMIN\n"

/* Does it with these settings of its unit? */
static void
uio_is_open(struct fake_machine *fake, const char *settings, bool open)
{
	char text[512];

	snprintf(text, sizeof(text), WITH_ADMIN "%s", settings);
	there_is(fake, UNIT_PATH, text);
	ask(fake, &check_ports);
	if (open)
		nothing_is_wrong(fake);
	else
		found(fake, LEVEL_FAIL, "ipvsd.service can't open " NIC ": it lacks char-uio in DeviceAllow", MEND_UIO);
}

static void
a_service_may_be_closed_to_uio(void **state)
{
	struct fake_machine *fake = *state;

	configure(fake, ONE_PORT);
	nic(fake, NIC, "uio_pci_generic", NULL);
	uio_is_open(fake, "", true);
	uio_is_open(fake, "DevicePolicy=auto\n", true);
	uio_is_open(fake, "DevicePolicy=closed\n", false);
	uio_is_open(fake, "DevicePolicy=strict\n", false);
	uio_is_open(fake, "DevicePolicy=closed\nDevicePolicy=auto\n", true);
	uio_is_open(fake, "DeviceAllow=/dev/net/tun rw\nDeviceAllow=char-vfio rw\n", false);
	uio_is_open(fake, "DeviceAllow=/dev/net/tun rw\nDeviceAllow=\n", true);
	uio_is_open(fake, "DevicePolicy=closed\nDeviceAllow=char-uio rw\nDeviceAllow=char-vfio rw\n", true);
	uio_is_open(fake, "DevicePolicy=closed\nDeviceAllow=char-uio rw\nDeviceAllow=\n", false);
	uio_is_open(fake, "DevicePolicy=strict\nDeviceAllow=char-* rw\n", true);
	uio_is_open(fake, "DeviceAllow=/dev/uio0 rw\n", true);
	uio_is_open(fake, "DeviceAllow=block-* rw\n", false);
	/* What lets it; and set-property, which takes it back. */
	there_is(fake, DROP_IN, "[Service]\nDeviceAllow=char-uio rw\n");
	uio_is_open(fake, "DevicePolicy=closed\nDeviceAllow=/dev/net/tun rw\n", true);
	there_is(fake, "/etc/systemd/system.control/ipvsd.service.d/zz.conf", "[Service]\nDeviceAllow=\n");
	uio_is_open(fake, "DevicePolicy=closed\n", false);
	/* vfio has others. */
	nic(fake, NIC, "vfio-pci", NULL);
	in_group(fake, NIC, "12");
	there_is(fake, "/dev/vfio/12", "");
	uio_is_open(fake, "DevicePolicy=closed\n", true);
}

static void
a_service_may_have_the_maps_of_af_xdp(void **state)
{
	struct fake_machine *fake = *state;

	there_is_folder(fake, "/sys/class/net/eth1");
	configure(fake, "ports = ( { name = \"wan\"; devices = ( \"net_af_xdp_of_the_wan_side,iface=eth1\" ); } );\n");
	ask(fake, &check_ports);
	nothing_is_wrong(fake);
	there_is(fake, UNIT_PATH,
		 "[Service]\nExecStart=/usr/sbin/ipvsd\nCapabilityBoundingSet=CAP_NET_ADMIN CAP_BPF\n");
	ask(fake, &check_ports);
	found(fake, LEVEL_FAIL, "ipvsd.service can't open net_af_xdp_of_the_wan_side: it lacks CAP_SYS_ADMIN",
	      MEND_UIO);
	there_is(fake, UNIT_PATH, WITH_ADMIN "DevicePolicy=closed\n");
	ask(fake, &check_ports);
	nothing_is_wrong(fake);
	configure(fake, "ports = ( { name = \"wan\"; devices = ( \"net_af_packet0,iface=eth1\" ); } );\n");
	ask(fake, &check_ports);
	nothing_is_wrong(fake);
}

static void
an_iommu_group_is_ours_alone(void **state)
{
	struct fake_machine *fake = *state;

	configure(fake, ONE_PORT);
	nic(fake, NIC, "vfio-pci", NULL);
	in_group(fake, NIC, "12");
	in_group(fake, "0000:3a:00.0", "12");
	there_is(fake, "/sys/bus/pci/devices/0000:3a:00.0/class", "0x060400\n");
	there_is_link(fake, "/sys/bus/pci/devices/0000:3a:00.0/driver", "x/pcieport");
	ask(fake, &check_iommu);
	nothing_is_wrong(fake);
	found(fake, LEVEL_OK, "on (1 groups)", NULL);
	nic(fake, OTHER, "i40e", "eth2");
	in_group(fake, OTHER, "12");
	ask(fake, &check_iommu);
	found(fake, LEVEL_FAIL, NIC " shares IOMMU group 12 with " OTHER " (i40e)", OTHER);
}

static void
ports_that_are_no_pci_devices_need_no_iommu(void **state)
{
	struct fake_machine *fake = *state;

	configure(fake, "ports = ( { name = \"wan\"; devices = ( \"net_null0\" ); } );\n");
	ask(fake, &check_iommu);
	nothing_is_wrong(fake);
	ask(fake, &check_ports);
	nothing_is_wrong(fake);
}

/* ---- kernel path and interfaces ---- */

static void
kernel_interfaces_need_tun_and_want_vhost(void **state)
{
	struct fake_machine *fake = *state;

	configure(fake, ONE_PORT);
	ask(fake, &check_kernel_path);
	found(fake, LEVEL_FAIL, "no /dev/net/tun", "modprobe tun");
	found(fake, LEVEL_WARN, "no /dev/vhost-net", "modprobe vhost_net");
	there_is(fake, "/dev/net/tun", "");
	there_is(fake, "/dev/vhost-net", "");
	ask(fake, &check_kernel_path);
	nothing_is_wrong(fake);
	there_is_not(fake, "/dev/vhost-net");
	configure(fake, "ports = ( { name = \"wan\"; devices = ( \"net_null0\" ); kernel_path = \"tap\"; } );\n");
	ask(fake, &check_kernel_path);
	nothing_is_wrong(fake);
	configure(fake, "ports = ( { name = \"wan\"; devices = ( \"net_null0\" ); kernel_path = \"vhost\"; } );\n");
	ask(fake, &check_kernel_path);
	found(fake, LEVEL_FAIL, "no /dev/vhost-net, and kernel_path is \"vhost\"", "modprobe vhost_net");
}

static void
a_kernel_interface_is_there_while_ipvsd_runs_and_free_before(void **state)
{
	struct fake_machine *fake = *state;

	configure(fake, ONE_PORT);
	ask(fake, &check_interfaces);
	nothing_is_wrong(fake);
	there_is(fake, "/sys/class/net/wan/flags", "0x1003\n");
	ask(fake, &check_interfaces);
	found(fake, LEVEL_FAIL, "is to be wan, which is another interface's name", "+2 ");
	there_is(fake, "/sys/class/net/wan/tun_flags", "0x1002\n");
	ask(fake, &check_interfaces);
	nothing_is_wrong(fake);
	fake->instance.process.pid = 77;
	ask(fake, &check_interfaces);
	found(fake, LEVEL_WARN, "wan has no carrier", "ip -s link show wan");
	there_is(fake, "/sys/class/net/wan/carrier", "1\n");
	ask(fake, &check_interfaces);
	nothing_is_wrong(fake);
	there_is(fake, "/sys/class/net/wan/flags", "0x1002\n");
	ask(fake, &check_interfaces);
	found(fake, LEVEL_FAIL, "wan is down", "ip link set wan up");
	there_is_not(fake, "/sys/class/net/wan/flags");
	there_is_not(fake, "/sys/class/net/wan/tun_flags");
	there_is_not(fake, "/sys/class/net/wan/carrier");
	configure(fake, "ports = ( { name = \"lan\"; devices = ( \"net_null0\" ); } );\n");
	ask(fake, &check_interfaces);
	found(fake, LEVEL_FAIL, "its kernel interface lan is not there", "restart ipvsd");
}

/* ---- cpus ---- */

#define PINNED "workers = { count = 2; cpus = \"2-3\"; control_cpus = \"0\"; };\n" ONE_PORT

static void
cpus_exist_are_enough_and_do_one_job(void **state)
{
	struct fake_machine *fake = *state;

	use_cpus(fake, "0-3\n");
	configure(fake, PINNED);
	ask(fake, &check_cpus);
	nothing_is_wrong(fake);
	found(fake, LEVEL_OK, "2 workers on CPU 2-3", NULL);
	configure(fake, "workers = { count = 2; cpus = \"3-4\"; };\n" ONE_PORT);
	ask(fake, &check_cpus);
	found(fake, LEVEL_FAIL, "CPU 4 does not exist or is not to be used; there are 0-3", "workers.cpus");
	configure(fake, "workers = { count = 3; cpus = \"2-3\"; };\n" ONE_PORT);
	ask(fake, &check_cpus);
	found(fake, LEVEL_FAIL, "names 2 CPUs for 3 workers", "workers.count = 2");
	configure(fake, "workers = { count = 2; cpus = \"2-3\"; control_cpus = \"0,3\"; };\n" ONE_PORT);
	ask(fake, &check_cpus);
	found(fake, LEVEL_WARN, "CPU 3 is a worker's and of control_cpus", "control_cpus = \"0-1\"");
	configure(fake, "workers = { count = 4; cpus = \"0-3\"; };\n" ONE_PORT);
	ask(fake, &check_cpus);
	found(fake, LEVEL_WARN, "workers have all 4 CPUs", "workers.count = 3");
	configure(fake, "workers = { count = 2; cpus = \"two\"; };\n" ONE_PORT);
	ask(fake, &check_cpus);
	found(fake, LEVEL_FAIL, "workers.cpus = \"two\" is no list of CPUs; there are 0-3", NULL);
}

static void
workers_that_are_not_pinned_leave_something(void **state)
{
	struct fake_machine *fake = *state;

	use_cpus(fake, "0-3\n");
	configure(fake, "workers = 3;\n" ONE_PORT);
	ask(fake, &check_cpus);
	nothing_is_wrong(fake);
	found(fake, LEVEL_NOTE, "3 workers are not pinned; CPUs are 0-3", "workers.cpus");
	configure(fake, "workers = 4;\n" ONE_PORT);
	ask(fake, &check_cpus);
	found(fake, LEVEL_WARN, "4 workers that poll all the time on 4 CPUs", "count = 3");
	configure(fake, "workers = { count = 4; idle = \"50us\"; };\n" ONE_PORT);
	ask(fake, &check_cpus);
	nothing_is_wrong(fake);
}

static void
workers_cpus_are_isolated(void **state)
{
	struct fake_machine *fake = *state;

	use_cpus(fake, "0-3\n");
	configure(fake, PINNED);
	there_is(fake, "/etc/default/grub", "");
	there_is(fake, "/sys/devices/system/cpu/isolated", "3\n");
	ask(fake, &check_isolation);
	found(fake, LEVEL_WARN, "other programs may run on CPU 2, a worker's",
	      "isolcpus=2-3 nohz_full=2-3 rcu_nocbs=2-3 /' /etc/default/grub && update-grub");
	there_is(fake, "/sys/devices/system/cpu/isolated", "2-3\n");
	ask(fake, &check_isolation);
	found(fake, LEVEL_WARN, "the kernel's tick interrupts CPU 2-3", "nohz_full=2-3");
	there_is(fake, "/sys/devices/system/cpu/nohz_full", "1-3\n");
	ask(fake, &check_isolation);
	nothing_is_wrong(fake);
	use_cpus(fake, "2-3\n");
	there_is(fake, "/sys/devices/system/cpu/isolated", "\n");
	ask(fake, &check_isolation);
	found(fake, LEVEL_NOTE, "workers have all CPUs", NULL);
}

static void
workers_cpus_run_at_full_speed(void **state)
{
	struct fake_machine *fake = *state;

	use_cpus(fake, "0-3\n");
	configure(fake, PINNED);
	ask(fake, &check_governor);
	nothing_is_wrong(fake);
	there_is(fake, "/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "powersave\n");
	there_is(fake, "/sys/devices/system/cpu/cpu2/cpufreq/scaling_governor", "performance\n");
	there_is(fake, "/sys/devices/system/cpu/cpu3/cpufreq/scaling_governor", "schedutil\n");
	ask(fake, &check_governor);
	found(fake, LEVEL_WARN, "schedutil on CPU 3", "cpupower -c 3 frequency-set -g performance");
	there_is(fake, "/sys/devices/system/cpu/cpu3/cpufreq/scaling_governor", "performance\n");
	ask(fake, &check_governor);
	nothing_is_wrong(fake);
	found(fake, LEVEL_OK, "performance on CPU 2-3", NULL);
}

static void
workers_share_no_core(void **state)
{
	struct fake_machine *fake = *state;

	use_cpus(fake, "0-7\n");
	configure(fake, PINNED);
	there_is(fake, "/sys/devices/system/cpu/cpu2/topology/thread_siblings_list", "2,6\n");
	there_is(fake, "/sys/devices/system/cpu/cpu3/topology/thread_siblings_list", "3,7\n");
	ask(fake, &check_smt);
	nothing_is_wrong(fake);
	found(fake, LEVEL_NOTE, "CPU 6-7 shares a core with a worker", "chcpu -d 6-7");
	there_is(fake, "/sys/devices/system/cpu/isolated", "2-3,6-7\n");
	ask(fake, &check_smt);
	found(fake, LEVEL_OK, "nobody shares a core with a worker", NULL);
	there_is(fake, "/sys/devices/system/cpu/cpu2/topology/thread_siblings_list", "2-3\n");
	there_is(fake, "/sys/devices/system/cpu/cpu3/topology/thread_siblings_list", "2-3\n");
	ask(fake, &check_smt);
	found(fake, LEVEL_WARN, "workers share a core: CPUs 2-3", "workers.cpus");
}

/* ---- numa ---- */

static void
two_nodes(struct fake_machine *fake, const char *free0, const char *free1)
{
	there_is(fake, "/sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages", free0);
	there_is(fake, "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/free_hugepages", free1);
	there_is(fake, "/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages", "1000\n");
	there_is(fake, "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages", "500\n");
	there_is(fake, "/sys/devices/system/node/node0/cpulist", "0-1\n");
	there_is(fake, "/sys/devices/system/node/node1/cpulist", "2-3\n");
	for (int cpu = 0; cpu < 4; cpu++) {
		char path[96];

		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/node%d", cpu, cpu / 2);
		there_is_folder(fake, path);
	}
}

static void
workers_sit_beside_their_nic(void **state)
{
	struct fake_machine *fake = *state;

	use_cpus(fake, "0-3\n");
	configure(fake, PINNED);
	nic(fake, NIC, "vfio-pci", NULL);
	ask(fake, &check_numa);
	found(fake, LEVEL_OK, "one node", NULL);
	two_nodes(fake, "0\n", "0\n");
	there_is(fake, "/sys/bus/pci/devices/" NIC "/numa_node", "1\n");
	ask(fake, &check_numa);
	nothing_is_wrong(fake);
	found(fake, LEVEL_OK, NIC " and workers are on node 1", NULL);
	there_is(fake, "/sys/bus/pci/devices/" NIC "/numa_node", "0\n");
	ask(fake, &check_numa);
	found(fake, LEVEL_WARN, NIC " is on node 0, and no worker is", "workers.cpus of 0-1, the CPUs of node 0");
	there_is(fake, "/sys/bus/pci/devices/" NIC "/numa_node", "-1\n");
	ask(fake, &check_numa);
	found(fake, LEVEL_NOTE, "does not tell its node", NULL);
	configure(fake, "workers = 2;\n" ONE_PORT);
	ask(fake, &check_numa);
	found(fake, LEVEL_WARN, "2 nodes, and workers that are not pinned", "workers.cpus");
}

/* ---- huge pages ---- */

#define SMALL                                                                                                         \
	"limits = { connections = \"64K\"; connections_ipv6 = \"64K\"; mbufs = \"8K\"; routes = 1024; routes_ipv6 = " \
	"1024; "                                                                                                      \
	"neighbours = 1024; };\n"

static void
pages(struct fake_machine *fake, const char *total, const char *free)
{
	there_is(fake, "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", total);
	there_is(fake, "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", free);
}

static void
huge_pages_are_counted_against_the_need(void **state)
{
	struct fake_machine *fake = *state;
	char default_path[128];

	use_cpus(fake, "0-3\n");
	configure(fake, PINNED SMALL);
	ask(fake, &check_hugepages);
	found(fake, LEVEL_WARN, "this kernel has none of 2 MB", "memory.hugepages");
	pages(fake, "300\n", "300\n");
	ask(fake, &check_hugepages);
	nothing_is_wrong(fake);
	found(fake, LEVEL_OK, "of 2 MB are needed, 300 are free", NULL);
	pages(fake, "20\n", "10\n");
	there_is(fake, "/proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable:    4000000 kB\n");
	ask(fake, &check_hugepages);
	found(fake, LEVEL_WARN, "10 are free: ipvsd takes pages of 4 KB for everything", "sysctl -w vm.nr_hugepages=1");
	configure(fake, PINNED SMALL "memory = { hugepages = \"required\"; };\n");
	ask(fake, &check_hugepages);
	found(fake, LEVEL_FAIL, "ipvsd does not start", "sysctl -w vm.nr_hugepages=1");
	there_is_folder(fake, "/run/systemd/system");
	there_is(fake, "/usr/lib/systemd/system/ipvsd-hugepages.service", "");
	ask(fake, &check_hugepages);
	found(fake, LEVEL_FAIL, "ipvsd does not start", "sysctl -w"); /* the service's configuration is another one */
	snprintf(default_path, sizeof(default_path), "%s" CONFIG_DEFAULT_FILE, fake->root);
	fake->machine.config_path = default_path;
	ask(fake, &check_hugepages);
	found(fake, LEVEL_FAIL, "ipvsd does not start", "systemctl start ipvsd-hugepages");
	there_is(fake, "/proc/meminfo", "MemAvailable:    40000 kB\n");
	ask(fake, &check_hugepages);
	found(fake, LEVEL_FAIL, "ipvsd does not start", "hugepages=1");
	configure(fake, PINNED);
	ask(fake, &check_hugepages);
	found(fake, LEVEL_WARN, "10 are free", "a lower limits.connections: 39 MB of memory are available");
	configure(fake, PINNED "memory = { hugepages = \"off\"; };\n");
	ask(fake, &check_hugepages);
	nothing_is_wrong(fake);
	found(fake, LEVEL_NOTE, "none are used", NULL);
}

static void
each_node_has_its_need(void **state)
{
	struct fake_machine *fake = *state;

	use_cpus(fake, "0-3\n");
	configure(fake, "workers = { count = 2; cpus = \"1,2\"; control_cpus = \"0\"; };\n" ONE_PORT SMALL);
	pages(fake, "1500\n", "400\n");
	two_nodes(fake, "200\n", "200\n");
	ask(fake, &check_hugepages);
	nothing_is_wrong(fake);
	found(fake, LEVEL_OK, "; node 1: ", NULL);
	two_nodes(fake, "397\n", "3\n");
	ask(fake, &check_hugepages);
	found(fake, LEVEL_WARN, " needed, 3 free: ipvsd takes what it can elsewhere",
	      "> /sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages");
	assert_null(strstr(fake->findings.list[0].mend, "node0"));
}

static void
a_running_ipvsd_has_its_pages(void **state)
{
	struct fake_machine *fake = *state;
	char default_path[128];

	use_cpus(fake, "0-3\n");
	configure(fake, PINNED SMALL);
	pages(fake, "120\n", "5\n");
	there_is_process(fake, 77, 1, "ipvsd", "ipvsd");
	fake->instance.process.pid = 77;
	there_is(fake, "/proc/77/status", "Uid:\t0\nHugetlbPages:\t 245760 kB\n");
	ask(fake, &check_hugepages);
	nothing_is_wrong(fake);
	found(fake, LEVEL_OK, "ipvsd (pid 77) has 240 MB in huge pages", NULL);
	there_is(fake, "/proc/77/status", "Uid:\t0\nHugetlbPages:\t 0 kB\n");
	ask(fake, &check_hugepages);
	found(fake, LEVEL_WARN, "has 0 MB in huge pages", "&& systemctl restart ipvsd");
	pages(fake, "320\n", "205\n");
	ask(fake, &check_hugepages);
	found(fake, LEVEL_WARN, "has 0 MB in huge pages", "systemctl restart ipvsd   # 205 of 2 MB are free");
	there_is_folder(fake, "/run/systemd/system");
	there_is(fake, "/usr/lib/systemd/system/ipvsd-hugepages.service", "");
	snprintf(default_path, sizeof(default_path), "%s" CONFIG_DEFAULT_FILE, fake->root);
	fake->machine.config_path = default_path;
	ask(fake, &check_hugepages);
	found(fake, LEVEL_WARN, "has 0 MB in huge pages", "systemctl restart ipvsd   # which asks for huge pages");
}

static void
pages_of_1_gb_serve_dpdk_alone(void **state)
{
	struct fake_machine *fake = *state;

	use_cpus(fake, "0-3\n");
	configure(fake, PINNED SMALL);
	pages(fake, "20\n", "20\n");
	there_is(fake, "/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages", "4\n");
	ask(fake, &check_hugepages);
	nothing_is_wrong(fake);
	found(fake, LEVEL_OK, "beside 1 of 1 GB for DPDK are needed, 20 are free", NULL);
	found(fake, LEVEL_NOTE, "4 of 1 GB are free, ipvsd has use for 1", "echo 1 > ");
}

#define ON_A_MACHINE(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_MACHINE(a_nic_that_is_not_there_is_named_beside_those_that_are),
		ON_A_MACHINE(a_nic_on_its_kernel_driver_is_to_be_bound),
		ON_A_MACHINE(the_nic_of_the_default_route_is_not_to_be_bound),
		ON_A_MACHINE(virtio_has_its_interface_further_down),
		ON_A_MACHINE(what_dpdk_can_drive_is_good),
		ON_A_MACHINE(mellanox_shares_its_nic_with_the_kernel),
		ON_A_MACHINE(devices_without_driver_or_of_another_kind_are_said),
		ON_A_MACHINE(the_interface_below_a_port_is_there_up_and_not_our_own),
		ON_A_MACHINE(without_an_iommu_there_is_a_reason_and_a_way),
		ON_A_MACHINE(a_service_may_open_what_is_uios),
		ON_A_MACHINE(a_service_may_be_closed_to_uio),
		ON_A_MACHINE(a_service_may_have_the_maps_of_af_xdp),
		ON_A_MACHINE(an_iommu_group_is_ours_alone),
		ON_A_MACHINE(ports_that_are_no_pci_devices_need_no_iommu),
		ON_A_MACHINE(kernel_interfaces_need_tun_and_want_vhost),
		ON_A_MACHINE(a_kernel_interface_is_there_while_ipvsd_runs_and_free_before),
		ON_A_MACHINE(cpus_exist_are_enough_and_do_one_job),
		ON_A_MACHINE(workers_that_are_not_pinned_leave_something),
		ON_A_MACHINE(workers_cpus_are_isolated),
		ON_A_MACHINE(workers_cpus_run_at_full_speed),
		ON_A_MACHINE(workers_share_no_core),
		ON_A_MACHINE(workers_sit_beside_their_nic),
		ON_A_MACHINE(huge_pages_are_counted_against_the_need),
		ON_A_MACHINE(each_node_has_its_need),
		ON_A_MACHINE(a_running_ipvsd_has_its_pages),
		ON_A_MACHINE(pages_of_1_gb_serve_dpdk_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
