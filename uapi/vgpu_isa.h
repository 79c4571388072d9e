/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * vISA: the instruction set of the virtual GPU, and the code object that
 * carries it.  Documentation/isa.rst explains; uapi/vgpu_isa_ops.h lists the
 * instructions.
 */
#ifndef _UAPI_VGPU_ISA_H
#define _UAPI_VGPU_ISA_H

#include <linux/types.h>

/**
 * DOC: vISA in short
 *
 * A warp has 32 lanes and is a set of *fragments*: disjoint sets of lanes that
 * share a program counter and a scalar file.  A fragment splits where lanes go
 * different ways (or have different bases, SBASE), and fragments at the same
 * BSYNC join again.  Every lane makes progress: back edges and waits rotate
 * between the fragments of a warp, the warps of a block and the blocks on a
 * worker.
 *
 * Register files:
 *  - S: %VGPU_MAX_SREGS scalars of 64 bit, one file a fragment, copied when it
 *    splits; at a join the file of the fragment with the lowest lane survives.
 *  - V: up to %VGPU_MAX_VREGS vectors of 32 lanes of 32 bit, one file a warp.
 *    A W register is an even-aligned pair V[n], V[n+1] whose 256 bytes hold 32
 *    *contiguous* 64-bit lanes; only PACK and UNPK relate it to V registers
 *    (writing a V register of the pair makes the W register undefined and the
 *    other way round).
 *  - P: %VGPU_MAX_PREGS predicates of 32 bit, one file a warp.
 *
 * A vector instruction reads and writes only the lanes of the fragment in which
 * its guard holds.  Scalar instructions execute once for the fragment and take
 * no guard.  Registers are undefined at entry, but never hold another context's
 * data.
 *
 * Memory is little-endian.  Generic addresses lie in windows
 * (VGPU_WINDOW_*); all else is global memory.  An access must be aligned to what
 * its descriptor says, else %VGPU_STOP_MISALIGNED; it must lie in memory that
 * is mapped (writable, for stores), else %VGPU_STOP_ILLEGAL_ADDRESS.  Each
 * memory instruction acts on all of its lanes or, if one of them faults, on none.
 * Lanes of one store or atomic act in lane order.
 *
 * Float mode: SETMODE sets rounding and flush-to-zero.  The mode is a static
 * property of each instruction (the verifier propagates it and rejects a join of
 * different modes); a kernel and every function begin, call, return and are
 * returned to in the default mode (round to nearest even, no ftz).  Under ftz,
 * f32 instructions treat denormal inputs as zeros of their sign and flush
 * denormal results; f64 instructions must not be executed under ftz (the verifier
 * rejects it); f16, bf16, conversions (which have flags of their own), MMA and
 * the f32 approximations (ftz decides there, too) are allowed.
 * NaN results of f32 arithmetic are 0x7fffffff, of f16 0x7fff, of bf16 0x7fff,
 * of f64 0xfff8000000000000; moves, sel, copysign and f64's neg and abs keep the
 * bits.
 */

/*
 * What compiles code and what takes it must agree on the version: MAJOR counts changes of meaning (Documentation/isa.rst
 * lists them), and MINOR, at the end of this file, is another one whenever the lists here or the table of instructions change.
 */
#define VGPU_ISA_MAJOR		2
#define VGPU_ISA_VERSION	((__u32)VGPU_ISA_MAJOR << 16 | VGPU_ISA_MINOR)

#define VGPU_WARP_LANES		32
#define VGPU_MAX_VREGS		512
#define VGPU_MAX_SREGS		64
#define VGPU_MAX_PREAMBLE	512	/* instructions of one, its EXIT included */
#define VGPU_MAX_PREGS		16
#define VGPU_NONE		0xffff	/* an R operand that is absent */

/* ---- instruction word ---------------------------------------------------- */

/**
 * struct vgpu_insn - one vISA instruction, 16 bytes
 * @op: enum vgpu_op
 * @guard: 0, or VGPU_GUARD | predicate | VGPU_GUARD_NOT
 * @mod: modifier, its meaning is the opcode's MOD column
 * @d: destination operand
 * @a: source operand
 * @b: source operand
 * @c: source operand
 * @imm: immediate, its meaning is the opcode's IMM column
 *
 * A source of kind X, Y or T names its file in the two top bits (VGPU_SRC_*).
 * At most one kind of immediate fits, but several operands may name it.
 * A Y or T immediate is sign-extended to 64 bit.
 */
struct vgpu_insn {
	__u16 op;
	__u8 guard;
	__u8 mod;
	__u16 d, a, b, c;
	__u32 imm;
};

#define VGPU_GUARD_PRED		0x0f
#define VGPU_GUARD_NOT		0x10
#define VGPU_GUARD		0x20

#define VGPU_SRC_KIND		0xc000
#define VGPU_SRC_REG		0x0000	/* V or W (for T: S) register */
#define VGPU_SRC_SCALAR		0x4000	/* S register, broadcast (not for T) */
#define VGPU_SRC_IMM		0x8000	/* the immediate; index bits zero */
#define VGPU_SRC_INDEX		0x3fff

enum vgpu_op {
#define VGPU_OP(NAME, ...) VGPU_OP_##NAME,
#include "vgpu_isa_ops.h"
#undef VGPU_OP
	VGPU_OP_COUNT
};

/* ---- modifiers ------------------------------------------------------------ */

