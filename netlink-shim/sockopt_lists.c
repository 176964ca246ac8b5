/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See sockopt_lists.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "sockopt_lists.h"

/* Entries of one kind, with room made as they come: what the program says it has room for may be more than there is. */
struct list {
	void *entries;
	size_t size; /* of an entry */
	unsigned int n, room, most;
};

/* Returns the place of one entry more, or NULL without memory. */
static void *
list_add(struct list *list)
{
	unsigned int room = list->room ? 2 * list->room : 16;
	void *entries;

	if (list->n == list->room) {
		entries = realloc(list->entries, room * list->size);
		if (!entries)
			return NULL;
		list->entries = entries;
		list->room = room;
	}
	return (char *)list->entries + list->n++ * list->size;
}

void
lists_free(void *entries)
{
	free(entries);
}

static int
count_service(void *arg, const void *attributes, size_t size)
{
	struct ip_vs_service_entry entry = { 0 };
	unsigned int *n = arg;

	if (entry_get_service(attributes, size, &entry))
		++*n;
	return 0;
}

int
lists_count_services(struct session *session, unsigned int *ret)
{
	struct message request;

	*ret = 0;
	message_begin(&request, IPVS_CMD_GET_SERVICE, NLM_F_DUMP);
	return session_ask(session, &request, count_service, ret);
}

/* Of all families: the kernel counts those that it does not show. */
static int
count_dest(void *arg, const void *attributes, size_t size)
{
	unsigned int *n = arg;

	(void)attributes;
	(void)size;
	++*n;
	return 0;
}

static int
ask_dests(struct session *session, const struct service_key *key, answer_take take, void *arg)
{
	struct message request;

	message_begin(&request, IPVS_CMD_GET_DEST, NLM_F_DUMP);
	entry_put_key(&request, key);
	return session_ask(session, &request, take, arg);
}

static int
fill_num_dests(struct session *session, struct ip_vs_service_entry *entry)
{
	const struct service_key key = entry_key(entry);

	entry->num_dests = 0;
	return ask_dests(session, &key, count_dest, &entry->num_dests);
}

static int
take_service(void *arg, const void *attributes, size_t size)
{
	struct ip_vs_service_entry entry = { 0 }, *place;
	struct list *list = arg;

	if (!entry_get_service(attributes, size, &entry) || list->n == list->most)
		return 0;
	place = list_add(list);
	if (!place)
		return -ENOMEM;
	*place = entry;
	return 0;
}

int
lists_services(struct session *session, struct ip_vs_service_entry **ret, unsigned int *n)
{
	struct list list = { .size = sizeof(**ret), .most = *n };
	struct message request;
	unsigned int i;
	int err;

	message_begin(&request, IPVS_CMD_GET_SERVICE, NLM_F_DUMP);
	err = session_ask(session, &request, take_service, &list);
	*ret = list.entries;
	*n = list.n;
	for (i = 0; i < list.n && err == 0; i++)
		err = fill_num_dests(session, &(*ret)[i]);
	return err;
}

static int
take_dest(void *arg, const void *attributes, size_t size)
{
	struct ip_vs_dest_entry entry = { 0 }, *place;
	struct list *list = arg;

	if (!entry_get_dest(attributes, size, &entry) || list->n == list->most)
		return 0;
	place = list_add(list);
	if (!place)
		return -ENOMEM;
	*place = entry;
	return 0;
}

static int
take_entry(void *arg, const void *attributes, size_t size)
{
	entry_get_service(attributes, size, arg);
	return 0;
}

static int
ask_service(struct session *session, const struct service_key *key, struct ip_vs_service_entry *entry)
{
	struct message request;

	message_begin(&request, IPVS_CMD_GET_SERVICE, NLM_F_ACK);
	entry_put_key(&request, key);
	return session_ask(session, &request, take_entry, entry);
}

/* To netlink a missing service is one without destinations. */
int
lists_dests(struct session *session, const struct service_key *key, struct ip_vs_dest_entry **ret, unsigned int *n)
{
	struct list list = { .size = sizeof(**ret), .most = *n };
	struct ip_vs_service_entry service = { 0 };
	int err = ask_service(session, key, &service);

	if (err == 0)
		err = ask_dests(session, key, take_dest, &list);
	*ret = list.entries;
	*n = list.n;
	return err;
}

int
lists_service(struct session *session, const struct service_key *key, struct ip_vs_service_entry *entry)
{
	int err = ask_service(session, key, entry);

	return err < 0 ? err : fill_num_dests(session, entry);
}
