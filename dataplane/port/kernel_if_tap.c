/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The kernel interface as a tap: a system call a frame. Without IFF_VNET_HDR the kernel completes checksums and segments
 * before we read, and frames that we write must be complete.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/log.h"
#include "port/kernel_if.h"
#include "port/port.h"

#define SEGMENTS_MAX 16

struct tap {
	struct kernel_if kernel;
	int fd;
};

static struct tap *
tap_of(struct kernel_if *kernel)
{
	return (struct tap *)kernel;
}

static int
tap_open(const char *name, const struct port *port, struct rte_mempool *pool, struct kernel_if **ret)
{
	struct tap *tap = calloc(1, sizeof(*tap));
	int err;

	(void)port;
	(void)pool;
	if (!tap)
		return -ENOMEM;
	tap->fd = tap_attach(name, IFF_TAP | IFF_NO_PI);
	if (tap->fd < 0) {
		err = tap->fd;
		free(tap);
		return err;
	}
	err = tap_set_persistent(tap->fd, true);
	if (err < 0) {
		close(tap->fd);
		free(tap);
		return err;
	}
	tap->kernel.wait_fd = tap->fd;
	*ret = &tap->kernel;
	return 0;
}

static void
tap_close(struct kernel_if *kernel, bool keep)
{
	struct tap *tap = tap_of(kernel);
	int err = keep ? 0 : tap_set_persistent(tap->fd, false);

	if (err < 0)
		log_warning("port", "%s is left behind: %s", kernel->name, strerror(-err));
	close(tap->fd);
	free(tap);
}

/* A frame that there is no buffer for is read all the same, or the interface would stand still. */
static ssize_t
read_away(int fd)
{
	char byte;

	return read(fd, &byte, sizeof(byte));
}

static uint32_t
tap_read(struct kernel_if *kernel, struct rte_mempool *pool, struct rte_mbuf **ret, uint32_t max, uint32_t *lost)
{
	struct tap *tap = tap_of(kernel);
	uint32_t n = 0;

	while (n < max) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
		uint16_t room;
		ssize_t length;

		if (!m) {
			if (read_away(tap->fd) <= 0)
				break;
			(*lost)++;
			max--;
			continue;
		}
		room = rte_pktmbuf_tailroom(m);
		length = read(tap->fd, rte_pktmbuf_mtod(m, void *), room);
		if (length <= 0) {
			rte_pktmbuf_free(m);
			break;
		}
		m->data_len = (uint16_t)length;
		m->pkt_len = (uint32_t)length;
		ret[n++] = m;
	}
	return n;
}

static bool
write_one(int fd, struct rte_mbuf *m)
{
	struct iovec segments[SEGMENTS_MAX];
	int n = 0;

	if (m->nb_segs > SEGMENTS_MAX)
		return false;
	for (struct rte_mbuf *segment = m; segment; segment = segment->next) {
		segments[n++] = (struct iovec){ .iov_base = rte_pktmbuf_mtod(segment, void *),
						.iov_len = rte_pktmbuf_data_len(segment) };
	}
	return writev(fd, segments, n) == (ssize_t)rte_pktmbuf_pkt_len(m);
}

/* What the kernel doesn't take now (interface down: EIO) it won't take a moment later: the caller drops it. */
static uint32_t
tap_write(struct kernel_if *kernel, struct rte_mbuf **packets, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n && write_one(tap_of(kernel)->fd, packets[i]); i++)
		rte_pktmbuf_free(packets[i]);
	return i;
}

static int
tap_set_carrier(struct kernel_if *kernel, bool on)
{
	int carrier = on;

	return ioctl(tap_of(kernel)->fd, TUNSETCARRIER, &carrier) == 0 ? 0 : -errno;
}

const struct kernel_if_ops kernel_if_tap = {
	.name = "tap",
	.open = tap_open,
	.close = tap_close,
	.read = tap_read,
	.write = tap_write,
	.set_carrier = tap_set_carrier,
};
