/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The one place for what differs between DPDK releases and between processors.
 */
#ifndef CORE_COMPAT_H
#define CORE_COMPAT_H

#include <rte_version.h>

#if RTE_VERSION < RTE_VERSION_NUM(22, 11, 0, 0)
#error "ipvsd needs DPDK 22.11 or later"
#endif

/* rte_align32pow2 and its kin: in rte_common.h at first, in rte_bitops.h since 23.07. */
#include <rte_bitops.h>
#include <rte_common.h>

/* 24.11 gave IPv6 addresses a type of their own. */
#if RTE_VERSION >= RTE_VERSION_NUM(24, 11, 0, 0)
#include <rte_ip6.h>
#define COMPAT_IPV6(bytes) ((const struct rte_ipv6_addr *)(const void *)(bytes))
#else
#define COMPAT_IPV6(bytes) (bytes)
#endif

#endif
