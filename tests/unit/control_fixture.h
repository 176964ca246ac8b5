/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The control side without sockets: a model over a real lb, the three families, one client's session, and the bytes of
 * requests and answers. A request's datagram is built in a struct wire; ask() is one stop-and-wait exchange.
 */
#ifndef TESTS_CONTROL_FIXTURE_H
#define TESTS_CONTROL_FIXTURE_H

#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>

#include "control/genl_controller.h"
#include "control/ipvs_family.h"
#include "control/ipvsx_family.h"
#include "core/worker.h"
#include "netlink-shim/wire.h"

#define FIXTURE_SERVICES 64
#define FIXTURE_DESTS 256
#define FIXTURE_PORTID 4711u

struct control_fixture {
	struct rcu *rcu;
	struct lb *lb;
	struct worker *worker; /* counts, but does not run */
	struct ipvs_model *model;
	struct laddr_groups *groups;
	struct counters counters[2];
	const struct counters *sets[2];
	struct ipvsx ipvsx;
	struct genl genl;
	struct genl_session session;
	/* What laddr_groups told. */
	struct ip_addr activated[64];
	uint32_t n_activated;
	int publish_error; /* what is to come of the next changes; 0: all is well */
	/* The answers to the last ask(). */
	struct datagram *answers[64];
	uint32_t n_answers;
};

struct control_fixture *control_fixture_new(void);
void control_fixture_free(struct control_fixture *fixture);
/* The same for cmocka's set-up and tear-down: *STATE is the fixture. */
int control_setup(void **state);
int control_teardown(void **state);

/* A datagram under construction. */
struct wire {
	uint32_t length, seq;
	_Alignas(8) uint8_t bytes[70000];
};

void wire_clear(struct wire *wire);
/* Begins a message. */
struct nlmsghdr *wire_message(struct wire *wire, uint16_t type, uint8_t command, uint16_t flags);
/* Attributes of the last message. A nest is ended by wire_nest_end() with what wire_nest() gave. */
void wire_put(struct wire *wire, uint16_t type, const void *data, uint32_t length);
void wire_u8(struct wire *wire, uint16_t type, uint8_t value);
void wire_u16(struct wire *wire, uint16_t type, uint16_t value);
void wire_be16(struct wire *wire, uint16_t type, uint16_t value);
void wire_u32(struct wire *wire, uint16_t type, uint32_t value);
void wire_string(struct wire *wire, uint16_t type, const char *text);
uint32_t wire_nest(struct wire *wire, uint16_t type);
void wire_nest_end(struct wire *wire, uint32_t nest);
/* Sets the length of the last message. */
void wire_end(struct wire *wire);

/* Feeds the datagram, publishes, and collects the answers. Returns the errno of the last error or acknowledgement (0 or
 * negative), 1 if there was none. */
int ask(struct control_fixture *fixture, struct wire *wire);

/* Service 10.0.0.<last>:80/TCP; full: with rr and all settings. */
void wire_service(struct wire *wire, uint8_t last, bool full);
/* Destination 10.1.0.<last>:8080 with masquerading and that weight. */
void wire_dest(struct wire *wire, uint8_t last, uint32_t method, int32_t weight);

/* One command about a service, or a service and a destination; as ask(). */
int service_command(struct control_fixture *fixture, uint8_t command, uint8_t last);
int dest_command(struct control_fixture *fixture, uint8_t command, uint8_t service, uint8_t last, uint32_t method,
		 int32_t weight);

/* Messages of all answers in order; NULL at the end. */
const struct nlmsghdr *answer_message(const struct control_fixture *fixture, uint32_t number);
/* An attribute of NEST_TYPE's nest in a generic netlink message, or NULL. */
const struct nlattr *answer_attr(const struct nlmsghdr *message, uint16_t nest_type, uint16_t type);
/* One below that. */
const struct nlattr *nested_attr(const struct nlattr *nest, uint16_t type);
/* Number of messages that are no DONE. */
uint32_t dump_count(const struct control_fixture *fixture);

#endif