/* CMP (SETPI, SETPL): integer comparisons; SCMP adds the width for scalars */
enum vgpu_cmp {
	VGPU_CMP_EQ, VGPU_CMP_NE,
	VGPU_CMP_LT, VGPU_CMP_LE, VGPU_CMP_GT, VGPU_CMP_GE,	/* signed */
	VGPU_CMP_LTU, VGPU_CMP_LEU, VGPU_CMP_GTU, VGPU_CMP_GEU,	/* unsigned */
	VGPU_CMP_COUNT
};
#define VGPU_SCMP_32		0x10	/* SCMP: compare the low 32 bits */
#define VGPU_S32		0x01	/* S32 column: 32-bit scalar operation */

/* FCMP: the low bits; comparisons with U hold when an operand is NaN */
enum vgpu_fcmp {
	VGPU_FCMP_EQ, VGPU_FCMP_NE, VGPU_FCMP_LT, VGPU_FCMP_LE,
	VGPU_FCMP_GT, VGPU_FCMP_GE,
	VGPU_FCMP_EQU, VGPU_FCMP_NEU, VGPU_FCMP_LTU, VGPU_FCMP_LEU,
	VGPU_FCMP_GTU, VGPU_FCMP_GEU,
	VGPU_FCMP_NUM, VGPU_FCMP_NAN,
	VGPU_FCMP_COUNT
};
#define VGPU_FCMP_HIGH		0x20	/* HSETP, BSETP: high halves */
#define VGPU_FCMP_FTZ		0x40	/* HSETP: f16 denormals are zeros */

enum vgpu_testp {
	VGPU_TESTP_FINITE, VGPU_TESTP_INFINITE, VGPU_TESTP_NUMBER,
	VGPU_TESTP_NAN, VGPU_TESTP_NORMAL, VGPU_TESTP_SUBNORMAL,
	VGPU_TESTP_COUNT
};

#define VGPU_SAT		0x01	/* SAT: clamp to [0, 1], NaN to +0 */
#define VGPU_MINMAX_NAN		0x01
#define VGPU_MINMAX_XORSIGN	0x02

#define VGPU_H_FTZ		0x01	/* HMOD */
#define VGPU_H_SAT		0x02
#define VGPU_H_RELU		0x04	/* fma: negative to +0, NaN stays */
#define VGPU_H_NAN		0x08	/* min, max: NaN wins */
#define VGPU_H_XORSIGN		0x10	/* min, max */
#define VGPU_H_RND_RZ		0x20	/* reserved for formats that get it */

/* CARRY: carry predicates, VGPU_CARRY_NOP where there is none */
#define VGPU_CARRY_IN(p)	((p) << 4)
#define VGPU_CARRY_OUT(p)	(p)
#define VGPU_CARRY_NOP		0x0f	/* so p15 can be no carry */

/* CVT */
enum vgpu_round {
	VGPU_RN, VGPU_RZ, VGPU_RM, VGPU_RP, VGPU_RNA,	/* to nearest, ties away */
	VGPU_ROUND_COUNT
};
#define VGPU_CVT_ROUND		0x07
#define VGPU_CVT_SAT		0x08	/* floats: to [0,1] (F2H2, F2B2: satfinite) */
#define VGPU_CVT_FTZ		0x10	/* f32 side: denormals are zeros */
#define VGPU_CVT_RELU		0x20
#define VGPU_CVT_INT		0x40	/* F2F, D2D, H2H: to an integral value */
#define VGPU_CVT_HIGH		0x80	/* H2F, B2F: the high half; CVTI: unsigned */
/* H2I's operand B: destination kind */
enum vgpu_int_kind {
	VGPU_INT_S8, VGPU_INT_U8, VGPU_INT_S16, VGPU_INT_U16,
	VGPU_INT_S32, VGPU_INT_U32, VGPU_INT_S64, VGPU_INT_U64,
	VGPU_INT_COUNT
};

/* EXT (SEXT) */
enum vgpu_ext {
	VGPU_EXT_U8, VGPU_EXT_S8, VGPU_EXT_U16, VGPU_EXT_S16,
	VGPU_EXT_U32, VGPU_EXT_S32, VGPU_EXT_COUNT
};

/* Q8: small float types; low nibble the type, bit 4 relu, bit 5 satfinite */
enum vgpu_q8 {
	VGPU_Q8_E4M3, VGPU_Q8_E5M2, VGPU_Q8_E2M3, VGPU_Q8_E3M2, VGPU_Q8_E2M1,
	VGPU_Q8_UE8M0, VGPU_Q8_COUNT
};
#define VGPU_Q8_TYPE		0x0f
#define VGPU_Q8_RELU		0x10
#define VGPU_Q8_SATFINITE	0x20
#define VGPU_Q8_RP		0x40	/* UE8M0: round up, else toward zero */

/* PRMT */
enum vgpu_prmt {
	VGPU_PRMT_IDX, VGPU_PRMT_F4E, VGPU_PRMT_B4E, VGPU_PRMT_RC8,
	VGPU_PRMT_ECL, VGPU_PRMT_ECR, VGPU_PRMT_RC16, VGPU_PRMT_COUNT
};

#define VGPU_DP_A_SIGNED	0x01
#define VGPU_DP_B_SIGNED	0x02
#define VGPU_DP_HIGH		0x04
#define VGPU_BFIND_SHIFTAMT	0x01
#define VGPU_BMSK_WRAP		0x01
#define VGPU_SZEXT_SIGNED	0x01
#define VGPU_SZEXT_WRAP		0x02
#define VGPU_BAR_ARRIVE		0x01	/* do not wait */
#define VGPU_BAR_WAIT		0x02	/* do not arrive: wait for what one's own arrival began */
#define VGPU_BAR_CLUSTER	0x04	/* the cluster's barrier, not A: with one of the two above */

