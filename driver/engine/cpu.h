/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VGPU_ENGINE_CPU_H
#define VGPU_ENGINE_CPU_H

#include "engine_os.h"

bool eng_cpu_sse2(void);
bool eng_cpu_avx2(void);	/* with FMA, F16C and BMI */
bool eng_cpu_avx512(void);	/* F, BW, DQ, VL */

#endif /* VGPU_ENGINE_CPU_H */
