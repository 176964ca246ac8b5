/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Any bytes as the answer to a question for a file: the reader's side, which runs in every program under the shim.
 *
 * For libFuzzer; with FUZZ_REPLAY defined it is a program that runs the files it is given.
 */
#include <stdio.h>

#include "control_file.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t seen;

/* Reads all that it is shown. */
static int
look(void *arg, const struct answer *answer)
{
	const uint8_t *text = answer->text;
	uint32_t mode;

	(void)arg;
	if (answer->name)
		seen += strlen(answer->name);
	if (answer->mode) {
		memcpy(&mode, answer->mode, sizeof(mode));
		seen += mode;
	}
	for (size_t i = 0; i < answer->length; i++)
		seen += text[i];
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct exchange exchange = { .answer = look };
	/* of the input's length, so that a byte too far is seen; aligned, as the buffer for datagrams is */
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	take_datagram(copy, size, &exchange);
	free(copy);
	return 0;
}

#ifdef FUZZ_REPLAY
int
main(int argc, char **argv)
{
	static uint8_t data[1 << 16];

	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");

		if (!file) {
			perror(argv[i]);
			return 1;
		}
		LLVMFuzzerTestOneInput(data, fread(data, 1, sizeof(data), file));
		fclose(file);
	}
	return 0;
}
#endif
