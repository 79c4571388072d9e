// SPDX-License-Identifier: MIT
/* fault: ends a context of its own with a packet that is none. Status 0 when the device said so. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "../../userlib/libvgpu/libvgpu.h"

int main(void)
{
	const struct vgpu_pkt_fill bad = { .hdr = { .type = 999, .slots = 1 } };
	struct vgpu_ring ring;
	struct vgpu_dev dev;
	uint32_t ctx;
	int r;

	if (vgpu_devices_open(&dev, 1) != 1 || vgpu_ctx_create(&dev, &ctx) ||
	    vgpu_ring_open(&dev, ctx, 64, 0, &ring) || vgpu_ring_packet(&ring, &bad)) {
		printf("cannot use the device\n");
		return 1;
	}
	r = vgpu_ring_wait(&ring, ring.packets, VGPU_WAIT_FOREVER);
	printf("%d\n", getpid());
	return r != -EIO;
}
