/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * /proc/net/ip_vs_stats and ip_vs_stats_percpu (net/netfilter/ipvs/ip_vs_ctl.c), where workers stand for CPUs, and
 * ip_vs_app (ip_vs_app.c), which lists protocol helpers: there are none.
 */
#include "control/dump_pace.h"
#include "control/proc_file.h"
#include "lb/lb.h"

#define FIVE(v)                                                                                                 \
	(unsigned long long)(v).conns, (unsigned long long)(v).in_packets, (unsigned long long)(v).out_packets, \
		(unsigned long long)(v).in_bytes, (unsigned long long)(v).out_bytes

/* Of the counts of all destinations: which of them move is not looked at. */
static uint64_t
all_read_cost_ns(const struct ipvs_model *model)
{
	return (uint64_t)model->dests_high * READ_SUM_NS;
}

static int
stats_line(struct proc_reader *reader, struct proc_text *text)
{
	struct ipvs_stats counts;
	struct ipvs_rates rates;

	if (reader->line > 0)
		return 0;
	ipvs_totals_read(reader->model, &counts, &rates);
	reader->cost_ns += all_read_cost_ns(reader->model);
	proc_print(text,
		   "   Total Incoming Outgoing         Incoming         Outgoing\n"
		   "   Conns  Packets  Packets            Bytes            Bytes\n"
		   "%8llX %8llX %8llX %16llX %16llX\n\n",
		   FIVE(counts));
	proc_print(text,
		   " Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n"
		   "%8llX %8llX %8llX %16llX %16llX\n",
		   FIVE(rates));
	return 1;
}

static void
percpu_totals(struct proc_reader *reader, struct proc_text *text)
{
	struct ipvs_stats counts;
	struct ipvs_rates rates;

	ipvs_totals_read(reader->model, &counts, &rates);
	reader->cost_ns += all_read_cost_ns(reader->model);
	proc_print(text, "  ~ %8llX %8llX %8llX %16llX %16llX\n\n", FIVE(counts));
	proc_print(text,
		   "     Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n"
		   "    %8llX %8llX %8llX %16llX %16llX\n",
		   FIVE(rates));
}

static int
percpu_line(struct proc_reader *reader, struct proc_text *text)
{
	uint64_t worker = reader->line - 1;
	struct ipvs_stats counts;

	if (reader->line == 0) {
		proc_print(text, "       Total Incoming Outgoing         Incoming         Outgoing\n"
				 "CPU    Conns  Packets  Packets            Bytes            Bytes\n");
		return 1;
	}
	if (worker > reader->model->lb->n_workers)
		return 0;
	if (worker == reader->model->lb->n_workers) {
		percpu_totals(reader, text);
		return 1;
	}
	ipvs_totals_of_worker(reader->model, (uint32_t)worker, &counts);
	/* each line is of another worker */
	if (worker == 0)
		reader->cost_ns += all_read_cost_ns(reader->model);
	proc_print(text, "%3X %8llX %8llX %8llX %16llX %16llX\n", (unsigned int)worker, FIVE(counts));
	return 1;
}

static int
apps_line(struct proc_reader *reader, struct proc_text *text)
{
	if (reader->line > 0)
		return 0;
	proc_print(text, "prot port    usecnt name\n");
	return 1;
}

const struct proc_file proc_stats = {
	.name = "net/ip_vs_stats",
	.mode = 0444,
	.line = stats_line,
};

const struct proc_file proc_stats_percpu = {
	.name = "net/ip_vs_stats_percpu",
	.mode = 0444,
	.line = percpu_line,
};

const struct proc_file proc_apps = {
	.name = "net/ip_vs_app",
	.mode = 0444,
	.line = apps_line,
};
