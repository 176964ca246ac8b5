/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The EAL's arguments. Two sets of them (decisions.md 19): huge pages with --in-memory, which needs no mounted hugetlbfs
 * and leaves no files; or 4 KB pages with --no-huge, where --in-memory is not allowed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_pci.h>

#include "core/cleanup.h"
#include "core/cpu_list.h"
#include "core/log.h"
#include "core/numa.h"
#include "port/eal.h"
#include "port/pci_claim.h"
#include "port/port.h"
#include "port/port_device.h"

#define ARGUMENTS_MAX 1088
/* Of the service's own, and every instance's. */
#define LOCKS_FOLDER "/run/ipvsd"
#define MB ((size_t)1 << 20)
/* The I/O thread needs an lcore number of its own, beside lcore 0 and the workers. */
#define EAL_WORKERS_MAX (RTE_MAX_LCORE - 2)

struct arguments {
	int n;
	char *values[ARGUMENTS_MAX + 1];
	int err;
};

static void __attribute__((format(printf, 2, 3))) add(struct arguments *arguments, const char *format, ...)
{
	va_list args;

	if (arguments->n == ARGUMENTS_MAX) {
		arguments->err = -E2BIG;
		return;
	}
	va_start(args, format);
	if (vasprintf(&arguments->values[arguments->n], format, args) < 0)
		arguments->err = -ENOMEM;
	else
		arguments->n++;
	va_end(args);
}

static void
free_arguments(struct arguments *arguments)
{
	for (int i = 0; i < arguments->n; i++)
		free(arguments->values[i]);
	free(arguments);
}

bool
eal_is_pci(const char *device, char name[EAL_PCI_NAME_MAX])
{
	size_t length = strcspn(device, ",");
	struct rte_pci_addr address;
	char text[EAL_PCI_NAME_MAX];

	if (length >= sizeof(text))
		return false;
	memcpy(text, device, length);
	text[length] = '\0';
	if (rte_pci_addr_parse(text, &address) != 0)
		return false;
	rte_pci_device_name(&address, name, EAL_PCI_NAME_MAX);
	return true;
}

/* CPUs that this process may run on, as a list for the EAL. */
static int
allowed_cpus(uint16_t cpus[CPU_LIST_MAX])
{
	cpu_set_t set;
	int n = 0;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return -errno;
	for (int cpu = 0; cpu < CPU_SETSIZE && cpu < CPU_LIST_MAX; cpu++) {
		if (CPU_ISSET(cpu, &set))
			cpus[n++] = (uint16_t)cpu;
	}
	return n;
}

/* By trying: isolated CPUs (isolcpus) are not in the affinity that a process begins with, and are there for us. */
static bool
may_run_on(uint16_t cpu)
{
	cpu_set_t before, one;
	bool may;

	if (sched_getaffinity(0, sizeof(before), &before) != 0)
		return false;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	may = sched_setaffinity(0, sizeof(one), &one) == 0;
	(void)sched_setaffinity(0, sizeof(before), &before);
	return may;
}

/* Reads a list of the configuration: how many CPUs it names, all of which we may use. */
static int
read_cpus(const char *key, const char *text, uint16_t cpus[CPU_LIST_MAX])
{
	int n = cpu_list_parse(text, cpus);

	if (n < 0)
		log_error("workers", "%s = \"%s\" is no list of CPUs like \"0-3,8\"", key, text);
	for (int i = 0; i < n; i++) {
		if (may_run_on(cpus[i]))
			continue;
		log_error("workers", "%s = \"%s\": CPU %u does not exist or is not allowed to this process", key, text,
			  cpus[i]);
		return -EINVAL;
	}
	return n;
}

static void
print_cpus(FILE *out, const uint16_t *cpus, int n)
{
	fputc('(', out);
	for (int i = 0; i < n; i++)
		fprintf(out, "%s%u", i > 0 ? "," : "", cpus[i]);
	fputc(')', out);
}

