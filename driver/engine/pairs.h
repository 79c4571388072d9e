/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pairs of handlers that often follow each other, as one: EF(KIND, FIRST, SECOND).
 *
 * A jump from handler to handler costs as much as a simple instruction does, and what
 * the first one computes reaches the second one in registers.  KIND:
 *
 * A, B, C: vector instructions on 32 bits; the second's source of that name is the
 *	first's result.
 * ROWS: vector instructions, whatever their operands
 * LOAD: the same; the second has a handler that is better jumped to
 * UNIT: scalars and control, which do not care how many lanes are active
 *
 * Those that are here are frequent in compiled kernels, see Documentation/performance.rst;
 * selftests/engine/pairs.c wants a text for each name.  No include guard: each includer
 * defines EF.
 */
EF(A, SHRU_I, AND_I) EF(ROWS, AND_I, SHRU_I) EF(A, AND_I, OR_I)
EF(C, DP4A_SSI, DP4A_SS) EF(C, DP4A_SS, DP4A_SS)
EF(ROWS, I2F_RN, I2F_RN) EF(A, I2F_RN, FMUL) EF(B, I2F_RN, FMUL)
EF(ROWS, H2F_RN, H2F_RN) EF(ROWS, H2F_RN, H2F_HI)
EF(A, FMUL, FFMA) EF(B, FMUL, FFMA) EF(A, FMUL_B, FFMA) EF(B, FFMA, FFMA) EF(C, FFMA, FFMA)
EF(ROWS, FFMA, FFMA)
EF(ROWS, SHFL, FADD)
EF(ROWS, LDG_W16, H2F_RN) EF(ROWS, LDS_SV32, FADD) EF(ROWS, LADD_B, LDG_W16)
EF(LOAD, LADD_B, LDG_W32) EF(LOAD, LADD, LDG_W32)
EF(UNIT, SLD, SLD) EF(UNIT, SADD, SADD) EF(UNIT, SSETP, BRA) EF(UNIT, BSSY, BRA)
EF(UNIT, SMUL_32, SEXT) EF(UNIT, SEXT, SADD) EF(UNIT, SSHL_32, SADD_32)
EF(UNIT, SADD, SBR_LTS)
