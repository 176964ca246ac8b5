/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A log file of records that is either read whole or not at all. state_file.c says what the records mean.
 *
 * Records are put into a buffer and written as a group, between a BEGIN that tells the group's length and a COMMIT. The
 * file is made longer before a group is written into it. So a writer killed on the way leaves a group of the right
 * length that ends in zeros, which was never acknowledged and is skipped; a file that is shorter than its last BEGIN
 * says, or has a wrong checksum anywhere, is damaged. Written without fsync: a group survives the process. A file that
 * is written whole survives the machine, too, if it is to.
 */
#ifndef CONTROL_STATE_LOG_H
#define CONTROL_STATE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATE_LOG_BOOT_ID 40 /* with the terminating NUL */

struct state_log;

/* What state_log_load() found. */
struct state_image {
	void *bytes;
	size_t length; /* of what is committed */
	size_t skipped; /* bytes of a group that was not finished */
	char boot_id[STATE_LOG_BOOT_ID];
	uint64_t generation;
	bool blank; /* it has no bytes, or only zeros */
	char fault[160]; /* why it is damaged */
};

/* Makes FOLDER if only its last part is missing, and locks it. BOOT_ID is written into files. A new file is on disk before
 * it has its name if it is to OUTLIVE_REBOOT; else no disk is waited for. Errors are logged. */
int state_log_open(const char *folder, const char *boot_id, bool outlive_reboot, struct state_log **ret);
void state_log_close(struct state_log *log);

/* Reads and checks the whole file. -ENOENT without one; -EBADMSG with RET->fault if it is damaged. The image's bytes
 * are to be freed. */
int state_log_load(struct state_log *log, struct state_image *ret);
/* Calls APPLY for each committed record, in order, until it fails. PAYLOAD is aligned to 8 bytes. */
int state_image_each(const struct state_image *image,
		     int (*apply)(void *arg, uint16_t type, const void *payload, uint32_t length), void *arg);
/* Renames the file to state.damaged-<seconds since 1970>, and says so in the log. */
int state_log_set_aside(struct state_log *log);

/* Into the buffer. Without memory the buffer is marked, and writing it fails. */
void state_log_put(struct state_log *log, uint16_t type, const void *payload, uint32_t length);
size_t state_log_buffered(const struct state_log *log);
void state_log_discard(struct state_log *log);
/* Appends what is buffered, as one group. On an error the file is cut back to what it was, and the buffer is lost. */
int state_log_append(struct state_log *log);
/* Puts a new file, with what is buffered alone, in place of the old one. On an error the old one stays. */
int state_log_replace(struct state_log *log);
/* Bytes of the file. */
uint64_t state_log_size(const struct state_log *log);

#endif
