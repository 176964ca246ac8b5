/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What travels over the control socket besides the kernel's own IPVS messages: the hello datagram, the family numbers
 * and the private family IPVSX. The IPVS messages themselves are those of <linux/ip_vs.h>.
 *
 * The socket is AF_UNIX SOCK_SEQPACKET; one datagram is one netlink datagram. All integers are in host order unless
 * the type says otherwise, because both ends are on one host.
 */
#ifndef IPVSD_WIRE_H
#define IPVSD_WIRE_H

#include <stdint.h>

#define IPVSD_DEFAULT_SOCKET "/run/ipvsd/ipvs.sock"
/* Names the socket for the shim, the library and the tools; overrides the default. */
#define IPVSD_SOCKET_ENV "IPVSD_SOCKET"

#define IPVSD_MAX_DATAGRAM 32768 /* the largest that either end sends */

/* The first datagram of a client, optional: without it the port id is taken from the first message. Never answered. */
#define IPVSD_HELLO_MAGIC 0x5650494bu /* "KIPV" in memory on a little-endian host */
#define IPVSD_HELLO_VERSION 1

enum ipvsd_hello_flags {
	IPVSD_HELLO_EXT = 1 << 0, /* the client knows full-NAT (forwarding method 5) and the private attributes */
};

struct ipvsd_hello {
	uint32_t magic;
	uint16_t version;
	uint16_t length; /* of this struct */
	uint32_t portid; /* what getsockname() tells the client's program */
	uint32_t pid;
	uint64_t netns; /* inode of the client's network namespace, 0 if unknown */
	uint32_t flags; /* enum ipvsd_hello_flags */
	uint32_t reserved; /* 0 */
};

/* Family numbers, answered by the family resolution; constant, because keepalived keeps them for its whole life. */
#define IPVSD_FAMILY_IPVS 0x1c
#define IPVSD_FAMILY_IPVSX 0x1d
#define IPVSX_FAMILY_NAME "IPVSX"
#define IPVSX_FAMILY_VERSION 1

/* The forwarding methods that Linux has no names for; the numbers are those of Alibaba's LVS and of DPVS. A destination of
 * SNAT is a local address, port 0, of a service by mark. */
#define IPVSD_FWD_FULLNAT 5
#define IPVSD_FWD_SNAT 6

/* An attribute of family IPVS within IPVS_CMD_ATTR_SERVICE: a nest of enum ipvsd_service_attr, what a service has and
 * Linux has no word for. A kernel and a stock client pass it over. It is taken from, and shown to, clients that said
 * IPVSD_HELLO_EXT. NEW_SERVICE and SET_SERVICE: an option that is not named has its default, or stays as it is. An
 * attribute that this ipvsd doesn't know is EOPNOTSUPP. Errors that one of the options is to blame for have NLM_F_ACK_TLVS
 * and, behind the request, NLMSGERR_ATTR_OFFS with the option's offset in it. */
#define IPVSD_SVC_ATTR_OPTIONS 0x3f00

enum ipvsd_service_attr {
	IPVSD_SERVICE_ATTR_UNSPEC,
	IPVSD_SERVICE_ATTR_ESTABLISHED_TIMEOUT, /* u32: seconds an established connection outlives its last packet; 0: as SET_CONFIG */
	IPVSD_SERVICE_ATTR_QUIESCENT, /* u8: enum ipvsd_quiescent */
	IPVSD_SERVICE_ATTR_LADDR_GROUP, /* string, at most 31 bytes: local addresses of full-NAT; "": of any group */
	IPVSD_SERVICE_ATTR_CLIENT_ADDRESS, /* u8: enum ipvsd_client_address; EINVAL where the service's protocol has no such way */
	IPVSD_SERVICE_ATTR_QUIC =
		7, /* string, at most 31 bytes: coding of connection IDs, "": none (ENOENT: unknown) */
	IPVSD_SERVICE_ATTR_MATCH =
		13, /* nest of enum ipvsd_match_attr, of a service by mark; empty: none. Shown where there is one */
	IPVSD_SERVICE_ATTR_MAX = IPVSD_SERVICE_ATTR_MATCH,
	/* Reserved for what is to come; EOPNOTSUPP until then. */
	IPVSD_SERVICE_ATTR_SYN_PROXY = 5,
	IPVSD_SERVICE_ATTR_HASH_TARGET = 6,
	IPVSD_SERVICE_ATTR_DEST_CHECK = 8,
	IPVSD_SERVICE_ATTR_DENY_GROUP = 9, /* nest of enum ipvsd_list_attr: clients that may not use the service */
	IPVSD_SERVICE_ATTR_ALLOW_GROUP = 10, /* the same: the only ones that may; empty: all may */
	IPVSD_SERVICE_ATTR_BPS = 11,
	IPVSD_SERVICE_ATTR_LIMIT_PROPORTION = 12,
};

