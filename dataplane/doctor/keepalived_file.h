/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A few words of keepalived.conf, and of what it includes; keepalived itself is asked for the rest.
 */
#ifndef DOCTOR_KEEPALIVED_FILE_H
#define DOCTOR_KEEPALIVED_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/address.h"
#include "doctor/machine.h"

#define KEEPALIVED_NAME_MAX 128

/* An address with a port, or a mark; of a range the first one. */
struct virtual_address {
	struct ip_addr addr;
	uint16_t port; /* host order */
	uint32_t mark; /* not 0: instead of address and port */
};

struct virtual_server {
	char group[KEEPALIVED_NAME_MAX]; /* "": OWN */
	struct virtual_address own;
	uint8_t protocol; /* UDP where it is not said, as keepalived takes it */
	bool has_servers; /* without, keepalived passes it over */
	bool is_unsure; /* variables and conditions of keepalived's are in it */
};

struct virtual_member {
	char group[KEEPALIVED_NAME_MAX];
	struct virtual_address address;
};

struct keepalived_file {
	bool has_services; /* virtual_server */
	bool is_partial; /* something that it includes was not to be read */
	bool groups_are_marks; /* nftables_ipvs */
	char socket[PATH_MAX]; /* lvs_control_socket, "": none */
	char socket_file[PATH_MAX]; /* that has it */
	/* Those that could be understood. */
	struct virtual_server *servers;
	size_t n_servers;
	struct virtual_member *members; /* of groups */
	size_t n_members;
};

/* PATH is from the machine's root. -errno if the file can't be read; -ENOMEM. For keepalived_file_free() in any case. */
int keepalived_file_read(const struct machine *machine, const char *path, struct keepalived_file *ret);
void keepalived_file_free(struct keepalived_file *file);

#endif
