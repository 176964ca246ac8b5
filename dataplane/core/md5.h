/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * MD5 (RFC 1321) of short texts, to agree with who hashes with it. Not for secrets.
 */
#ifndef CORE_MD5_H
#define CORE_MD5_H

#include <stdint.h>

#define MD5_SHORT_MAX 55 /* what fits in one block with its padding */

/* The digest's four words, of LENGTH bytes, at most MD5_SHORT_MAX. */
void md5_short(const char *text, uint32_t length, uint32_t ret[4]);

#endif
