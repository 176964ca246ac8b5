/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Processes, as /proc tells of them. Only root's and our own are looked at: what others call their programs is theirs.
 */
#ifndef DOCTOR_PROCESS_H
#define DOCTOR_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "doctor/machine.h"

struct process {
	pid_t pid, parent;
	char state; /* of ps(1): R, S, T... */
	char name[32];
	uint64_t started; /* clock ticks since the machine's start */
	char words[2048]; /* the command line, each word with its NUL */
	size_t length; /* of WORDS */
};

/* -ESRCH if there is none, it has ended and nobody has heard of it yet (a zombie), or it is not ours to look at. */
int process_read(const struct machine *machine, pid_t pid, struct process *ret);
/* Those called NAME, by their pid; at most MAX. Never this process itself. */
int processes_called(const struct machine *machine, const char *name, struct process *ret, int max);
/* Does it see the network that we see? True where that is not to be learnt. */
bool process_in_our_network(const struct machine *machine, pid_t pid);
/* The argument of an option, as getopt_long(3) would read it: -f FILE, -fFILE, --long FILE, --long=FILE; the last one, NULL:
 * not given. LETTER may be 0. */
const char *process_option(const struct process *process, char letter, const char *name);
bool process_has_word(const struct process *process, const char *word);
/* When it began; 0 if that is not to be learnt. */
time_t process_start(const struct machine *machine, const struct process *process);
/* A number of /proc/PID/status: "VmLck"; -ENOENT. BASE: 10 or 16. */
int process_number(const struct machine *machine, pid_t pid, const char *key, int base, uint64_t *ret);

#endif