enum vgpu_barred { VGPU_BARRED_POPC, VGPU_BARRED_AND, VGPU_BARRED_OR, VGPU_BARRED_COUNT };
enum vgpu_vote { VGPU_VOTE_ALL, VGPU_VOTE_ANY, VGPU_VOTE_UNI, VGPU_VOTE_COUNT };
enum vgpu_redux {
	VGPU_REDUX_ADD, VGPU_REDUX_MINU, VGPU_REDUX_MINS, VGPU_REDUX_MAXU,
	VGPU_REDUX_MAXS, VGPU_REDUX_AND, VGPU_REDUX_OR, VGPU_REDUX_XOR,
	VGPU_REDUX_FMIN, VGPU_REDUX_FMAX,	/* f32, numbers win over NaN */
	VGPU_REDUX_FMIN_ABS, VGPU_REDUX_FMAX_ABS,
	VGPU_REDUX_COUNT
};
#define VGPU_REDUX_NAN		0x10	/* f32: NaN wins */

/* SHFL: mode in bits 1:0; bit 2: predicate bits 7:4 = lane in range */
enum vgpu_shfl { VGPU_SHFL_UP, VGPU_SHFL_DOWN, VGPU_SHFL_BFLY, VGPU_SHFL_IDX };
#define VGPU_SHFL_MODE		0x03
#define VGPU_SHFL_PRED		0x04
#define VGPU_SHFL_PREDREG(p)	((p) << 4)
/* SHFL's IMM */
#define VGPU_SHFL_LANE(x)	((x) & 31)
#define VGPU_SHFL_CLAMP(x)	(((x) & 31) << 8)
#define VGPU_SHFL_SEGMASK(x)	(((x) & 31) << 16)
#define VGPU_SHFL_FULL		0x80000000u	/* member mask is all lanes; C is zero */

/* SPACE */
enum vgpu_space {
	VGPU_SPACE_GENERIC, VGPU_SPACE_GLOBAL, VGPU_SPACE_SHARED,
	VGPU_SPACE_LOCAL, VGPU_SPACE_PARAM, VGPU_SPACE_COUNT
};

/* ORDER: strength of a load or store */
enum vgpu_order {
	VGPU_ORDER_WEAK, VGPU_ORDER_NC,		/* may be merged and hoisted */
	VGPU_ORDER_RELAXED, VGPU_ORDER_ACQUIRE, VGPU_ORDER_RELEASE,
	VGPU_ORDER_VOLATILE, VGPU_ORDER_COUNT
};

/* FENCE */
enum vgpu_fence { VGPU_FENCE_ACQ_REL, VGPU_FENCE_SC, VGPU_FENCE_COUNT };

/* ATOM: operation in bits 3:0, type in bits 7:4 */
enum vgpu_atom {
	VGPU_ATOM_ADD, VGPU_ATOM_MIN, VGPU_ATOM_MAX, VGPU_ATOM_INC, VGPU_ATOM_DEC,
	VGPU_ATOM_AND, VGPU_ATOM_OR, VGPU_ATOM_XOR, VGPU_ATOM_EXCH, VGPU_ATOM_CAS,
	VGPU_ATOM_COUNT
};
enum vgpu_atom_type {
	VGPU_AT_U32, VGPU_AT_S32, VGPU_AT_U64, VGPU_AT_S64, VGPU_AT_F32, VGPU_AT_F64,
	VGPU_AT_F16, VGPU_AT_F16X2, VGPU_AT_BF16, VGPU_AT_BF16X2, VGPU_AT_B16,
	VGPU_AT_B128, VGPU_AT_COUNT
};
#define VGPU_ATOM_MOD(op, type)	((op) | (type) << 4)
/*
 * ATOMIC column: IMM is the signed byte offset.  Data registers are V for 16-
 * and 32-bit types, W for 64-bit ones; B128 takes two W registers, D's, B's
 * and C's pairs consecutive, exch and cas only.  f32 and f64: add, exch, cas (as
 * bits).  f16, bf16 and pairs: add, min, max.  B16: cas, exch.  f32 add flushes denormals
 * as the hardware does for global and shared memory.
 */

/* LDSM (LDMATRIX, STMATRIX): matrices as a power of two, then flags */
#define VGPU_LDSM_NUM		0x03	/* 1 << n registers */
#define VGPU_LDSM_TRANS		0x04
/* bytes, transposed: loads of 16x16 (two registers each, at most two), stores of 16x8 (rows by columns) */
#define VGPU_LDSM_BYTES		0x08
#define VGPU_LDSM_B6		0x10	/* loads: a row of memory is 16 packed elements of 6 bit ... */
#define VGPU_LDSM_B4		0x20	/* ... or of 4 bit, a byte each in the matrix */

/* MBAR: what is done (see Documentation/isa.rst) */
enum vgpu_mbar {
	VGPU_MBAR_INIT,			/* B: V, arrivals that a phase expects */
	VGPU_MBAR_INVAL,		/* B: none */
	VGPU_MBAR_EXPECT_TX,		/* B: V, bytes */
	VGPU_MBAR_COMPLETE_TX,		/* B: V, bytes */
	VGPU_MBAR_ARRIVE,		/* B: V, count; D: W, the state before, or none */
	VGPU_MBAR_ARRIVE_DROP,		/* likewise */
	VGPU_MBAR_ARRIVE_TX,		/* B: V, bytes, expected first; one arrival; D as above */
	VGPU_MBAR_ARRIVE_DROP_TX,	/* likewise */
	VGPU_MBAR_TEST,			/* B: W, a state; D: P, its phase is over */
	VGPU_MBAR_TEST_PARITY,		/* B: V, parity; D: P, the phase of that parity is over */
	VGPU_MBAR_COUNT
};
#define VGPU_MBAR_OP		0x0f
#define VGPU_MBAR_TRY		0x10	/* tests: others run if it is not over */

