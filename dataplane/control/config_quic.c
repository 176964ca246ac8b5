/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The section quic_codings of ipvsd.conf: how servers write their number into QUIC connection IDs.
 */
#include <stdlib.h>
#include <string.h>

#include "control/address_range.h"
#include "control/config_quic.h"
#include "lb/quic.h"

#define CODINGS_MAX 64
#define SERVERS_MAX 65536

static int
digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* Hexadecimal digits of just LENGTH bytes. */
static bool
bytes_parse(const char *text, uint8_t *ret, size_t length)
{
	if (strlen(text) != 2 * length)
		return false;
	for (size_t i = 0; i < length; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* Member KEY, LENGTH bytes as hexadecimal digits. False if it isn't there, or not so. */
static bool
read_bytes(struct config_reader *reader, const config_setting_t *group, const char *key, uint8_t *ret, size_t length)
{
	const config_setting_t *setting = config_setting_get_member(group, key);
	const char *text = setting ? config_setting_get_string(setting) : NULL;

	if (!setting)
		return false;
	if (text && bytes_parse(text, ret, length))
		return true;
	config_complain(reader, setting, "is not %zu bytes as %zu hexadecimal digits, in quotes", length, 2 * length);
	return false;
}

static void
read_server(struct config_reader *reader, const config_setting_t *group, uint8_t id_length, struct quic_server *server)
{
	static const char *const keys[] = { "id", "address", "port", NULL };
	const config_setting_t *address = NULL;
	uint32_t port = 0;

	if (!config_keys(reader, group, keys))
		return;
	address = config_setting_get_member(group, "address");
	if (!read_bytes(reader, group, "id", server->id, id_length) && !config_setting_get_member(group, "id"))
		config_complain(reader, group, "id is needed: %u bytes as hexadecimal digits", id_length);
	if (!address || !config_setting_get_string(address) ||
	    address_parse(config_setting_get_string(address), &server->addr) < 0)
		config_complain(reader, address ? address : group, "address is needed, that of the real server");
	config_number(reader, group, "port", 1, UINT16_MAX, &port);
	server->port = rte_cpu_to_be_16((uint16_t)port);
}

static void
check_ids(struct config_reader *reader, const config_setting_t *list, const struct quic_codepoint *point)
{
	for (uint32_t i = 1; i < point->n_servers; i++) {
		if (memcmp(point->servers[i - 1].id, point->servers[i].id, QUIC_SERVER_ID_MAX) == 0) {
			config_complain(reader, list, "two servers have the same id");
			return;
		}
	}
}

static void
read_lengths(struct config_reader *reader, const config_setting_t *group, struct quic_lb_coding *coding)
{
	uint32_t id = 0, nonce = 0;

	if (!config_setting_get_member(group, "server_id_length") || !config_setting_get_member(group, "nonce_length"))
		config_complain(reader, group,
				"server_id_length and nonce_length are needed, as the servers have them");
	config_number(reader, group, "server_id_length", 1, QUIC_SERVER_ID_MAX, &id);
	config_number(reader, group, "nonce_length", QUIC_NONCE_MIN, QUIC_PLAINTEXT_MAX - 1, &nonce);
	if (id + nonce > QUIC_PLAINTEXT_MAX)
		config_complain(reader, group, "server_id_length and nonce_length are over %u bytes together",
				QUIC_PLAINTEXT_MAX);
	coding->server_id_length = (uint8_t)id;
	coding->nonce_length = (uint8_t)nonce;
}

static void
read_config(struct config_reader *reader, const config_setting_t *group, struct quic_coding *coding)
{
	static const char *const keys[] = { "config_id", "server_id_length", "nonce_length", "key", "servers", NULL };
	const config_setting_t *list;
	struct quic_codepoint *point;
	uint8_t key[AES128_BLOCK];
	uint32_t id = 0;
	void *servers = NULL;
	uint32_t n_errors;

	if (!config_keys(reader, group, keys))
		return;
	config_number(reader, group, "config_id", 0, QUIC_CODEPOINTS - 1, &id);
	point = &coding->points[id];
	if (point->coding.server_id_length != 0) {
		config_complain(reader, group, "config_id %u is there twice", id);
		return;
	}
	read_lengths(reader, group, &point->coding);
	point->coding.encrypted = read_bytes(reader, group, "key", key, sizeof(key));
	if (point->coding.encrypted)
		aes128_set_key(&point->coding.aes, key);
	list = config_setting_get_member(group, "servers");
	if (!list)
		return;
	point->n_servers = config_groups(reader, list, SERVERS_MAX, sizeof(*point->servers), &servers);
	point->servers = servers;
	n_errors = reader->n_errors;
	for (uint32_t i = 0; i < point->n_servers; i++)
		read_server(reader, config_setting_get_elem(list, i), point->coding.server_id_length,
			    &point->servers[i]);
	quic_coding_sort(coding);
	if (reader->n_errors == n_errors)
		check_ids(reader, list, point);
}

static void
read_coding(struct config_reader *reader, const config_setting_t *group, struct quic_codings *codings,
	    struct quic_coding *coding)
{
	static const char *const keys[] = { "name", "configs", NULL };
	const config_setting_t *list;

	if (!config_keys(reader, group, keys))
		return;
	config_name(reader, group, "name", coding->name, sizeof(coding->name));
	if (coding->name[0] == '\0')
		config_complain(reader, group, "name is needed, by which services have it");
	else if (quic_coding_by_name(NULL, coding->name))
		config_complain(reader, group, "\"%s\" is there already, without being configured", coding->name);
	else if (quic_coding_by_name(codings, coding->name) != coding)
		config_complain(reader, group, "there is another coding named \"%s\"", coding->name);
	list = config_setting_get_member(group, "configs");
	if (!list || !config_setting_is_list(list) || config_setting_length(list) == 0) {
		config_complain(reader, list ? list : group, "configs is needed: a list of one to %u groups",
				QUIC_CODEPOINTS);
		return;
	}
	for (int i = 0; i < config_setting_length(list); i++)
		read_config(reader, config_setting_get_elem(list, (unsigned int)i), coding);
}

void
config_read_quic(struct config_reader *reader, const config_setting_t *root, struct config *config)
{
	const config_setting_t *list = config_setting_get_member(root, "quic_codings");
	struct quic_codings *codings;
	void *elements = NULL;

	if (!list)
		return;
	codings = calloc(1, sizeof(*codings));
	if (!codings) {
		config_complain(reader, list, "no memory");
		return;
	}
	config->quic = codings;
	codings->n = config_groups(reader, list, CODINGS_MAX, sizeof(*codings->coding), &elements);
	codings->coding = elements;
	for (uint32_t i = 0; i < codings->n; i++)
		read_coding(reader, config_setting_get_elem(list, i), codings, &codings->coding[i]);
}
