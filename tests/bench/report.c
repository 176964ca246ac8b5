/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>

#include "report.h"

static FILE *json;
static bool first_row;
static const char *section; /* to be printed */

int
report_open(const char *json_path, uint64_t tsc_hz)
{
	if (json_path) {
		json = fopen(json_path, "w");
		if (!json)
			return -errno;
		fprintf(json, "{\n  \"tsc_hz\": %llu,\n  \"rows\": [\n", (unsigned long long)tsc_hz);
	}
	first_row = true;
	return 0;
}

void
report_section(const char *title)
{
	section = title;
}

/* With the first row that is wanted. */
static void
print_section(void)
{
	if (!section)
		return;
	printf("\n%s\n  %-38s %9s  %-14s %9s %9s %9s %9s  %s\n", section, "", "net", "", "gross p50", "p10", "p90",
	       "overhead", "kept");
	section = NULL;
}

void
report_row(const struct row *row)
{
	const struct summary *gross = &row->gross;

	print_section();
	printf("  %-38s %9.*f  %-14s", row->name, row->value < 1000 ? 1 : 0, row->value, row->unit);
	if (gross->kept > 0)
		printf(" %9.1f %9.1f %9.1f %9.1f  %3.0f %%%s", gross->median, gross->p10, gross->p90, row->overhead,
		       gross->kept * 100, gross->kept < REPORT_NOISY ? " noisy" : "");
	putchar('\n');
	fflush(stdout);
	if (!json)
		return;
	fprintf(json,
		"%s    {\"name\": \"%s\", \"unit\": \"%s\", \"value\": %.2f, \"median\": %.2f, \"p10\": %.2f, "
		"\"p90\": %.2f, \"mean\": %.2f, \"overhead\": %.2f, \"kept\": %.3f}",
		first_row ? "" : ",\n", row->name, row->unit, row->value, gross->median, gross->p10, gross->p90,
		gross->mean, row->overhead, gross->kept);
	first_row = false;
}

void
report_nothing(const char *name, const char *reason)
{
	print_section();
	printf("  %-38s %s\n", name, reason);
	fflush(stdout);
}

/* False, with a line that says so, if the machine was disturbed all the time: then there is no figure. */
static bool
row_of_samples(const char *name, const char *unit, struct samples *samples, double overhead, struct row *ret)
{
	char reason[48];

	*ret = (struct row){ .unit = unit, .gross = samples_summary(samples), .overhead = overhead };
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	if (samples->kept > 0)
		return true;
	snprintf(reason, sizeof(reason), "no undisturbed sample of %u", samples->taken);
	report_nothing(name, reason);
	return false;
}

void
report_samples(const char *name, const char *unit, struct samples *samples, double overhead)
{
	struct row row;

	if (!row_of_samples(name, unit, samples, overhead, &row))
		return;
	row.value = row.gross.median - overhead;
	report_row(&row);
}

double
report_mean(const char *name, const char *unit, struct samples *samples, double overhead)
{
	struct row row;

	if (!row_of_samples(name, unit, samples, overhead, &row))
		return 0;
	row.value = row.gross.mean - overhead;
	report_row(&row);
	return row.value;
}

void
report_rate(const char *name, const char *unit, struct samples *samples)
{
	struct row row;

	if (!row_of_samples(name, unit, samples, 0, &row))
		return;
	row.value = (double)rte_get_tsc_hz() / row.gross.median;
	report_row(&row);
}

void
report_figure(const char *name, const char *unit, double value)
{
	struct row row = { .unit = unit, .value = value };

	snprintf(row.name, sizeof(row.name), "%s", name);
	report_row(&row);
}

int
report_close(void)
{
	int err = 0;

	if (!json)
		return 0;
	fprintf(json, "\n  ]\n}\n");
	if (fclose(json) != 0)
		err = -errno;
	json = NULL;
	return err;
}
