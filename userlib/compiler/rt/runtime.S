/* SPDX-License-Identifier: MIT */
/* The runtime's PTX as data. */
	.section .rodata
	.global runtime_ptx
	.global runtime_ptx_size
	.hidden runtime_ptx
	.hidden runtime_ptx_size
	.balign 16
runtime_ptx:
	.incbin "rt/runtime.ptx"
	.incbin "rt/heap.ptx"
	.byte 0
end:
	.balign 4
runtime_ptx_size:
	.long end - runtime_ptx
	.section .note.GNU-stack, "", @progbits
