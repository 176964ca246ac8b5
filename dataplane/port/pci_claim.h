/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A PCI device is for one process. The kernel sees to that with vfio-pci; with uio drivers and those that DPDK works beside
 * a second process would set up the card under the first one's hands.
 */
#ifndef PORT_PCI_CLAIM_H
#define PORT_PCI_CLAIM_H

#include <sys/types.h>

struct pci_places {
	const char *sys, *proc; /* "/sys" and "/proc", but for tests */
	const char *locks; /* a folder for a file of each device; it is made */
};

struct pci_holder {
	pid_t pid; /* 0: not known */
	char name[32]; /* of its program */
};

/* Is nobody at work with device NAME (0000:3b:00.0), and is it this process's from now on? Before DPDK looks at it. The claim
 * lasts as long as the descriptor that is returned is open. -EBUSY: RET_HOLDER has it. -ENODEV: it is none that DPDK can
 * work with. Other errors: nobody is seen to have it, and there can be no lock. */
int pci_claim(const struct pci_places *places, const char *name, struct pci_holder *ret_holder);

#endif
