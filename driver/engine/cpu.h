/* SPDX-License-Identifier: GPL-2.0 */
/* What the processor has, and its system saves: which handler sets can run. */
#ifndef VGPU_ENGINE_CPU_H
#define VGPU_ENGINE_CPU_H

#include "engine_os.h"

bool eng_cpu_sse2(void);
bool eng_cpu_avx2(void);	/* with FMA, F16C and BMI */
bool eng_cpu_avx512(void);	/* F, BW, DQ, VL */
bool eng_cpu_avx512vnni(void);	/* with VNNI and VBMI */
bool eng_cpu_avx512fp16(void);	/* with FP16 as well; gathers are quick and safe */

#endif /* VGPU_ENGINE_CPU_H */
