/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Gives every socket option of IPVS, well-formed and wrong in each way, and prints one line of result for each: the same
 * for the kernel's IPVS and, through the preload shim, for ipvsd. It begins and ends with a flush.
 *
 *   sockopt_probe            needs CAP_NET_ADMIN
 *   sockopt_probe list       only shows what there is
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ip_vs.h>
#include <linux/netlink.h>

struct service_dest {
	struct ip_vs_service_user service;
	struct ip_vs_dest_user dest;
};

static int inet;

static __be32
address(const char *text)
{
	struct in_addr addr;

	if (inet_pton(AF_INET, text, &addr) != 1)
		abort();
	return addr.s_addr;
}

/* Not every C library has a function for this. */
static const char *
error_name(int err)
{
	static const struct {
		int number;
		const char *name;
	} errors[] = {
		{ 0, "ok" },
		{ EPERM, "EPERM" },
		{ ENOENT, "ENOENT" },
		{ ESRCH, "ESRCH" },
		{ EINTR, "EINTR" },
		{ EBADF, "EBADF" },
		{ ENOMEM, "ENOMEM" },
		{ EFAULT, "EFAULT" },
		{ EEXIST, "EEXIST" },
		{ ENODEV, "ENODEV" },
		{ EINVAL, "EINVAL" },
		{ ERANGE, "ERANGE" },
		{ ENOTSOCK, "ENOTSOCK" },
		{ ENOPROTOOPT, "ENOPROTOOPT" },
		{ EOPNOTSUPP, "EOPNOTSUPP" },
	};
	static char number[16];

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (errors[i].number == err)
			return errors[i].name;
	}
	snprintf(number, sizeof(number), "%d", err);
	return number;
}

static const char *const set_names[] = { "NONE",       "INSERT",  "ADD",     "EDIT",	 "DEL",	    "FLUSH",
					 "LIST",       "ADDDEST", "DELDEST", "EDITDEST", "TIMEOUT", "STARTDAEMON",
					 "STOPDAEMON", "RESTORE", "SAVE",    "ZERO" };
static const char *const get_names[] = {
	"VERSION", "INFO", "SERVICES", "SERVICE", "DESTS", "DEST", "TIMEOUT", "DAEMON"
};

static void
set_on(int fd, const char *what, int option, const void *value, socklen_t length)
{
	int err = setsockopt(fd, IPPROTO_IP, option, value, length) < 0 ? errno : 0;

	/* The kernel says so of a daemon that it has stopped before its thread first ran. */
	if (option == IP_VS_SO_SET_STOPDAEMON && err == EINTR)
		err = 0;
	printf("set %s %s: %s\n", set_names[option - IP_VS_BASE_CTL], what, error_name(err));
}

static void
set(const char *what, int option, const void *value, socklen_t length)
{
	set_on(inet, what, option, value, length);
}

/* Returns whether it succeeded. */
static int
get_on(int fd, const char *what, int option, void *value, socklen_t *length)
{
	socklen_t given = *length;
	int err = getsockopt(fd, IPPROTO_IP, option, value, length) < 0 ? errno : 0;

	printf("get %s %s: %s", get_names[option - IP_VS_BASE_CTL], what, error_name(err));
	if (err == 0 && *length != given)
		printf(", length %u became %u", given, *length);
	putchar('\n');
	return err == 0;
}

static int
get(const char *what, int option, void *value, socklen_t length)
{
	return get_on(inet, what, option, value, &length);
}

/* A name that fills its room has no end, which is one of the mistakes to make. */
static void
set_name(char to[16], const char *name)
{
	size_t length = strlen(name);

	memset(to, 0, 16);
	memcpy(to, name, length < 16 ? length : 16);
}

static struct ip_vs_service_user
service(uint16_t protocol, const char *addr, uint16_t port, const char *scheduler)
{
	struct ip_vs_service_user user = {
		.protocol = protocol, .addr = address(addr), .port = htons(port), .netmask = ~0u
	};

	set_name(user.sched_name, scheduler);
	return user;
}

static struct ip_vs_service_user
mark(uint32_t fwmark, const char *scheduler)
{
	struct ip_vs_service_user user = { .protocol = IPPROTO_TCP, .fwmark = fwmark, .netmask = ~0u };

	set_name(user.sched_name, scheduler);
	return user;
}

static struct ip_vs_dest_user
dest(const char *addr, uint16_t port, unsigned int flags, int weight)
{
	return (struct ip_vs_dest_user){
		.addr = address(addr), .port = htons(port), .conn_flags = flags, .weight = weight
	};
}

