/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The knobs (core/knobs.h) on the control side, and the defences that three of them steer: what update_defense_level() of
 * net/netfilter/ipvs/ip_vs_ctl.c works out each second from free memory, from the room in the connection tables here.
 */
#include <errno.h>
#include <string.h>

#include "control/ipvs_model.h"
#include "core/worker.h"
#include "lb/conn_table.h"
#include "lb/lb.h"

/* The levels of drop_entry, drop_packet and secure_tcp. */
enum { DEFENCE_NEVER, DEFENCE_READY, DEFENCE_ON, DEFENCE_ALWAYS };

/* How many more connections fit, if all tables of all workers filled up like the fullest one. */
static int64_t
places_left(const struct lb *lb)
{
	int64_t least = INT64_MAX;

	for (uint32_t i = 0; i < lb->n_workers; i++)
		for (int t = 0; t < TABLES; t++) {
			const struct conn_table *table = lb->workers[i]->conns[t];
			int64_t places;

			if (!table)
				continue;
			places = (int64_t)table->capacity - __atomic_load_n(&table->n_used, __ATOMIC_RELAXED);
			if (places * lb->n_workers < least)
				least = places * lb->n_workers;
		}
	return least;
}

/* Whether this defence is on; it moves between the two levels that depend on NEED. */
static bool
level_of(int32_t *knob, bool need)
{
	if (*knob == DEFENCE_READY && need)
		*knob = DEFENCE_ON;
	else if (*knob == DEFENCE_ON && !need)
		*knob = DEFENCE_READY;
	return *knob >= DEFENCE_ON;
}

void
ipvs_defence_update(struct ipvs_model *model)
{
	struct knobs *knobs = &model->knobs, before = *knobs;
	int64_t places = places_left(model->lb);
	bool need = places < knobs->amemthresh;
	struct defence defence = {
		.drop_entries = level_of(&knobs->drop_entry, need),
		.secure_tcp = level_of(&knobs->secure_tcp, need),
	};

	if (level_of(&knobs->drop_packet, need))
		defence.drop_rate = knobs->drop_packet == DEFENCE_ALWAYS
					    ? knobs->am_droprate
					    : (int32_t)(knobs->amemthresh / (knobs->amemthresh - places));
	if (memcmp(&before, knobs, sizeof(before)) != 0)
		model->knobs_dirty = true;
	defence_publish(model->lb, &defence);
}

int
ipvs_knobs_publish(struct ipvs_model *model)
{
	int err = 0;

	passive_publish(model->lb, model->knobs.backup_only && model->daemons[DAEMON_BACKUP].running);
	if (!model->knobs_dirty)
		return 0;
	err = knobs_publish(model->lb, &model->knobs);
	if (err == 0)
		model->knobs_dirty = false;
	return err;
}

void
ipvs_knobs_begin(struct ipvs_model *model, const struct knobs *knobs)
{
	model->knobs = *knobs;
	model->knobs_dirty = true;
	memset(model->knob_is_set, 0, sizeof(model->knob_is_set));
	ipvs_defence_update(model);
}

void
ipvs_knobs_reload(struct ipvs_model *model, const struct knobs *knobs)
{
	struct knobs from = *knobs;

	for (uint32_t i = 0; i < KNOB_COUNT; i++) {
		const struct knob *knob = &knob_table[i];

		if (!model->knob_is_set[i])
			memcpy(knob_values(&model->knobs, knob), knob_values(&from, knob), knob->n * sizeof(int32_t));
	}
	model->knobs_dirty = true;
	ipvs_defence_update(model);
}

int
ipvs_knob_write(struct ipvs_model *model, const struct knob *knob, const char *text, size_t length)
{
	int err = knob_parse(knob, text, length, knob_values(&model->knobs, knob));

	if (err < 0)
		return err;
	model->knob_is_set[knob - knob_table] = true;
	model->knobs_dirty = true;
	ipvs_defence_update(model);
	if (model->observer)
		model->observer->knob(model->observer->arg, knob);
	return 0;
}
