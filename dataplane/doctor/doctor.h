/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * `ipvsd doctor`: what is wrong on this machine, and how to mend it. It looks and asks, and changes nothing: DPDK is not
 * started, no huge page is taken.
 */
#ifndef DOCTOR_DOCTOR_H
#define DOCTOR_DOCTOR_H

/* ARGV[0] is the word "doctor". An exit status: 0 if nothing fails, 1 if something does, 2 for wrong use. */
int doctor_run(int argc, char **argv);

#endif