/* lcore 0 for the control thread, 1 to N for the workers: each on its own CPU, or all floating over what there is. */
static int
add_lcores(struct arguments *arguments, const struct config_workers *workers)
{
	uint16_t control[CPU_LIST_MAX], pinned[CPU_LIST_MAX], allowed[CPU_LIST_MAX];
	int n_allowed = allowed_cpus(allowed), n_control = 0, n_pinned = 0;
	CLEANUP(free) void *text = NULL;
	size_t length;
	FILE *out;

	if (n_allowed < 0)
		return n_allowed;
	if (workers->control_cpus)
		n_control = read_cpus("control_cpus", workers->control_cpus, control);
	if (workers->cpus)
		n_pinned = read_cpus("cpus", workers->cpus, pinned);
	if (n_control < 0 || n_pinned < 0)
		return -EINVAL;
	if (workers->cpus && (uint32_t)n_pinned < workers->count) {
		log_error("workers",
			  "cpus = \"%s\" names %d CPUs for %u workers; name one for each, or have fewer workers",
			  workers->cpus, n_pinned, workers->count);
		return -EINVAL;
	}
	out = open_memstream((char **)&text, &length);
	if (!out)
		return -ENOMEM;
	fputs("0@", out);
	print_cpus(out, n_control > 0 ? control : allowed, n_control > 0 ? n_control : n_allowed);
	for (uint32_t i = 0; i < workers->count; i++) {
		fprintf(out, ",%u@", eal_worker_lcore(i));
		print_cpus(out, workers->cpus ? &pinned[i] : allowed, workers->cpus ? 1 : n_allowed);
	}
	if (fclose(out) != 0)
		return -ENOMEM;
	add(arguments, "--lcores=%s", (char *)text);
	add(arguments, "--main-lcore=0");
	return 0;
}

static void
add_pci(struct arguments *arguments, const struct config *config)
{
	char name[EAL_PCI_NAME_MAX];
	bool any = false;

	for (uint32_t i = 0; i < config->n_ports; i++) {
		for (uint32_t j = 0; j < config->ports[i].n_devices; j++) {
			if (!eal_is_pci(config->ports[i].devices[j], name))
				continue;
			add(arguments, "--allow=%s", config->ports[i].devices[j]);
			any = true;
		}
	}
	if (!any) {
		add(arguments, "--no-pci");
		add(arguments, "--iova-mode=va");
	}
}