static void
set_service(const char *what, int option, struct ip_vs_service_user user)
{
	set(what, option, &user, sizeof(user));
}

static void
set_dest(const char *what, int option, struct ip_vs_service_user user, struct ip_vs_dest_user real)
{
	const struct service_dest both = { .service = user, .dest = real };

	set(what, option, &both, sizeof(both));
}

static void
print_stats(const struct ip_vs_stats_user *stats)
{
	printf(" stats %u %u %u %llu %llu rates %u %u %u %u %u\n", stats->conns, stats->inpkts, stats->outpkts,
	       (unsigned long long)stats->inbytes, (unsigned long long)stats->outbytes, stats->cps, stats->inpps,
	       stats->outpps, stats->inbps, stats->outbps);
}

static void
print_service(const struct ip_vs_service_entry *entry)
{
	printf("  service %u %08x:%u mark %u sched %s flags %#x timeout %u netmask %08x dests %u", entry->protocol,
	       ntohl(entry->addr), ntohs(entry->port), entry->fwmark, entry->sched_name, entry->flags, entry->timeout,
	       ntohl(entry->netmask), entry->num_dests);
	print_stats(&entry->stats);
}

static void
print_dest(const struct ip_vs_dest_entry *entry)
{
	printf("    dest %08x:%u flags %#x weight %d thresholds %u %u conns %u %u %u", ntohl(entry->addr),
	       ntohs(entry->port), entry->conn_flags, entry->weight, entry->u_threshold, entry->l_threshold,
	       entry->activeconns, entry->inactconns, entry->persistconns);
	print_stats(&entry->stats);
}

/* Which comes first depends on a hash. */
static int
compare_services(const void *a, const void *b)
{
	const struct ip_vs_service_entry *x = a, *y = b;

	if (x->fwmark != y->fwmark)
		return x->fwmark < y->fwmark ? -1 : 1;
	if (x->addr != y->addr)
		return ntohl(x->addr) < ntohl(y->addr) ? -1 : 1;
	if (x->port != y->port)
		return ntohs(x->port) < ntohs(y->port) ? -1 : 1;
	return x->protocol - y->protocol;
}

static void
list_dests(const struct ip_vs_service_entry *entry, unsigned int n)
{
	socklen_t length = (socklen_t)(sizeof(struct ip_vs_get_dests) + n * sizeof(struct ip_vs_dest_entry));
	struct ip_vs_get_dests *dests = calloc(1, length);
	unsigned int i;

	*dests = (struct ip_vs_get_dests){ .protocol = entry->protocol,
					   .addr = entry->addr,
					   .port = entry->port,
					   .fwmark = entry->fwmark,
					   .num_dests = n };
	if (get("destinations", IP_VS_SO_GET_DESTS, dests, length)) {
		for (i = 0; i < n; i++)
			print_dest(&dests->entrytable[i]);
	}
	free(dests);
}

/* Asks for n services, those beyond what there is stay as they are: empty. */
static void
list_services(unsigned int n)
{
	socklen_t length = (socklen_t)(sizeof(struct ip_vs_get_services) + n * sizeof(struct ip_vs_service_entry));
	struct ip_vs_get_services *services = calloc(1, length);
	unsigned int i;

	services->num_services = n;
	if (get("services", IP_VS_SO_GET_SERVICES, services, length)) {
		qsort(services->entrytable, n, sizeof(services->entrytable[0]), compare_services);
		for (i = 0; i < n; i++) {
			print_service(&services->entrytable[i]);
			list_dests(&services->entrytable[i], services->entrytable[i].num_dests);
		}
	}
	free(services);
}

static void
list(void)
{
	struct ip_vs_getinfo info = { 0 };

	if (!get("info", IP_VS_SO_GET_INFO, &info, sizeof(info)))
		return;
	printf("  version %#x, size %u, services %u\n", info.version, info.size, info.num_services);
	list_services(info.num_services);
}

static void
probe_version(void)
{
	char text[80];

	memset(text, 'x', sizeof(text));
	if (get("version", IP_VS_SO_GET_VERSION, text, sizeof(text)))
		printf("  %.*s\n", (int)sizeof(text), text);
}

