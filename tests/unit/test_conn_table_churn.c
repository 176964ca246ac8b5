/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The connection table (lb/conn_table.h) under millions of random operations, against a plain array that says which
 * connection has which key; and what becomes of its overflow buckets.
 */
#include "conn_keys.h"

#define CAPACITY 2048u
#define KEYS 6000u

struct model {
	struct conn_table *table;
	uint32_t by_key[KEYS]; /* the value that a lookup is to give */
	uint32_t in[CAPACITY], out[CAPACITY]; /* keys by connection number */
	uint32_t used[CAPACITY], n_used; /* numbers of connections, in no order */
};

static void
model_insert(struct model *model, uint32_t in, uint32_t out)
{
	struct conn_table *table = model->table;
	struct conn *conn = conn_new(table);
	uint32_t number, other = CONN_NONE;

	if (model->n_used == CAPACITY) {
		assert_null(conn);
		return;
	}
	number = conn_number(table, conn);
	conn->proto = TCP;
	set_key(table, conn, CONN_IN, in);
	set_key(table, conn, CONN_OUT, out);
	if (conn_link(table, conn, CONN_IN, &other) < 0) {
		assert_int_equal(other, model->by_key[in]);
		conn_free(table, conn);
		return;
	}
	assert_int_equal(model->by_key[in], CONN_NONE);
	if (conn_link(table, conn, CONN_OUT, &other) < 0) {
		assert_int_equal(other, in == out ? CONN_VALUE(number, CONN_IN) : model->by_key[out]);
		conn_unlink(table, conn, CONN_IN);
		conn_free(table, conn);
		return;
	}
	assert_int_equal(model->by_key[out], CONN_NONE);
	model->by_key[in] = CONN_VALUE(number, CONN_IN);
	model->by_key[out] = CONN_VALUE(number, CONN_OUT);
	model->in[number] = in;
	model->out[number] = out;
	model->used[model->n_used++] = number;
}

static void
model_delete(struct model *model, uint32_t place)
{
	uint32_t number = model->used[place];

	model->used[place] = model->used[--model->n_used];
	model->by_key[model->in[number]] = model->by_key[model->out[number]] = CONN_NONE;
	remove_conn(model->table, conn_at(model->table, number));
}

/* Grows and shrinks in turns, so that chains of overflow buckets come and go. Returns the most that were in use. */
static uint32_t
churn(bool ipv6, uint32_t n_buckets, uint32_t operations)
{
	struct random_source random = random_source_new(ipv6 ? 6 : 4);
	struct model *model = calloc(1, sizeof(*model));
	uint32_t most = 0;

	memset(model->by_key, 0xff, sizeof(model->by_key));
	model->table = table_of(ipv6, CAPACITY);
	model->table->n_buckets = n_buckets;
	for (uint32_t i = 0; i < operations; i++) {
		uint32_t key = random_upto(&random, KEYS), growing = (i / 10000) % 2 == 0;
		uint32_t chosen = random_upto(&random, 10);

		if (chosen < 4)
			assert_int_equal(find(model->table, key, TCP), model->by_key[key]);
		else if (chosen < (growing ? 9u : 6u))
			model_insert(model, key, random_upto(&random, KEYS));
		else if (model->n_used > 0)
			model_delete(model, random_upto(&random, model->n_used));
		assert_int_equal(model->table->n_used, model->n_used);
		if (i % 10000 == 0) {
			uint32_t in_use = model->table->n_overflow - 1 - free_overflow_buckets(model->table);

			most = in_use > most ? in_use : most;
			for (uint32_t k = 0; k < KEYS; k++)
				assert_int_equal(find(model->table, k, TCP), model->by_key[k]);
		}
	}
	while (model->n_used > 0)
		model_delete(model, random_upto(&random, model->n_used));
	assert_empty(model->table);
	conn_table_destroy(model->table);
	free(model);
	return most;
}

static void
millions_of_random_operations_agree_with_a_plain_array(void **state)
{
	(void)state;
	churn(false, 1024, 2000000);
	churn(true, 1024, 2000000);
}

static void
long_chains_of_overflow_buckets_are_used_and_all_given_back(void **state)
{
	(void)state;
	assert_true(churn(false, 32, 1000000) > 100);
	assert_true(churn(true, 32, 1000000) > 100);
}

/* A chain is never longer than its entries need: all its buckets but the last are full. */
static void
an_overflow_bucket_goes_back_as_soon_as_it_is_not_needed(void **state)
{
	struct conn_table *table = table_of(false, 256);
	struct conn *conns[100];

	(void)state;
	table->n_buckets = 1;
	for (uint32_t i = 0; i < 100; i++) {
		conns[i] = conn_new(table);
		conns[i]->proto = TCP;
		set_key(table, conns[i], CONN_IN, i);
		assert_int_equal(conn_link(table, conns[i], CONN_IN, NULL), 0);
	}
	assert_int_equal(table->n_overflow - 1, 9);
	for (uint32_t i = 0; i < 100; i++) {
		uint32_t left = 99 - i, needed = left <= BUCKET_SLOTS ? 0 : (left - 1) / BUCKET_SLOTS;

		conn_unlink(table, conns[(i * 37) % 100], CONN_IN);
		assert_int_equal(table->n_overflow - 1 - free_overflow_buckets(table), needed);
	}
	conn_table_destroy(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(millions_of_random_operations_agree_with_a_plain_array),
		cmocka_unit_test(long_chains_of_overflow_buckets_are_used_and_all_given_back),
		cmocka_unit_test(an_overflow_bucket_goes_back_as_soon_as_it_is_not_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
