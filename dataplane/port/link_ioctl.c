/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <rte_ether.h>

#include "core/cleanup.h"
#include "port/link_ioctl.h"

static int
call(const char *name, unsigned long request, struct ifreq *ifr)
{
	CLEANUP(fd_close) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (name) {
		if (strlen(name) >= sizeof(ifr->ifr_name))
			return -ENAMETOOLONG;
		strcpy(ifr->ifr_name, name);
	}
	return ioctl(fd, request, ifr) == 0 ? 0 : -errno;
}

int
link_ifindex(const char *name)
{
	struct ifreq ifr = { 0 };
	int err = call(name, SIOCGIFINDEX, &ifr);

	return err < 0 ? err : ifr.ifr_ifindex;
}

int
link_name(int ifindex, char *name)
{
	struct ifreq ifr = { .ifr_ifindex = ifindex };
	int err = call(NULL, SIOCGIFNAME, &ifr);

	if (err == 0)
		memcpy(name, ifr.ifr_name, sizeof(ifr.ifr_name));
	return err;
}

int
link_mtu(const char *name)
{
	struct ifreq ifr = { 0 };
	int err = call(name, SIOCGIFMTU, &ifr);

	return err < 0 ? err : ifr.ifr_mtu;
}

int
link_set_mtu(const char *name, uint16_t mtu)
{
	struct ifreq ifr = { .ifr_mtu = mtu };

	return call(name, SIOCSIFMTU, &ifr);
}

int
link_set_mac(const char *name, const struct rte_ether_addr *mac)
{
	struct ifreq ifr = { 0 };
	int err = call(name, SIOCGIFHWADDR, &ifr);

	if (err < 0 || memcmp(ifr.ifr_hwaddr.sa_data, mac->addr_bytes, RTE_ETHER_ADDR_LEN) == 0)
		return err;
	ifr.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(ifr.ifr_hwaddr.sa_data, mac->addr_bytes, RTE_ETHER_ADDR_LEN);
	return call(name, SIOCSIFHWADDR, &ifr);
}

static int
flags(const char *name)
{
	struct ifreq ifr = { 0 };
	int err = call(name, SIOCGIFFLAGS, &ifr);

	return err < 0 ? err : (int)(uint16_t)ifr.ifr_flags;
}

int
link_set_up(const char *name)
{
	int now = flags(name);
	struct ifreq ifr = { .ifr_flags = (short)(now | IFF_UP) };

	if (now < 0 || now & IFF_UP)
		return now < 0 ? now : 0;
	return call(name, SIOCSIFFLAGS, &ifr);
}

int
link_is_running(const char *name)
{
	struct ethtool_value link = { .cmd = ETHTOOL_GLINK };
	struct ifreq ifr = { .ifr_data = (void *)&link };
	int err = call(name, SIOCETHTOOL, &ifr);

	/* IFF_RUNNING says the same, but up to a second later. */
	if (err == -EOPNOTSUPP) {
		err = flags(name);
		return err < 0 ? err : (err & IFF_RUNNING) != 0;
	}
	return err < 0 ? err : link.data != 0;
}