static void
probe_services(void)
{
	const struct ip_vs_service_user tcp = service(IPPROTO_TCP, "198.51.100.1", 80, "rr");
	struct ip_vs_service_user user = tcp;

	set_service("a service", IP_VS_SO_SET_ADD, tcp);
	set_service("the same service", IP_VS_SO_SET_ADD, tcp);
	set_service("UDP at the same place", IP_VS_SO_SET_ADD, service(IPPROTO_UDP, "198.51.100.1", 80, "wrr"));
	set_service("SCTP", IP_VS_SO_SET_ADD, service(IPPROTO_SCTP, "198.51.100.1", 80, "wlc"));
	set_service("a mark", IP_VS_SO_SET_ADD, mark(7, "rr"));
	set_service("port 0", IP_VS_SO_SET_ADD, service(IPPROTO_TCP, "198.51.100.2", 0, "rr"));
	set_service("no scheduler", IP_VS_SO_SET_ADD, service(IPPROTO_TCP, "198.51.100.3", 80, "none"));
	set_service("an unknown scheduler", IP_VS_SO_SET_ADD, service(IPPROTO_TCP, "198.51.100.4", 80, "nonesuch"));
	set_service("an empty scheduler", IP_VS_SO_SET_ADD, service(IPPROTO_TCP, "198.51.100.4", 80, ""));
	set_service("an endless scheduler", IP_VS_SO_SET_ADD,
		    service(IPPROTO_TCP, "198.51.100.4", 80, "sixteen-letters!"));
	set_service("ICMP", IP_VS_SO_SET_ADD, service(IPPROTO_ICMP, "198.51.100.4", 80, "rr"));
	set_service("no protocol", IP_VS_SO_SET_ADD, service(0, "198.51.100.4", 80, "rr"));
	set_service("an endless scheduler for ICMP", IP_VS_SO_SET_ADD,
		    service(IPPROTO_ICMP, "198.51.100.4", 80, "sixteen-letters!"));
	user = service(IPPROTO_TCP, "198.51.100.5", 443, "wlc");
	user.flags = IP_VS_SVC_F_PERSISTENT;
	user.timeout = 300;
	user.netmask = address("255.255.255.0");
	set_service("persistence", IP_VS_SO_SET_ADD, user);
	user = service(IPPROTO_UDP, "198.51.100.6", 53, "rr");
	user.flags = IP_VS_SVC_F_ONEPACKET | IP_VS_SVC_F_SCHED1;
	set_service("flags", IP_VS_SO_SET_ADD, user);
	list();

	user = tcp;
	user.flags = IP_VS_SVC_F_PERSISTENT;
	user.timeout = 60;
	strcpy(user.sched_name, "wrr");
	set_service("other settings", IP_VS_SO_SET_EDIT, user);
	strcpy(user.sched_name, "nonesuch");
	set_service("an unknown scheduler", IP_VS_SO_SET_EDIT, user);
	set_service("a missing service", IP_VS_SO_SET_EDIT, service(IPPROTO_TCP, "198.51.100.4", 80, "rr"));
	set_service("a missing service of no protocol", IP_VS_SO_SET_EDIT, service(1, "198.51.100.4", 80, "rr"));
	set_service("a missing service", IP_VS_SO_SET_DEL, service(IPPROTO_TCP, "198.51.100.4", 80, "rr"));
	set_service("a missing mark", IP_VS_SO_SET_DEL, mark(8, "rr"));
	set_service("no protocol", IP_VS_SO_SET_DEL, service(0, "198.51.100.1", 80, "rr"));
	set_service("with an endless scheduler", IP_VS_SO_SET_DEL,
		    service(IPPROTO_SCTP, "198.51.100.1", 80, "sixteen-letters!"));
	list();
}

