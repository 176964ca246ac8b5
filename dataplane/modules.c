/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What ipvsd is made of, in the order in which it comes to life: memory and devices, then what workers read, the
 * workers, the control side; then the threads start, and the control thread waits for events until it is told to stop.
 * It ends in the opposite order.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <rte_launch.h>

#include "control/control.h"
#include "control/kernel_mirror.h"
#include "control/laddr_announce.h"
#include "control/service_manager.h"
#include "core/cleanup.h"
#include "core/log.h"
#include "core/rcu.h"
#include "ip/fib.h"
#include "lb/lb.h"
#include "lb/service.h"
#include "memory_plan.h"
#include "modules.h"
#include "path/path.h"
#include "port/eal.h"
#include "port/exception.h"
#include "port/handover.h"
#include "port/packet_pool.h"
#include "port/port.h"
#include "port/steering.h"
#include "reload.h"
#include "workers.h"

#define HANDOVER_RING 1024
#define LINK_POLL_MS 100
#define RECLAIM_MS 1
#define DROPS_REPORT_MS 1000
#define STATUS_MS 1000

struct modules {
	const char *file; /* of the configuration */
	const struct config *config;
	struct reload *reload;
	struct memory_plan memory;
	struct rcu *rcu;
	struct packet_pools *pools;
	struct ports *ports;
	struct steering *steering;
	struct exception *exception;
	struct handover *handover;
	struct fib *fib;
	struct lb *lb;
	struct worker *workers[WORKERS_MAX];
	uint32_t n_workers, n_launched;
	const struct counters *counters[WORKERS_MAX + 1]; /* the workers', then the I/O thread's */
	struct event_loop *loop;
	struct service_manager *manager;
	struct laddr_announce *announce;
	struct control *control;
	struct kernel_mirror *mirror;
	uint64_t table_full_seen;
	struct log_limit table_full_limit;
	int signals, socket_lock;
};

/* ---- what workers read ---- */

/* Without huge pages DPDK's memory is on no node in particular. */
static int
make_pools(struct modules *self)
{
	int nodes[WORKERS_MAX];

	for (uint32_t i = 0; i < self->n_workers; i++)
		nodes[i] = self->memory.eal.hugepages ? eal_worker_node(i) : -1;
	return packet_pools_create(self->config, nodes, self->n_workers, &self->pools);
}

static int
start_ports(struct modules *self)
{
	const struct config *config = self->config;
	int err = make_pools(self);

	if (err == 0)
		err = ports_open(config, self->pools, &self->ports);
	if (err < 0)
		return err;
	err = steering_create(NULL, ports_reta_size(self->ports, self->n_workers), self->n_workers, &self->steering);
	if (err < 0)
		return err;
	ports_set_steering(self->ports, self->steering);
	err = handover_create(self->n_workers, HANDOVER_RING, &self->handover);
	if (err < 0)
		return err;
	return exception_create(self->ports, self->n_workers, packet_pool_of(self->pools, 0), config->workers.idle_us,
				config->workers.control_cpus, &self->exception);
}

static int
make_tables(struct modules *self)
{
	const struct config_limits *limits = &self->config->limits;
	int err;

	self->rcu = rcu_create(self->n_workers);
	if (!self->rcu)
		return -ENOMEM;
	err = fib_create(limits->routes, limits->routes_ipv6, limits->neighbours, self->rcu, &self->fib);
	if (err < 0)
		return err;
	err = lb_create(limits->services, limits->dests, self->rcu, &self->lb);
	if (err < 0)
		return err;
	lb_set_quic(self->lb, self->config->quic);
	self->lb->uoa_packets = (uint8_t)self->config->client_address.uoa_packets;
	return 0;
}

static int
make_workers(struct modules *self)
{
	struct worker_shared shared = {
		.config = self->config,
		.lb = self->lb,
		.fib = self->fib,
		.ports = self->ports,
		.steering = self->steering,
		.exception = self->exception,
		.handover = self->handover,
		.rcu = self->rcu,
		.hugepages = self->memory.tables,
	};

	for (uint32_t i = 0; i < self->n_workers; i++) {
		int err;

		shared.pool = packet_pool_of(self->pools, i);
		err = worker_create(&shared, i, self->n_workers, eal_worker_lcore(i), &self->workers[i]);
		if (err < 0)
			return err;
		self->counters[i] = &self->workers[i]->counters;
	}
	self->counters[self->n_workers] = exception_counters(self->exception);
	lb_attach_workers(self->lb, self->workers, self->n_workers);
	return 0;
}

/* ---- the control thread's periodic work ---- */

