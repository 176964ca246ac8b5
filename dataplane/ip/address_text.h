/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Addresses and numbers as text, on the packet path: what inet_ntop() and inet_pton() do elsewhere.
 */
#ifndef IP_ADDRESS_TEXT_H
#define IP_ADDRESS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/address.h"

#define ADDRESS_TEXT_MAX 39 /* without a terminating NUL, which is never written */

/* Writes decimal digits, at most five; returns how many. */
size_t number_write(uint16_t number, char *to);
/* Writes ADDRESS of FAMILY as RFC 5952 has it (IPv6: lower case, the longest run of zeros short); returns the length. */
size_t address_write(uint16_t family, const union ip_bits *address, char *to);
/* Decimal digits alone, without needless zeros, LENGTH characters, at most MAX. */
bool number_read(const char *text, size_t length, uint32_t max, uint32_t *ret);
/* What address_write() writes, and for IPv6 the other forms of RFC 4291, section 2.2. */
bool address_read(uint16_t family, const char *text, size_t length, union ip_bits *ret);

#endif
