/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * SIGHUP and `ipvsd reload`: the configuration is read again, and what can be changed while packets pass is: the level of
 * the log, the settings of vs, and local_addresses. A file with errors changes nothing, and what needs a restart is named.
 */
#ifndef RELOAD_H
#define RELOAD_H

struct config;
struct control;
struct reload;

/* FILE and RUNNING, which was read from it, are the caller's and stay. */
int reload_create(const char *file, const struct config *running, struct reload **ret);
void reload_destroy(struct reload *reload);

/* ASKED: the file that it is to be, as of realpath(3), or NULL. -errno: everything is as it was. Errors, or what waits for
 * a restart, are logged, and given to *RET_MESSAGES a line each, for free(); NULL without memory. */
int reload_config(struct reload *reload, struct control *control, const char *asked, char **ret_messages);

#endif
