/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How often something may be done: so many times a second, and some more at once after a pause. Nothing is divided when
 * it is asked.
 */
#ifndef CORE_TOKEN_BUCKET_H
#define CORE_TOKEN_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#define TOKEN 1000u /* one time: what a rate of one a second yields in 1,000 milliseconds */

struct token_bucket {
	uint32_t rate; /* times a second, up to a million; 0: never */
	uint32_t full, left; /* in 1/TOKEN */
	uint32_t filled_ms;
};

/* Full, which is a 20th of a second's worth: the proportion of Linux's icmp_msgs_per_sec and icmp_msgs_burst. */
static inline void
token_bucket_init(struct token_bucket *bucket, uint32_t rate, uint32_t now_ms)
{
	uint32_t times = rate / 20 > 0 ? rate / 20 : rate > 0;

	*bucket = (struct token_bucket){
		.rate = rate, .full = times * TOKEN, .left = times * TOKEN, .filled_ms = now_ms
	};
}

static inline bool
token_take(struct token_bucket *bucket, uint32_t now_ms)
{
	uint64_t left = bucket->left + (uint64_t)(now_ms - bucket->filled_ms) * bucket->rate;

	bucket->filled_ms = now_ms;
	bucket->left = left < bucket->full ? (uint32_t)left : bucket->full;
	if (bucket->left < TOKEN)
		return false;
	bucket->left -= TOKEN;
	return true;
}

#endif
