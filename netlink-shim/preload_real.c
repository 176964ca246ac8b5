/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Finds the C library's functions: see preload_real.h.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "preload_real.h"

static void *
find(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function) {
		fprintf(stderr,
			"libipvsd-preload: this C library has no %s(); the shim needs glibc 2.34 or newer, or musl\n",
			name);
		abort();
	}
	return function;
}

/* Threads that race here write the same values. */
const struct real_functions *
real(void)
{
	static struct real_functions functions;
	static int ready;

	if (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE)) {
#define X(type, name, args) functions.name = (type(*) args)find(#name);
		REAL_FUNCTIONS(X)
#undef X
		__atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
	}
	return &functions;
}