static void
probe_dests(void)
{
	const struct ip_vs_service_user tcp = service(IPPROTO_TCP, "198.51.100.1", 80, "");
	struct ip_vs_dest_user real;
	unsigned int method;
	char addr[32];

	for (method = 0; method < 5; method++) {
		snprintf(addr, sizeof(addr), "192.0.2.%u", 10 + method);
		set_dest(addr, IP_VS_SO_SET_ADDDEST, tcp, dest(addr, 8080, method, (int)method));
	}
	set_dest("the same destination", IP_VS_SO_SET_ADDDEST, tcp, dest("192.0.2.10", 8080, 0, 1));
	set_dest("another port", IP_VS_SO_SET_ADDDEST, tcp, dest("192.0.2.10", 8081, 0, 1));
	set_dest("of a mark", IP_VS_SO_SET_ADDDEST, mark(7, ""), dest("192.0.2.10", 0, 3, 1));
	set_dest("of UDP", IP_VS_SO_SET_ADDDEST, service(IPPROTO_UDP, "198.51.100.1", 80, ""),
		 dest("192.0.2.10", 53, 2, 1));
	set_dest("a negative weight", IP_VS_SO_SET_ADDDEST, tcp, dest("192.0.2.20", 80, 0, -1));
	set_dest("a multicast address", IP_VS_SO_SET_ADDDEST, tcp, dest("224.0.0.1", 80, 0, 1));
	set_dest("no address", IP_VS_SO_SET_ADDDEST, tcp, dest("0.0.0.0", 80, 0, 1));
	set_dest("of a missing service", IP_VS_SO_SET_ADDDEST, service(IPPROTO_TCP, "198.51.100.4", 80, ""),
		 dest("192.0.2.20", 80, 0, 1));
	set_dest("of no protocol", IP_VS_SO_SET_ADDDEST, service(0, "198.51.100.1", 80, ""),
		 dest("192.0.2.20", 80, 0, 1));
	real = dest("192.0.2.21", 80, 0, 1);
	real.u_threshold = 100;
	real.l_threshold = 75;
	set_dest("thresholds", IP_VS_SO_SET_ADDDEST, tcp, real);
	real = dest("192.0.2.22", 80, 0, 1);
	real.l_threshold = 1;
	set_dest("thresholds the wrong way round", IP_VS_SO_SET_ADDDEST, tcp, real);
	list();

	set_dest("another method and weight", IP_VS_SO_SET_EDITDEST, tcp, dest("192.0.2.10", 8080, 3, 77));
	set_dest("a negative weight", IP_VS_SO_SET_EDITDEST, tcp, dest("192.0.2.10", 8080, 3, -2));
	set_dest("a missing destination", IP_VS_SO_SET_EDITDEST, tcp, dest("192.0.2.99", 8080, 0, 1));
	set_dest("of a missing service", IP_VS_SO_SET_EDITDEST, mark(8, ""), dest("192.0.2.10", 8080, 0, 1));
	set_dest("a destination", IP_VS_SO_SET_DELDEST, tcp, dest("192.0.2.11", 8080, 9, -5));
	set_dest("a missing destination", IP_VS_SO_SET_DELDEST, tcp, dest("192.0.2.11", 8080, 0, 1));
	set_dest("of a missing service", IP_VS_SO_SET_DELDEST, mark(8, ""), dest("192.0.2.10", 8080, 0, 1));
	list();
}

static void
probe_one(void)
{
	struct ip_vs_service_entry entry = { .protocol = IPPROTO_TCP,
					     .addr = address("198.51.100.1"),
					     .port = htons(80) };
	struct ip_vs_service_entry missing = { .protocol = IPPROTO_TCP, .addr = address("198.51.100.4") };
	struct ip_vs_service_entry marked = { .fwmark = 7 };
	unsigned char room[sizeof(entry) + 16] = { 0 };

	if (get("one service", IP_VS_SO_GET_SERVICE, &entry, sizeof(entry)))
		print_service(&entry);
	memcpy(room, &marked, sizeof(marked));
	if (get("a mark, with room to spare", IP_VS_SO_GET_SERVICE, room, sizeof(room))) {
		memcpy(&marked, room, sizeof(marked));
		print_service(&marked);
	}
	get("a missing service", IP_VS_SO_GET_SERVICE, &missing, sizeof(missing));
	list_dests(&missing, 1);
	printf("fewer than there are:\n");
	list_dests(&entry, 2);
	printf("more than there are:\n");
	list_dests(&entry, entry.num_dests + 1);
	list_services(8);
}

