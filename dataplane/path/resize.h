/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Bytes put into a packet or taken out of it. Lengths and checksum of the IP header follow at once; the transport
 * checksum is mended by the difference of two sums, before and after all that is done, so that a wrong one stays wrong.
 */
#ifndef PATH_RESIZE_H
#define PATH_RESIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "path/path.h"

/* Opens a gap of N bytes at offset AT of the frame, at or behind the IP header's end; what the gap holds is undefined.
 * Offsets up to AT stay what they were. False: the buffer has no room, the packet would be longer than an IP packet can
 * be, or it is a fragment, whose end is where the next one begins; nothing is changed. */
bool packet_enlarge(struct packet *packet, uint16_t at, uint16_t n);
/* Takes out the N bytes at AT. Not of fragments. */
void packet_shorten(struct packet *packet, uint16_t at, uint16_t n);
/* The same as packet_enlarge() within the IPv4 header, whose length is a multiple of 4 and at most 60 then: for options. */
bool packet_enlarge_ipv4(struct packet *packet, uint16_t at, uint16_t n);

/* Of all that the transport checksum covers and that may change: the length and what follows the IP header. */
uint64_t packet_l4_sum(const struct packet *packet);
/* BEFORE: of packet_l4_sum(), before something was changed. TCP and UDP. */
void packet_mend_l4(struct packet *packet, uint64_t before);

#endif