/* The barrier object and the state: 20 bits of arrivals pending, 20 of arrivals expected,
 * 21 of bytes pending (two's complement), 3 of the phase's number.
 */
#define VGPU_MBAR_PENDING(x)	((x) & 0xfffff)
#define VGPU_MBAR_EXPECTED(x)	((x) >> 20 & 0xfffff)
#define VGPU_MBAR_TX(x)		((x) >> 40 & 0x1fffff)
#define VGPU_MBAR_PHASE(x)	((x) >> 61)

/* BULK, BULKRED: addresses and sizes are multiples of 16 (FILL: 8).  D is read and
 * written as the work goes on, so that it can stop and go on in between.  D overlaps
 * no other operand.
 */
enum vgpu_bulk {
	VGPU_BULK_LOAD,		/* from A to shared memory */
	VGPU_BULK_STORE,	/* from shared memory to A */
	VGPU_BULK_FILL,		/* shared memory with the 64 bits of A */
	VGPU_BULK_COUNT
};

/* CPASYNC: MOD bit 0: operand B is a V register with the source size in bytes
 * (the rest is zero-filled) and A is W; else A, B as in a memory form.
 * IMM: shared offset in bits 15:0, global offset in 31:16, both signed.  MD's width
 * times count is 4, 8 or 16.
 */
#define VGPU_CPASYNC_SRCSIZE	0x01

/**
 * struct vgpu_tensor_map - what TENSOR and TENSORRED find at A: a tensor in memory
 * @magic: VGPU_TENSOR_MAGIC
 * @rank: dimensions less one
 * @type: element type as PTX's tensormap.replace numbers them
 * @interleave: zero
 * @swizzle: VGPU_TENSOR_SWIZZLE_*: how 16-byte units lie in shared memory
 * @fill: what a load puts where the tensor is not: 0 zero, 1 NaN (floats; 0x7ff7 in each half)
 * @atomicity: zero
 * @reserved: zero
 * @address: of the first element; a multiple of 16
 * @dim: elements by dimension, the innermost first; 0 is 2^32
 * @box: elements of a box, at most 256
 * @step: every how many elements one is taken, at most 8; of the innermost dimension all are
 * @reserved2: zero
 * @stride: bytes from one element to the next, of all dimensions but the innermost
 * @reserved3: zero
 *
 * 128 bytes, written by the driver's library and by tensormap.replace; TENSOR checks all of
 * it each time.  One that is no good: VGPU_STOP_ILLEGAL_INSTRUCTION.
 */
struct vgpu_tensor_map {
	__u32 magic;
	__u8 rank, type, interleave, swizzle;
	__u8 fill, atomicity, reserved[6];
	__u64 address;
	__u32 dim[5];
	__u16 box[5];
	__u8 step[5];
	__u8 reserved2[5];
	__u64 stride[4];
	__u8 reserved3[32];
};
#define VGPU_TENSOR_MAGIC	0x4d544756	/* "VGTM" */
#define VGPU_TENSOR_RANKS	5
enum vgpu_tensor_swizzle {
	VGPU_TENSOR_SWIZZLE_NONE, VGPU_TENSOR_SWIZZLE_32B, VGPU_TENSOR_SWIZZLE_64B,
	VGPU_TENSOR_SWIZZLE_128B, VGPU_TENSOR_SWIZZLE_COUNT
};
enum vgpu_tensor_type {
	VGPU_TENSOR_U8, VGPU_TENSOR_U16, VGPU_TENSOR_U32, VGPU_TENSOR_S32, VGPU_TENSOR_U64,
	VGPU_TENSOR_S64, VGPU_TENSOR_F16, VGPU_TENSOR_F32, VGPU_TENSOR_F32_FTZ, VGPU_TENSOR_F64,
	VGPU_TENSOR_BF16, VGPU_TENSOR_TF32, VGPU_TENSOR_TF32_FTZ, VGPU_TENSOR_TYPES
};

/* SETMODE's IMM */
#define VGPU_FMODE_ROUND	0x03	/* enum vgpu_round, RN to RP */
#define VGPU_FMODE_FTZ		0x04

/* ---- memory descriptor (operand C of loads and stores) ------------------------ */
/*
 * Address forms.  W: A is a W register (global, generic) or a V register
 * (shared, local, param), B is zero.  SV: scalar A + extended V B << shift.
 * SP: scalar A + pattern B of the lane.  S: scalar A, the same for all lanes.
 * In SV, SP and S, A may be VGPU_NONE (base zero).  IMM, signed, is added.
 * Addresses in the shared, local and param spaces are offsets of 32 bits.
 */
