/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Netlink messages of the family IPVS, written and read: as much as the socket options need (sockopt.h). Without libnl,
 * because this is loaded into programs that may have another version of it, or none.
 */
#ifndef SOCKOPT_MESSAGE_H
#define SOCKOPT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netlink.h>

#define MESSAGE_ROOM 512 /* a service with a destination has some 200 bytes */

struct message {
	_Alignas(struct nlmsghdr) unsigned char bytes[MESSAGE_ROOM];
	size_t length;
};

/* Begins a request. flags: NLM_F_ACK or NLM_F_DUMP. */
void message_begin(struct message *message, uint8_t command, uint16_t flags);

/* Adds an attribute. Nests go round what is added until message_nest_end(). */
void message_put(struct message *message, uint16_t type, const void *data, size_t size);
void message_put_u16(struct message *message, uint16_t type, uint16_t value);
void message_put_u32(struct message *message, uint16_t type, uint32_t value);
size_t message_nest(struct message *message, uint16_t type);
void message_nest_end(struct message *message, size_t nest);

/* An attribute of an answer, where it lies; data is NULL if it is not there. */
struct attribute {
	const void *data;
	size_t size;
};

/* Finds attributes 1 to max among size bytes; of several of a type the last. Stops at what is no attribute. */
void attributes_find(const void *data, size_t size, struct attribute *ret, uint16_t max);

/* The value, 0 if there is none, or one that is too short. */
uint16_t attribute_u16(const struct attribute *attribute);
uint32_t attribute_u32(const struct attribute *attribute);
uint64_t attribute_u64(const struct attribute *attribute);

/* Copies up to size bytes, and sets the rest to 0. */
void attribute_copy(const struct attribute *attribute, void *to, size_t size);

/* Takes the attributes of an answer. A negative errno ends the exchange. */
typedef int (*answer_take)(void *arg, const void *attributes, size_t size);

/* Takes the answers to request seq from one datagram. Returns 0 if more are to come, 1 after the last, or the negative
 * errno that ipvsd answered, or that take returned. Answers to other requests, and of other kinds, are skipped. */
int answers_take(const void *datagram, size_t size, uint32_t seq, answer_take take, void *arg);

#endif
