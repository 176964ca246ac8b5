/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lb/conn_table.h"
#include "lb/untold.h"

#define FIRST_WAIT_MS 250 /* more than the round trip to a server, and than its delayed acknowledgements (200 ms) */

uint32_t
untold_wait_ms(uint32_t tries)
{
	return (uint32_t)FIRST_WAIT_MS << tries;
}

static struct conn_told *
told_of(const struct conn_table *table, uint32_t link)
{
	return &table->cold[link - 1].told;
}

void
untold_add(struct worker *self, uint32_t table, struct conn *conn)
{
	const struct conn_table *conns = self->conns[table];
	struct conn_cold *cold = conn_cold(conns, conn);
	struct untold_list *list = &self->untold[table][cold->told.tries];
	uint32_t link = conn_number(conns, conn) + 1;

	cold->told.due_ms = self->now_ms + untold_wait_ms(cold->told.tries);
	cold->told.prev = list->last;
	cold->told.next = 0;
	if (list->last != 0)
		told_of(conns, list->last)->next = link;
	else
		list->first = link;
	list->last = link;
	cold->flags |= COLD_TIMED;
}

void
untold_remove(struct worker *self, uint32_t table, struct conn *conn)
{
	const struct conn_table *conns = self->conns[table];
	struct conn_cold *cold = conn_cold(conns, conn);
	struct untold_list *list;

	if (!(cold->flags & COLD_TIMED))
		return;
	list = &self->untold[table][cold->told.tries];
	if (cold->told.prev != 0)
		told_of(conns, cold->told.prev)->next = cold->told.next;
	else
		list->first = cold->told.next;
	if (cold->told.next != 0)
		told_of(conns, cold->told.next)->prev = cold->told.prev;
	else
		list->last = cold->told.prev;
	cold->flags &= ~(uint32_t)COLD_TIMED;
}

struct conn *
untold_due(struct worker *self, uint32_t table)
{
	const struct conn_table *conns = self->conns[table];

	for (uint32_t tries = 0; tries <= UNTOLD_TRIES; tries++) {
		uint32_t first = self->untold[table][tries].first;

		if (first != 0 && (int32_t)(self->now_ms - told_of(conns, first)->due_ms) >= 0) {
			struct conn *conn = conn_at(conns, first - 1);

			untold_remove(self, table, conn);
			return conn;
		}
	}
	return NULL;
}
