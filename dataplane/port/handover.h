/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Rings between workers: a packet that arrived at another worker than its owner, and a finished packet whose sender has
 * no send queue on the port. One ring a pair of workers and purpose, single producer and single consumer.
 */
#ifndef PORT_HANDOVER_H
#define PORT_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

enum handover_purpose {
	HANDOVER_OWNER, /* from its beginning, at its owner, with a note; the port field is the index of the port it came in by */
	HANDOVER_SEND, /* as it is, on the port whose index stands in the port field */
	HANDOVER_PURPOSES,
};

/* What a packet brings along to its owner: it stands in the mbuf's hash, which nobody needs there. */
enum handover_note_kind {
	NOTE_NONE,
	NOTE_ASK, /* where does this client of a persistent service go? VALUE: the worker that asks */
	NOTE_ANSWER, /* to DEST, by template VALUE */
	NOTE_ROUND, /* whose connection is this? It goes from worker to worker. VALUE: where it began */
	NOTE_COLLECT, /* a fragment, to the worker that follows its datagram; with another note, that one has seen it */
};
struct handover_note {
	enum handover_note_kind kind;
	uint32_t value; /* below 2^29 */
	uint32_t dest; /* id */
};

#define NOTE_KIND_SHIFT 29

static inline void
handover_note_write(struct rte_mbuf *m, struct handover_note note)
{
	m->hash.fdir.hi = (uint32_t)note.kind << NOTE_KIND_SHIFT | note.value;
	m->hash.fdir.lo = note.dest;
}

static inline struct handover_note
handover_note_read(const struct rte_mbuf *m)
{
	return (struct handover_note){
		.kind = (enum handover_note_kind)(m->hash.fdir.hi >> NOTE_KIND_SHIFT),
		.value = m->hash.fdir.hi & ((1u << NOTE_KIND_SHIFT) - 1),
		.dest = m->hash.fdir.lo,
	};
}

/* A fragment brings along what the first one of its datagram said, 64 bits, in a field that only matters to who asks a
 * port for offloads. */
static inline void
handover_fragment_write(struct rte_mbuf *m, uint64_t flow)
{
	m->tx_offload = flow;
}

static inline uint64_t
handover_fragment_read(struct rte_mbuf *m)
{
	uint64_t flow = m->tx_offload;

	m->tx_offload = 0;
	return flow;
}

struct handover;

int handover_create(uint32_t n_workers, uint32_t ring_size, struct handover **ret);
/* Frees what is left in the rings. */
void handover_destroy(struct handover *handover);

/* False: the ring is full and M is still the caller's. */
bool handover_give(struct handover *handover, enum handover_purpose purpose, uint32_t from, uint32_t to,
		   struct rte_mbuf *m);
uint32_t handover_take(struct handover *handover, enum handover_purpose purpose, uint32_t from, uint32_t to,
		       struct rte_mbuf **ret, uint32_t max);

#endif
