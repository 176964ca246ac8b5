/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Any bytes in a file that the doctor reads: the first byte says in which, the rest is what it has. The other files are
 * those of a machine with a NIC, an ipvsd and a keepalived; all lie in the folder "fuzz-machine" below the current one.
 *
 * For libFuzzer; with FUZZ_REPLAY defined it is a program that runs the files it is given.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor/doctor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOT "fuzz-machine"
#define NIC "/sys/bus/pci/devices/0000:3b:00.0"
#define CPU "/sys/devices/system/cpu"
#define PAGES "/sys/kernel/mm/hugepages/hugepages-2048kB"

#define FILE_OF(path, text)                  \
	{                                    \
		path, text, sizeof(text) - 1 \
	}

static const struct {
	const char *path, *text;
	size_t size;
} files[] = {
	FILE_OF("/proc/net/route", "Iface Destination\neth1\t00000000\t010A0A0A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"),
	FILE_OF("/proc/net/ipv6_route", ""),
	FILE_OF("/proc/net/ip_vs", "TCP  C0000201:0050 rr\n"),
	FILE_OF("/proc/9/stat", "9 (ipvsd) S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 1000 9 9\n"),
	FILE_OF("/proc/9/status", "Uid:\t0\nCapEff:\t0\nHugetlbPages:\t2048 kB\n"),
	FILE_OF("/proc/9/limits", "Max locked memory         65536   65536   bytes\n"),
	FILE_OF("/proc/9/comm", "ipvsd\n"),
	FILE_OF("/proc/10/cmdline", "keepalived"),
	FILE_OF("/proc/10/stat", "10 (keepalived) S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 1000 9 9\n"),
	FILE_OF("/etc/keepalived/keepalived.conf",
		"global_defs {\n lvs_control_socket /a\n}\nvirtual_server 192.0.2.1 80 {\n"),
	FILE_OF("/proc/uptime", "1000.00 1.00\n"),
	FILE_OF("/proc/meminfo", "MemAvailable: 100000 kB\n"),
	FILE_OF(CPU "/isolated", "2\n"),
	FILE_OF(CPU "/online", "0-3\n"),
	FILE_OF(CPU "/cpu2/topology/thread_siblings_list", "2,6\n"),
	FILE_OF(CPU "/cpu3/cpufreq/scaling_governor", "schedutil\n"),
	FILE_OF(NIC "/class", "0x020000\n"),
	FILE_OF(NIC "/numa_node", "0\n"),
	FILE_OF(PAGES "/nr_hugepages", "20\n"),
	FILE_OF(PAGES "/free_hugepages", "10\n"),
	FILE_OF("/sys/class/net/wan/flags", "0x1003\n"),
	FILE_OF("/proc/9/cmdline", "ipvsd\0-c\0" ROOT "/etc/ipvsd/ipvsd.conf"),
	/* Not of the input: its reader is libconfig's. */
	FILE_OF("/proc/10/comm", "keepalived\n"),
	FILE_OF("/proc/10/status", "Uid:\t0\n"),
	FILE_OF("/etc/ipvsd/ipvsd.conf", "workers = { count = 2; cpus = \"2-3\"; control_cpus = \"0\"; };\n"
					 "ports = ( { name = \"wan\"; devices = ( \"0000:3b:00.0\" ); } );\n"),
};
#define N_FILES (sizeof(files) / sizeof(files[0]))
#define N_FUZZED (N_FILES - 3)

static void
put(const char *path, const void *bytes, size_t size)
{
	char name[256];
	FILE *out;

	snprintf(name, sizeof(name), ROOT "%s", path);
	for (char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(name, 0755);
		*slash = '/';
	}
	out = fopen(name, "w");
	if (!out || fwrite(bytes, 1, size, out) != size || fclose(out) != 0)
		abort();
}

static void
put_all(void)
{
	for (size_t i = 0; i < N_FILES; i++)
		put(files[i].path, files[i].text, files[i].size);
	put(NIC "/net/eth1/address", "", 0);
	(void)unlink(ROOT NIC "/driver");
	if (symlink("../../drivers/i40e", ROOT NIC "/driver") != 0)
		abort();
	/* What is said is of no interest here. */
	if (!freopen("/dev/null", "w", stdout))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[] = { "doctor", "-v", "--root", ROOT, NULL };
	static bool ready;
	size_t i;
	int status;

	if (!ready)
		put_all();
	ready = true;
	if (size == 0)
		return 0;
	i = data[0] % N_FUZZED;
	put(files[i].path, data + 1, size - 1);
	optind = 0; /* getopt_long(3) begins anew */
	status = doctor_run(4, argv);
	if (status != 0 && status != 1)
		abort();
	put(files[i].path, files[i].text, files[i].size);
	return 0;
}

#ifdef FUZZ_REPLAY
int
main(int argc, char **argv)
{
	static uint8_t data[1 << 16];

	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");

		if (!file) {
			perror(argv[i]);
			return 1;
		}
		LLVMFuzzerTestOneInput(data, fread(data, 1, sizeof(data), file));
		fclose(file);
	}
	return 0;
}
#endif
