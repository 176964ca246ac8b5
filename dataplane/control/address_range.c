/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "control/address_range.h"

int
address_parse(const char *text, struct ip_addr *ret)
{
	*ret = (struct ip_addr){ .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	return inet_pton(ret->family, text, &ret->ip) == 1 ? 0 : -EINVAL;
}

static size_t
address_length(const struct ip_addr *address)
{
	return address->family == AF_INET ? 4 : 16;
}

static void
increment(struct ip_addr *address)
{
	for (size_t i = address_length(address); i-- > 0;) {
		if (++address->ip.bytes[i] != 0)
			return;
	}
}

bool
address_is_host(const struct ip_addr *address)
{
	const struct in6_addr *ip6 = (const void *)address->ip.bytes;
	uint32_t ip4 = rte_be_to_cpu_32(address->ip.v4);

	if (address->family == AF_INET)
		return ip4 >> 24 != 0 && ip4 >> 24 != IN_LOOPBACKNET && ip4 >> 28 < 14;
	return address->family == AF_INET6 && !IN6_IS_ADDR_UNSPECIFIED(ip6) && !IN6_IS_ADDR_LOOPBACK(ip6) &&
	       !IN6_IS_ADDR_MULTICAST(ip6) && !IN6_IS_ADDR_LINKLOCAL(ip6) && !IN6_IS_ADDR_V4MAPPED(ip6);
}

int
address_range_parse(const char *text, struct ip_addr *ret, uint32_t max)
{
	const char *dash = strchr(text, '-');
	char first_text[INET6_ADDRSTRLEN];
	struct ip_addr first, last;
	uint32_t n = 0;

	if (dash) {
		if ((size_t)(dash - text) >= sizeof(first_text))
			return -EINVAL;
		memcpy(first_text, text, (size_t)(dash - text));
		first_text[dash - text] = '\0';
		if (address_parse(first_text, &first) < 0 || address_parse(dash + 1, &last) < 0 ||
		    first.family != last.family)
			return -EINVAL;
	} else {
		if (address_parse(text, &first) < 0)
			return -EINVAL;
		last = first;
	}
	if (memcmp(first.ip.bytes, last.ip.bytes, address_length(&first)) > 0)
		return -ERANGE;
	for (;; increment(&first)) {
		if (n == max)
			return -E2BIG;
		ret[n++] = first;
		if (ip_addr_equal(&first, &last))
			return (int)n;
	}
}

static bool
is_clear_from(const struct ip_addr *address, uint32_t bit)
{
	for (; bit < 8 * address_length(address); bit++) {
		if (address->ip.bytes[bit / 8] & 0x80 >> bit % 8)
			return false;
	}
	return true;
}

int
prefix_parse(const char *text, struct ip_addr *ret, uint8_t *ret_length)
{
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN];
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	unsigned long bits;
	char *end;

	if (length >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, length);
	address[length] = '\0';
	if (address_parse(address, ret) < 0)
		return -EINVAL;
	*ret_length = (uint8_t)(8 * address_length(ret));
	if (!slash)
		return 0;
	if (!isdigit((unsigned char)slash[1]))
		return -EINVAL;
	bits = strtoul(slash + 1, &end, 10);
	if (*end != '\0' || bits > *ret_length || !is_clear_from(ret, (uint32_t)bits))
		return -EINVAL;
	*ret_length = (uint8_t)bits;
	return 0;
}

int
port_range_parse(const char *text, uint16_t *ret_first, uint16_t *ret_last)
{
	unsigned long first, last;
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	first = strtoul(text, &end, 10);
	if (*end != '-' || !isdigit((unsigned char)end[1]))
		return -EINVAL;
	last = strtoul(end + 1, &end, 10);
	if (*end != '\0' || first < 1 || last > UINT16_MAX || first > last)
		return -EINVAL;
	*ret_first = (uint16_t)first;
	*ret_last = (uint16_t)last;
	return 0;
}
