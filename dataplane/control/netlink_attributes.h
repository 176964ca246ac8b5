/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Netlink attributes as the kernel reads and writes them: the checks are those of its lib/nlattr.c in liberal mode
 * (which differ from libnl's nla_parse: error numbers, strings, leftovers), the nests it writes carry no NLA_F_NESTED.
 */
#ifndef CONTROL_NETLINK_ATTRIBUTES_H
#define CONTROL_NETLINK_ATTRIBUTES_H

#include <stddef.h>
#include <stdint.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

enum attr_kind { ATTR_UNCHECKED, ATTR_U8, ATTR_U16, ATTR_U32, ATTR_NEST, ATTR_BINARY, ATTR_STRING };

struct attr_policy {
	enum attr_kind kind;
	/* Longest binary or string (without its NUL), shortest of what is unchecked; 0: any. */
	uint16_t length;
};

/* Fills ATTRS[0..MAX] with the last attribute of each type found in DATA (NULL where there is none); they point into
 * DATA. Types above MAX and bytes left over at the end are ignored. -EINVAL or -ERANGE as the kernel. */
int attrs_parse(const struct nlattr **attrs, uint16_t max, const void *data, size_t length,
		const struct attr_policy *policy);
/* The attributes within NEST; as in the kernel's handlers every fault is -EINVAL, and so is a NEST of NULL. */
int attrs_parse_nest(const struct nlattr **attrs, uint16_t max, const struct nlattr *nest,
		     const struct attr_policy *policy);

/* Values of attributes that attrs_parse() has checked. */
uint8_t attr_u8(const struct nlattr *attr);
uint16_t attr_u16(const struct nlattr *attr);
uint32_t attr_u32(const struct nlattr *attr);
/* Copies what there is and zeroes the rest of SIZE. */
void attr_copy(void *to, const struct nlattr *attr, size_t size);

/* NULL if MSG has no room; ended by nla_nest_end(). */
struct nlattr *attr_nest_begin(struct nl_msg *msg, int type);

#endif
