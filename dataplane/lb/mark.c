/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See mark.h. DPDK's access control lists, one a family. What is looked at is put into one struct, in network order, of
 * which librte_acl reads the protocol and then words of four bytes.
 */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_acl.h>
#include <rte_byteorder.h>
#include <rte_common.h>

#include "lb/mark.h"

enum { FAMILY_IPV4, FAMILY_IPV6, FAMILIES };

struct key4 {
	uint8_t proto, pad[3];
	rte_be32_t src, dst;
	rte_be16_t sport, dport;
	rte_be32_t port, out_port;
};
struct key6 {
	uint8_t proto, pad[3];
	rte_be32_t src[4], dst[4];
	rte_be16_t sport, dport;
	rte_be32_t port, out_port;
};

#define FIELDS4 7
#define FIELDS6 13
/* A field of TYPE, MEMBER of KEY, in the Nth group of four bytes that is read. */
#define FIELD(key, member, kind, index, n)                                                          \
	{                                                                                           \
		.type = RTE_ACL_FIELD_TYPE_##kind, .size = sizeof(((struct key *)NULL)->member),    \
		.field_index = (index), .input_index = (n), .offset = offsetof(struct key, member), \
	}

static const struct rte_acl_field_def fields4[FIELDS4] = {
	FIELD(key4, proto, BITMASK, 0, 0), FIELD(key4, src, MASK, 1, 1),    FIELD(key4, dst, MASK, 2, 2),
	FIELD(key4, sport, RANGE, 3, 3),   FIELD(key4, dport, RANGE, 4, 3), FIELD(key4, port, MASK, 5, 4),
	FIELD(key4, out_port, MASK, 6, 5),
};

static const struct rte_acl_field_def fields6[FIELDS6] = {
	FIELD(key6, proto, BITMASK, 0, 0),   FIELD(key6, src[0], MASK, 1, 1),  FIELD(key6, src[1], MASK, 2, 2),
	FIELD(key6, src[2], MASK, 3, 3),     FIELD(key6, src[3], MASK, 4, 4),  FIELD(key6, dst[0], MASK, 5, 5),
	FIELD(key6, dst[1], MASK, 6, 6),     FIELD(key6, dst[2], MASK, 7, 7),  FIELD(key6, dst[3], MASK, 8, 8),
	FIELD(key6, sport, RANGE, 9, 9),     FIELD(key6, dport, RANGE, 10, 9), FIELD(key6, port, MASK, 11, 10),
	FIELD(key6, out_port, MASK, 12, 11),
};

RTE_ACL_RULE_DEF(rule4, FIELDS4);
RTE_ACL_RULE_DEF(rule6, FIELDS6);

/* What stands for a protocol in rules and keys. A rule for any protocol is for those with ports: ping is the kernel's
 * unless a rule asks for it. */
#define NAMED_ONLY 0x40

static uint8_t
protocol_code(uint8_t proto)
{
	static_assert(((IPPROTO_TCP | IPPROTO_UDP | IPPROTO_SCTP) & NAMED_ONLY) == 0,
		      "rules for any protocol are for these");

	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6 ? proto | NAMED_ONLY : proto;
}

struct marks {
	struct rte_acl_ctx *contexts[FAMILIES]; /* NULL: no rule of that family */
};

static void
fill_prefix(struct rte_acl_field *fields, uint32_t words, const struct mark_prefix *prefix)
{
	uint32_t length = prefix->address.family ? prefix->length : 0;

	for (uint32_t i = 0; i < words; i++) {
		fields[i].value.u32 = rte_be_to_cpu_32(prefix->address.ip.word[i]);
		fields[i].mask_range.u32 = length > 32 * i ? RTE_MIN(length - 32 * i, 32u) : 0;
	}
}

/* FIELDS in the order of the arrays above, addresses of WORDS words. */
static void
fill_fields(struct rte_acl_field *fields, uint32_t words, const struct mark_rule *rule)
{
	struct rte_acl_field *ports = fields + 1 + 2 * words;

	fields[0].value.u8 = rule->proto ? protocol_code(rule->proto) : 0;
	fields[0].mask_range.u8 = rule->proto ? UINT8_MAX : NAMED_ONLY;
	fill_prefix(fields + 1, words, &rule->source);
	fill_prefix(fields + 1 + words, words, &rule->destination);
	ports[0].value.u16 = rule->first_source_port;
	ports[0].mask_range.u16 = rule->last_source_port;
	ports[1].value.u16 = rule->first_port;
	ports[1].mask_range.u16 = rule->last_port;
	ports[2].value.u32 = rule->port != MARK_ANY_PORT ? rule->port : 0;
	ports[2].mask_range.u32 = rule->port != MARK_ANY_PORT ? 32 : 0;
	ports[3].value.u32 = rule->out_port != MARK_ANY_PORT ? rule->out_port : 0;
	ports[3].mask_range.u32 = rule->out_port != MARK_ANY_PORT ? 32 : 0;
}

