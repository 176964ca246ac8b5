/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * `ipvsd reload`: has a running ipvsd read its configuration again, and says what came of it, which SIGHUP can't.
 */
#ifndef RELOAD_REQUEST_H
#define RELOAD_REQUEST_H

/* ARGV[0] is "reload". An exit status. */
int reload_request_run(int argc, char **argv);

#endif
