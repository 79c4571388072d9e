// SPDX-License-Identifier: MIT
/*
 * Refusals of memory instructions.
 */
#include "verifier.h"

const struct vcase verifier_mem[] = {
	VALID("the address forms",
	      "ld.global:b32:a4 v0, [w2+16]\nld.global:nc:b32:x8:a32 v0, [s0+v1.s<<4-8]\n"
	      "ld.global:u8:x8:a1 v0, [0+v1<<0]\nld.shared:b64:x4:a8 w0, [v2]\n"
	      "ld.local:s16:a2 v0, [s0+pat0+4]\nst.generic:release:b32:a4 v0, [w2]\n"
	      "st.shared:volatile:b64:a4 w0, [0+64]\nld.param:b32:a4 v0, [0+8]\n"
	      "ld.global:acquire:b32:a4 v0, [s1]\nst.local:b32:x4:a16 v0, [v4]\n"
	      "s.ld:global:s8:a1 s0, [s1+3]\ns.ld:shared:b64:a8 s0, [0]"),
	BODY("reserved descriptor bits", ".raw ld.global, 0, 0, 0, 2, 0, 0x4080, 0", "insn 0 (ld.global)",
	     MD_BITS),
	BODY("scale where the form has none", ".raw ld.global, 0, 0, 0, 2, 0, 0x0088, 0",
	     "insn 0 (ld.global)", MD_FORM),
	BODY("sign where the form has none", ".raw ld.global, 0, 0, 0, 2, 0, 0x0084, 0",
	     "insn 0 (ld.global)", MD_FORM),
	BODY("shift by 5", "ld.global:b32:a4 v0, [s0+v1<<5]", "insn 0 (ld.global)", MD_SHIFT),
	BODY("signed words", ".raw ld.global, 0, 0, 0, 2, 0, 0x0480, 0", "insn 0 (ld.global)", MD_SIGNED),
	BODY("64 bytes a lane", "ld.global:b64:x8:a8 w0, [w2]", "insn 0 (ld.global)", MD_BYTES),
	BODY("alignment beyond the access", "ld.global:b32:a8 v0, [w2]", "insn 0 (ld.global)",
	     MD_ALIGN),
	BODY("base of an SV form", "ld.global:b32:a4 v0, [s8+v1<<0]", "insn 0 (ld.global)", SREG),
	BODY("offset of an SV form", "ld.global:b32:a4 v0, [s0+v16<<0]", "insn 0 (ld.global)", VREG),
	BODY("base of an S form", "ld.global:b32:a4 v0, [s8]", "insn 0 (ld.global)", SREG),
	BODY("address register", "ld.global:b32:a4 v0, [w16]", "insn 0 (ld.global)", WREG),
	BODY("odd address register", "ld.global:b32:a4 v0, [w1]", "insn 0 (ld.global)", WREG_ODD),
	BODY("shared address register", "ld.shared:b32:a4 v0, [v16]", "insn 0 (ld.shared)", VREG),
	BODY("pattern", "ld.global:b32:a4 v0, [s0+pat1]", "insn 0 (ld.global)", PATTERN),
	BODY("B of a plain address", ".raw ld.global, 0, 0, 0, 2, 1, 0x0080, 0", "insn 0 (ld.global)",
	     UNUSED_B),
	BODY("data beyond", "ld.global:b32:x4:a4 v13, [w2]", "insn 0 (ld.global)", GROUP),
	BODY("64-bit data beyond", "ld.global:b64:x4:a8 w10, [w2]", "insn 0 (ld.global)", GROUP),
	BODY("odd 64-bit data", "st.global:b64:a8 w1, [w2]", "insn 0 (st.global)", WREG_ODD),
	BODY("load with release", "ld.global:release:b32:a4 v0, [w2]", "insn 0 (ld.global)", ORDER),
	BODY("store with acquire", "st.global:acquire:b32:a4 v0, [w2]", "insn 0 (st.global)", ORDER),
	BODY("store through nc", "st.global:nc:b32:a4 v0, [w2]", "insn 0 (st.global)", ORDER),
	BODY("order out of range", "ld.global:6:b32:a4 v0, [w2]", "insn 0 (ld.global)", MOD),

	BODY("scalar load from local", "s.ld:local:b32:a4 s0, [0]", "insn 0 (s.ld)", SPACE),
	BODY("scalar load from space 5", "s.ld:5:b32:a4 s0, [0]", "insn 0 (s.ld)", SPACE),
	BODY("scalar load of two", "s.ld:param:b32:x2:a4 s0, [0]", "insn 0 (s.ld)", MD_FORM),
	BODY("scalar load's base", "s.ld:param:b32:a4 s0, [s8]", "insn 0 (s.ld)", SREG),
	BODY("scalar load's B", ".raw s.ld, 0, 4, 0, 0xffff, 1, 0x1080, 0", "insn 0 (s.ld)", UNUSED_B),
	BODY("space query of generic", "isspacep:generic p0, w0", "insn 0 (isspacep)", SPACE),

	VALID("atomics",
	      "atom.global:add:u32 none, [w2+4], v3\natom.global:cas:u64 w0, [w2], w4, w6\n"
	      "atom.shared:inc:u32 v0, [v1], v2\natom.generic:add:bf16x2 v0, [w2], v4\n"
	      "atom.global:exch:b128 w0, [w4], w8\natom.shared:cas:b16 v0, [v1], v2, v3"),
	BODY("atomic operation", "atom.global:10 v0, [w2], v4", "insn 0 (atom.global)", ATOM_TYPE),
	BODY("atomic type", "atom.global:0xc0 v0, [w2], v4", "insn 0 (atom.global)", ATOM_TYPE),
	BODY("inc of 64 bit", "atom.global:inc:u64 w0, [w2], w4", "insn 0 (atom.global)", ATOM_TYPE),
	BODY("min of floats", "atom.global:min:f32 v0, [w2], v4", "insn 0 (atom.global)", ATOM_TYPE),
	BODY("add of b128", "atom.global:add:b128 w0, [w4], w8", "insn 0 (atom.global)", ATOM_TYPE),
	BODY("atomic address", "atom.global:add:u32 v0, [w16], v4", "insn 0 (atom.global)", WREG),
	BODY("atomic shared address", "atom.shared:add:u32 v0, [v16], v4", "insn 0 (atom.shared)",
	     VREG),
	BODY("atomic result", "atom.global:add:u32 v16, [w2], v4", "insn 0 (atom.global)", VREG),
	BODY("atomic data", "atom.global:add:u32 v0, [w2], v16", "insn 0 (atom.global)", VREG),
	BODY("atomic data absent", "atom.global:add:u32 v0, [w2], none", "insn 0 (atom.global)",
	     VREG),
	BODY("odd 64-bit atomic", "atom.global:add:u64 w1, [w2], w4", "insn 0 (atom.global)",
	     WREG_ODD),
	BODY("b128 beyond", "atom.global:exch:b128 w14, [w4], w8", "insn 0 (atom.global)", GROUP),
	BODY("swap value absent", "atom.global:cas:u32 v0, [w2], v4", "insn 0 (atom.global)", VREG),
	BODY("swap value of an add", "atom.global:add:u32 v0, [w2], v4, v5",
	     "insn 0 (atom.global)", ABSENT),

	VALID("copies", "cp.async:b32:x4:a16 [v1-16], [w2+64]\ncp.async:b32:a4 [v1], [s0+v2<<2]\n"
	      "cp.async:srcsize:b64:x2:a16 [v1], [w2], v4"),
	BODY("copy of 2 bytes", "cp.async:u16:a2 [v1], [w2]", "insn 0 (cp.async)", CP_BYTES),
	BODY("copy of 32 bytes", "cp.async:b64:x4:a8 [v1], [w2]", "insn 0 (cp.async)", CP_BYTES),
	BODY("signed copy", "cp.async:s8:x4:a4 [v1], [w2]", "insn 0 (cp.async)", MD_SIGNED),
	BODY("copy's source size with a base", ".raw cp.async, 0, 1, 1, 2, 4, 0x1083, 0",
	     "insn 0 (cp.async)", CP_FORM),
	BODY("copy's size register", "cp.async:srcsize:b32:a4 [v1], [w2], v16",
	     "insn 0 (cp.async)", VREG),
	BODY("copy's destination", "cp.async:b32:a4 [v16], [w2]", "insn 0 (cp.async)", VREG),
	BODY("copy's modifier", "cp.async:2:b32:a4 [v1], [w2]", "insn 0 (cp.async)", MOD),

	VALID("ldmatrix", "ldmatrix:m4:trans v12, [v0+16]\nstmatrix:m1 v15, [v0]"),
	VALID("matrices of bytes", "ldmatrix:m2:bytes:b6 v12, [v0]\nldmatrix:m4:b4 v0, [v1]\n"
	      "stmatrix:m4:bytes v0, [v8]"),
	BODY("four matrices of 16x16", "ldmatrix:m4:bytes v0, [v8]", "insn 0 (ldmatrix)", MOD),
	BODY("bytes transposed twice", "ldmatrix:m1:bytes:trans v0, [v8]", "insn 0 (ldmatrix)", MOD),
	BODY("packed elements stored", "stmatrix:m1:b6 v0, [v8]", "insn 0 (stmatrix)", MOD),
	BODY("packed in two ways", "ldmatrix:m1:b6:b4 v0, [v8]", "insn 0 (ldmatrix)", MOD),
	BODY("matrices of bytes beyond", "ldmatrix:m2:bytes v13, [v0]", "insn 0 (ldmatrix)", GROUP),
	VALID("barrier objects", "mbarrier:init none, [v0+8], v1\nmbarrier:inval none, [v0], none\n"
	      "mbarrier:droptx w2, [v0], v1\nmbarrier:arrive none, [v0], v1\n"
	      "mbarrier:test:try p1, [v0], w2\nmbarrier:parity p15, [v0], v1"),
	BODY("barrier object's kind", "mbarrier:10 none, [v0], v1", "insn 0 (mbarrier)", MOD),
	BODY("trying to arrive", "mbarrier:arrive:try none, [v0], v1", "insn 0 (mbarrier)", MOD),
	BODY("result of an init", "mbarrier:init w2, [v0], v1", "insn 0 (mbarrier)", ABSENT),
	BODY("source of an inval", "mbarrier:inval none, [v0], v1", "insn 0 (mbarrier)", ABSENT),
	BODY("state in an odd register", ".raw mbarrier, 0, 4, 3, 0, 1, 0, 0", "insn 0 (mbarrier)", WREG_ODD),
	BODY("outcome of a test", ".raw mbarrier, 0, 8, 16, 0, 2, 0, 0", "insn 0 (mbarrier)", PREG),
	BODY("state to test", ".raw mbarrier, 0, 8, 1, 0, 3, 0, 0", "insn 0 (mbarrier)", WREG_ODD),
	BODY("count to arrive with", ".raw mbarrier, 0, 4, 2, 0, 16, 0, 0", "insn 0 (mbarrier)", VREG),
	VALID("bulk", "bulk:load v0, w2, v4, v5\nbulk:store v0, w2, v4, v5\nbulk:fill v0, w2, v4, v5\n"
	      "bulk.red:add:bf16 v0, w2, v4, v5"),
	BODY("bulk of another kind", "bulk:3 v0, w2, v4, v5", "insn 0 (bulk)", MOD),
	BODY("bulk exchange", "bulk.red:exch:u32 v0, w2, v4, v5", "insn 0 (bulk.red)", ATOM_TYPE),
	BODY("progress in the address", "bulk:load v3, w2, v4, v5", "insn 0 (bulk)", BULK_OVERLAP),
	BODY("progress in the offset", "bulk.red:add:u32 v4, w2, v4, v5", "insn 0 (bulk.red)", BULK_OVERLAP),
	BODY("progress in the size", "bulk:store v5, w2, v4, v5", "insn 0 (bulk)", BULK_OVERLAP),
	VALID("tensors", "tensor:load v0, w2, v4, v5, 5\ntensor:store v0, w2, v4, v5, 1\n"
	      "tensor.red:max v0, w2, v4, v5, 2"),
	BODY("tensor of rank 6", "tensor:load v0, w2, v4, v5, 6", "insn 0 (tensor)", TENSOR_RANK),
	BODY("tensor filled", "tensor:fill v0, w2, v4, v5, 2", "insn 0 (tensor)", TENSOR_FILL),
	BODY("coordinates beyond", "tensor:load v0, w2, v4, v12, 5", "insn 0 (tensor)", GROUP),
	BODY("progress in a coordinate", "tensor:load v6, w2, v4, v5, 2", "insn 0 (tensor)", BULK_OVERLAP),
	BODY("type of a tensor reduction", "tensor.red:add:f32 v0, w2, v4, v5, 2", "insn 0 (tensor.red)",
	     ATOM_TYPE),
	VALID("atomic extremes of halves", "atom.shared:min:f16x2 v0, [v1], v2\natom.global:max:bf16 v0, [w2], v4"),
	BODY("eight matrices", "ldmatrix:3 v0, [v8]", "insn 0 (ldmatrix)", MOD),
	BODY("matrices beyond", "ldmatrix:m4 v13, [v0]", "insn 0 (ldmatrix)", GROUP),
	BODY("stored matrices beyond", "stmatrix:m2 v15, [v0]", "insn 0 (stmatrix)", GROUP),
};
const size_t verifier_mem_count = ARRAY_SIZE(verifier_mem);