/* What a service by mark matches: packets that fit get its mark, unless a rule of ipvsd.conf or of a service that was made before
 * fits as well. What is not named is not looked at. */
enum ipvsd_match_attr {
	IPVSD_MATCH_ATTR_UNSPEC,
	IPVSD_MATCH_ATTR_PROTOCOL, /* u8: IPPROTO_*; 0: TCP, UDP and SCTP */
	IPVSD_MATCH_ATTR_SOURCE, /* binary: the first and the last address, of the service's family */
	IPVSD_MATCH_ATTR_DESTINATION, /* the same */
	IPVSD_MATCH_ATTR_PORT, /* string: name of the port that packets come in by */
	IPVSD_MATCH_ATTR_OUT_PORT, /* string: name of the port by which their destination is reached */
	IPVSD_MATCH_ATTR_MAX = IPVSD_MATCH_ATTR_OUT_PORT,
};

/* The lines of a list of clients, which is a nest: DENY_GROUP, ALLOW_GROUP. */
enum ipvsd_list_attr {
	IPVSD_LIST_ATTR_UNSPEC,
	IPVSD_LIST_ATTR_RANGE, /* binary: the first and the last address, of 4 or 16 bytes each */
	IPVSD_LIST_ATTR_SET, /* string: the name of an ipset */
	IPVSD_LIST_ATTR_MAX = IPVSD_LIST_ATTR_SET,
};

/* What becomes of the connections of a server that was removed or has weight 0. */
enum ipvsd_quiescent {
	IPVSD_QUIESCENT_KEEP, /* as in the kernel: they go on at weight 0; when it was removed, what the client sends is dropped */
	IPVSD_QUIESCENT_EXPIRE, /* they are ended, without a word to either side */
	IPVSD_QUIESCENT_RESET, /* they are ended; both sides of a TCP connection get a RST */
	IPVSD_QUIESCENT_MAX = IPVSD_QUIESCENT_RESET,
};

/* How real servers hear of their clients' addresses, with full-NAT, and with NAT by the PROXY protocol. */
enum ipvsd_client_address {
	IPVSD_CLIENT_ADDRESS_NONE,
	IPVSD_CLIENT_ADDRESS_TOA, /* TCP: option 254 */
	IPVSD_CLIENT_ADDRESS_PROXY_V1, /* TCP: PROXY protocol, a line of text */
	IPVSD_CLIENT_ADDRESS_PROXY_V2, /* TCP, UDP: PROXY protocol, binary */
	IPVSD_CLIENT_ADDRESS_PROXY_V1_INSECURE, /* the same, and a header that the client sends is believed */
	IPVSD_CLIENT_ADDRESS_PROXY_V2_INSECURE,
	IPVSD_CLIENT_ADDRESS_UOA_OPP, /* UDP: a header of IP protocol 248 */
	IPVSD_CLIENT_ADDRESS_UOA_IPO, /* UDP: an IPv4 option */
	IPVSD_CLIENT_ADDRESS_MAX = IPVSD_CLIENT_ADDRESS_UOA_IPO,
};

enum ipvsx_command {
	IPVSX_CMD_UNSPEC,
	IPVSX_CMD_PUSH_BEGIN, /* a client starts to send all that it wants to exist */
	IPVSX_CMD_PUSH_END, /* and has done so: what it did not name, and was restored from the state file, is removed */
	IPVSX_CMD_NEW_LADDRS, /* creates or replaces a group of local addresses */
	IPVSX_CMD_DEL_LADDRS,
	IPVSX_CMD_GET_LADDRS, /* dump; answers NEW_LADDRS */
	IPVSX_CMD_GET_COUNTERS, /* dump; answers GET_COUNTERS, one message a counter */
	IPVSX_CMD_GET_CONNS, /* dump; CONN of the request is a filter; answers GET_CONNS, one message a connection */
	IPVSX_CMD_GET_FILE, /* of /proc. Dump: the text of NAME in pieces, without NAME the names of all files; do: its MODE */
	IPVSX_CMD_SET_FILE, /* what write(2) of TEXT to NAME would do; the error is write(2)'s */
	IPVSX_CMD_RELOAD, /* the configuration is read again; answers RELOAD with MESSAGES if there are any, even if it fails.
			   * With CONFIG only if that is the file */
	IPVSX_CMD_MAX = IPVSX_CMD_RELOAD,
};

