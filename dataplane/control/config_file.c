/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The sections of ipvsd.conf. A section is a function that lists its keys and reads each; ipvsd.conf(5) has the same
 * keys, defaults and ranges.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "control/config_digest.h"
#include "control/config_file.h"
#include "control/config_knobs.h"
#include "control/config_laddrs.h"
#include "control/config_marks.h"
#include "control/config_quic.h"
#include "control/config_scan.h"
#include "control/config_values.h"
#include "core/log.h"
#include "lb/quic.h"
#include "lb/service.h"
#include "netlink-shim/wire.h"

#define PORTS_IN_CONFIG_MAX 64
#define WORKERS_IN_CONFIG_MAX 128

static void
read_workers(struct config_reader *reader, const config_setting_t *root, struct config_workers *workers)
{
	static const char *const keys[] = { "count", "cpus", "control_cpus", "idle", NULL };
	const config_setting_t *group = config_setting_get_member(root, "workers");

	if (!group)
		return;
	if (!config_setting_is_group(group)) {
		config_number(reader, root, "workers", 1, WORKERS_IN_CONFIG_MAX, &workers->count);
		return;
	}
	config_keys(reader, group, keys);
	config_number(reader, group, "count", 1, WORKERS_IN_CONFIG_MAX, &workers->count);
	config_string(reader, group, "cpus", &workers->cpus);
	config_string(reader, group, "control_cpus", &workers->control_cpus);
	config_microseconds(reader, group, "idle", 100, &workers->idle_us);
}

static void
read_devices(struct config_reader *reader, const config_setting_t *group, struct config_port *port)
{
	const config_setting_t *list = config_setting_get_member(group, "devices");
	int n = list && config_setting_is_aggregate(list) ? config_setting_length(list) : 0;

	if (n == 0 || n > CONFIG_DEVICES_MAX) {
		config_complain(reader, list ? list : group,
				"devices: a list of 1 to %d PCI addresses or DPDK devices is needed, as in devices = ( "
				"\"0000:3b:00.0\" )",
				CONFIG_DEVICES_MAX);
		return;
	}
	for (int i = 0; i < n; i++) {
		const char *device = config_setting_get_string_elem(list, i);

		if (!device || *device == '\0') {
			config_complain(reader, list, "element %d is not a string", i + 1);
			continue;
		}
		port->devices[port->n_devices] = strdup(device);
		if (port->devices[port->n_devices])
			port->n_devices++;
		else
			config_complain(reader, list, "out of memory");
	}
}

static void
read_port(struct config_reader *reader, const config_setting_t *group, struct config_port *port)
{
	static const char *const keys[] = { "name", "devices",	   "queues",	  "rx_descriptors", "tx_descriptors",
					    "mtu",  "kernel",	   "promiscuous", "kernel_path",    "kernel_keep",
					    "bind", "bind_in_use", NULL };
	static const char *const paths[] = { "auto", "vhost", "tap", NULL };
	static const char *const drivers[] = { "auto", "vfio-pci", "uio_pci_generic", "no", NULL };
	int path = KERNEL_PATH_AUTO, driver = BIND_AUTO;

	port->rx_descriptors = port->tx_descriptors = 1024;
	port->line = config_setting_source_line(group);
	if (!config_keys(reader, group, keys))
		return;
	if (!config_setting_get_member(group, "name"))
		config_complain(reader, group, "the port has no name; write name = \"...\"");
	config_name(reader, group, "name", port->name, sizeof(port->name));
	read_devices(reader, group, port);
	config_number(reader, group, "queues", 0, WORKERS_IN_CONFIG_MAX, &port->queues);
	config_number(reader, group, "rx_descriptors", 64, 32768, &port->rx_descriptors);
	config_number(reader, group, "tx_descriptors", 64, 32768, &port->tx_descriptors);
	config_number(reader, group, "mtu", 1280, 9600, &port->mtu);
	config_bool(reader, group, "promiscuous", &port->promiscuous);
	config_word(reader, group, "kernel_path", paths, &path);
	port->kernel_path = (enum config_kernel_path)path;
	config_bool(reader, group, "kernel_keep", &port->kernel_keep);
	config_word(reader, group, "bind", drivers, &driver);
	port->bind = (enum config_bind)driver;
	config_bool(reader, group, "bind_in_use", &port->bind_in_use);
	config_name(reader, group, "kernel", port->kernel, sizeof(port->kernel));
	if (port->kernel[0] != '\0')
		return;
	if (strlen(port->name) >= sizeof(port->kernel))
		config_complain(reader, group,
				"the port's name is too long for its kernel interface; write kernel = \"...\" (at most "
				"15 characters)");
	else
		memcpy(port->kernel, port->name, strlen(port->name) + 1);
}

