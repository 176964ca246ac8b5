/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What suits what: TOA is TCP's, UOA is UDP's, and version 1 of the PROXY protocol knows no UDP.
 */
#include <netinet/in.h>
#include <stddef.h>

#include "lb/client_address.h"
#include "lb/service.h"

static const struct {
	const char *name;
	bool tcp, udp;
	bool nat; /* of use where the server sees the client's address anyway */
} kinds[CLIENT_ADDRESSES] = {
	[CLIENT_ADDRESS_NONE] = { .name = "none", .tcp = true, .udp = true },
	[CLIENT_ADDRESS_TOA] = { .name = "toa", .tcp = true },
	[CLIENT_ADDRESS_PROXY_V1] = { .name = "proxy-v1", .tcp = true, .nat = true },
	[CLIENT_ADDRESS_PROXY_V2] = { .name = "proxy-v2", .tcp = true, .udp = true, .nat = true },
	[CLIENT_ADDRESS_PROXY_V1_INSECURE] = { .name = "proxy-v1-insecure", .tcp = true, .nat = true },
	[CLIENT_ADDRESS_PROXY_V2_INSECURE] = { .name = "proxy-v2-insecure", .tcp = true, .udp = true, .nat = true },
	[CLIENT_ADDRESS_UOA_OPP] = { .name = "uoa-opp", .udp = true },
	[CLIENT_ADDRESS_UOA_IPO] = { .name = "uoa-ipo", .udp = true },
};

bool
client_address_suits(enum client_address address, uint16_t proto)
{
	if (address >= CLIENT_ADDRESSES)
		return false;
	return address == CLIENT_ADDRESS_NONE || proto == 0 || (proto == IPPROTO_TCP && kinds[address].tcp) ||
	       (proto == IPPROTO_UDP && kinds[address].udp);
}

enum client_address
client_address_by(enum client_address address, uint8_t method, uint8_t proto)
{
	bool wanted = method == FORWARD_FULLNAT || (method == FORWARD_NAT && kinds[address].nat);

	return wanted && proto != 0 && client_address_suits(address, proto) ? address : CLIENT_ADDRESS_NONE;
}

const char *
client_address_name(enum client_address address)
{
	return address < CLIENT_ADDRESSES ? kinds[address].name : NULL;
}
