/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Any bytes as datagrams of a client of the control socket. The input is a sequence of datagrams, each after its length
 * (two bytes, little-endian; the highest bit: from a client that said IPVSD_HELLO_EXT); at the end everything must have been
 * answered, published and given back.
 *
 * For libFuzzer; with FUZZ_REPLAY defined it is a program that runs the files it is given.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "control/genl_controller.h"
#include "control/ipvs_family.h"
#include "control/ipvsx_family.h"
#include "core/log.h"
#include "core/rcu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
port_number(void *arg, const char *name)
{
	(void)arg;
	return name[0] == 'l' ? 0 : -1;
}

static void
activated(void *arg, const struct ip_addr *addr, uint8_t port, bool active)
{
	(void)arg;
	(void)addr;
	(void)port;
	(void)active;
}

struct director {
	struct rcu *rcu;
	struct lb *lb;
	struct ipvs_model *model;
	struct laddr_groups *groups;
	struct counters counters;
	const struct counters *sets[1];
	struct ipvsx ipvsx;
	struct genl genl;
	struct genl_session session;
};

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
start(struct director *director)
{
	const struct ipvs_limits limits = { .services = 32, .dests = 128, .connections = 4096 };
	const struct laddr_groups_hooks hooks = { .port_number = port_number, .activated = activated };

	memset(director, 0, sizeof(*director));
	director->rcu = rcu_create(1);
	check(director->rcu != NULL);
	check(lb_create(limits.services, limits.dests, director->rcu, &director->lb) == 0);
	check(ipvs_model_create(director->lb, &limits, &director->model) == 0);
	check(laddr_groups_create(director->lb, &hooks, &director->groups) == 0);
	director->sets[0] = &director->counters;
	director->ipvsx = (struct ipvsx){
		.model = director->model,
		.groups = director->groups,
		.counters = { .sets = director->sets, .n_sets = 1 },
	};
	check(genl_family_register(&director->genl, &genl_controller, &director->genl) == 0);
	check(genl_family_register(&director->genl, &ipvs_family, director->model) == 0);
	check(genl_family_register(&director->genl, &ipvsx_family, &director->ipvsx) == 0);
	genl_session_init(&director->session, &director->genl, true);
}

static void
end(struct director *director)
{
	genl_session_clear(&director->session);
	laddr_groups_destroy(director->groups);
	ipvs_model_destroy(director->model);
	lb_destroy(director->lb);
	rcu_destroy(director->rcu);
}

static void
turn(struct director *director, const uint8_t *bytes, size_t length)
{
	struct datagram *answer;

	genl_session_input(&director->session, bytes, length);
	do {
		check(ipvs_model_publish(director->model) == 0);
		check(laddr_groups_publish(director->groups) == 0);
		genl_session_settle(&director->session, 0);
		while ((answer = genl_session_pop(&director->session)) != NULL) {
			check(answer->length >= NLMSG_HDRLEN);
			free(answer);
		}
		genl_session_resume(&director->session);
	} while (director->session.out || genl_session_busy(&director->session));
	check(director->session.out_bytes == 0 && !director->session.broken);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(8) uint8_t datagram[65536];
	static struct director director;

	log_open(LOG_EMERG, false);
	start(&director);
	while (size >= 2) {
		size_t length = (size_t)data[0] | (size_t)data[1] << 8;

		data += 2;
		size -= 2;
		director.session.extended = length >> 15;
		length &= 0x7fff;
		if (length > size)
			length = size;
		memcpy(datagram, data, length);
		turn(&director, datagram, length);
		data += length;
		size -= length;
	}
	end(&director);
	return 0;
}

#ifdef FUZZ_REPLAY
int
main(int argc, char **argv)
{
	static uint8_t input[1 << 20];

	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		size_t size;

		if (!file) {
			perror(argv[i]);
			return 1;
		}
		size = fread(input, 1, sizeof(input), file);
		fclose(file);
		LLVMFuzzerTestOneInput(input, size);
	}
	printf("%d inputs\n", argc - 1);
	return 0;
}
#endif
