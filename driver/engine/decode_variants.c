// SPDX-License-Identifier: GPL-2.0
/*
 * Which handlers there are for special cases of an instruction: variants.h as a table.
 */
#include "decode.h"

/* What variants.h calls them */
#define IS_B		ENG_SEL_B
#define IS_C		ENG_SEL_C
/* found otherwise */
#define IS_IADD		0
#define IS_EXIT		0
#define IS_SV32_TWO	0
#define IS_PRODUCT	0
#define IS_NIBBLES	0
#define IS_NIBBLES_C	0
#define IS_TWO_FADD	0
#define IS_TWO_FSUB	0
#define IS_TWO_FMUL	0
#define IS_TWO_FFMA	0
#define IS_TWO_FFMA_REV	0
#define IS_TWIN_WW_D4	0
#define IS_TWIN_WW_W3	0
#define IS_TWIN_WH_D4	0
#define IS_TWIN_WH_W3	0
#define IS_TWIN_HW_D4	0
#define IS_TWIN_HW_W3	0
#define IS_TWIN_HH_D4	0
#define IS_TWIN_HH_W3	0
#define IS_EQ_IF	0
#define IS_LTS_IF	0
#define IS_GTS_IF	0
#define IS_LTU_IF	0
#define IS_GTU_IF	0
#define IS_RN		0
#define IS_HI		0
#define IS_IDX		0
#define IS_IDX_C	0
#define IS_US		0
#define IS_SU		0
#define IS_SS		0
#define IS_SSI		0
#define IS_EQ		0
#define IS_NE		0
#define IS_LT		0
#define IS_LE		0
#define IS_GT		0
#define IS_GE		0
#define IS_NUM		0
#define IS_LTS		0
#define IS_GTS		0
#define IS_LTU		0
#define IS_GTU		0
#define IS_EQ_B		0
#define IS_NE_B		0
#define IS_LT_B		0
#define IS_LE_B		0
#define IS_GT_B		0
#define IS_GE_B		0
#define IS_NUM_B	0
#define IS_LTS_B	0
#define IS_GTS_B	0
#define IS_LTU_B	0
#define IS_GTU_B	0

static const struct variant {
	u16 op, uop;
	u8 when;
} variants[] = {
#define EV(NAME, VARIANT) { VGPU_OP_##NAME, EV_##NAME##_##VARIANT, IS_##VARIANT },
#include "variants.h"
#undef EV
};

u32 eng_find_variant(u32 op, u8 when)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(variants); i++)
		if (variants[i].op == op && variants[i].when == when)
			return variants[i].uop;
	return 0;
}
