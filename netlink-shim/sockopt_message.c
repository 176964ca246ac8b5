/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See sockopt_message.h.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include <linux/genetlink.h>
#include <linux/ip_vs.h>

#include "sockopt_message.h"
#include "wire.h"

#define TYPE_MASK ((uint16_t)NLA_TYPE_MASK)

/* As NLMSG_ALIGN() and NLA_ALIGN(), for sizes that come from anywhere. */
static size_t
aligned(size_t size)
{
	return (size + NLA_ALIGNTO - 1) & ~(size_t)(NLA_ALIGNTO - 1);
}

static void *
take_room(struct message *message, size_t size)
{
	void *room = message->bytes + message->length;

	assert(aligned(size) <= MESSAGE_ROOM - message->length); /* every request has a fixed size */
	memset(room, 0, aligned(size));
	message->length += aligned(size);
	return room;
}

static struct nlmsghdr *
header_of(struct message *message)
{
	return (struct nlmsghdr *)message->bytes;
}

void
message_begin(struct message *message, uint8_t command, uint16_t flags)
{
	struct genlmsghdr genl = { .cmd = command, .version = IPVS_GENL_VERSION };

	message->length = 0;
	take_room(message, NLMSG_HDRLEN);
	*header_of(message) = (struct nlmsghdr){
		.nlmsg_type = IPVSD_FAMILY_IPVS,
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
	};
	memcpy(take_room(message, GENL_HDRLEN), &genl, sizeof(genl));
	header_of(message)->nlmsg_len = (uint32_t)message->length;
}

void
message_put(struct message *message, uint16_t type, const void *data, size_t size)
{
	struct nlattr attr = { .nla_len = (uint16_t)(NLA_HDRLEN + size), .nla_type = type };
	unsigned char *room = take_room(message, attr.nla_len);

	memcpy(room, &attr, sizeof(attr));
	memcpy(room + NLA_HDRLEN, data, size);
	header_of(message)->nlmsg_len = (uint32_t)message->length;
}

void
message_put_u16(struct message *message, uint16_t type, uint16_t value)
{
	message_put(message, type, &value, sizeof(value));
}

void
message_put_u32(struct message *message, uint16_t type, uint32_t value)
{
	message_put(message, type, &value, sizeof(value));
}

size_t
message_nest(struct message *message, uint16_t type)
{
	size_t nest = message->length;

	message_put(message, type, "", 0);
	return nest;
}

void
message_nest_end(struct message *message, size_t nest)
{
	uint16_t length = (uint16_t)(message->length - nest);

	memcpy(message->bytes + nest + offsetof(struct nlattr, nla_len), &length, sizeof(length));
}

void
attributes_find(const void *data, size_t size, struct attribute *ret, uint16_t max)
{
	const unsigned char *at = data;
	struct nlattr attr;

	memset(ret, 0, (max + 1u) * sizeof(*ret));
	while (size >= sizeof(attr)) {
		memcpy(&attr, at, sizeof(attr));
		if (attr.nla_len < NLA_HDRLEN || attr.nla_len > size)
			return;
		if ((attr.nla_type & TYPE_MASK) <= max)
			ret[attr.nla_type & TYPE_MASK] =
				(struct attribute){ .data = at + NLA_HDRLEN, .size = attr.nla_len - NLA_HDRLEN };
		if (aligned(attr.nla_len) >= size)
			return;
		at += aligned(attr.nla_len);
		size -= aligned(attr.nla_len);
	}
}

void
attribute_copy(const struct attribute *attribute, void *to, size_t size)
{
	size_t n = attribute->size < size ? attribute->size : size;

	memset(to, 0, size);
	if (attribute->data)
		memcpy(to, attribute->data, n);
}

#define VALUE(name, type)                                                \
	type name(const struct attribute *attribute)                     \
	{                                                                \
		type value = 0;                                          \
                                                                         \
		if (attribute->data && attribute->size >= sizeof(value)) \
			memcpy(&value, attribute->data, sizeof(value));  \
		return value;                                            \
	}

VALUE(attribute_u16, uint16_t)
VALUE(attribute_u32, uint32_t)
VALUE(attribute_u64, uint64_t)

/* One message that answers our request, with size bytes after its header. */
static int
take_one(const struct nlmsghdr *header, const unsigned char *payload, size_t size, answer_take take, void *arg)
{
	int err;

	if (header->nlmsg_type == NLMSG_ERROR || header->nlmsg_type == NLMSG_DONE) {
		if (size < sizeof(err))
			return -EBADMSG;
		memcpy(&err, payload, sizeof(err));
		return err < 0 && err >= -4095 ? err : 1;
	}
	if (header->nlmsg_type != IPVSD_FAMILY_IPVS || size < GENL_HDRLEN || !take)
		return 0;
	return take(arg, payload + GENL_HDRLEN, size - GENL_HDRLEN);
}

int
answers_take(const void *datagram, size_t size, uint32_t seq, answer_take take, void *arg)
{
	const unsigned char *at = datagram;
	struct nlmsghdr header;
	int state = 0;

	while (state == 0 && size >= sizeof(header)) {
		memcpy(&header, at, sizeof(header));
		if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > size)
			return -EBADMSG;
		if (header.nlmsg_seq == seq)
			state = take_one(&header, at + NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN, take, arg);
		if (aligned(header.nlmsg_len) >= size)
			return state;
		at += aligned(header.nlmsg_len);
		size -= aligned(header.nlmsg_len);
	}
	return state;
}
