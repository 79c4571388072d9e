// SPDX-License-Identifier: MIT
/* nvmlDeviceGetFieldValues: single values by number, many at a time. */
#include <string.h>
#include <time.h>
#include "device.h"

/* Where a field's value comes from. */
enum source {
	ONE,        /* 1: ECC is on */
	ZERO,       /* what cannot happen here, counted */
	ECC_SINGLE, /* corrected errors, volatile or aggregate (@index) */
	ECC_DOUBLE,
	POWER_NS,   /* time at the power limit */
	THERMAL_NS, /* time at the temperature limit */
	ENERGY_MJ,
	POWER_MW,
	LIMIT_MW,
	TO_HOST, /* bytes copied */
	TO_GPU,
	SHUTDOWN,
	RECOVERY, /* what brings the device back to work */
};

/* What a field needs to be there. */
enum needs { NOTHING, ECC, POWER, ROWS };

struct field {
	unsigned short id;
	unsigned char source;
	unsigned char index;
	unsigned char needs;
	unsigned char type; /* nvmlValueType_t */
};

#define U NVML_VALUE_UINT
#define L NVML_VALUE_ULL
#define I NVML_VALUE_INT

/*
 * By NVML_FI_DEV_* number. All errors are of the device's memory: the counters of caches, registers and
 * textures are zero. A link that is none has no errors. Fields that are not here are not supported.
 */
static const struct field fields[] = {
	{ 1, ONE, 0, ECC, U },
	{ 2, ONE, 0, ECC, U },                        /* ECC_CURRENT, ECC_PENDING */
	{ 3, ECC_SINGLE, NVML_VOLATILE_ECC, ECC, L }, /* totals */
	{ 4, ECC_DOUBLE, NVML_VOLATILE_ECC, ECC, L },
	{ 5, ECC_SINGLE, NVML_AGGREGATE_ECC, ECC, L },
	{ 6, ECC_DOUBLE, NVML_AGGREGATE_ECC, ECC, L },
	{ 7, ZERO, 0, ECC, L },
	{ 8, ZERO, 0, ECC, L }, /* volatile: L1, L2 */
	{ 9, ZERO, 0, ECC, L },
	{ 10, ZERO, 0, ECC, L },
	{ 11, ECC_SINGLE, NVML_VOLATILE_ECC, ECC, L }, /* the device's memory */
	{ 12, ECC_DOUBLE, NVML_VOLATILE_ECC, ECC, L },
	{ 13, ZERO, 0, ECC, L },
	{ 14, ZERO, 0, ECC, L }, /* registers, texture, CBU */
	{ 15, ZERO, 0, ECC, L },
	{ 16, ZERO, 0, ECC, L },
	{ 17, ZERO, 0, ECC, L },
	{ 18, ZERO, 0, ECC, L },
	{ 19, ZERO, 0, ECC, L }, /* aggregate, in the same order */
	{ 20, ZERO, 0, ECC, L },
	{ 21, ZERO, 0, ECC, L },
	{ 22, ECC_SINGLE, NVML_AGGREGATE_ECC, ECC, L },
	{ 23, ECC_DOUBLE, NVML_AGGREGATE_ECC, ECC, L },
	{ 24, ZERO, 0, ECC, L },
	{ 25, ZERO, 0, ECC, L },
	{ 26, ZERO, 0, ECC, L },
	{ 27, ZERO, 0, ECC, L },
	{ 28, ZERO, 0, ECC, L },
	{ 29, ZERO, 0, ECC, L },
	{ 30, ZERO, 0, ECC, L },
	{ 31, ZERO, 0, ECC, U }, /* RETIRED_* */
	{ 74, POWER_NS, 0, NOTHING, L },
	{ 75, THERMAL_NS, 0, NOTHING, L }, /* PERF_POLICY_* */
	{ 83, ENERGY_MJ, 0, POWER, L },    /* TOTAL_ENERGY_CONSUMPTION */
	{ 92, ZERO, 0, ECC, U },
	{ 93, ZERO, 0, ECC, U }, /* RETIRED_PENDING_SBE, _DBE */
	{ 94, ZERO, 0, NOTHING, L },
	{ 95, ZERO, 0, NOTHING, L }, /* PCIE_REPLAY_* */
	{ 142, ZERO, 0, ROWS, U },
	{ 143, ZERO, 0, ROWS, U }, /* REMAPPED_* */
	{ 144, ZERO, 0, ROWS, U },
	{ 145, ZERO, 0, ROWS, U },
	{ 173, ZERO, 0, NOTHING, L },
	{ 174, ZERO, 0, NOTHING, L }, /* PCIE_COUNT_*: errors */
	{ 175, ZERO, 0, NOTHING, L },
	{ 176, ZERO, 0, NOTHING, L },
	{ 177, ZERO, 0, NOTHING, L },
	{ 178, ZERO, 0, NOTHING, L },
	{ 179, ZERO, 0, NOTHING, L },
	{ 180, ZERO, 0, NOTHING, L },
	{ 181, ZERO, 0, NOTHING, L },
	{ 182, ZERO, 0, NOTHING, L },
	{ 183, ZERO, 0, NOTHING, L },
	{ 185, POWER_MW, 0, POWER, U },
	{ 186, POWER_MW, 0, POWER, U }, /* POWER_AVERAGE, _INSTANT */
	{ 187, LIMIT_MW, 0, POWER, U },
	{ 188, LIMIT_MW, 0, POWER, U }, /* POWER_*_LIMIT */
	{ 189, LIMIT_MW, 0, POWER, U },
	{ 190, LIMIT_MW, 0, POWER, U },
	{ 192, LIMIT_MW, 0, POWER, U },
	{ 193, SHUTDOWN, 0, NOTHING, I },
	{ 194, ZERO, 0, NOTHING, I }, /* TEMPERATURE_*_TLIMIT */
	{ 196, ZERO, 0, NOTHING, I },
	{ 197, TO_HOST, 0, NOTHING, L },
	{ 198, TO_GPU, 0, NOTHING, L },   /* PCIE_COUNT_TX_, RX_BYTES */
	{ 230, RECOVERY, 0, NOTHING, U }, /* GET_GPU_RECOVERY_ACTION */
};

