/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See left_out.h. keepalived makes all its virtual servers at once, whether their servers answer or not: one that is not
 * there was refused. What a "virtual_server match" becomes only keepalived knows.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "doctor/left_out.h"

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

/* Of a mark alone the number counts: its family comes from the servers. */
static int
compare(const void *left, const void *right)
{
	const struct listed_service *a = *(const struct listed_service *const *)left;
	const struct listed_service *b = *(const struct listed_service *const *)right;
	int difference = COMPARE(a->mark, b->mark);

	if (difference != 0 || a->mark != 0)
		return difference;
	difference = COMPARE(a->addr.family, b->addr.family);
	if (difference == 0)
		difference = COMPARE(a->protocol, b->protocol);
	if (difference == 0)
		difference = COMPARE(a->port, b->port);
	return difference != 0 ? difference : memcmp(&a->addr.ip, &b->addr.ip, sizeof(a->addr.ip));
}

struct comparison {
	const struct listed_service **sorted; /* what ipvsd has */
	size_t n;
	struct names missing;
};

static void
look_for(struct comparison *comparison, const struct virtual_server *server, const struct virtual_address *address)
{
	const struct listed_service wanted = {
		.family = address->addr.family,
		.protocol = server->protocol,
		.addr = address->addr,
		.port = address->port,
		.mark = address->mark,
	};
	const struct listed_service *key = &wanted;
	char text[SERVICE_TEXT_MAX];

	if (!bsearch(&key, comparison->sorted, comparison->n, sizeof(key), compare))
		names_add(&comparison->missing, "%s", service_text(&wanted, text));
}

static void
look_for_group(struct comparison *comparison, const struct keepalived_file *file, const struct virtual_server *server)
{
	for (size_t i = 0; i < file->n_members; i++) {
		if (strcmp(file->members[i].group, server->group) == 0)
			look_for(comparison, server, &file->members[i].address);
	}
}

static void
look_for_all(struct comparison *comparison, const struct keepalived_file *file)
{
	for (size_t i = 0; i < file->n_servers; i++) {
		const struct virtual_server *server = &file->servers[i];

		if (server->is_unsure || !server->has_servers)
			continue;
		if (server->group[0] == '\0')
			look_for(comparison, server, &server->own);
		else if (!file->groups_are_marks)
			look_for_group(comparison, file, server);
	}
}

void
find_left_out(struct findings *findings, const struct keepalived_file *file, const struct service_list *services)
{
	struct comparison comparison = { .n = services->n_services };
	char text[NAMES_TEXT_MAX];

	comparison.sorted = calloc(comparison.n + 1, sizeof(*comparison.sorted));
	if (!comparison.sorted) {
		findings->incomplete = true;
		return;
	}
	for (size_t i = 0; i < comparison.n; i++)
		comparison.sorted[i] = &services->services[i];
	qsort(comparison.sorted, comparison.n, sizeof(*comparison.sorted), compare);
	look_for_all(&comparison, file);
	free(comparison.sorted);
	if (comparison.missing.n == 0)
		return;
	finding_add(findings, LEVEL_WARN, "keepalived's virtual servers that ipvsd doesn't have: %s",
		    names_text(&comparison.missing, text));
	finding_mend(findings, "journalctl -u keepalived -n 50   # names what ipvsd lacks: remove that, or set "
			       "lvs_ignore_unsupported in global_defs; then systemctl reload keepalived");
}
