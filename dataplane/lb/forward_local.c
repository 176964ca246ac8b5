/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Local: the packet goes to the host itself, unchanged; whoever listens there answers the client without us
 * (ip_vs_null_xmit() of the kernel).
 */
#include "lb/conn.h"
#include "lb/forward.h"

const struct forward forward_local = {
	.name = "LOCAL",
	.way = WAY_TO_HOST,
	.conn_flags = CONN_NO_OUTPUT,
	.bind = forward_bind_unchanged,
};