static void
reclaim(void *arg)
{
	struct modules *self = arg;

	rcu_reclaim(self->rcu);
}

static void
poll_links(void *arg)
{
	struct modules *self = arg;

	for (uint32_t i = 0; i < self->ports->n_ports; i++)
		port_poll_link(&self->ports->port[i]);
}

/* Workers only count; what an operator should know about is said here. */
static void
report_drops(void *arg)
{
	struct modules *self = arg;
	uint64_t refused = 0;

	for (uint32_t i = 0; i < self->n_workers; i++)
		refused += self->workers[i]->counters.drop[DROP_CONN_TABLE_FULL];
	if (refused > self->table_full_seen)
		log_limited(&self->table_full_limit, LOG_WARNING, "connections",
			    "table full: %llu new connections refused; raise limits.connections",
			    (unsigned long long)(refused - self->table_full_seen));
	self->table_full_seen = refused;
}

/* What `systemctl status` shows. */
static void
tell_status(void *arg)
{
	struct modules *self = arg;
	uint32_t services = control_n_services(self->control), down = 0;
	char text[128], links[32] = "";

	for (uint32_t i = 0; i < self->ports->n_ports; i++)
		down += !self->ports->port[i].up;
	if (down > 0)
		snprintf(links, sizeof(links), " (%u down)", down);
	snprintf(text, sizeof(text), "%u worker%s, %u port%s%s, %u service%s", self->n_workers,
		 self->n_workers == 1 ? "" : "s", self->ports->n_ports, self->ports->n_ports == 1 ? "" : "s", links,
		 services, services == 1 ? "" : "s");
	service_manager_status(self->manager, text);
}

static int
read_config_again(void *arg, const char *file, char **ret_messages)
{
	struct modules *self = arg;
	int err;

	service_manager_say(self->manager, "RELOADING=1");
	err = reload_config(self->reload, self->control, file, ret_messages);
	service_manager_say(self->manager, "READY=1");
	return err;
}

/* Nobody waits for an answer: what is wrong stands in the log. */
static void
on_hangup(struct modules *self)
{
	CLEANUP(free) void *memory = NULL;
	char *messages;

	(void)read_config_again(self, NULL, &messages);
	memory = messages;
}

static void
on_signal(void *arg, uint32_t events)
{
	struct modules *self = arg;
	struct signalfd_siginfo info;

	(void)events;
	if (read(self->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP) {
		on_hangup(self);
		return;
	}
	log_info("ipvsd", "%s, ending", strsignal((int)info.ssi_signo));
	service_manager_say(self->manager, "STOPPING=1");
	event_loop_stop(self->loop);
}

static int
watch_signals(struct modules *self)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	/* Before any thread starts, so that all have them blocked. */
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	self->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return self->signals < 0 ? -errno : event_loop_add(self->loop, self->signals, EPOLLIN, on_signal, self);
}

static int
port_number(void *arg, const char *name)
{
	const struct modules *self = arg;
	const struct port *port = port_by_name(self->ports, name);

	return port ? port->index : -ENOENT;
}

static void
laddr_activated(void *arg, const struct ip_addr *addr, uint8_t port, bool active)
{
	struct modules *self = arg;

	laddr_announce_activated(self->announce, addr, port, active);
}

static void
address_changed(void *arg, const struct ip_addr *addr, bool present)
{
	struct modules *self = arg;

	laddr_groups_address_changed(control_laddrs(self->control), addr, present);
}

/* Nobody asks before the mirror is there: control_start() comes last. */
static bool
is_broadcast(void *arg, const struct ip_addr *addr)
{
	const struct modules *self = arg;

	return kernel_mirror_is_broadcast(self->mirror, addr);
}

static int
start_control(struct modules *self)
{
	const struct control_parts parts = {
		.file = self->file,
		.config = self->config,
		.lb = self->lb,
		.loop = self->loop,
		.counters = self->counters,
		.n_counters = self->n_workers + 1,
		.n_workers = self->n_workers,
		.laddrs = { .arg = self, .port_number = port_number, .activated = laddr_activated },
		.is_broadcast = is_broadcast,
		.is_broadcast_arg = self,
		.reload = read_config_again,
		.reload_arg = self,
	};
	const struct kernel_mirror_parts mirror = {
		.loop = self->loop,
		.fib = self->fib,
		.ports = self->ports,
		.workers = self->workers,
		.n_workers = self->n_workers,
		.address_changed = address_changed,
		.arg = self,
	};
	int err = laddr_announce_create(self->loop, self->fib, self->ports, &self->announce);

	if (err == 0)
		err = control_create(&parts, &self->control);
	if (err == 0)
		err = kernel_mirror_create(&mirror, &self->mirror);
	if (err == 0)
		err = control_restore(self->control);
	if (err == 0)
		err = control_publish(self->control);
	if (err == 0)
		err = event_loop_every(self->loop, RECLAIM_MS, reclaim, self);
	if (err == 0)
		err = event_loop_every(self->loop, LINK_POLL_MS, poll_links, self);
	if (err == 0)
		err = event_loop_every(self->loop, DROPS_REPORT_MS, report_drops, self);
	if (err == 0)
		err = event_loop_every(self->loop, STATUS_MS, tell_status, self);
	return err;
}

