/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How a service's real servers hear of their clients' addresses where forwarding replaces or hides them: an option of
 * TCP or IP, or a header of the PROXY protocol before the client's data. What is done about it is in path/tell.c.
 */
#ifndef LB_CLIENT_ADDRESS_H
#define LB_CLIENT_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

/* The numbers stand in the control messages and in the state file (netlink-shim/wire.h has them too). */
enum client_address {
	CLIENT_ADDRESS_NONE = 0,
	CLIENT_ADDRESS_TOA = 1, /* TCP option 254 */
	CLIENT_ADDRESS_PROXY_V1 = 2, /* PROXY protocol, a line of text */
	CLIENT_ADDRESS_PROXY_V2 = 3, /* PROXY protocol, binary */
	CLIENT_ADDRESS_PROXY_V1_INSECURE = 4, /* the same, but a header that the client sends is believed */
	CLIENT_ADDRESS_PROXY_V2_INSECURE = 5,
	CLIENT_ADDRESS_UOA_OPP = 6, /* UDP, IP protocol 248 before the UDP header */
	CLIENT_ADDRESS_UOA_IPO = 7, /* UDP, IPv4 option */
	CLIENT_ADDRESSES,
};

/* Whether connections of PROTO (IPPROTO_*; 0: of any, a service by mark) can use it. */
bool client_address_suits(enum client_address address, uint16_t proto);
/* What a connection of PROTO by forwarding METHOD (enum forward_method) has to tell of a service's ADDRESS: full-NAT all,
 * NAT, where the server sees the address of the packets but wants it in the data, the PROXY protocol, others nothing. */
enum client_address client_address_by(enum client_address address, uint8_t method, uint8_t proto);
/* "toa", "proxy-v1", ... */
const char *client_address_name(enum client_address address);

static inline bool
client_address_is_proxy(enum client_address address)
{
	return address >= CLIENT_ADDRESS_PROXY_V1 && address <= CLIENT_ADDRESS_PROXY_V2_INSECURE;
}

static inline bool
client_address_is_insecure(enum client_address address)
{
	return address == CLIENT_ADDRESS_PROXY_V1_INSECURE || address == CLIENT_ADDRESS_PROXY_V2_INSECURE;
}

/* Of the PROXY protocol: 1 or 2. */
static inline uint8_t
client_address_proxy_version(enum client_address address)
{
	return address == CLIENT_ADDRESS_PROXY_V1 || address == CLIENT_ADDRESS_PROXY_V1_INSECURE ? 1 : 2;
}

#endif