static void
check_port_names(struct config_reader *reader, const config_setting_t *list, const struct config *config)
{
	for (uint32_t i = 0; i < config->n_ports; i++) {
		for (uint32_t j = 0; j < i; j++) {
			const config_setting_t *port = config_setting_get_elem(list, i);

			if (strcmp(config->ports[i].name, config->ports[j].name) == 0)
				config_complain(reader, port, "the name \"%s\" is taken by the port of line %u",
						config->ports[i].name, config->ports[j].line);
			if (strcmp(config->ports[i].kernel, config->ports[j].kernel) == 0)
				config_complain(reader, port,
						"the kernel interface \"%s\" is taken by the port of line %u",
						config->ports[i].kernel, config->ports[j].line);
		}
	}
}

static void
read_ports(struct config_reader *reader, const config_setting_t *root, struct config *config)
{
	const config_setting_t *list = config_setting_get_member(root, "ports");
	void *ports = NULL;

	if (!list) {
		config_complain(reader, root,
				"there are no ports; write ports = ( { name = \"...\"; devices = ( \"...\" ); } );");
		return;
	}
	config->n_ports = config_groups(reader, list, PORTS_IN_CONFIG_MAX, sizeof(*config->ports), &ports);
	config->ports = ports;
	for (uint32_t i = 0; i < config->n_ports; i++)
		read_port(reader, config_setting_get_elem(list, i), &config->ports[i]);
	check_port_names(reader, list, config);
}

static void
read_limits(struct config_reader *reader, const config_setting_t *root, struct config_limits *limits)
{
	static const char *const keys[] = {
		"connections", "connections_ipv6", "services",	"dests",       "routes",    "routes_ipv6", "neighbours",
		"mbufs",       "waiting_packets",  "templates", "icmp_errors", "datagrams", "fragments",   NULL
	};
	const config_setting_t *group = config_setting_get_member(root, "limits");

	if (!group || !config_keys(reader, group, keys))
		return;
	config_number(reader, group, "connections", 1024, CONNS_MAX, &limits->connections);
	config_number(reader, group, "connections_ipv6", 1024, CONNS_MAX, &limits->connections_ipv6);
	config_number(reader, group, "services", 16, 1u << 20, &limits->services);
	config_number(reader, group, "dests", 64, (1u << DEST_INDEX_BITS) - DEST_OWN, &limits->dests);
	config_number(reader, group, "routes", 64, 1u << 24, &limits->routes);
	config_number(reader, group, "routes_ipv6", 64, 1u << 20, &limits->routes_ipv6);
	config_number(reader, group, "neighbours", 64, 1u << 20, &limits->neighbours);
	config_number(reader, group, "mbufs", 2048, 1u << 22, &limits->mbufs);
	config_number(reader, group, "templates", 1024, 1u << 24, &limits->templates);
	config_number(reader, group, "icmp_errors", 0, 1000000, &limits->icmp_errors);
	config_number(reader, group, "waiting_packets", 16, 65536, &limits->waiting_packets);
	config_number(reader, group, "datagrams", 64, 1u << 20, &limits->datagrams);
	config_number(reader, group, "fragments", 64, 1u << 20, &limits->fragments);
}

