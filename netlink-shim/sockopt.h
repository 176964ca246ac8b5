/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The socket options IP_VS_SO_* of the kernel's IPVS (<linux/ip_vs.h>, ip_vs_ctl.c), translated to netlink: for programs
 * that know nothing else. sockopt_set.c and sockopt_get.c have the commands, sockopt_entries.c the structures,
 * sockopt_session.c and sockopt_message.c the talk with ipvsd.
 */
#ifndef SOCKOPT_H
#define SOCKOPT_H

#include <stdbool.h>
#include <sys/socket.h>

/* Is this setsockopt(), or else getsockopt(), an option of IPVS? */
bool sockopt_is_set(int level, int option);
bool sockopt_is_get(int level, int option);

#define SOCKOPT_KERNELS 1 /* there is no ipvsd, and the operator wants the kernel's IPVS then */

/* What the kernel would do with value and length. Returns 0, SOCKOPT_KERNELS, or the negative errno that the kernel would
 * return; -ENOPROTOOPT (no IPVS) without ipvsd, -ENODEV if it goes away in the middle. */
int sockopt_set(int option, const void *value, socklen_t length);
int sockopt_get(int option, void *value, socklen_t *length);

#endif