static void
probe_settings(void)
{
	struct ip_vs_timeout_user timeouts = { 0 };
	struct ip_vs_timeout_user changed = { .tcp_timeout = 111, .udp_timeout = 222 };
	struct ip_vs_timeout_user negative = { .tcp_fin_timeout = -1 };
	struct ip_vs_timeout_user huge = { .udp_timeout = INT_MAX };
	struct ip_vs_timeout_user before = { 0 };

	get("timeouts", IP_VS_SO_GET_TIMEOUT, &before, sizeof(before));
	set("timeouts", IP_VS_SO_SET_TIMEOUT, &changed, sizeof(changed));
	set("a negative timeout", IP_VS_SO_SET_TIMEOUT, &negative, sizeof(negative));
	set("a huge timeout", IP_VS_SO_SET_TIMEOUT, &huge, sizeof(huge));
	if (get("timeouts", IP_VS_SO_GET_TIMEOUT, &timeouts, sizeof(timeouts)))
		printf("  tcp %d fin %d udp %d\n", timeouts.tcp_timeout, timeouts.tcp_fin_timeout,
		       timeouts.udp_timeout);
	set("timeouts as before", IP_VS_SO_SET_TIMEOUT, &before, sizeof(before));

	set_service("one service", IP_VS_SO_SET_ZERO, service(IPPROTO_TCP, "198.51.100.1", 80, ""));
	set_service("a missing service", IP_VS_SO_SET_ZERO, service(IPPROTO_TCP, "198.51.100.4", 80, ""));
	set_service("all, of no protocol", IP_VS_SO_SET_ZERO, (struct ip_vs_service_user){ 0 });
}

static void
print_daemons(void)
{
	struct ip_vs_daemon_user daemons[2];
	unsigned int i;

	memset(daemons, 0x55, sizeof(daemons));
	if (!get("daemons", IP_VS_SO_GET_DAEMON, daemons, sizeof(daemons)))
		return;
	for (i = 0; i < 2; i++)
		printf("  daemon %d on '%s' id %d\n", daemons[i].state, daemons[i].mcast_ifn, daemons[i].syncid);
}

static void
set_daemon(const char *what, int option, int state, const char *name, int sync_id)
{
	struct ip_vs_daemon_user user = { .state = state, .syncid = sync_id };

	set_name(user.mcast_ifn, name);
	set(what, option, &user, sizeof(user));
}

static void
probe_daemons(void)
{
	print_daemons();
	set_daemon("a backup", IP_VS_SO_SET_STARTDAEMON, IP_VS_STATE_BACKUP, "lo", 9);
	set_daemon("a backup once more", IP_VS_SO_SET_STARTDAEMON, IP_VS_STATE_BACKUP, "lo", 9);
	print_daemons();
	set_daemon("a master", IP_VS_SO_SET_STARTDAEMON, IP_VS_STATE_MASTER, "lo", 9);
	print_daemons();
	set_daemon("no such interface", IP_VS_SO_SET_STARTDAEMON, IP_VS_STATE_MASTER, "nonesuch0", 9);
	set_daemon("no interface", IP_VS_SO_SET_STARTDAEMON, IP_VS_STATE_MASTER, "", 9);
	set_daemon("an endless interface", IP_VS_SO_SET_STARTDAEMON, IP_VS_STATE_MASTER, "sixteen-letters!", 9);
	set_daemon("no state", IP_VS_SO_SET_STARTDAEMON, 0, "lo", 9);
	set_daemon("both states", IP_VS_SO_SET_STARTDAEMON, 3, "lo", 9);
	set_daemon("the master", IP_VS_SO_SET_STOPDAEMON, IP_VS_STATE_MASTER, "", 0);
	set_daemon("the master once more", IP_VS_SO_SET_STOPDAEMON, IP_VS_STATE_MASTER, "", 0);
	set_daemon("the backup", IP_VS_SO_SET_STOPDAEMON, IP_VS_STATE_BACKUP, "other", 1);
	set_daemon("no state", IP_VS_SO_SET_STOPDAEMON, 0, "lo", 0);
	print_daemons();
}