#define VGPU_MD_FORM(x)		((x) & 3)
#define VGPU_MD_FORM_W		0
#define VGPU_MD_FORM_SV		1
#define VGPU_MD_FORM_SP		2
#define VGPU_MD_FORM_S		3
#define VGPU_MD_SEXT		0x0004		/* SV: the offset is signed */
#define VGPU_MD_SHIFT(x)	(((x) & 7) << 3)	/* SV: 0..4 */
#define VGPU_MD_GET_SHIFT(c)	((c) >> 3 & 7)
#define VGPU_MD_WIDTH(x)	(((x) & 3) << 6)	/* log2 bytes an element */
#define VGPU_MD_GET_WIDTH(c)	((c) >> 6 & 3)
#define VGPU_MD_COUNT(x)	(((x) & 3) << 8)	/* log2 elements */
#define VGPU_MD_GET_COUNT(c)	((c) >> 8 & 3)
#define VGPU_MD_SIGNED		0x0400		/* 8- and 16-bit elements */
#define VGPU_MD_ALIGN(x)	(((x) & 7) << 11)	/* log2 of the alignment due */
#define VGPU_MD_GET_ALIGN(c)	((c) >> 11 & 7)
#define VGPU_MD_RESERVED	0xc000
/*
 * Elements of 8, 16 and 32 bit occupy a V register each (extended to 32 bit),
 * of 64 bit a W register each; a group's registers are consecutive.  At most 32
 * bytes a lane.  SLD uses WIDTH, SIGNED and ALIGN only.
 */

/* ---- matrices ------------------------------------------------------------------ */
/*
 * VGPU_MMA(NAME, m, n, k, A/B type, C/D type, registers of A, B, C/D)
 * Fragment layouts are PTX's.  MMA's IMM: kind in bits 7:0, flags 15:8, for
 * F8F6F4 kinds the types (enum vgpu_q8) of A in 19:16 and of B in 23:20, group
 * count - 1 in bits 26:24: a group is that many multiplications by the same B,
 * A and C/D each the next registers.
 *
 * Sums: products are exact; D = fma(a[k], b[k], D) in f32 (f64 for F64, s32,
 * wrapping, for integers) over k in rising order, beginning from C; f16 and bf16
 * results are rounded once at the end.  Float mode does not matter: round to
 * nearest, denormals kept.
 */
#define VGPU_MMA_KINDS(_) \
	_(M8N8K4_F64,		8, 8, 4,	F64, F64, 2, 2, 4) \
	_(M16N8K4_F64,		16, 8, 4,	F64, F64, 4, 2, 8) \
	_(M16N8K8_F64,		16, 8, 8,	F64, F64, 8, 4, 8) \
	_(M16N8K16_F64,		16, 8, 16,	F64, F64, 16, 8, 8) \
	_(M16N8K8_F16_F16,	16, 8, 8,	F16, F16, 2, 1, 2) \
	_(M16N8K8_F16_F32,	16, 8, 8,	F16, F32, 2, 1, 4) \
	_(M16N8K16_F16_F16,	16, 8, 16,	F16, F16, 4, 2, 2) \
	_(M16N8K16_F16_F32,	16, 8, 16,	F16, F32, 4, 2, 4) \
	_(M16N8K8_BF16_F32,	16, 8, 8,	BF16, F32, 2, 1, 4) \
	_(M16N8K16_BF16_F32,	16, 8, 16,	BF16, F32, 4, 2, 4) \
	_(M16N8K4_TF32_F32,	16, 8, 4,	TF32, F32, 2, 1, 4) \
	_(M16N8K8_TF32_F32,	16, 8, 8,	TF32, F32, 4, 2, 4) \
	_(M8N8K16_I8,		8, 8, 16,	I8, S32, 1, 1, 2) \
	_(M16N8K16_I8,		16, 8, 16,	I8, S32, 2, 1, 4) \
	_(M16N8K32_I8,		16, 8, 32,	I8, S32, 4, 2, 4) \
	_(M8N8K32_I4,		8, 8, 32,	I4, S32, 1, 1, 2) \
	_(M16N8K32_I4,		16, 8, 32,	I4, S32, 2, 1, 4) \
	_(M16N8K64_I4,		16, 8, 64,	I4, S32, 4, 2, 4) \
	_(M8N8K128_B1,		8, 8, 128,	B1, S32, 1, 1, 2) \
	_(M16N8K128_B1,		16, 8, 128,	B1, S32, 2, 1, 4) \
	_(M16N8K256_B1,		16, 8, 256,	B1, S32, 4, 2, 4) \
	_(M16N8K16_F8_F16,	16, 8, 16,	F8, F16, 2, 1, 2) \
	_(M16N8K16_F8_F32,	16, 8, 16,	F8, F32, 2, 1, 4) \
	_(M16N8K32_F8_F16,	16, 8, 32,	F8, F16, 4, 2, 2) \
	_(M16N8K32_F8_F32,	16, 8, 32,	F8, F32, 4, 2, 4) \
	_(M16N8K64_F4_F32,	16, 8, 64,	F4, F32, 4, 2, 4) \
	_(M8N8K4_F16_F16,	8, 8, 4,	F16, F16, 2, 2, 4) \
	_(M8N8K4_F16_F32,	8, 8, 4,	F16, F32, 2, 2, 8) \
	_(SP_M16N8K16_F16_F16,	16, 8, 16,	F16, F16, 2, 2, 2) \
	_(SP_M16N8K16_F16_F32,	16, 8, 16,	F16, F32, 2, 2, 4) \
	_(SP_M16N8K32_F16_F16,	16, 8, 32,	F16, F16, 4, 4, 2) \
	_(SP_M16N8K32_F16_F32,	16, 8, 32,	F16, F32, 4, 4, 4) \
	_(SP_M16N8K16_BF16_F32,	16, 8, 16,	BF16, F32, 2, 2, 4) \
	_(SP_M16N8K32_BF16_F32,	16, 8, 32,	BF16, F32, 4, 4, 4) \
	_(SP_M16N8K8_TF32_F32,	16, 8, 8,	TF32, F32, 2, 2, 4) \
	_(SP_M16N8K16_TF32_F32,	16, 8, 16,	TF32, F32, 4, 4, 4) \
	_(SP_M16N8K32_I8,	16, 8, 32,	I8, S32, 2, 2, 4) \
	_(SP_M16N8K64_I8,	16, 8, 64,	I8, S32, 4, 4, 4) \
	_(SP_M16N8K64_I4,	16, 8, 64,	I4, S32, 2, 2, 4) \
	_(SP_M16N8K128_I4,	16, 8, 128,	I4, S32, 4, 4, 4) \
	_(SP_M16N8K64_F8_F16,	16, 8, 64,	F8, F16, 4, 4, 2) \
	_(SP_M16N8K64_F8_F32,	16, 8, 64,	F8, F32, 4, 4, 4) \
	_(SP_M16N8K128_F4_F32,	16, 8, 128,	F4, F32, 4, 4, 4)

