/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the service manager (systemd) is told: ready, stopping, a line of status, and, as long as every thread makes
 * turns, that it need not restart us. The protocol is that of sd_notify(3). It is a datagram and promised to stay, which
 * libsystemd would cost the compressors and the cryptography that it brings into a process of root's.
 */
#ifndef CONTROL_SERVICE_MANAGER_H
#define CONTROL_SERVICE_MANAGER_H

#include <stdint.h>

#include "control/event_loop.h"
#include "core/counters.h"

struct service_manager;

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. Without the first one nobody listens, and what is said goes
 * nowhere. A socket that can't be one is reported and -EINVAL. */
int service_manager_create(struct service_manager **ret);
void service_manager_destroy(struct service_manager *manager);

/* STATE: lines as in sd_notify(3), without the last line's end. What does not arrive is logged. */
void service_manager_say(struct service_manager *manager, const char *state);
/* The line that `systemctl status` shows, sent when it is another one than before. */
void service_manager_status(struct service_manager *manager, const char *text);

/* Begins to send WATCHDOG=1, if it is expected of this process, from LOOP, as often as all of COUNTERS have turned since
 * the last time. The first N_WORKERS are the workers', which the log names; the array is the caller's and stays. */
int service_manager_watch(struct service_manager *manager, struct event_loop *loop,
			  const struct counters *const *counters, uint32_t n_counters, uint32_t n_workers);

#endif
