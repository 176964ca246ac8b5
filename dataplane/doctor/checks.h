/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The checks, one a file; doctor.c has them in their order.
 */
#ifndef DOCTOR_CHECKS_H
#define DOCTOR_CHECKS_H

#include "doctor/machine.h"

extern const struct check check_configuration;
extern const struct check check_control;
extern const struct check check_uptime;
extern const struct check check_versions;
extern const struct check check_hugepages;
extern const struct check check_memlock;
extern const struct check check_ports;
extern const struct check check_iommu;
extern const struct check check_kernel_path;
extern const struct check check_interfaces;
extern const struct check check_cpus;
extern const struct check check_numa;
extern const struct check check_isolation;
extern const struct check check_governor;
extern const struct check check_smt;
extern const struct check check_keepalived;
extern const struct check check_kernel_ipvs;
extern const struct check check_services;
extern const struct check check_servers;

#endif
