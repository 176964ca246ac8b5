/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IPVSX commands about the files of /proc (proc_file.h). A file's text goes out in pieces while it is made.
 */
#include <errno.h>
#include <stdlib.h>

#include "control/ipvsx_family.h"
#include "control/proc_conns.h"
#include "control/proc_file.h"
#include "netlink-shim/wire.h"

static const struct attr_policy file_policy[IPVSX_FILE_ATTR_MAX + 1] = {
	[IPVSX_FILE_ATTR_NAME] = { ATTR_STRING, IPVSX_FILE_NAME_MAX },
	[IPVSX_FILE_ATTR_MODE] = { ATTR_U32, 0 },
	[IPVSX_FILE_ATTR_TEXT] = { ATTR_BINARY, IPVSX_FILE_TEXT_MAX },
};

/* A read under way. */
struct file_read {
	struct proc_reader reader;
	bool listing; /* of the files' names */
	bool ended;
	uint32_t length;
	char text[IPVSX_FILE_TEXT_MAX];
};

static int
file_of_request(const struct genl_request *request, const struct proc_file **ret)
{
	const struct nlattr *attrs[IPVSX_FILE_ATTR_MAX + 1];
	int err = attrs_parse_nest(attrs, IPVSX_FILE_ATTR_MAX, request->attrs[IPVSX_ATTR_FILE], file_policy);

	if (err < 0)
		return err;
	if (!attrs[IPVSX_FILE_ATTR_NAME])
		return -EINVAL;
	*ret = proc_file_by_name(nla_data(attrs[IPVSX_FILE_ATTR_NAME]));
	return *ret ? 0 : -ENOENT;
}

int
file_set_cmd(void *context, struct genl_request *request)
{
	const struct ipvsx *ipvsx = context;
	const struct nlattr *attrs[IPVSX_FILE_ATTR_MAX + 1];
	const struct nlattr *text;
	const struct proc_file *file;
	int err = attrs_parse_nest(attrs, IPVSX_FILE_ATTR_MAX, request->attrs[IPVSX_ATTR_FILE], file_policy);

	if (err < 0)
		return err;
	text = attrs[IPVSX_FILE_ATTR_TEXT];
	if (!attrs[IPVSX_FILE_ATTR_NAME] || !text)
		return -EINVAL;
	file = proc_file_by_name(nla_data(attrs[IPVSX_FILE_ATTR_NAME]));
	if (!file)
		return -ENOENT;
	return file->write ? file->write(ipvsx->model, file, nla_data(text), (size_t)nla_len(text)) : -EACCES;
}

static int
put_file(struct nl_msg *msg, const struct proc_file *file)
{
	struct nlattr *nest = attr_nest_begin(msg, IPVSX_ATTR_FILE);

	if (!nest || nla_put_string(msg, IPVSX_FILE_ATTR_NAME, file->name) < 0 ||
	    nla_put_u32(msg, IPVSX_FILE_ATTR_MODE, file->mode) < 0)
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 1;
}

static int
fill_file(void *object, struct nl_msg *msg)
{
	int got = put_file(msg, object);

	return got < 0 ? got : 0;
}

int
file_get_cmd(void *context, struct genl_request *request)
{
	const struct proc_file *file;
	int err = file_of_request(request, &file);

	(void)context;
	return err < 0 ? err : genl_reply(request, fill_file, (void *)(uintptr_t)file);
}

int
file_dump_start(struct genl_dump *dump, struct genl_request *request)
{
	const struct ipvsx *ipvsx = dump->context;
	const struct proc_file *file = NULL;
	struct file_read *read;

	if (request->attrs[IPVSX_ATTR_FILE]) {
		int err = file_of_request(request, &file);

		if (err < 0)
			return err;
	}
	read = calloc(1, sizeof(*read));
	if (!read)
		return -ENOMEM;
	read->listing = !file;
	read->reader.model = ipvsx->model;
	read->reader.file = file;
	if (file && file->open)
		file->open(&read->reader);
	dump->state = read;
	return 0;
}

void
file_dump_end(struct genl_dump *dump)
{
	struct file_read *read = dump->state;

	if (!read->listing && read->reader.file->close)
		read->reader.file->close(&read->reader);
	free(read);
}

static int
put_text(struct nl_msg *msg, struct file_read *read)
{
	struct nlattr *nest = attr_nest_begin(msg, IPVSX_ATTR_FILE);

	if (!nest || nla_put(msg, IPVSX_FILE_ATTR_TEXT, (int)read->length, read->text) < 0)
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	read->length = 0;
	return 1;
}

static int
next_text(struct genl_dump *dump, struct nl_msg *msg, struct file_read *read)
{
	struct proc_reader *reader = &read->reader;

	while (!read->ended && read->length + PROC_LINE_MAX <= sizeof(read->text)) {
		struct proc_text text = { .at = read->text + read->length, .room = PROC_LINE_MAX };
		int got;

		if (dump->work >= CONN_WALK_A_TURN)
			return GENL_DUMP_PAUSE;
		reader->work = 0;
		reader->cost_ns = 0;
		got = reader->file->line(reader, &text);
		dump->work += reader->work;
		dump->cost_ns += reader->cost_ns;
		if (got < 0 && got != -EAGAIN)
			return got;
		read->length = (uint32_t)(text.at - read->text);
		reader->line += got == 1;
		read->ended = got == 0;
	}
	return read->length > 0 ? put_text(msg, read) : 0;
}

int
file_dump_cmd(struct genl_dump *dump, struct nl_msg *msg)
{
	struct file_read *read = dump->state;
	const struct proc_file *file;

	if (!read->listing)
		return next_text(dump, msg, read);
	file = proc_file_at(dump->position);
	if (!file)
		return 0;
	dump->position++;
	return put_file(msg, file);
}
