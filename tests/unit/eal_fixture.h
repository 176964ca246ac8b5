/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * For tests of what lies in DPDK's memory: an EAL of 4 KB pages, without devices, files or root.
 */
#ifndef UNIT_EAL_FIXTURE_H
#define UNIT_EAL_FIXTURE_H

/* Group setup and teardown for cmocka. */
int eal_setup(void **state);
int eal_teardown(void **state);

#endif