static bool
is_of_family(const struct mark_rule *rule, uint16_t family)
{
	return (!rule->source.address.family || rule->source.address.family == family) &&
	       (!rule->destination.address.family || rule->destination.address.family == family);
}

static int
add_rule(struct rte_acl_ctx *context, uint16_t family, const struct mark_rule *rule, int32_t priority)
{
	const struct rte_acl_rule_data data = {
		.category_mask = 1,
		.priority = priority,
		.userdata = rule->mark,
	};
	struct rule4 four = { .data = data };
	struct rule6 six = { .data = data };

	if (family == AF_INET) {
		fill_fields(four.field, 1, rule);
		return rte_acl_add_rules(context, (const struct rte_acl_rule *)&four, 1);
	}
	fill_fields(six.field, 4, rule);
	return rte_acl_add_rules(context, (const struct rte_acl_rule *)&six, 1);
}

static int
build(struct rte_acl_ctx *context, uint16_t family)
{
	struct rte_acl_config config = {
		.num_categories = 1,
		.num_fields = family == AF_INET ? FIELDS4 : FIELDS6,
	};

	if (family == AF_INET)
		memcpy(config.defs, fields4, sizeof(fields4));
	else
		memcpy(config.defs, fields6, sizeof(fields6));
	return rte_acl_build(context, &config);
}

/* OWNER: makes the name one that no other set has, because DPDK finds contexts by it. */
static int
create_context(const struct mark_rule *rules, uint32_t n, uint16_t family, const void *owner, struct rte_acl_ctx **ret)
{
	char name[RTE_ACL_NAMESIZE];
	struct rte_acl_param param = {
		.name = name,
		.socket_id = SOCKET_ID_ANY,
		.rule_size = RTE_ACL_RULE_SZ(family == AF_INET ? FIELDS4 : FIELDS6),
		.max_rule_num = n,
	};
	uint32_t n_added = 0;
	int err = 0;

	snprintf(name, sizeof(name), "marks%d-%p", family == AF_INET ? 4 : 6, owner);
	*ret = rte_acl_create(&param);
	if (!*ret)
		return -ENOMEM;
	for (uint32_t i = 0; i < n && err == 0; i++) {
		if (!is_of_family(&rules[i], family))
			continue;
		err = add_rule(*ret, family, &rules[i], RTE_ACL_MAX_PRIORITY - (int32_t)i);
		n_added++;
	}
	if (err == 0 && n_added > 0)
		err = build(*ret, family);
	if (err < 0 || n_added == 0) {
		rte_acl_free(*ret);
		*ret = NULL;
	}
	return err;
}

int
marks_create(const struct mark_rule *rules, uint32_t n, struct marks **ret)
{
	struct marks *marks;
	int err;

	for (uint32_t i = 0; i < n; i++) {
		if (!is_of_family(&rules[i], AF_INET) && !is_of_family(&rules[i], AF_INET6))
			return -EINVAL;
	}
	marks = calloc(1, sizeof(*marks));
	if (!marks)
		return -ENOMEM;
	err = create_context(rules, n, AF_INET, marks, &marks->contexts[FAMILY_IPV4]);
	if (err == 0)
		err = create_context(rules, n, AF_INET6, marks, &marks->contexts[FAMILY_IPV6]);
	if (err < 0) {
		marks_destroy(marks);
		return err;
	}
	*ret = marks;
	return 0;
}

void
marks_destroy(struct marks *marks)
{
	if (!marks)
		return;
	for (int i = 0; i < FAMILIES; i++)
		rte_acl_free(marks->contexts[i]);
	free(marks);
}

static uint32_t
classify(const struct rte_acl_ctx *context, const void *key)
{
	const uint8_t *keys[1] = { key };
	uint32_t mark = 0;

	if (context)
		(void)rte_acl_classify(context, keys, &mark, 1, 1);
	return mark;
}

uint32_t
marks_classify(const struct marks *marks, const struct flow *flow, uint8_t port, uint32_t out_port)
{
	if (flow->family == AF_INET) {
		const struct key4 key = {
			.proto = protocol_code(flow->proto),
			.src = flow->src.v4,
			.dst = flow->dst.v4,
			.sport = flow->sport,
			.dport = flow->dport,
			.port = rte_cpu_to_be_32(port),
			.out_port = rte_cpu_to_be_32(out_port),
		};

		return classify(marks->contexts[FAMILY_IPV4], &key);
	} else {
		struct key6 key = {
			.proto = protocol_code(flow->proto),
			.sport = flow->sport,
			.dport = flow->dport,
			.port = rte_cpu_to_be_32(port),
			.out_port = rte_cpu_to_be_32(out_port),
		};

		memcpy(key.src, flow->src.bytes, sizeof(key.src));
		memcpy(key.dst, flow->dst.bytes, sizeof(key.dst));
		return classify(marks->contexts[FAMILY_IPV6], &key);
	}
}
