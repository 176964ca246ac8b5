/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What /etc/ipvsd/ipvsd.conf says, as plain data. control/config_file.c fills it; everything else only reads it.
 * Sizes are in the unit that the comment names; every string is owned by the struct and never NULL unless the comment
 * says so.
 */
#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/address.h"
#include "core/knobs.h"

#define CONFIG_NAME_MAX 32 /* names of ports and groups, with the terminating NUL */
#define CONFIG_DEVICES_MAX 16 /* ethdevs of one port */
#define CONNS_MAX (1u << 29) /* of a table: numbers leave room for two bits (lb/conn_table.h) */

/* workers = { count = 2; cpus = "2-3"; idle = "100us"; }; or workers = 2; */
struct config_workers {
	uint32_t count; /* 1..128; default 1 */
	char *cpus; /* CPU list for the workers, NULL: not pinned */
	char *control_cpus; /* CPU list for the control and I/O threads, NULL: not pinned */
	uint32_t idle_us; /* longest back-off of an idle worker, 0 (busy polling) to 100; default 0 */
};

/* ports = ( { name = "lan"; devices = ( "net_af_xdp0,iface=eth1" ); kernel = "lan0"; ... } ); */
struct config_port {
	char name[CONFIG_NAME_MAX];
	char *devices[CONFIG_DEVICES_MAX]; /* PCI addresses or vdev strings */
	uint32_t n_devices;
	uint32_t queues; /* queue pairs of each device, 0: as many as there are workers, or what the device has */
	uint32_t rx_descriptors; /* default 1024 */
	uint32_t tx_descriptors; /* default 1024 */
	uint32_t mtu; /* 0: leave the device's */
	char kernel[16]; /* name of the kernel interface; default: the port's name */
	bool promiscuous; /* default false */
	bool kernel_keep; /* a clean end leaves the kernel interface, with its addresses; default false */
	enum config_kernel_path { KERNEL_PATH_AUTO, KERNEL_PATH_VHOST, KERNEL_PATH_TAP } kernel_path;
	enum config_bind { BIND_AUTO, BIND_VFIO, BIND_UIO, BIND_NO } bind; /* ipvsd-bind's driver; default auto */
	bool bind_in_use; /* even if the machine is reached over it; default false */
	uint32_t line; /* of the config file, for messages */
};

/* local_addresses = ( { name = "g1"; port = "lan"; addresses = ( "10.0.0.1-10.0.0.4", "fd00::1" ); ports =
 * "1025-65535"; active = "always" or "with-vip 10.0.0.9"; } ); */
struct config_laddrs {
	char name[CONFIG_NAME_MAX];
	char port[CONFIG_NAME_MAX];
	struct ip_addr *addresses;
	uint32_t n_addresses;
	uint16_t first_port, last_port; /* host order */
	bool with_vip;
	struct ip_addr vip;
	uint32_t line;
};

struct quic_codings;

/* marks = ( { mark = 1; protocol = "tcp"; source = "198.51.100.0/24"; destination = "192.0.2.1"; ports = "80-90"; port =
 * "wan"; } ); what isn't given is not looked at. */
struct config_mark {
	uint32_t mark; /* not 0 */
	uint8_t protocol; /* IPPROTO_*, 0: any */
	char port[CONFIG_NAME_MAX], out_port[CONFIG_NAME_MAX]; /* "": any */
	struct ip_addr source, destination; /* family 0: any */
	uint8_t source_length, destination_length;
	uint16_t first_source_port, last_source_port, first_port, last_port; /* host order */
	uint32_t line;
};

struct config_limits {
	uint32_t connections; /* IPv4, each worker's share is this divided by the workers, rounded up; default 1M */
	uint32_t connections_ipv6; /* default 256K */
	uint32_t services; /* default 128K */
	uint32_t dests; /* default 1M, at most 4M */
	uint32_t routes; /* IPv4; default 16K */
	uint32_t routes_ipv6; /* default 16K */
	uint32_t neighbours; /* next hops, both families; default 16K */
	uint32_t mbufs; /* default 32K */
	uint32_t templates; /* clients of persistent services, all workers together; default 256K */
	uint32_t icmp_errors; /* that all workers together make in a second, 0: none; default 1000 */
	uint32_t waiting_packets; /* packets of a worker that wait for a neighbour; default 1K */
	uint32_t datagrams; /* fragmented ones that are followed at a time, all workers together; default 16K */
	uint32_t fragments; /* in buffers, that wait for their datagram's first one; the same way; default 4K */
};

struct config_control {
	char *socket; /* default IPVSD_DEFAULT_SOCKET */
	uint32_t socket_mode; /* of the socket's file; default 0666 */
	char *group; /* members may use the socket, NULL: root alone */
	char *state; /* folder; default /var/lib/ipvsd */
	uint32_t clients_per_uid; /* default 64 */
	bool restore_after_reboot; /* default false */
	bool masquerade_is_fullnat; /* from clients that do not know full-NAT; default false */
};

/* client_address = { uoa_packets = 3; }; */
struct config_client_address {
	uint32_t uoa_packets; /* of a UDP connection, that tell the client's address; 0..255, default 3 */
};

struct config_log {
	int level; /* LOG_EMERG..LOG_DEBUG of <syslog.h>; default LOG_INFO */
	bool syslog; /* target = "syslog"; default "stderr" */
};

struct config_memory {
	enum config_hugepages { HUGEPAGES_AUTO, HUGEPAGES_REQUIRED, HUGEPAGES_OFF } hugepages;
	char *file_prefix; /* DPDK's; default: made from the socket's path, so that instances don't meet */
};

/* A top-level key of the file, and a number made of what it says (control/config_digest.h). */
struct config_section {
	char name[CONFIG_NAME_MAX];
	uint64_t digest;
};
#define CONFIG_SECTIONS_MAX 16

struct config {
	struct config_section sections[CONFIG_SECTIONS_MAX]; /* those that the file has */
	uint32_t n_sections;
	struct config_workers workers;
	struct config_port *ports;
	uint32_t n_ports;
	struct config_laddrs *laddrs;
	uint32_t n_laddrs;
	struct config_mark *marks;
	uint32_t n_marks;
	struct quic_codings *quic; /* of lb/quic.h, NULL: none */
	struct config_limits limits;
	struct config_control control;
	struct config_client_address client_address;
	struct config_log log;
	struct config_memory memory;
	struct knobs knobs; /* vs = { drop_entry = 1; }; default: the kernel's first values */
};

#endif
