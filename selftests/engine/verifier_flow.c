// SPDX-License-Identifier: MIT
/*
 * Refusals of the float mode's flow.
 */
#include "verifier.h"

const struct vcase verifier_flow[] = {
	BODY("f64 under ftz", "setmode rn+ftz\ndadd w0, w2, w4\nsetmode rn", "insn 1 (dadd)",
	     FMODE_F64),
	BODY("f64 test under ftz", "setmode rz+ftz\ntestp.f64:nan p0, w4\nsetmode rn",
	     "insn 1 (testp.f64)", FMODE_F64),
	VALID("f64 with a rounding", "setmode rz\ndadd w0, w2, w4\nsetmode rn"),
	VALID("conversions, halves and matrices under ftz",
	      "setmode rn+ftz\nf2d w0, v2\nhadd2 v0, v1, v2\nfrcp.a v0, v1\n"
	      "mma:M8N8K4_F64 w0, w4, w6, none\nsetmode rn"),
	BODY("call in a mode", "setmode rz\ncall v0, g", "insn 1 (call)", FMODE_CALL),
	BODY("indirect call in a mode", "setmode rz\ncalli v0, v1", "insn 1 (calli)", FMODE_CALL),
	BODY("return in a mode", "setmode rn+ftz\nret v0", "insn 1 (ret)", FMODE_CALL),
	VALID("exit in a mode", "setmode rz\nexit\nnop"),
	BODY("join of two modes", "@p0 bra x\nsetmode rz\nx:\nnop", "insn 1 (setmode)",
	     FMODE_JOIN),
	BODY("back edge in another mode", "x:\nnop\nsetmode rz\n@p0 bra x", "insn 2 (bra)",
	     FMODE_JOIN),
	BODY("scalar back edge in another mode", "x:\nsetmode rz\nsbr:eq s0, s1, x",
	     "insn 1 (sbr)", FMODE_JOIN),
	VALID("join of one mode", "@p0 bra x\nsetmode rz\nsetmode rn\nx:\nnop"),
	VALID("paths set their own modes", "@p0 bra x\nsetmode rz\nfadd v0, v1, v2\nbra y\n"
	      "x:\nsetmode rz\nfadd v0, v1, v1\ny:\nnop"),
	VALID("what no path reaches has no mode", "bra x\nsetmode rn+ftz\ndadd w0, w0, w0\nx:\nnop"),
	TEXT("table from two modes", ".kernel \"k\" func=f\n.table T a, b\n.func f\n"
	     "@p0 bra x\nbrx v0, T\nx:\nsetmode rz\nbrx v0, T\na:\nexit\nb:\nexit\n.end\n",
	     "insn 3 (brx)", FMODE_JOIN),
	TEXT("table into two modes", ".kernel \"k\" func=f\n.table T a, b\n.func f\n"
	     "@p0 bra a\nsetmode rz\nbrx v0, T\na:\nexit\nb:\nexit\n.end\n",
	     "insn 2 (brx)", FMODE_JOIN),
	TEXT("table from one mode", ".kernel \"k\" func=f\n.table T a, b\n.func f\nsetmode rz\n"
	     "@p0 bra b\nbrx v0, T\na:\nexit\nb:\nbrx v1, T\n.end\n", NULL, NOTHING),
};
const size_t verifier_flow_count = ARRAY_SIZE(verifier_flow);
