/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See netlink_attributes.h; the rules are those of __nla_validate_parse() and validate_nla() of the kernel.
 */
#include <errno.h>
#include <string.h>

#include "control/netlink_attributes.h"

static size_t
attr_length(const struct nlattr *attr)
{
	return (size_t)nla_len(attr);
}

static int
check_string(const struct nlattr *attr, const struct attr_policy *policy)
{
	const char *text = nla_data(attr);
	size_t length = attr_length(attr);
	size_t searched = policy->length && length > policy->length + 1u ? policy->length + 1u : length;

	if (searched == 0 || !memchr(text, '\0', searched))
		return -EINVAL;
	if (text[length - 1] == '\0')
		length--;
	return policy->length && length > policy->length ? -ERANGE : 0;
}

static int
check_length(const struct nlattr *attr, size_t shortest)
{
	return attr_length(attr) < shortest ? -ERANGE : 0;
}

static int
check_attr(const struct nlattr *attr, const struct attr_policy *policy)
{
	switch (policy->kind) {
	case ATTR_U8:
		return check_length(attr, sizeof(uint8_t));
	case ATTR_U16:
		return check_length(attr, sizeof(uint16_t));
	case ATTR_U32:
		return check_length(attr, sizeof(uint32_t));
	case ATTR_NEST:
		return attr_length(attr) == 0 ? 0 : check_length(attr, NLA_HDRLEN);
	case ATTR_BINARY:
		return policy->length && attr_length(attr) > policy->length ? -ERANGE : 0;
	case ATTR_STRING:
		return check_string(attr, policy);
	case ATTR_UNCHECKED:
		break;
	}
	return check_length(attr, policy->length);
}

int
attrs_parse(const struct nlattr **attrs, uint16_t max, const void *data, size_t length,
	    const struct attr_policy *policy)
{
	const struct nlattr *attr = data;
	int left = (int)length;

	memset(attrs, 0, sizeof(*attrs) * (max + 1u));
	for (; nla_ok(attr, left); attr = nla_next(attr, &left)) {
		uint16_t type = (uint16_t)nla_type(attr);
		int err;

		if (type == 0 || type > max)
			continue;
		err = check_attr(attr, &policy[type]);
		if (err < 0)
			return err;
		attrs[type] = attr;
	}
	return 0;
}

int
attrs_parse_nest(const struct nlattr **attrs, uint16_t max, const struct nlattr *nest, const struct attr_policy *policy)
{
	if (!nest || attrs_parse(attrs, max, nla_data(nest), attr_length(nest), policy) < 0)
		return -EINVAL;
	return 0;
}

uint8_t
attr_u8(const struct nlattr *attr)
{
	return *(const uint8_t *)nla_data(attr);
}

uint16_t
attr_u16(const struct nlattr *attr)
{
	uint16_t value;

	memcpy(&value, nla_data(attr), sizeof(value));
	return value;
}

uint32_t
attr_u32(const struct nlattr *attr)
{
	uint32_t value;

	memcpy(&value, nla_data(attr), sizeof(value));
	return value;
}

void
attr_copy(void *to, const struct nlattr *attr, size_t size)
{
	size_t length = attr_length(attr) < size ? attr_length(attr) : size;

	memcpy(to, nla_data(attr), length);
	memset((uint8_t *)to + length, 0, size - length);
}

struct nlattr *
attr_nest_begin(struct nl_msg *msg, int type)
{
	return nla_reserve(msg, type, 0);
}
