/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See preload_absent.h.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "preload_absent.h"

bool
absent_may_be_kernels(void)
{
	const char *fallback = secure_getenv(FALLBACK_ENV);

	return fallback && strcmp(fallback, "kernel") == 0;
}

bool
absent_is_kernels(const char *path, int err)
{
	static atomic_flag said = ATOMIC_FLAG_INIT;
	const bool kernels = absent_may_be_kernels() && (err == -ENOENT || err == -ECONNREFUSED);
	const char *advice = kernels ? "the kernel's own IPVS is used as long as that lasts"
				     : "start ipvsd, or name its socket in $IPVSD_SOCKET";

	if (!atomic_flag_test_and_set(&said))
		fprintf(stderr, "ipvsd: nobody answers on %s: %s; %s\n", path, strerror(-err), advice);
	return kernels;
}
