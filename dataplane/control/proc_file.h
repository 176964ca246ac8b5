/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The files that the kernel's IPVS has below /proc, byte for byte: a file makes its text line by line, so that the longest
 * one needs no more memory than a line. One file of ours makes related ones of them; the table is in proc_file.c.
 *
 * The commands that clients read them by are in ipvsx_files.c.
 */
#ifndef CONTROL_PROC_FILE_H
#define CONTROL_PROC_FILE_H

#include <stdint.h>

#include "control/ipvs_model.h"
#include "lb/conn_walk.h"

#define PROC_LINE_MAX 512

struct proc_text {
	char *at; /* where the next byte goes */
	uint32_t room;
};

struct proc_reader {
	struct ipvs_model *model;
	const struct proc_file *file;
	uint64_t line; /* given so far */
	uint32_t work; /* what was done for the lines, counted by them: the caller sets the limit */
	uint64_t cost_ns; /* what the reads for the lines cost the workers, likewise */
	/* The file's own. */
	struct conn_walk walk;
	uint64_t service;
	struct ipvs_cursor dests;
};

struct proc_file {
	const char *name; /* below /proc */
	uint32_t mode; /* permission bits */
	/* Appends the next line of at most PROC_LINE_MAX bytes: 1; 0 at the end; -EAGAIN: nothing yet, call again. */
	int (*line)(struct proc_reader *reader, struct proc_text *text);
	/* Optional. */
	void (*open)(struct proc_reader *reader);
	void (*close)(struct proc_reader *reader);
	/* What a write(2) of LENGTH bytes does: 0 or a negative errno. NULL: the file can't be written. */
	int (*write)(struct ipvs_model *model, const struct proc_file *file, const char *text, size_t length);
};

/* NULL if there is none. */
const struct proc_file *proc_file_by_name(const char *name);
/* By position from 0 on; NULL behind the last one. */
const struct proc_file *proc_file_at(uint64_t position);

/* Each file's lines. */
extern const struct proc_file proc_services, proc_conns, proc_conns_sync, proc_stats, proc_stats_percpu, proc_apps;
/* By enum knob_position. */
extern const struct proc_file proc_knobs[KNOB_COUNT];

/* ---- What the lines are made of ---- */

/* Appends; what doesn't fit is cut off. */
void proc_print(struct proc_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* IPv4 as eight hexadecimal digits, IPv6 in full, as the kernel's %pI6. */
void proc_print_address(struct proc_text *text, uint16_t family, const union ip_bits *address);
/* As ip_vs_proto_name(), padded to WIDTH. */
void proc_print_protocol(struct proc_text *text, uint32_t protocol, int width);

#endif