static void
read_control(struct config_reader *reader, const config_setting_t *root, struct config_control *control)
{
	static const char *const keys[] = { "socket",
					    "socket_mode",
					    "group",
					    "state",
					    "clients_per_uid",
					    "restore_after_reboot",
					    "masquerade_is_fullnat",
					    NULL };
	const config_setting_t *group = config_setting_get_member(root, "control");

	if (!group || !config_keys(reader, group, keys))
		return;
	config_string(reader, group, "socket", &control->socket);
	if (strlen(control->socket) > 107)
		config_complain(reader, config_setting_get_member(group, "socket"),
				"is too long for a socket; at most 107 characters");
	config_mode(reader, group, "socket_mode", &control->socket_mode);
	config_string(reader, group, "group", &control->group);
	config_string(reader, group, "state", &control->state);
	config_number(reader, group, "clients_per_uid", 1, 65536, &control->clients_per_uid);
	config_bool(reader, group, "restore_after_reboot", &control->restore_after_reboot);
	config_bool(reader, group, "masquerade_is_fullnat", &control->masquerade_is_fullnat);
}

static void
read_log(struct config_reader *reader, const config_setting_t *root, struct config_log *log)
{
	static const char *const keys[] = { "level", "target", NULL };
	static const char *const levels[] = { "emergency", "alert", "critical", "error", "warning",
					      "notice",	   "info",  "debug",	NULL };
	static const char *const targets[] = { "stderr", "syslog", NULL };
	const config_setting_t *group = config_setting_get_member(root, "log");
	int target = 0;

	if (!group || !config_keys(reader, group, keys))
		return;
	config_word(reader, group, "level", levels, &log->level);
	config_word(reader, group, "target", targets, &target);
	log->syslog = target == 1;
}

static void
read_memory(struct config_reader *reader, const config_setting_t *root, struct config_memory *memory)
{
	static const char *const keys[] = { "hugepages", "file_prefix", NULL };
	static const char *const hugepages[] = { "auto", "required", "off", NULL };
	const config_setting_t *group = config_setting_get_member(root, "memory");
	int choice = HUGEPAGES_AUTO;

	if (!group || !config_keys(reader, group, keys))
		return;
	config_word(reader, group, "hugepages", hugepages, &choice);
	memory->hugepages = (enum config_hugepages)choice;
	config_string(reader, group, "file_prefix", &memory->file_prefix);
}

/* The file prefix tells instances apart, as their sockets do. */
static char *
default_file_prefix(const char *socket)
{
	char *prefix = NULL;

	if (asprintf(&prefix, "ipvsd%s", socket) < 0)
		return NULL;
	for (char *c = prefix; *c; c++) {
		if (*c == '/')
			*c = '-';
	}
	return prefix;
}

static void
read_client_address(struct config_reader *reader, const config_setting_t *root, struct config_client_address *ret)
{
	static const char *const keys[] = { "uoa_packets", NULL };
	const config_setting_t *group = config_setting_get_member(root, "client_address");

	if (!group || !config_keys(reader, group, keys))
		return;
	config_number(reader, group, "uoa_packets", 0, UINT8_MAX, &ret->uoa_packets);
}

static struct config *
config_with_defaults(void)
{
	struct config *config = calloc(1, sizeof(*config));

	if (!config)
		return NULL;
	config->workers.count = 1;
	knobs_preset(&config->knobs);
	config->limits = (struct config_limits){
		.connections = 1u << 20,
		.connections_ipv6 = 1u << 18,
		.services = 1u << 17,
		.dests = 1u << 20,
		.routes = 1u << 14,
		.routes_ipv6 = 1u << 14,
		.neighbours = 1u << 14,
		.mbufs = 1u << 15,
		.templates = 1u << 18,
		.icmp_errors = 1000,
		.waiting_packets = 1024,
		.datagrams = 16384,
		.fragments = 4096,
	};
	config->control.socket = strdup(IPVSD_DEFAULT_SOCKET);
	config->control.state = strdup("/var/lib/ipvsd");
	config->control.socket_mode = 0666;
	config->control.clients_per_uid = 64;
	config->client_address.uoa_packets = 3;
	config->log.level = LOG_INFO;
	if (!config->control.socket || !config->control.state) {
		config_free(config);
		return NULL;
	}
	return config;
}

