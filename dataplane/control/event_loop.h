/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The control thread's loop: descriptors (epoll), periodic calls, and calls at the end of each turn (publication).
 */
#ifndef CONTROL_EVENT_LOOP_H
#define CONTROL_EVENT_LOOP_H

#include <stdint.h>

struct event_loop;

int event_loop_create(struct event_loop **ret);
void event_loop_destroy(struct event_loop *loop);

/* EVENTS are EPOLLIN, EPOLLOUT... FD stays the caller's; -EEXIST, -ENOMEM... */
int event_loop_add(struct event_loop *loop, int fd, uint32_t events, void (*ready)(void *arg, uint32_t events),
		   void *arg);
int event_loop_change(struct event_loop *loop, int fd, uint32_t events);
/* Safe from within a call of the same turn: FD's call does not come any more. */
void event_loop_remove(struct event_loop *loop, int fd);

/* Calls TICK every PERIOD_MS, for as long as the loop lives. */
int event_loop_every(struct event_loop *loop, uint32_t period_ms, void (*tick)(void *arg), void *arg);
/* Calls DONE after the ready descriptors of each turn were served. */
int event_loop_after_turn(struct event_loop *loop, void (*done)(void *arg), void *arg);

/* Until event_loop_stop(); 0 or -errno. */
int event_loop_run(struct event_loop *loop);
void event_loop_stop(struct event_loop *loop);

#endif