static const struct field *find_field(unsigned int id)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (fields[i].id == id)
			return &fields[i];
	return NULL;
}

static bool there(const struct vgpu_device_info *i, unsigned int needs)
{
	switch (needs) {
	case ECC:
		return i->features & VGPU_FEATURE_ECC;
	case POWER:
		return i->power_limit_mw;
	case ROWS:
		return i->features & VGPU_FEATURE_ECC && i->cc_major >= 8;
	}
	return true;
}

/* What all fields of a call are answered from. */
struct readings {
	struct vgpu_device_status status;
	struct vgpu_sensors sensors;
	unsigned int limit_mw;
};

static unsigned long long value(const struct field *f, const struct readings *now)
{
	switch ((enum source)f->source) {
	case ZERO:
		return 0;
	case ONE:
		return 1;
	case ECC_SINGLE:
		return now->status.ecc_single[f->index];
	case ECC_DOUBLE:
		return now->status.ecc_double[f->index];
	case POWER_NS:
		return now->sensors.throttle_power_ns;
	case THERMAL_NS:
		return now->sensors.throttle_thermal_ns;
	case ENERGY_MJ:
		return now->sensors.energy_uj / 1000;
	case POWER_MW:
		return now->sensors.power_mw;
	case LIMIT_MW:
		return now->limit_mw;
	case TO_HOST:
		return now->status.from_gpu_bytes;
	case TO_GPU:
		return now->status.to_gpu_bytes;
	case SHUTDOWN:
		return (now->sensors.slowdown_mdeg - now->sensors.shutdown_mdeg) / 1000;
	case RECOVERY:
		return now->status.state & VGPU_STATE_HUNG ? VGPU_RECOVERY_RESET : VGPU_RECOVERY_NONE;
	}
	return 0;
}

static void answer(const struct nvml_device *d, nvmlFieldValue_t *v, const struct readings *now, long long us)
{
	const struct field *f = find_field(v->fieldId);

	v->timestamp = us;
	v->latencyUsec = 0;
	v->nvmlReturn = f && there(&d->dev.info, f->needs) ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
	if (v->nvmlReturn != NVML_SUCCESS)
		return;
	v->valueType = f->type;
	memset(&v->value, 0, sizeof(v->value));
	if (f->type == L)
		v->value.ullVal = value(f, now);
	else
		v->value.uiVal = value(f, now);
}

EXPORT nvmlReturn_t nvmlDeviceGetFieldValues(nvmlDevice_t device, int count, nvmlFieldValue_t *values)
{
	nvmlReturn_t r = nvml_enter_device(device, values);
	struct readings now;
	struct timespec t;

	if (r != NVML_SUCCESS)
		return r;
	if (count <= 0)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	now.limit_mw = device->dev.info.power_limit_mw;
	r = nvml_status(device, &now.status);
	if (r == NVML_SUCCESS)
		r = nvml_sensors(device, &now.sensors);
	if (r != NVML_SUCCESS)
		return nvml_leave(r);
	clock_gettime(CLOCK_REALTIME, &t);
	for (int i = 0; i < count; i++)
		answer(device, &values[i], &now, t.tv_sec * 1000000ll + t.tv_nsec / 1000);
	return nvml_leave(NVML_SUCCESS);
}
