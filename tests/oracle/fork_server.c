/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A preloaded library that stops a program before its main() and forks one that goes on whenever it is asked to, for
 * tests/oracle: in a user-mode Linux guest, starting a program takes ten times what it does.
 *
 * A request comes from the descriptor $FORK_SERVER_ASK in one piece: strings that end with a NUL, which are their number,
 * the folder to run in, files for standard output and error, the file for the recorder, and the arguments from the
 * program's name on. The answer to $FORK_SERVER_ANSWER is a line with the exit status, as a shell has it. Standard input
 * is the server's.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS 256

typedef int main_function(int, char **, char **);
typedef int start_function(main_function *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

enum {
	WORD_COUNT,
	WORD_FOLDER,
	WORD_OUT,
	WORD_ERR,
	WORD_RECORD,
	WORD_PROGRAM,
};

static main_function *program_main;

static void
fail(const char *what)
{
	perror(what);
	_exit(125);
}

/* The next request in BYTES; false: nobody will ask any more. */
static int
read_request(int fd, char *bytes, size_t size, char **words)
{
	size_t used = 0, at = 0;
	int n = 0, wanted = WORDS - 1;

	while (n < wanted) {
		ssize_t got = read(fd, bytes + used, size - used);

		if (got <= 0)
			return 0;
		used += (size_t)got;
		for (char *end; n < wanted && (end = memchr(bytes + at, 0, used - at));
		     at = (size_t)(end - bytes) + 1) {
			words[n++] = bytes + at;
			wanted = atoi(words[WORD_COUNT]);
			if (wanted <= WORD_PROGRAM || wanted >= WORDS)
				fail("fork server: a request of too many words");
		}
	}
	words[n] = NULL;
	return n;
}

static void
redirect(const char *path, int fd)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (file < 0 || dup2(file, fd) < 0)
		fail(path);
	close(file);
}

static int
run(char **words, int n, char **environment)
{
	if (chdir(words[WORD_FOLDER]) < 0)
		fail(words[WORD_FOLDER]);
	redirect(words[WORD_OUT], STDOUT_FILENO);
	redirect(words[WORD_ERR], STDERR_FILENO);
	setenv("ORACLE_RECORD", words[WORD_RECORD], 1);
	return program_main(n - WORD_PROGRAM, words + WORD_PROGRAM, environment);
}

static int
serve(int argc, char **argv, char **environment)
{
	static char bytes[65536];
	static char *words[WORDS];
	const char *ask = getenv("FORK_SERVER_ASK"), *answer = getenv("FORK_SERVER_ANSWER");
	int n, status;

	(void)argc;
	(void)argv;
	if (!ask || !answer)
		fail("fork server: nowhere to read requests");
	/* not for what the program starts */
	setenv("LD_PRELOAD", getenv("FORK_SERVER_PRELOAD") ?: "", 1);
	while ((n = read_request(atoi(ask), bytes, sizeof(bytes), words)) > 0) {
		pid_t child = fork();

		if (child == 0) {
			close(atoi(ask));
			close(atoi(answer));
			return run(words, n, environment);
		}
		if (child < 0 || waitpid(child, &status, 0) < 0)
			fail("fork server");
		dprintf(atoi(answer), "%d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	}
	return 0;
}

/* Called by the program's first instructions; what it has of libraries is ready by then. */
int
__libc_start_main(main_function *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
		  void (*rtld_fini)(void), void *stack_end)
{
	start_function *real = (start_function *)dlsym(RTLD_NEXT, "__libc_start_main");

	program_main = main;
	return real(serve, argc, argv, init, fini, rtld_fini, stack_end);
}
