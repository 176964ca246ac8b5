/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * By the first byte: any frame is taken apart, as far as to the transport header of a first fragment; or any fragments are
 * followed, compared with a map of the bytes that were there, and each comes out of the table once.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "core/knobs.h"
#include "lb/lb.h"
#include "path/path.h"
#include "port/port.h"

#define DATAGRAMS 4
#define UNITS 8192
#define OPERATION 6 /* bytes */
#define OPERATIONS_MAX 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check_frame(const uint8_t *data, size_t size)
{
	static struct ports ports;
	static struct knobs knobs;
	static struct lb lb = { .knobs = &knobs };
	static struct worker self = { .ports = &ports, .lb = &lb };
	struct rte_mbuf m = { .nb_segs = 1 };
	struct packet packet = { .m = &m };
	enum verdict verdict;
	uint8_t *copy;

	if (size > 4096)
		return;
	/* of just that size, so that the sanitizer sees who reads beyond */
	copy = malloc(size);
	must(copy || size == 0);
	if (size > 0)
		memcpy(copy, data, size);
	m.buf_addr = copy;
	m.data_len = (uint16_t)size;
	m.pkt_len = m.data_len;
	/* to the port, whatever its address is */
	if (size >= 6)
		memcpy(&ports.port[0].mac, copy, 6);
	knobs_preset(&knobs);
	verdict = classify_packet(&self, &packet);
	if (verdict == VERDICT_NEXT && packet.is_fragment && packet.fragment.first == 0 && !packet.has_l4)
		verdict = classify_first_fragment(&self, &packet);
	if (verdict == VERDICT_NEXT && packet.is_ip)
		must(packet.l4 <= packet.end && packet.end <= m.data_len && packet.l4 >= packet.l3 + 20);
	must(!packet.has_l4 || packet.protocol);
	must(!packet.is_fragment || (packet.fragment.first <= 65528 && packet.fragment.first % 8 == 0));
	free(copy);
}

/* What became of a fragment; which one it was, its address says. */
enum fate { NOT_SEEN, HELD, OUT };
static uint8_t fates[OPERATIONS_MAX];

static struct rte_mbuf *
fragment_number(uint32_t i)
{
	return (struct rte_mbuf *)(void *)&fates[i];
}

static void
comes_out(struct rte_mbuf *m)
{
	uint8_t *fate = (uint8_t *)m;

	must(fate >= fates && fate < fates + OPERATIONS_MAX && *fate == HELD);
	*fate = OUT;
}

static void
is_lost(void *arg, struct rte_mbuf *m, enum drop_reason reason)
{
	(void)arg;
	must(reason < DROP_MAX);
	comes_out(m);
}

/* The bytes of a datagram that the table took. */
struct seen {
	bool units[UNITS];
	uint32_t bytes, total; /* 0: not known */
	bool refused;
};
static struct seen seen[DATAGRAMS];

/* FATE must be right for FRAGMENT. Nothing is given up meanwhile: there is room, and time stands still. */
static void
compare(struct seen *datagram, const struct fragment *fragment, int fate)
{
	const uint32_t from = fragment->first / 8, to = (fragment->first + fragment->length + 7) / 8;
	bool overlaps = false;

	for (uint32_t unit = from; unit < to; unit++)
		overlaps |= datagram->units[unit];
	if (datagram->refused) {
		must(fate < 0);
		return;
	}
	if (fate == -DROP_FRAGMENT_DUPLICATE) {
		must(overlaps);
		return;
	}
	if (fate < 0) {
		datagram->refused = true;
		return;
	}
	must(!overlaps);
	for (uint32_t unit = from; unit < to; unit++)
		datagram->units[unit] = true;
	datagram->bytes += fragment->length;
	if (!fragment->more)
		datagram->total = fragment->first + fragment->length;
	must(datagram->total == 0 || datagram->bytes <= datagram->total);
	if (datagram->bytes == datagram->total)
		memset(datagram, 0, sizeof(*datagram));
}

static void
follow(struct fragment_table *table, const uint8_t *data, uint32_t n, bool roomy)
{
	uint32_t now_ms = 0;

	for (uint32_t i = 0; i < n; i++, data += OPERATION) {
		const uint32_t which = data[0] % DATAGRAMS;
		const struct fragment_id id = { .id = which,
						.family = which & 1 ? AF_INET6 : AF_INET,
						.proto = which & 1 ? 0 : IPPROTO_UDP };
		struct fragment fragment = { .first = (uint32_t)(data[1] << 8 | data[2]) & ~7u,
					     .length = (uint16_t)(data[3] << 8 | data[4]),
					     .more = data[0] & 4,
					     .buffers = 1 };
		struct fragment_flow flow = { .sport = (uint16_t)which };
		uint32_t held = 0;
		struct rte_mbuf *m;
		int fate;

		if (fragment.more)
			fragment.length &= (uint16_t)~7u;
		if (fragment.length == 0 || fragment.first + fragment.length > UINT16_MAX)
			continue;
		fates[i] = HELD;
		fate = fragment_table_add(table, &id, &fragment, fragment_number(i), now_ms, &flow, &held);
		if (fate != FRAGMENT_HELD)
			comes_out(fragment_number(i));
		must(fate < 0 || flow.sport == which || fate == FRAGMENT_HELD);
		must(held == 0 || fate == FRAGMENT_FIRST);
		while ((m = fragment_table_next(table, &held)))
			comes_out(m);
		if (roomy) {
			compare(&seen[which], &fragment, fate);
			continue;
		}
		now_ms += (uint32_t)data[5] << 6;
		fragment_table_expire(table, now_ms);
	}
}

static void
check_table(const uint8_t *data, size_t size, bool roomy)
{
	const uint32_t n = RTE_MIN((uint32_t)(size / OPERATION), (uint32_t)OPERATIONS_MAX);
	struct fragment_table *table;
	uint32_t held = 0;

	memset(fates, NOT_SEEN, sizeof(fates));
	memset(seen, 0, sizeof(seen));
	must(fragment_table_create(roomy ? DATAGRAMS : 2, roomy ? OPERATIONS_MAX : 5, -1, is_lost, NULL, &table) == 0);
	follow(table, data, n, roomy);
	for (uint32_t i = 0; i < n; i++)
		held += fates[i] == HELD;
	must(fragment_table_held(table) == held && fragment_table_datagrams(table) <= DATAGRAMS);
	fragment_table_destroy(table);
	for (uint32_t i = 0; i < n; i++)
		must(fates[i] != HELD);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] % 3 == 0)
		check_frame(data + 1, size - 1);
	else
		check_table(data + 1, size - 1, data[0] % 3 == 1);
	return 0;
}
