/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Writes log lines to stderr or to syslog. The journal, where that is stderr, adds time and unit, and takes the level from
 * the line's begin (sd-daemon(3)). The target is set once, before any thread starts; the level may change while other
 * threads log, and the worst level is noted by all.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/log.h"

static struct {
	int level;
	bool to_syslog, to_journal;
	int worst; /* of the lines so far */
} log_target = { .level = LOG_INFO, .worst = LOG_DEBUG };

/* JOURNAL_STREAM names it by device and inode (systemd.exec(5)): stderr may have been sent elsewhere since. */
static bool
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(STDERR_FILENO, &status) == 0 &&
	       status.st_dev == device && status.st_ino == inode;
}

void
log_set_level(int level)
{
	__atomic_store_n(&log_target.level, level, __ATOMIC_RELAXED);
}

static bool
is_wanted(int level)
{
	return level <= __atomic_load_n(&log_target.level, __ATOMIC_RELAXED);
}

void
log_open(int level, bool to_syslog)
{
	log_set_level(level);
	log_target.to_syslog = to_syslog;
	log_target.to_journal = stderr_is_journal();
	if (to_syslog)
		openlog("ipvsd", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void
log_plain(int level, const char *lines)
{
	bool is_journal = stderr_is_journal();

	for (const char *next; *lines != '\0'; lines = next) {
		next = lines + strcspn(lines, "\n");
		next += *next == '\n';
		if (is_journal)
			fprintf(stderr, "<%d>", level);
		fwrite(lines, 1, (size_t)(next - lines), stderr);
	}
}

static void
write_line(int level, const char *topic, const char *text)
{
	static const char *const names[] = {
		"emergency: ", "alert: ", "critical: ", "error: ", "warning: ", "", "", ""
	};

	/* Two threads at a time may leave the lesser of both; who asks has ended the others, or has said his own. */
	if (level < __atomic_load_n(&log_target.worst, __ATOMIC_RELAXED))
		__atomic_store_n(&log_target.worst, level, __ATOMIC_RELAXED);
	if (log_target.to_syslog)
		syslog(level, "%s: %s", topic, text);
	else if (log_target.to_journal)
		fprintf(stderr, "<%d>%s: %s\n", level, topic, text);
	else
		fprintf(stderr, "ipvsd: %s%s: %s\n", names[level & 7], topic, text);
}

static void
format_line(int level, const char *topic, const char *format, va_list args)
{
	char text[1024];

	vsnprintf(text, sizeof(text), format, args);
	write_line(level, topic, text);
}

void
log_line(int level, const char *topic, const char *format, ...)
{
	va_list args;

	if (!is_wanted(level))
		return;
	va_start(args, format);
	format_line(level, topic, format, args);
	va_end(args);
}

bool
log_has_said(int level)
{
	return __atomic_load_n(&log_target.worst, __ATOMIC_RELAXED) <= level;
}

void
log_limited(struct log_limit *limit, int level, const char *topic, const char *format, ...)
{
	struct timespec now;
	uint64_t seconds;
	va_list args;

	if (!is_wanted(level))
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	seconds = (uint64_t)now.tv_sec;
	if (limit->used >= limit->burst && seconds - limit->since_s < limit->interval_s) {
		limit->left_out++;
		return;
	}
	if (seconds - limit->since_s >= limit->interval_s) {
		if (limit->left_out > 0)
			log_line(level, topic, "(%u lines like the next one were left out)", limit->left_out);
		limit->used = 0;
		limit->left_out = 0;
		limit->since_s = seconds;
	}
	limit->used++;
	va_start(args, format);
	format_line(level, topic, format, args);
	va_end(args);
}
