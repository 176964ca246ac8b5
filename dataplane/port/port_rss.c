/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A NIC's receive-side scaling, set so that it agrees with port/steering.h. It is an accelerator: a packet that it brings
 * to another worker than its owner is handed over.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include <rte_ethdev.h>

#include "port/port_device.h"
#include "port/steering.h"

#define TABLE_GROUPS (STEERING_RETA_MAX / RTE_ETH_RETA_GROUP_SIZE)
#define HASHED_BYTES_MIN 40 /* of key, for IPv6 addresses and ports */

uint16_t
port_device_reta_size(uint16_t dev, uint16_t queues)
{
	struct rte_eth_dev_info info;

	if (queues < 2 || rte_eth_dev_info_get(dev, &info) != 0)
		return 0;
	if (info.hash_key_size < HASHED_BYTES_MIN || info.hash_key_size > STEERING_KEY_LENGTH)
		return 0;
	return info.reta_size;
}

static int
set_table(uint16_t dev, uint16_t size, uint16_t queues, const struct steering *steering)
{
	struct rte_eth_rss_reta_entry64 table[TABLE_GROUPS];

	memset(table, 0, sizeof(table));
	for (uint32_t slot = 0; slot < size; slot++) {
		struct rte_eth_rss_reta_entry64 *group = &table[slot / RTE_ETH_RETA_GROUP_SIZE];
		uint32_t at = slot % RTE_ETH_RETA_GROUP_SIZE;

		group->mask |= 1ull << at;
		group->reta[at] = steering->reta[slot & (steering->reta_size - 1u)] % queues;
	}
	return rte_eth_dev_rss_reta_update(dev, table, size);
}

int
port_device_steer(uint16_t dev, uint16_t queues, const struct steering *steering)
{
	uint16_t size = port_device_reta_size(dev, queues);
	uint8_t key[STEERING_KEY_LENGTH];
	struct rte_eth_rss_conf conf = { .rss_key = key };
	struct rte_eth_dev_info info;
	int err;

	if (size < steering->reta_size || size > STEERING_RETA_MAX)
		return -ENOTSUP;
	err = rte_eth_dev_info_get(dev, &info);
	if (err < 0)
		return err;
	memcpy(key, steering->key, sizeof(key));
	conf.rss_key_len = info.hash_key_size;
	conf.rss_hf = (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP) & info.flow_type_rss_offloads;
	err = rte_eth_dev_rss_hash_update(dev, &conf);
	return err < 0 ? err : set_table(dev, size, queues, steering);
}