/* Keys that aren't known are errors, of which others tell. */
static void
note_sections(const config_setting_t *root, struct config *config)
{
	int n = config_setting_length(root);

	for (int i = 0; i < n && i < CONFIG_SECTIONS_MAX; i++) {
		const config_setting_t *setting = config_setting_get_elem(root, (unsigned int)i);
		struct config_section *section = &config->sections[config->n_sections++];

		snprintf(section->name, sizeof(section->name), "%s", config_setting_name(setting));
		section->digest = config_digest(setting);
	}
}

static void
read_all(struct config_reader *reader, const config_setting_t *root, struct config *config)
{
	static const char *const keys[] = { "workers", "ports",	  "local_addresses", "marks", "quic_codings", "limits",
					    "vs",      "control", "client_address",  "log",   "memory",	      NULL };

	config_keys(reader, root, keys);
	note_sections(root, config);
	read_workers(reader, root, &config->workers);
	read_ports(reader, root, config);
	config_read_laddrs(reader, root, config);
	config_read_marks(reader, root, config);
	config_read_quic(reader, root, config);
	config_read_knobs(reader, root, &config->knobs);
	read_limits(reader, root, &config->limits);
	read_control(reader, root, &config->control);
	read_client_address(reader, root, &config->client_address);
	read_log(reader, root, &config->log);
	read_memory(reader, root, &config->memory);
}

int
config_load(const char *path, struct config **ret, FILE *messages)
{
	struct config_reader reader = { .path = path, .messages = messages };
	struct config *config = config_with_defaults();
	config_t file;
	int err = 0;

	if (!config)
		return -ENOMEM;
	config_init(&file);
	errno = 0;
	if (config_read_file(&file, path) == CONFIG_FALSE) {
		if (config_error_type(&file) == CONFIG_ERR_FILE_IO) {
			err = errno ? -errno : -EIO;
			fprintf(messages, "%s: %s\n", path, strerror(-err));
		} else {
			err = -EINVAL;
			fprintf(messages, "%s:%d: %s\n", path, config_error_line(&file), config_error_text(&file));
		}
	} else {
		config_scan_integers(&reader);
		read_all(&reader, config_root_setting(&file), config);
		err = reader.n_errors > 0 ? -EINVAL : 0;
	}
	config_destroy(&file);
	if (err == 0 && !config->memory.file_prefix) {
		config->memory.file_prefix = default_file_prefix(config->control.socket);
		err = config->memory.file_prefix ? 0 : -ENOMEM;
	}
	if (err < 0) {
		config_free(config);
		return err;
	}
	*ret = config;
	return 0;
}

int
config_load_aloud(const char *path, struct config **ret)
{
	char *lines = NULL;
	size_t length;
	FILE *messages = open_memstream(&lines, &length);
	int err;

	err = messages ? config_load(path, ret, messages) : -ENOMEM;
	if (messages)
		fclose(messages);
	if (lines && *lines != '\0')
		log_plain(LOG_ERR, lines);
	else if (err < 0)
		log_error("config", "%s: %s", path, strerror(-err));
	free(lines);
	return err;
}

bool
config_error_is_lasting(int err)
{
	switch (-err) {
	case EINVAL:
	case ENOENT:
	case EACCES:
	case EISDIR:
	case ENOTDIR:
	case ELOOP:
	case ENAMETOOLONG:
		return true;
	default:
		return false;
	}
}

void
config_free(struct config *config)
{
	if (!config)
		return;
	for (uint32_t i = 0; i < config->n_ports; i++) {
		for (uint32_t j = 0; j < config->ports[i].n_devices; j++)
			free(config->ports[i].devices[j]);
	}
	for (uint32_t i = 0; i < config->n_laddrs; i++)
		free(config->laddrs[i].addresses);
	free(config->ports);
	free(config->laddrs);
	free(config->marks);
	quic_codings_free(config->quic);
	free(config->workers.cpus);
	free(config->workers.control_cpus);
	free(config->control.socket);
	free(config->control.group);
	free(config->control.state);
	free(config->memory.file_prefix);
	free(config);
}