enum ipvsx_attr {
	IPVSX_ATTR_UNSPEC,
	IPVSX_ATTR_LADDRS, /* nest of enum ipvsx_laddrs_attr */
	IPVSX_ATTR_COUNTER, /* nest of enum ipvsx_counter_attr */
	IPVSX_ATTR_CONN, /* nest of enum ipvsx_conn_attr */
	IPVSX_ATTR_FILE, /* nest of enum ipvsx_file_attr */
	IPVSX_ATTR_MESSAGES, /* string, at most IPVSX_MESSAGES_MAX bytes: lines for the user */
	IPVSX_ATTR_CONFIG, /* string, at most IPVSX_CONFIG_MAX bytes: path of a configuration, as of realpath(3) */
	IPVSX_ATTR_MAX = IPVSX_ATTR_CONFIG,
};

#define IPVSX_MESSAGES_MAX 16000
#define IPVSX_CONFIG_MAX 4095

enum ipvsx_laddrs_attr {
	IPVSX_LADDRS_ATTR_UNSPEC,
	IPVSX_LADDRS_ATTR_NAME, /* string, at most 31 bytes */
	IPVSX_LADDRS_ATTR_PORT, /* string: name of the port that answers for them */
	IPVSX_LADDRS_ATTR_ADDRESS, /* binary, 4 or 16 bytes; once for each address */
	IPVSX_LADDRS_ATTR_FIRST_PORT, /* u16, host order */
	IPVSX_LADDRS_ATTR_LAST_PORT, /* u16, host order */
	IPVSX_LADDRS_ATTR_WITH_VIP, /* binary, 4 or 16 bytes: active only while this address is on a kernel interface */
	IPVSX_LADDRS_ATTR_ACTIVE, /* u8, in answers: 1 while the addresses are answered for */
	IPVSX_LADDRS_ATTR_MAX = IPVSX_LADDRS_ATTR_ACTIVE,
};

#define IPVSX_IO_THREAD UINT32_MAX

enum ipvsx_counter_attr {
	IPVSX_COUNTER_ATTR_UNSPEC,
	IPVSX_COUNTER_ATTR_NAME, /* string, for example "drop_no_route" */
	IPVSX_COUNTER_ATTR_TEXT, /* string: what it counts */
	IPVSX_COUNTER_ATTR_VALUE, /* u64 */
	IPVSX_COUNTER_ATTR_WORKER, /* u32, IPVSX_IO_THREAD for the I/O thread; absent: the sum of all */
	IPVSX_COUNTER_ATTR_MAX = IPVSX_COUNTER_ATTR_WORKER,
};

/* A connection. In a request those that may be a filter: only what equals all of them is answered. */
enum ipvsx_conn_attr {
	IPVSX_CONN_ATTR_UNSPEC,
	IPVSX_CONN_ATTR_PROTOCOL, /* u8; filter */
	IPVSX_CONN_ATTR_CLIENT, /* binary, 4 or 16 bytes; filter */
	IPVSX_CONN_ATTR_CLIENT_PORT, /* be16; filter */
	IPVSX_CONN_ATTR_VIRTUAL, /* binary: the service's address; filter */
	IPVSX_CONN_ATTR_VIRTUAL_PORT, /* be16; filter */
	IPVSX_CONN_ATTR_LOCAL, /* binary: the local address, with full-NAT and SNAT alone; filter */
	IPVSX_CONN_ATTR_LOCAL_PORT, /* be16; filter */
	IPVSX_CONN_ATTR_SERVER, /* binary; filter */
	IPVSX_CONN_ATTR_SERVER_PORT, /* be16; filter */
	IPVSX_CONN_ATTR_STATE, /* string, the kernel's name; filter */
	IPVSX_CONN_ATTR_WORKER, /* u32; filter */
	IPVSX_CONN_ATTR_EXPIRES, /* u32, milliseconds without another packet */
	IPVSX_CONN_ATTR_AGE, /* u32, milliseconds */
	IPVSX_CONN_ATTR_PACKETS, /* u8: from the client; 255: that many or more */
	IPVSX_CONN_ATTR_MAX = IPVSX_CONN_ATTR_PACKETS,
};

#define IPVSX_FILE_NAME_MAX 63
#define IPVSX_FILE_TEXT_MAX 8000 /* of one message */

/* A file that Linux has below /proc, under the name that it has there: "net/ip_vs". */
enum ipvsx_file_attr {
	IPVSX_FILE_ATTR_UNSPEC,
	IPVSX_FILE_ATTR_NAME, /* string, at most IPVSX_FILE_NAME_MAX bytes */
	IPVSX_FILE_ATTR_MODE, /* u32: permission bits as the kernel shows them */
	IPVSX_FILE_ATTR_TEXT, /* binary: the next piece; of SET_FILE, all that is written */
	IPVSX_FILE_ATTR_MAX = IPVSX_FILE_ATTR_TEXT,
};

#endif
