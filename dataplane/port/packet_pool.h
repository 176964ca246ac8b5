/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The pool of packet buffers, which all ports and workers share.
 */
#ifndef PORT_PACKET_POOL_H
#define PORT_PACKET_POOL_H

#include <rte_mempool.h>

#include "core/config.h"

/* limits.mbufs buffers, each with room for the largest frame of any port: a packet is one buffer. NULL if there is no
 * memory. */
struct rte_mempool *packet_pool_create(const struct config *config);
/* Bytes that it takes of DPDK's heap where that has pages of PAGE bytes; may be asked before the EAL starts. */
size_t packet_pool_bytes(const struct config *config, size_t page);

#endif
