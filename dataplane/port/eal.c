/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The EAL's arguments. Two sets of them (decisions.md 19): huge pages with --in-memory, which needs no mounted hugetlbfs
 * and leaves no files; or 4 KB pages with --no-huge, where --in-memory is not allowed.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_pci.h>

#include "core/cleanup.h"
#include "core/cpu_list.h"
#include "core/log.h"
#include "port/eal.h"
#include "port/port.h"

#define ARGUMENTS_MAX 1088
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

/* What DPDK's allocator will be asked for; the connection tables have memory of their own (core/pages.h). */
static size_t
memory_needed(const struct config *config)
{
	const struct config_limits *limits = &config->limits;
	size_t rules = (size_t)limits->routes + limits->routes_ipv6 + 2 * (size_t)limits->neighbours;
	size_t bytes = 0;

	bytes += (size_t)limits->mbufs * 2496; /* 2 KB of data, headroom, header, the pool's own */
	bytes += 2 * 64 * MB; /* the first levels of both forwarding tables */
	bytes += rules * (1024 + 128); /* their further levels and rules */
	for (uint32_t i = 0; i < config->n_ports; i++) {
		const struct config_port *port = &config->ports[i];
		size_t queues = port->queues > 0 ? port->queues : config->workers.count;

		bytes += port->n_devices * queues * (port->rx_descriptors + port->tx_descriptors) * 128;
		bytes += port->n_devices * MB;
	}
	bytes += config->workers.count * MB + 32 * MB;
	return bytes;
}

struct huge_memory {
	size_t bytes_free, page;
};

static size_t
read_number(const char *folder, const char *file)
{
	char path[300];
	size_t number = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/%.64s/%s", folder, file);
	in = fopen(path, "re");
	if (!in)
		return 0;
	if (fscanf(in, "%zu", &number) != 1)
		number = 0;
	fclose(in);
	return number;
}

/* Free pages of all sizes; `page` is the smallest. */
static struct huge_memory
free_huge_memory(void)
{
	struct huge_memory memory = { .page = 2 * MB };
	DIR *folder = opendir("/sys/kernel/mm/hugepages");
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		size_t kb, pages;

		if (sscanf(entry->d_name, "hugepages-%zukB", &kb) != 1)
			continue;
		pages = read_number(entry->d_name, "free_hugepages");
		memory.bytes_free += pages * kb * 1024;
	}
	if (folder)
		closedir(folder);
	return memory;
}

static int
choose_memory(const struct config *config, size_t needed, bool *ret_hugepages)
{
	struct huge_memory memory = free_huge_memory();
	size_t pages_needed = (needed + memory.page - 1) / memory.page;
	size_t pages_free = memory.bytes_free / memory.page;

	*ret_hugepages = config->memory.hugepages != HUGEPAGES_OFF && pages_free >= pages_needed;
	if (config->memory.hugepages == HUGEPAGES_OFF || *ret_hugepages)
		return 0;
	if (config->memory.hugepages == HUGEPAGES_REQUIRED) {
		log_error("memory",
			  "%zu huge pages of 2 MB are needed and %zu are free: raise vm.nr_hugepages, or allow 4 KB "
			  "pages "
			  "with memory.hugepages = \"auto\"",
			  pages_needed, pages_free);
		return -ENOMEM;
	}
	log_warning("memory",
		    "%zu huge pages of 2 MB are needed and %zu are free: using 4 KB pages, which is slower; raise "
		    "vm.nr_hugepages",
		    pages_needed, pages_free);
	return 0;
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

/* Reads a list of the configuration: how many CPUs it names, all of which we may use. */
static int
read_cpus(const char *key, const char *text, const uint16_t *allowed, int n_allowed, uint16_t cpus[CPU_LIST_MAX])
{
	int n = cpu_list_parse(text, cpus);

	if (n < 0)
		log_error("workers", "%s = \"%s\" is no list of CPUs like \"0-3,8\"", key, text);
	for (int i = 0; i < n; i++) {
		bool is_allowed = false;

		for (int j = 0; j < n_allowed; j++)
			is_allowed |= allowed[j] == cpus[i];
		if (!is_allowed) {
			log_error("workers", "%s = \"%s\": CPU %u does not exist or is not allowed to this process",
				  key, text, cpus[i]);
			return -EINVAL;
		}
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
		n_control = read_cpus("control_cpus", workers->control_cpus, allowed, n_allowed, control);
	if (workers->cpus)
		n_pinned = read_cpus("cpus", workers->cpus, allowed, n_allowed, pinned);
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

int
eal_start(const struct config *config, bool *ret_hugepages)
{
	size_t needed = memory_needed(config);
	struct arguments *arguments;
	int err;

	if (config->workers.count > EAL_WORKERS_MAX) {
		log_error("workers", "%u workers are more than DPDK was built for: at most %u", config->workers.count,
			  EAL_WORKERS_MAX);
		return -E2BIG;
	}
	err = choose_memory(config, needed, ret_hugepages);
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
	add(arguments, "-m");
	add(arguments, "%zu", (needed + MB - 1) / MB);
	add(arguments, *ret_hugepages ? "--in-memory" : "--no-huge");
	add_file_prefix(arguments, config);
	add_pci(arguments, config);
	err = add_lcores(arguments, &config->workers);
	if (err == 0)
		err = arguments->err;
	/* The EAL moves the pointers about, not what they point to. */
	if (err == 0) {
		char *values[ARGUMENTS_MAX + 1];

		memcpy(values, arguments->values, sizeof(values));
		if (rte_eal_init(arguments->n, values) < 0) {
			err = rte_errno != 0 ? -rte_errno : -EIO;
			log_error("memory", "DPDK does not start: %s; its own lines above say why", strerror(-err));
		}
	}
	free_arguments(arguments);
	return err;
}

void
eal_stop(void)
{
	char folder[PATH_MAX];

	/* It never started. */
	if (rte_lcore_count() == 0)
		return;
	snprintf(folder, sizeof(folder), "%s", rte_eal_get_runtime_dir());
	if (rte_eal_cleanup() != 0)
		log_warning("memory", "DPDK did not clean up after itself");
	/* DPDK leaves its folder for the run behind, empty; with another instance's files in it, it stays. */
	if (rmdir(folder) != 0 && errno != ENOTEMPTY && errno != ENOENT)
		log_warning("memory", "%s is left behind: %s", folder, strerror(errno));
}
