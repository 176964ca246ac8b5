/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Connections whose server has not yet acknowledged the header that names their client, and to which it is sent again
 * when nobody else speaks: a server that talks first waits for the header, and its client for the server.
 *
 * One list for each number of tries, since all that are in it wait equally long: whoever comes last is due last. The
 * links are in the connections, so that there is no more of this than there are connections.
 */
#ifndef LB_UNTOLD_H
#define LB_UNTOLD_H

#include <stdint.h>

#include "core/worker.h"

struct conn;
struct conn_table;

/* How long a server has before the header is sent again, with TRIES (0 to UNTOLD_TRIES) behind it; with all of them it is
 * given up. */
uint32_t untold_wait_ms(uint32_t tries);
/* CONN, of TABLE (TABLE_IPV4, TABLE_IPV6) and in no list, waits; told.tries says how long. */
void untold_add(struct worker *self, uint32_t table, struct conn *conn);
/* Nothing is done if it isn't in a list. */
void untold_remove(struct worker *self, uint32_t table, struct conn *conn);
/* Takes a connection that has waited long enough out of its list; NULL: none has. */
struct conn *untold_due(struct worker *self, uint32_t table);

#endif
