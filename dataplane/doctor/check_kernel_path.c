/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What kernel interfaces are made with: /dev/vhost-net and /dev/net/tun.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <unistd.h>

#include "doctor/checks.h"
#include "doctor/findings.h"

static bool
any_port_has(const struct config *config, enum config_kernel_path path)
{
	for (uint32_t i = 0; i < config->n_ports; i++) {
		if (config->ports[i].kernel_path == path)
			return true;
	}
	return false;
}

static void
find_tun(const struct machine *machine, struct findings *findings)
{
	int err = machine_access(machine, R_OK | W_OK, "/dev/net/tun");

	if (err == -ENOENT) {
		finding_add(findings, LEVEL_FAIL, "there is no /dev/net/tun: no kernel interface can be made");
		finding_mend(findings, "modprobe tun");
	} else if (err < 0)
		finding_add(findings, LEVEL_NOTE, "/dev/net/tun is there, and not for this user to open; root may");
	else
		finding_add(findings, LEVEL_OK, "/dev/net/tun is there");
}

static void
find_vhost(const struct machine *machine, struct findings *findings)
{
	bool demanded = any_port_has(machine->config, KERNEL_PATH_VHOST);
	int err = machine_access(machine, R_OK | W_OK, "/dev/vhost-net");

	if (!demanded && !any_port_has(machine->config, KERNEL_PATH_AUTO))
		finding_add(findings, LEVEL_OK, "no port wants /dev/vhost-net (kernel_path is \"tap\")");
	else if (err == -ENOENT && demanded) {
		finding_add(findings, LEVEL_FAIL, "there is no /dev/vhost-net, and kernel_path is \"vhost\"");
		finding_mend(findings, "modprobe vhost_net");
	} else if (err == -ENOENT) {
		finding_add(findings, LEVEL_WARN,
			    "there is no /dev/vhost-net: packets go to the kernel by a tap, which is slower");
		finding_mend(findings, "modprobe vhost_net && systemctl restart ipvsd");
	} else if (err < 0)
		finding_add(findings, LEVEL_NOTE, "/dev/vhost-net is there, and not for this user to open; root may");
	else
		finding_add(findings, LEVEL_OK, "/dev/vhost-net is there");
}

static void
run(const struct machine *machine, struct findings *findings)
{
	find_tun(machine, findings);
	find_vhost(machine, findings);
}

const struct check check_kernel_path = {
	.name = "kernel path",
	.needs_config = true,
	.run = run,
};