enum vgpu_mma_kind {
#define _(NAME, ...) VGPU_MMA_##NAME,
	VGPU_MMA_KINDS(_)
#undef _
	VGPU_MMA_COUNT
};
/* M8N8K4_F16_*: four products by quarters of the warp, as Volta's mma.m8n8k4 */
#define VGPU_MMA_QUAD		VGPU_MMA_M8N8K4_F16_F16
/* From here on kinds of MMASP: A holds half of its elements, the metadata says which. */
#define VGPU_MMA_SPARSE		VGPU_MMA_SP_M16N8K16_F16_F16
#define VGPU_MMA_KIND		0x000000ff
#define VGPU_MMA_A_SIGNED	0x00000100	/* I8, I4 */
#define VGPU_MMA_B_SIGNED	0x00000200
#define VGPU_MMA_SATFINITE	0x00000400	/* integers: clamp, once, at the end */
#define VGPU_MMA_XOR		0x00000800	/* B1: xor popc, else and popc */
#define VGPU_MMA_A_COL		0x00001000	/* M8N8K4_F16_*: A by columns */
#define VGPU_MMA_B_ROW		0x00002000	/* M8N8K4_F16_*: B by rows */
#define VGPU_MMA_SELECT(x)	((x) << 12)	/* MMASP: PTX's sparsity selector, 0 to 3 */
#define VGPU_MMA_SCALED		0x00004000	/* MMASP: block scales, MOD as MMASC's */
#define VGPU_MMA_ATYPE(x)	((x) << 16)
#define VGPU_MMA_BTYPE(x)	((x) << 20)
#define VGPU_MMA_GROUP(n)	(((n) - 1) << 24)
#define VGPU_MMA_TID_A(x)	((x) << 27)	/* MMASC: PTX's thread-id-a, 0 or 1 */
#define VGPU_MMA_TID_B(x)	((__u32)(x) << 29)	/* thread-id-b, 0 to 3 */
/* MMASP's metadata: PTX's; the lanes that hold it are the selector's.
 *
 * MMASC's MOD: bits 1:0 log2 of the scale vectors along k (1, 2, 4); bit 2: scales
 * are ue4m3, else ue8m0; bits 4:3 byte selector of A's scale, 6:5 of B's.  Each block
 * of k that shares a scale is summed from zero, then D = fma(sum, scale A * scale B,
 * D), blocks in rising order.
 */

/* ---- special registers ------------------------------------------------------------ */
/* VGPU_SREG(NAME, "%name", uniform in the warp, 64 bit) */
#define VGPU_SREGS(_) \
	_(TID_X, "%tid.x", 0, 0) _(TID_Y, "%tid.y", 0, 0) _(TID_Z, "%tid.z", 0, 0) \
	_(NTID_X, "%ntid.x", 1, 0) _(NTID_Y, "%ntid.y", 1, 0) _(NTID_Z, "%ntid.z", 1, 0) \
	_(CTAID_X, "%ctaid.x", 1, 0) _(CTAID_Y, "%ctaid.y", 1, 0) _(CTAID_Z, "%ctaid.z", 1, 0) \
	_(NCTAID_X, "%nctaid.x", 1, 0) _(NCTAID_Y, "%nctaid.y", 1, 0) _(NCTAID_Z, "%nctaid.z", 1, 0) \
	_(LANEID, "%laneid", 0, 0) _(WARPID, "%warpid", 1, 0) _(NWARPID, "%nwarpid", 1, 0) \
	_(SMID, "%smid", 1, 0) _(NSMID, "%nsmid", 1, 0) _(GRIDID, "%gridid", 1, 1) \
	_(LANEMASK_EQ, "%lanemask_eq", 0, 0) _(LANEMASK_LE, "%lanemask_le", 0, 0) \
	_(LANEMASK_LT, "%lanemask_lt", 0, 0) _(LANEMASK_GE, "%lanemask_ge", 0, 0) \
	_(LANEMASK_GT, "%lanemask_gt", 0, 0) _(CLOCK, "%clock", 1, 0) \
	_(CLOCK_HI, "%clock_hi", 1, 0) _(CLOCK64, "%clock64", 1, 1) \
	_(GLOBALTIMER, "%globaltimer", 1, 1) _(DYN_SMEM, "%dynamic_smem_size", 1, 0) \
	_(TOTAL_SMEM, "%total_smem_size", 1, 0) _(LOCAL_SIZE, "%local_size", 1, 0)

enum vgpu_sreg {
#define _(NAME, ...) VGPU_SREG_##NAME,
	VGPU_SREGS(_)
#undef _
	VGPU_SREG_COUNT
};

/* ---- generic address windows ----------------------------------------------------------- */
/* The low 32 bits are the offset; bits 63:56 tell the window, so that every
 * user-space address (which a unified device address may be) is global.
 */
