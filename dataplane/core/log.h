/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The log: one line an event, "topic: text". For the control and I/O threads; a worker never logs, it counts, and the
 * control thread reports what the counters say.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>

/* Levels are those of syslog(3); lines above LEVEL are dropped. */
void log_open(int level, bool to_syslog);
/* Of the lines from now on; other threads may be logging. */
void log_set_level(int level);

void log_line(int level, const char *topic, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Lines, each with its "\n", to stderr as they stand, for who is asked before log_open(); in the journal they have the level. */
void log_plain(int level, const char *lines);

/* Whether a line of that level or worse was logged so far: the one who gives up need not say why once more. */
bool log_has_said(int level);

/* Lets a burst of BURST lines through, then one in INTERVAL_S seconds, which says how many were left out. */
struct log_limit {
	uint32_t burst, interval_s;
	uint32_t used, left_out;
	uint64_t since_s;
};

#define LOG_LIMIT(burst_, interval_s_)                         \
	{                                                      \
		.burst = (burst_), .interval_s = (interval_s_) \
	}

/* As log_line; LIMIT belongs to the caller's object and to one thread. */
void log_limited(struct log_limit *limit, int level, const char *topic, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#define log_error(topic, ...) log_line(LOG_ERR, topic, __VA_ARGS__)
#define log_warning(topic, ...) log_line(LOG_WARNING, topic, __VA_ARGS__)
#define log_info(topic, ...) log_line(LOG_INFO, topic, __VA_ARGS__)
#define log_debug(topic, ...) log_line(LOG_DEBUG, topic, __VA_ARGS__)

#endif
