/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/log.h"
#include "port/kernel_if.h"
#include "port/link_ioctl.h"
#include "port/port.h"

int
tap_attach(const char *name, int flags)
{
	struct ifreq ifr = { .ifr_flags = (short)flags };
	CLEANUP(fd_close) int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int attached;

	if (fd < 0)
		return -errno;
	strncpy(ifr.ifr_name, name, sizeof(ifr.ifr_name) - 1);
	if (ioctl(fd, TUNSETIFF, &ifr) != 0)
		return -errno;
	attached = fd;
	fd = -1;
	return attached;
}

int
tap_set_persistent(int fd, bool on)
{
	return ioctl(fd, TUNSETPERSIST, on ? 1 : 0) == 0 ? 0 : -errno;
}

/* Its file may be there without the module, which is loaded by opening it. */
static bool
vhost_is_there(void)
{
	CLEANUP(fd_close) int fd = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);

	return fd >= 0;
}

static const struct kernel_if_ops *
choose(const struct config_port *config)
{
	switch (config->kernel_path) {
	case KERNEL_PATH_VHOST:
		return &kernel_if_vhost;
	case KERNEL_PATH_TAP:
		return &kernel_if_tap;
	case KERNEL_PATH_AUTO:
		break;
	}
	return vhost_is_there() ? &kernel_if_vhost : &kernel_if_tap;
}

static const char *
remedy(int err)
{
	switch (err) {
	case -EBUSY:
		return "another process holds it; stop that one or choose another name";
	case -EINVAL:
		return "an interface of that name exists and is not a tap; choose another name";
	case -EPERM:
	case -EACCES:
		return "run as root or with CAP_NET_ADMIN";
	case -ENOENT:
	case -ENODEV:
		return "load the kernel module tun (modprobe tun)";
	default:
		return "see the lines above";
	}
}

/* The interface is the port, seen from the kernel: same address, same MTU. */
static int
configure(struct kernel_if *kernel, const struct port *port)
{
	int err = link_ifindex(kernel->name);

	if (err < 0)
		return err;
	kernel->ifindex = err;
	err = link_set_mac(kernel->name, &port->mac);
	if (err == 0)
		err = link_set_mtu(kernel->name, port->mtu);
	if (err == 0)
		err = link_set_up(kernel->name);
	return err;
}

int
kernel_if_open(const struct config_port *config, struct port *port, struct rte_mempool *pool)
{
	const struct kernel_if_ops *ops = choose(config);
	bool second_choice = config->kernel_path == KERNEL_PATH_AUTO && ops == &kernel_if_tap;
	struct kernel_if *kernel;
	int err;

	if (config->kernel_path == KERNEL_PATH_VHOST && !vhost_is_there()) {
		log_error(
			"port",
			"%s: kernel interface %s (line %u): /dev/vhost-net can't be opened: load the module vhost_net, "
			"or set kernel_path = \"tap\"",
			port->name, config->kernel, config->line);
		return -ENODEV;
	}
	err = ops->open(config->kernel, port, pool, &kernel);
	if (err < 0) {
		log_error("port", "%s: kernel interface %s (%s, line %u): %s; %s", port->name, config->kernel,
			  ops->name, config->line, strerror(-err), remedy(err));
		return err;
	}
	kernel->ops = ops;
	snprintf(kernel->name, sizeof(kernel->name), "%s", config->kernel);
	port->kernel = kernel;
	port->kernel_keep = config->kernel_keep;
	err = configure(kernel, port);
	if (err < 0) {
		log_error("port", "%s: kernel interface %s: setting MAC address, MTU %u and state failed: %s",
			  port->name, config->kernel, port->mtu, strerror(-err));
		kernel_if_close(port);
		return err;
	}
	port->kernel_ifindex = kernel->ifindex;
	strcpy(port->kernel_name, kernel->name);
	log_info("port", "%s: kernel interface %s (index %d) over %s%s", port->name, kernel->name, kernel->ifindex,
		 ops->name, second_choice ? "; with the module vhost_net it would be faster" : "");
	return 0;
}

void
kernel_if_close(struct port *port)
{
	if (!port->kernel)
		return;
	port->kernel->ops->close(port->kernel, port->kernel_keep);
	port->kernel = NULL;
	port->kernel_ifindex = 0;
}