#define VGPU_WINDOW_SHIFT	56
#define VGPU_WINDOW_SHARED	0x0100000000000000ULL
#define VGPU_WINDOW_LOCAL	0x0200000000000000ULL
#define VGPU_WINDOW_PARAM	0x0300000000000000ULL

/* ---- why the engine stopped a grid (the scheduler maps these to the ioctl contract's VGPU_FAULT_*) ---- */
enum vgpu_stop {
	VGPU_STOP_NONE,
	VGPU_STOP_ILLEGAL_ADDRESS,	/* not mapped, or outside shared/local/param */
	VGPU_STOP_READ_ONLY,		/* store to memory mapped read-only */
	VGPU_STOP_MISALIGNED,
	VGPU_STOP_BAD_TARGET,		/* brx, calli, ret */
	VGPU_STOP_STACK_OVERFLOW,	/* local access at or beyond the local size */
	VGPU_STOP_TRAP,		/* trap instruction; its code is in the record */
	VGPU_STOP_TIMEOUT,		/* time limit, set by the scheduler */
	VGPU_STOP_KILLED,		/* stopped from outside */
	VGPU_STOP_DEADLOCK,		/* every warp of the block waits for ever */
	VGPU_STOP_ILLEGAL_INSTRUCTION,	/* e.g. barrier count of no whole warp */
	VGPU_STOP_COUNT
};
/* TRAP's codes */
#define VGPU_TRAP_PTX		0	/* PTX trap */
#define VGPU_TRAP_ASSERT	1	/* __assertfail, its message in the printf buffer */
#define VGPU_TRAP_BRKPT		2

/* ---- the code object --------------------------------------------------------------------- */

#define VGPU_CODE_MAGIC		0x4f434756	/* "VGCO" */
#define VGPU_CODE_MAX_SIZE	(64U << 20)
#define VGPU_CODE_MAX_INSNS	(1U << 20)
#define VGPU_CODE_MAX_KERNELS	4096U
#define VGPU_CODE_MAX_FUNCS	65536U
#define VGPU_CODE_MAX_PATTERNS	4096U
#define VGPU_CODE_MAX_TABLE	(1U << 20)
#define VGPU_NO_PC		0xffffffffU

enum vgpu_section {
	VGPU_SEC_KERNELS,	/* struct vgpu_code_kernel[] */
	VGPU_SEC_FUNCS,		/* struct vgpu_code_func[], in rising order of start */
	VGPU_SEC_INSNS,		/* struct vgpu_insn[] */
	VGPU_SEC_PATTERNS,	/* struct vgpu_code_pattern[] */
	VGPU_SEC_TABLES,	/* struct vgpu_code_table[] */
	VGPU_SEC_TARGETS,	/* __u32[]: instruction indices of the tables */
	VGPU_SEC_LINES,		/* struct vgpu_code_line[], in rising order of pc */
	VGPU_SEC_STRINGS,	/* NUL-terminated names */
	VGPU_SEC_COUNT
};

/**
 * struct vgpu_code_header - begins a code object
 * @magic: VGPU_CODE_MAGIC
 * @version: VGPU_ISA_VERSION
 * @header_size: sizeof(struct vgpu_code_header)
 * @total_size: bytes of the whole object
 * @flags: zero
 * @reserved: zero
 * @sec: where each section lies; offsets are multiples of 8, sections do not
 *	overlap, @sec.count elements each of the section's own type
 */
struct vgpu_code_header {
	__u32 magic;
	__u32 version;
	__u32 header_size;
	__u32 total_size;
	__u32 flags;
	__u32 reserved;
	struct {
		__u32 offset;
		__u32 count;
	} sec[VGPU_SEC_COUNT];
};

/**
 * struct vgpu_code_kernel - a kernel that can be launched
 * @name: offset into the strings
 * @func: its function
 * @grid_pre: first instruction of the grid preamble, or VGPU_NO_PC
 * @block_pre: first instruction of the block preamble, or VGPU_NO_PC
 * @vregs: V registers that a warp holds, even (functions included)
 * @sregs: scalars
 * @param_size: bytes of parameters that a launch must bring
 * @shared_size: static shared memory, bytes
 * @local_size: local memory a lane without the call stack, bytes; a multiple of 16
 * @max_threads: largest block admitted, or 0 for the device's
 * @shape: VGPU_SHAPE_* that a launch must satisfy
 * @flags: VGPU_KERNEL_*
 * @req: required block dimensions, or zeros
 *
 * A preamble is a straight run of scalar instructions (class SCALAR and SLD,
 * SREGS limited to what is uniform in the grid or the block) that ends with
 * EXIT.  It starts with zeroed scalars (the block preamble with the grid's
 * results); what it leaves is the initial scalar file of every warp.
 */
struct vgpu_code_kernel {
	__u32 name;
	__u32 func;
	__u32 grid_pre;
	__u32 block_pre;
	__u16 vregs;
	__u16 sregs;
	__u32 param_size;
	__u32 shared_size;
	__u32 local_size;
	__u32 max_threads;
	__u32 shape;
	__u32 flags;
	__u32 req[3];
};

#define VGPU_SHAPE_X32		0x1	/* blockDim.x is a multiple of 32 */
#define VGPU_SHAPE_FULL		0x2	/* the block is a multiple of 32 threads */
#define VGPU_SHAPE_1D		0x4	/* blockDim.y = blockDim.z = 1 */
#define VGPU_SHAPE_ALL		0x7

