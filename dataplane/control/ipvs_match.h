/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a service by mark matches, if a client says so: packets that fit get its mark. The rules of ipvsd.conf do the same
 * from outside (config_marks.h), and come first.
 */
#ifndef CONTROL_IPVS_MATCH_H
#define CONTROL_IPVS_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "control/netlink_attributes.h"
#include "core/address.h"
#include "core/config.h"
#include "lb/mark.h"

/* Rules that the ranges of one service may come to. */
#define MATCH_RULES_MAX 4096u
/* Of all services: they are compiled anew whenever one changes. */
#define MATCH_RULES_SUM_MAX 16384u

/* Members that aren't used are 0, so that two can be compared as bytes. */
struct ipvs_match {
	bool is_set;
	uint8_t protocol; /* IPPROTO_*, 0: any that has ports */
	struct ip_addr source[2], destination[2]; /* first and last; family 0: any */
	char port[CONFIG_NAME_MAX], out_port[CONFIG_NAME_MAX]; /* "": any */
};

struct ipvs_model;

/* The nest IPVSD_SERVICE_ATTR_MATCH of a service of FAMILY; an empty one is no match. -EINVAL; -ENODEV: no such port; -E2BIG: its
 * ranges come to more than MATCH_RULES_MAX rules; -EOPNOTSUPP: it has something in it that is not known. */
int ipvs_match_parse(const struct ipvs_model *model, const struct nlattr *nest, uint16_t family,
		     struct ipvs_match *ret);
/* Rules that it comes to. */
uint32_t ipvs_match_rules(const struct ipvs_match *match);
/* Puts it into the options that MSG is in, unless it is not set. 0 or -EMSGSIZE. */
int ipvs_match_put(struct nl_msg *msg, const struct ipvs_match *match);

/* The prefixes that make up the addresses FIRST to LAST, of one family, in order; RET has room for MATCH_PREFIXES_MAX. How many. */
#define MATCH_PREFIXES_MAX 254u
uint32_t ipvs_match_prefixes(const struct ip_addr *first, const struct ip_addr *last, struct mark_prefix *ret);

#endif
