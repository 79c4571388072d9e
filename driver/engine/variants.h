/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers for special cases of an instruction: EV(NAME, VARIANT).
 *
 * B, C: that operand is one value (a scalar or the immediate), not a row.  What has
 * no such variant gets the value broadcast into a temporary first.  No include
 * guard: each includer defines EV.
 */

/* two sources, B single */
#define EV_B(NAME) EV(NAME, B)
EV_B(IADD) EV_B(ISUB) EV_B(IMUL) EV_B(IMINS) EV_B(IMINU) EV_B(IMAXS) EV_B(IMAXU)
EV_B(AND) EV_B(OR) EV_B(XOR) EV_B(SHL) EV_B(SHRU) EV_B(SHRS)
EV_B(LADD) EV_B(LSUB) EV_B(LMUL) EV_B(LAND) EV_B(LOR) EV_B(LXOR)
EV_B(LSHL) EV_B(LSHRU) EV_B(LSHRS)
EV_B(IMULWS) EV_B(IMULWU)
EV_B(FADD) EV_B(FSUB) EV_B(FMUL) EV_B(DADD) EV_B(DSUB) EV_B(DMUL)

/* the same, B the immediate: what nearly all masks and shifts have */
#define EV_I(NAME) EV(NAME, I)
EV_I(IADD) EV_I(AND) EV_I(OR) EV_I(XOR) EV_I(SHL) EV_I(SHRU) EV_I(SHRS)
#undef EV_I

/* three sources, B or C single */
#define EV_BC(NAME) EV(NAME, B) EV(NAME, C)
EV_BC(IMAD) EV_BC(LOP3) EV_BC(FFMA) EV_BC(DFMA) EV_BC(LMAD)
#undef EV_B
#undef EV_BC

/* by modifier: PRMT's default mode, DP4A's signs, plain conversions; with C single, the immediate */
EV(PRMT, IDX) EV(PRMT, IDX_C) EV(I2F, RN) EV(H2F, RN) EV(H2F, HI)
EV(DP4A, US) EV(DP4A, SU) EV(DP4A, SS) EV(DP4A, SSI)

/* pairs and triples that often follow each other (fuse.c) */
EV(SREGV, IADD) EV(SREGV, LTS_IF) EV(SREGV, LTU_IF) EV(BSYNC, EXIT) EV(LDG, SV32_TWO)
EV(AND, NIBBLES) EV(AND, NIBBLES_C) EV(H2F, PRODUCT)
EV(LDG, TWO_FADD) EV(LDG, TWO_FSUB) EV(LDG, TWO_FMUL) EV(LDG, TWO_FFMA) EV(LDG, TWO_FFMA_REV)
#define EV_TWIN(VARIANT) EV(LDG, VARIANT##_D4) EV(LDG, VARIANT##_W3)
EV_TWIN(TWIN_WW) EV_TWIN(TWIN_WH) EV_TWIN(TWIN_HW) EV_TWIN(TWIN_HH)
#undef EV_TWIN
EV(SETPI, EQ_IF) EV(SETPI, LTS_IF) EV(SETPI, GTS_IF) EV(SETPI, LTU_IF) EV(SETPI, GTU_IF)

/* comparisons: the others by swapping, inverting (x) */
EV(SETPI, LTS) EV(SETPI, GTS) EV(SETPI, LTU) EV(SETPI, GTU)
EV(SETPI, EQ_B) EV(SETPI, LTS_B) EV(SETPI, GTS_B) EV(SETPI, LTU_B) EV(SETPI, GTU_B)
EV(SETPL, LTS) EV(SETPL, GTS) EV(SETPL, LTU) EV(SETPL, GTU)
EV(SETPL, EQ_B) EV(SETPL, LTS_B) EV(SETPL, GTS_B) EV(SETPL, LTU_B) EV(SETPL, GTU_B)
EV(FSETP, NE) EV(FSETP, LT) EV(FSETP, LE) EV(FSETP, GT) EV(FSETP, GE) EV(FSETP, NUM)
EV(FSETP, EQ_B) EV(FSETP, NE_B) EV(FSETP, LT_B) EV(FSETP, LE_B) EV(FSETP, GT_B)
EV(FSETP, GE_B) EV(FSETP, NUM_B)
EV(DSETP, NE) EV(DSETP, LT) EV(DSETP, LE) EV(DSETP, GT) EV(DSETP, GE) EV(DSETP, NUM)

/* accesses: one address for all lanes; a pattern; consecutive 32-bit words */
#define EV_FORMS(NAME) EV(NAME, S) EV(NAME, SP) EV(NAME, ROW)
EV_FORMS(LDG) EV_FORMS(STG) EV_FORMS(LDS) EV_FORMS(STS)
#undef EV_FORMS
/* one word for all lanes; words and half words of a pattern, by enum eng_record_kind */
EV(LDG, S32) EV(LDS, S32)
#define EV_RECORD(NAME, VARIANT) \
	EV(NAME, VARIANT) EV(NAME, VARIANT##_D2) EV(NAME, VARIANT##_D4) EV(NAME, VARIANT##_W2) \
	EV(NAME, VARIANT##_W3)
EV_RECORD(LDG, REC32) EV_RECORD(LDG, REC16) EV_RECORD(LDS, REC32) EV_RECORD(LDS, REC16)
#undef EV_RECORD
EV(LDL, S) EV(STL, S)
/* one element of 32 bit, or less, at each lane's own address: in a register; base + index */
EV(LDG, W32) EV(LDG, W16) EV(LDG, SV32) EV(LDX, W32) EV(LDX, W16)
EV(LDS, W32) EV(LDS, W16) EV(LDS, SV32)
EV(STG, SV32) EV(STS, SV32) EV(STG, W32) EV(STX, W32) EV(LDG, SV16) EV(STG, SV16)

/* scalar branches by comparison */
EV(SBR, LTS) EV(SBR, LTU)

/* 32-bit scalar operations */
#define EV_32(NAME) EV(NAME, 32)
EV_32(SMOV) EV_32(SADD) EV_32(SSUB) EV_32(SMUL) EV_32(SMULHU) EV_32(SMULHS) EV_32(SMAD)
EV_32(SAND) EV_32(SOR) EV_32(SXOR) EV_32(SSHL) EV_32(SSHRU) EV_32(SSHRS)
EV_32(SMINU) EV_32(SMINS) EV_32(SMAXU) EV_32(SMAXS) EV_32(SDIVU) EV_32(SDIVS)
EV_32(SREMU) EV_32(SREMS) EV_32(SPOPC) EV_32(SCLZ) EV_32(SSEL)
#undef EV_32