/* Every option with a length that is too short and one that is too long, and with addresses that lead nowhere. */
static void
probe_lengths(void)
{
	static const unsigned char set_lengths[] = { 0, 0, 44, 44, 44, 0, 0, 68, 68, 68, 12, 24, 24, 0, 0, 44 };
	static const unsigned char get_lengths[] = { 64, 12, 8, 104, 24, 0, 12, 48 };
	void *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char zero[128] = { 0 };
	socklen_t length;
	int i;

	for (i = 0; i < (int)sizeof(set_lengths); i++) {
		set("one byte more", IP_VS_BASE_CTL + i, zero, set_lengths[i] + 1u);
		set("a huge length", IP_VS_BASE_CTL + i, zero, INT_MAX);
		if (set_lengths[i] == 0) {
			if (i != IP_VS_SO_SET_FLUSH - IP_VS_BASE_CTL)
				set("unused", IP_VS_BASE_CTL + i, NULL, 0);
			continue;
		}
		set("one byte less", IP_VS_BASE_CTL + i, zero, set_lengths[i] - 1u);
		set("nothing", IP_VS_BASE_CTL + i, NULL, 0);
		set("a null pointer", IP_VS_BASE_CTL + i, NULL, set_lengths[i]);
		set("a wrong pointer", IP_VS_BASE_CTL + i, nowhere, set_lengths[i]);
	}
	for (i = 0; i < (int)sizeof(get_lengths); i++) {
		if (get_lengths[i] > 0)
			get("one byte less", IP_VS_BASE_CTL + i, zero, get_lengths[i] - 1u);
		get("a negative length", IP_VS_BASE_CTL + i, zero, (socklen_t)-1);
		get("a wrong pointer", IP_VS_BASE_CTL + i, nowhere, get_lengths[i]);
		if (getsockopt(inet, IPPROTO_IP, IP_VS_BASE_CTL + i, zero, nowhere) < 0)
			printf("get %s a wrong length: %s\n", get_names[i], error_name(errno));
	}
	length = sizeof(struct ip_vs_get_services) + 1;
	get_on(inet, "services, a byte more than fits", IP_VS_SO_GET_SERVICES, zero, &length);
	memset(zero, 0xff, sizeof(zero));
	get("services, more than any memory", IP_VS_SO_GET_SERVICES, zero, sizeof(zero));
	get("destinations, more than any memory", IP_VS_SO_GET_DESTS, zero, sizeof(zero));
}

static void
probe_socket(const char *what, int domain, int type, int protocol)
{
	struct ip_vs_getinfo info = { 0 };
	struct ip_vs_timeout_user timeouts = { 0 };
	socklen_t length = sizeof(info);
	int fd = socket(domain, type, protocol);

	if (fd < 0)
		return;
	get_on(fd, what, IP_VS_SO_GET_INFO, &info, &length);
	set_on(fd, what, IP_VS_SO_SET_TIMEOUT, &timeouts, sizeof(timeouts));
	close(fd);
}

static void
probe_sockets(void)
{
	struct ip_vs_getinfo info = { 0 };
	socklen_t length = sizeof(info);

	probe_socket("TCP", AF_INET, SOCK_STREAM, 0);
	probe_socket("UDP", AF_INET, SOCK_DGRAM, 0);
	probe_socket("TCP over IPv6", AF_INET6, SOCK_STREAM, 0);
	probe_socket("UDP over IPv6", AF_INET6, SOCK_DGRAM, 0);
	probe_socket("raw IPv6", AF_INET6, SOCK_RAW, IPPROTO_RAW);
	probe_socket("unix", AF_UNIX, SOCK_STREAM, 0);
	probe_socket("generic netlink", AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	get_on(-1, "no descriptor", IP_VS_SO_GET_INFO, &info, &length);
	get_on(STDIN_FILENO, "no socket", IP_VS_SO_GET_INFO, &info, &length);
}

/* What is left to somebody who may nothing: to be told so, before his mistakes. */
static void
probe_nobody(void)
{
	struct ip_vs_service_user user = service(IPPROTO_TCP, "198.51.100.1", 80, "rr");
	struct ip_vs_getinfo info;

	if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
		abort();
	get("as nobody", IP_VS_SO_GET_INFO, &info, sizeof(info));
	get("as nobody, too short", IP_VS_SO_GET_INFO, &info, 1);
	set("as nobody", IP_VS_SO_SET_FLUSH, NULL, 0);
	set("as nobody", IP_VS_SO_SET_DEL, &user, sizeof(user));
	set("as nobody, too short", IP_VS_SO_SET_DEL, &user, 1);
	set("as nobody, of no protocol", IP_VS_SO_SET_DEL, &(struct ip_vs_service_user){ 0 }, sizeof(user));
	set("as nobody, unused", IP_VS_SO_SET_SAVE, NULL, 0);
}

static void
in_child(void (*probe)(void))
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		probe();
		exit(0);
	}
	waitpid(child, NULL, 0);
}

int
main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	inet = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (inet < 0) {
		perror("sockopt_probe: a raw socket");
		return 1;
	}
	if (argc > 1 && strcmp(argv[1], "list") == 0) {
		list();
		return 0;
	}
	set("flush", IP_VS_SO_SET_FLUSH, NULL, 0);
	probe_version();
	list();
	probe_services();
	probe_dests();
	probe_one();
	probe_settings();
	probe_daemons();
	probe_lengths();
	probe_sockets();
	in_child(probe_nobody);
	set("flush", IP_VS_SO_SET_FLUSH, NULL, 0);
	list();
	return 0;
}