#define VGPU_KERNEL_STACK	0x1	/* makes calls: add the context's stack size to local_size */
#define VGPU_KERNEL_ALL		0x1

/**
 * struct vgpu_code_func - a function
 * @start: first instruction
 * @count: instructions; control never leaves them but by calls, EXIT and RET,
 *	and the last one does not fall through
 * @name: offset into the strings
 * @id: id by which CALLI names it, or VGPU_NO_PC
 */
struct vgpu_code_func {
	__u32 start;
	__u32 count;
	__u32 name;
	__u32 id;
};

/**
 * struct vgpu_code_pattern - byte offsets of the 32 lanes, for the SP form and SBASE
 * @offset: per lane; each less than VGPU_PATTERN_SPAN
 */
struct vgpu_code_pattern {
	__u32 offset[VGPU_WARP_LANES];
};
#define VGPU_PATTERN_SPAN	(1U << 20)

/** struct vgpu_code_table - a jump table: @count entries of the targets from @first */
struct vgpu_code_table {
	__u32 first;
	__u32 count;
};

/** struct vgpu_code_line - from @pc on, instructions come from PTX line @line */
struct vgpu_code_line {
	__u32 pc;
	__u32 line;
};

/* The words of the table's columns, each a number for the hash below. */
enum vgpu_isa_word {
	VGPU_WORD__, VGPU_WORD_V, VGPU_WORD_W, VGPU_WORD_X, VGPU_WORD_Y, VGPU_WORD_S, VGPU_WORD_T,
	VGPU_WORD_P, VGPU_WORD_R, VGPU_WORD_G, VGPU_WORD_M, VGPU_WORD_N,

	VGPU_WORD_NONE, VGPU_WORD_SCMP, VGPU_WORD_BAR, VGPU_WORD_BARRED, VGPU_WORD_FENCE, VGPU_WORD_S32,
	VGPU_WORD_EXT, VGPU_WORD_SPACE, VGPU_WORD_CARRY, VGPU_WORD_LUT, VGPU_WORD_PRMT, VGPU_WORD_BFI,
	VGPU_WORD_BMSK, VGPU_WORD_SZEXT, VGPU_WORD_BFIND, VGPU_WORD_DPSIGN, VGPU_WORD_CMP, VGPU_WORD_SAT,
	VGPU_WORD_MINMAX, VGPU_WORD_FCMP, VGPU_WORD_TESTP, VGPU_WORD_HMOD, VGPU_WORD_CVT, VGPU_WORD_CVTI,
	VGPU_WORD_Q8, VGPU_WORD_SHFL, VGPU_WORD_VOTE, VGPU_WORD_REDUX, VGPU_WORD_ORDER, VGPU_WORD_ATOM,
	VGPU_WORD_CPASYNC, VGPU_WORD_LDSM, VGPU_WORD_MMASC, VGPU_WORD_MBAR, VGPU_WORD_BULK,

	VGPU_WORD_ZERO, VGPU_WORD_NUM, VGPU_WORD_TARGET, VGPU_WORD_FUNC, VGPU_WORD_SRC, VGPU_WORD_FMODE,
	VGPU_WORD_SREG, VGPU_WORD_OFFSET, VGPU_WORD_ATOMIC, VGPU_WORD_CPOFF, VGPU_WORD_MMA,

	VGPU_WORD_CTRL, VGPU_WORD_SCALAR, VGPU_WORD_SMEM, VGPU_WORD_SVEC, VGPU_WORD_ALU, VGPU_WORD_LANE,
	VGPU_WORD_MEM, VGPU_WORD_MAT
};

/*
 * A hash: a row counts with its place, the length of its mnemonic and the words of its columns, a list
 * with its length. The weights are odd, and place times word stays below 65536: no change of one word is lost.
 */
enum vgpu_isa_minor {
	VGPU_ISA_MINOR = (0
#define VGPU_OP(NAME, TEXT, D, A, B, C, MOD, IMM, CLASS, MEANING) \
	+ (VGPU_OP_##NAME + 1u) * (31u * sizeof(TEXT) + \
	   97u * VGPU_WORD_##D + 101u * VGPU_WORD_##A + 103u * VGPU_WORD_##B + 107u * VGPU_WORD_##C + \
	   7u * VGPU_WORD_##MOD + 3u * VGPU_WORD_##IMM + VGPU_WORD_##CLASS)
#include "vgpu_isa_ops.h"
#undef VGPU_OP
	+ 3 * VGPU_CMP_COUNT + 5 * VGPU_FCMP_COUNT + 7 * VGPU_TESTP_COUNT + 11 * VGPU_ROUND_COUNT
	+ 13 * VGPU_INT_COUNT + 17 * VGPU_EXT_COUNT + 19 * VGPU_Q8_COUNT + 23 * VGPU_PRMT_COUNT
	+ 29 * VGPU_BARRED_COUNT + 31 * VGPU_VOTE_COUNT + 37 * VGPU_REDUX_COUNT + 41 * VGPU_SPACE_COUNT
	+ 43 * VGPU_ORDER_COUNT + 47 * VGPU_FENCE_COUNT + 53 * VGPU_ATOM_COUNT + 59 * VGPU_AT_COUNT
	+ 61 * VGPU_MBAR_COUNT + 67 * VGPU_BULK_COUNT + 71 * VGPU_TENSOR_SWIZZLE_COUNT
	+ 73 * VGPU_MMA_COUNT + 79 * VGPU_SREG_COUNT + 83 * VGPU_STOP_COUNT + 89 * VGPU_SEC_COUNT) & 0xffff
};

#endif /* _UAPI_VGPU_ISA_H */