/* Names of the EAL's runtime folder must differ between instances: made from the control socket's path. */
static void
add_file_prefix(struct arguments *arguments, const struct config *config)
{
	uint64_t hash = 0xcbf29ce484222325u;

	if (config->memory.file_prefix) {
		add(arguments, "--file-prefix=%s", config->memory.file_prefix);
		return;
	}
	for (const char *c = config->control.socket; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 0x100000001b3u;
	add(arguments, "--file-prefix=ipvsd-%016lx", (unsigned long)hash);
}

/* --socket-mem lists the nodes from 0 on. */
static void
add_memory(struct arguments *arguments, const struct eal_memory *memory)
{
	size_t megabytes = (memory->heap + MB - 1) / MB;
	char zeros[2 * NUMA_NODES_MAX + 1] = "";

	for (int node = 0; node < memory->node; node++)
		memcpy(&zeros[2 * node], "0,", 3);
	if (memory->node >= 0)
		add(arguments, "--socket-mem=%s%zu", zeros, megabytes);
	else
		add(arguments, "-m%zu", megabytes);
	add(arguments, memory->hugepages ? "--in-memory" : "--no-huge");
}

/* The EAL moves the pointers about, not what they point to. */
static int
init(const struct arguments *arguments)
{
	char *values[ARGUMENTS_MAX + 1];
	int err;

	memcpy(values, arguments->values, sizeof(values));
	if (rte_eal_init(arguments->n, values) >= 0)
		return 0;
	err = rte_errno != 0 ? -rte_errno : -EIO;
	log_error("memory", "DPDK does not start: %s; its own lines above say why", strerror(-err));
	return err;
}

static void
say_held(const struct config_port *port, const char *name, const struct pci_holder *holder)
{
	if (holder->pid == getpid())
		log_error("port", "%s (line %u): %s is named twice; a device is for one port, once", port->name,
			  port->line, name);
	else if (holder->pid == 0)
		log_error("port",
			  "%s (line %u): %s is in use by another ipvsd: end that one first, or name another device",
			  port->name, port->line, name);
	else
		log_error("port",
			  "%s (line %u): %s is in use by process %d (%s): end it first, ipvsd with systemctl stop "
			  "ipvsd, or name another device",
			  port->name, port->line, name, holder->pid, holder->name);
}

/* The claim is kept until this process ends, whatever it ends by. */
static int
claim_device(const struct config_port *port, const char *name)
{
	static const struct pci_places places = { .sys = "/sys", .proc = "/proc", .locks = LOCKS_FOLDER };
	struct pci_holder holder;
	int claimed = pci_claim(&places, name, &holder);

	if (claimed == -EBUSY) {
		say_held(port, name, &holder);
		return -EBUSY;
	}
	if (claimed < 0 && claimed != -ENODEV)
		log_warning("port", "%s (line %u): %s can't be locked in " LOCKS_FOLDER " against another ipvsd: %s",
			    port->name, port->line, name, strerror(-claimed));
	return 0;
}

/* Before DPDK opens and resets what it may touch. */
static int
claim_devices(const struct config *config)
{
	char name[EAL_PCI_NAME_MAX];
	int err = 0;

	for (uint32_t i = 0; i < config->n_ports; i++) {
		const struct config_port *port = &config->ports[i];

		for (uint32_t j = 0; j < port->n_devices && err == 0; j++) {
			if (eal_is_pci(port->devices[j], name))
				err = claim_device(port, name);
		}
	}
	return err;
}

int
eal_start(const struct config *config, const struct eal_memory *memory)
{
	struct arguments *arguments;
	int err;

	if (config->workers.count > EAL_WORKERS_MAX) {
		log_error("workers", "%u workers are more than DPDK was built for: at most %u", config->workers.count,
			  EAL_WORKERS_MAX);
		return -E2BIG;
	}
	err = claim_devices(config);
	if (err < 0)
		return err;
	arguments = calloc(1, sizeof(*arguments));
	if (!arguments)
		return -ENOMEM;
	add(arguments, "ipvsd");
	add(arguments, "--no-telemetry");
	add(arguments, "--no-shconf");
	add(arguments, "--log-level=%s", config->log.level >= LOG_DEBUG ? "debug" : "warning");
	/* It warns of page sizes that it could have had and doesn't need. */
	if (config->log.level < LOG_DEBUG)
		add(arguments, "--log-level=lib.eal:error");
	add_memory(arguments, memory);
	add_file_prefix(arguments, config);
	add_pci(arguments, config);
	err = add_lcores(arguments, &config->workers);
	if (err == 0)
		err = arguments->err;
	if (err == 0)
		err = init(arguments);
	free_arguments(arguments);
	return err;
}

int
eal_worker_node(uint32_t worker)
{
	rte_cpuset_t set = rte_lcore_cpuset(eal_worker_lcore(worker));
	uint16_t cpus[CPU_SETSIZE];
	int n = 0;

	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &set))
			cpus[n++] = (uint16_t)cpu;
	}
	return numa_node_of_cpus(NUMA_SYS, cpus, n);
}

void
eal_log_heap(void)
{
	size_t used = 0, total = 0;

	for (uint32_t i = 0; i < rte_socket_count(); i++) {
		struct rte_malloc_socket_stats heap;

		if (rte_malloc_get_socket_stats(rte_socket_id_by_idx(i), &heap) != 0)
			continue;
		used += heap.heap_allocsz_bytes;
		total += heap.heap_totalsz_bytes;
	}
	log_debug("memory", "%zu of %zu MB of DPDK's heap are in use", used / MB, total / MB);
}

/* Those of ports that were not opened, as an earlier one could not be. DPDK itself takes memory from devices that it has
 * closed before, and complains about each page. */
static void
close_devices(void)
{
	uint16_t dev;

	RTE_ETH_FOREACH_DEV (dev)
		port_device_close(dev);
}

void
eal_stop(void)
{
	char folder[PATH_MAX];

	/* It never started. */
	if (rte_lcore_count() == 0)
		return;
	snprintf(folder, sizeof(folder), "%s", rte_eal_get_runtime_dir());
	close_devices();
	if (rte_eal_cleanup() != 0)
		log_warning("memory", "DPDK did not clean up after itself");
	/* DPDK leaves its folder for the run behind, empty; with another instance's files in it, it stays. */
	if (rmdir(folder) != 0 && errno != ENOTEMPTY && errno != ENOENT)
		log_warning("memory", "%s is left behind: %s", folder, strerror(errno));
}
