/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Tunnel: the packet goes to the real server as it is, within another one that is addressed to the server. The server
 * takes it out, has the service's address and answers the client itself. The outer headers are path/outer_header.h's.
 */
#include "lb/conn.h"
#include "lb/forward.h"

const struct forward forward_tunnel = {
	.name = "TUN",
	.conn_flags = CONN_NO_OUTPUT | CONN_REFRAMED,
	.bind = forward_bind_unchanged,
};
