/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * "10.0.0.1", "10.0.0.1-10.0.0.9", "fd00::1-fd00::8", and ranges of ports "1025-65535".
 */
#ifndef CONTROL_ADDRESS_RANGE_H
#define CONTROL_ADDRESS_RANGE_H

#include "core/address.h"

/* 0 or -EINVAL. */
int address_parse(const char *text, struct ip_addr *ret);

/* Writes the addresses of a range to RET, which has room for MAX: how many, -EINVAL if TEXT is none, -ERANGE if it
 * runs backwards, -E2BIG if there are more than MAX. */
int address_range_parse(const char *text, struct ip_addr *ret, uint32_t max);

/* What can be a host's own address on a network. */
bool address_is_host(const struct ip_addr *address);

/* "192.0.2.0/24", "2001:db8::/64", or an address alone. Bits behind the prefix must be 0. 0 or -EINVAL. */
int prefix_parse(const char *text, struct ip_addr *ret, uint8_t *ret_length);

/* 0 or -EINVAL; ports in host order, from 1. */
int port_range_parse(const char *text, uint16_t *ret_first, uint16_t *ret_last);

#endif