static int
start_threads(struct modules *self)
{
	int err;

	for (; self->n_launched < self->n_workers; self->n_launched++) {
		struct worker *worker = self->workers[self->n_launched];

		err = rte_eal_remote_launch(worker_run, worker, worker->lcore);
		if (err < 0) {
			log_error("workers", "worker %u can't be started: %s", worker->index, strerror(-err));
			return err;
		}
	}
	err = exception_start(self->exception);
	if (err < 0)
		return err;
	poll_links(self);
	err = control_start(self->control);
	return err < 0 ? err
		       : service_manager_watch(self->manager, self->loop, self->counters, self->n_workers + 1,
					       self->n_workers);
}

static void
stop_threads(struct modules *self)
{
	if (self->exception)
		exception_stop(self->exception);
	for (uint32_t i = 0; i < self->n_launched; i++)
		__atomic_store_n(&self->workers[i]->stop, true, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < self->n_launched; i++)
		rte_eal_wait_lcore(self->workers[i]->lcore);
}

static void
destroy(struct modules *self)
{
	kernel_mirror_destroy(self->mirror);
	control_destroy(self->control);
	laddr_announce_destroy(self->announce);
	for (uint32_t i = 0; i < self->n_workers; i++)
		worker_destroy(self->workers[i]);
	exception_destroy(self->exception);
	handover_destroy(self->handover);
	ports_close(self->ports);
	steering_destroy(self->steering);
	lb_destroy(self->lb);
	fib_destroy(self->fib);
	rcu_destroy(self->rcu);
	packet_pools_destroy(self->pools);
	reload_destroy(self->reload);
	service_manager_destroy(self->manager);
	event_loop_destroy(self->loop);
	if (self->signals >= 0)
		close(self->signals);
	if (self->socket_lock >= 0)
		close(self->socket_lock);
}

/* Before DPDK takes any: what is missing should be said once, and by name. */
static int
plan_memory(struct modules *self)
{
	memory_plan_make(self->config, &self->memory);
	return memory_plan_check(self->config, &self->memory);
}

static int
start(struct modules *self)
{
	int err = event_loop_create(&self->loop);

	if (err == 0)
		err = service_manager_create(&self->manager);
	if (err == 0)
		err = reload_create(self->file, self->config, &self->reload);
	if (err == 0)
		err = watch_signals(self);
	if (err == 0)
		err = control_claim(self->config, &self->socket_lock);
	if (err == 0)
		err = plan_memory(self);
	if (err == 0)
		err = eal_start(self->config, &self->memory.eal);
	if (err < 0)
		return err;
	err = start_ports(self);
	if (err == 0)
		err = make_tables(self);
	if (err == 0)
		err = make_workers(self);
	if (err == 0)
		err = start_control(self);
	return err == 0 ? start_threads(self) : err;
}

static void
say_ready(const struct modules *self)
{
	log_info("ipvsd", "ready: %u worker%s, %u port%s, control socket %s%s", self->n_workers,
		 self->n_workers == 1 ? "" : "s", self->ports->n_ports, self->ports->n_ports == 1 ? "" : "s",
		 self->config->control.socket,
		 control_n_services(self->control) == 0 ? "; no services yet, keepalived or ipvsadm make them" : "");
}

int
modules_run(const char *file, const struct config *config)
{
	struct modules *self = calloc(1, sizeof(*self));
	int err;

	if (!self)
		return -ENOMEM;
	self->file = file;
	self->config = config;
	self->n_workers = config->workers.count;
	self->table_full_limit = (struct log_limit)LOG_LIMIT(1, 10);
	self->signals = self->socket_lock = -1;
	err = start(self);
	if (err == 0) {
		eal_log_heap();
		say_ready(self);
		tell_status(self);
		service_manager_say(self->manager, "READY=1");
		err = event_loop_run(self->loop);
	} else if (!log_has_said(LOG_ERR)) {
		log_error("ipvsd", "not started: %s", strerror(-err));
	}
	stop_threads(self);
	destroy(self);
	eal_stop();
	free(self);
	return err;
}
