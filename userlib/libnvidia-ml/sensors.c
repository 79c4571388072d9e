// SPDX-License-Identifier: MIT
/*
 * Power, temperature, clocks and what lowers them: the kernel's model, see
 * Documentation/nvml.rst.
 */
#include "device.h"

/* Answers that are one number of struct vgpu_sensors, known as s. */
#define SENSOR(function, type, have, value)                                       \
	EXPORT nvmlReturn_t function(nvmlDevice_t device, type *out)              \
	{                                                                         \
		nvmlReturn_t r = nvml_enter_device(device, out);                  \
		struct vgpu_sensors s;                                            \
                                                                                  \
		if (r != NVML_SUCCESS)                                            \
			return r;                                                 \
		r = (have) ? nvml_sensors(device, &s) : NVML_ERROR_NOT_SUPPORTED; \
		if (r == NVML_SUCCESS)                                            \
			*out = (value);                                           \
		return nvml_leave(r);                                             \
	}

nvmlReturn_t nvml_sensors(struct nvml_device *d, struct vgpu_sensors *s)
{
	return nvml_error(vgpu_dev_sensors(&d->dev, s));
}

static bool has_fan(const struct nvml_device *d)
{
	return d->dev.info.features & VGPU_FEATURE_FAN;
}

/* ------------------------------------------------------------------ power */

static unsigned int limit(const struct nvml_device *d)
{
	return d->dev.info.power_limit_mw;
}

SENSOR(nvmlDeviceGetPowerUsage, unsigned int, limit(device), s.power_mw)
SENSOR(nvmlDeviceGetTotalEnergyConsumption, unsigned long long, limit(device), s.energy_uj / 1000)
SENSOR(nvmlDeviceGetPowerState, unsigned int, true, s.pstate)
SENSOR(nvmlDeviceGetPerformanceState, unsigned int, true, s.pstate)
/* The limit is the profile's and cannot be moved. */
SENSOR(nvmlDeviceGetPowerManagementMode, unsigned int, true,
       limit(device) ? NVML_FEATURE_ENABLED : NVML_FEATURE_DISABLED)
SENSOR(nvmlDeviceGetPowerManagementLimit, unsigned int, limit(device), limit(device))
SENSOR(nvmlDeviceGetPowerManagementDefaultLimit, unsigned int, limit(device), limit(device))
SENSOR(nvmlDeviceGetEnforcedPowerLimit, unsigned int, limit(device), limit(device))
SENSOR(nvmlDeviceGetPowerSource, unsigned int, true, NVML_POWER_SOURCE_AC)

EXPORT nvmlReturn_t nvmlDeviceGetPowerManagementLimitConstraints(nvmlDevice_t device, unsigned int *least,
								 unsigned int *most)
{
	nvmlReturn_t r = nvml_enter_device(device, least);

	if (r != NVML_SUCCESS)
		return r;
	if (!most)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	if (!limit(device))
		return nvml_leave(NVML_ERROR_NOT_SUPPORTED);
	*least = limit(device);
	*most = limit(device);
	return nvml_leave(NVML_SUCCESS);
}

EXPORT nvmlReturn_t nvmlDeviceGetSupportedPerformanceStates(nvmlDevice_t device, unsigned int *states,
							    unsigned int bytes)
{
	nvmlReturn_t r = nvml_enter_device(device, states);
	unsigned int n = bytes / sizeof(*states);

	if (r != NVML_SUCCESS)
		return r;
	if (n < 2)
		return nvml_leave(NVML_ERROR_INSUFFICIENT_SIZE);
	states[0] = 0;
	states[1] = 8;
	for (unsigned int i = 2; i < n; i++)
		states[i] = NVML_PSTATE_UNKNOWN;
	return nvml_leave(NVML_SUCCESS);
}

/* ------------------------------------------------------------ temperature */

static int degrees(int mdeg)
{
	return (mdeg + (mdeg < 0 ? -500 : 500)) / 1000;
}

EXPORT nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, unsigned int sensor, unsigned int *out)
{
	nvmlReturn_t r = nvml_enter_device(device, out);
	struct vgpu_sensors s;

	if (r != NVML_SUCCESS)
		return r;
	r = sensor == NVML_TEMPERATURE_GPU ? nvml_sensors(device, &s) : NVML_ERROR_INVALID_ARGUMENT;
	if (r == NVML_SUCCESS)
		*out = degrees(s.temperature_mdeg);
	return nvml_leave(r);
}

EXPORT nvmlReturn_t nvmlDeviceGetTemperatureV(nvmlDevice_t device, nvmlTemperature_v1_t *t)
{
	nvmlReturn_t r = nvml_enter_device(device, t);
	struct vgpu_sensors s;

	if (r != NVML_SUCCESS)
		return r;
	if (t->version != NVML_STRUCT_VERSION(nvmlTemperature_v1_t, 1))
		return nvml_leave(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
	r = t->sensorType == NVML_TEMPERATURE_GPU ? nvml_sensors(device, &s) : NVML_ERROR_INVALID_ARGUMENT;
	if (r == NVML_SUCCESS)
		t->temperature = degrees(s.temperature_mdeg);
	return nvml_leave(r);
}

/* Degrees up to where clocks are lowered. */
EXPORT nvmlReturn_t nvmlDeviceGetMarginTemperature(nvmlDevice_t device, nvmlMarginTemperature_v1_t *t)
{
	nvmlReturn_t r = nvml_enter_device(device, t);
	struct vgpu_sensors s;

	if (r != NVML_SUCCESS)
		return r;
	if (t->version != NVML_STRUCT_VERSION(nvmlMarginTemperature_v1_t, 1))
		return nvml_leave(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
	r = nvml_sensors(device, &s);
	if (r == NVML_SUCCESS)
		t->marginTemperature = degrees(s.slowdown_mdeg - s.temperature_mdeg);
	return nvml_leave(r);
}

static nvmlReturn_t threshold(const struct vgpu_sensors *s, unsigned int which, unsigned int *out)
{
	switch (which) {
	case NVML_TEMPERATURE_THRESHOLD_SHUTDOWN:
		*out = degrees(s->shutdown_mdeg);
		return NVML_SUCCESS;
	case NVML_TEMPERATURE_THRESHOLD_SLOWDOWN:
	case NVML_TEMPERATURE_THRESHOLD_GPU_MAX:
		*out = degrees(s->slowdown_mdeg);
		return NVML_SUCCESS;
	}
	return which < NVML_TEMPERATURE_THRESHOLD_COUNT ? NVML_ERROR_NOT_SUPPORTED : NVML_ERROR_INVALID_ARGUMENT;
}

EXPORT nvmlReturn_t nvmlDeviceGetTemperatureThreshold(nvmlDevice_t device, unsigned int which, unsigned int *out)
{
	nvmlReturn_t r = nvml_enter_device(device, out);
	struct vgpu_sensors s;

	if (r != NVML_SUCCESS)
		return r;
	r = nvml_sensors(device, &s);
	return nvml_leave(r == NVML_SUCCESS ? threshold(&s, which, out) : r);
}

/* -------------------------------------------------------------------- fan */

SENSOR(nvmlDeviceGetNumFans, unsigned int, true, has_fan(device) ? 1 : 0)
SENSOR(nvmlDeviceGetFanSpeed, unsigned int, has_fan(device), s.fan_percent)

static nvmlReturn_t fan(nvmlDevice_t device, unsigned int which, unsigned int *out)
{
	nvmlReturn_t r = nvml_enter_device(device, out);
	struct vgpu_sensors s;

	if (r != NVML_SUCCESS)
		return r;
	if (!has_fan(device))
		return nvml_leave(NVML_ERROR_NOT_SUPPORTED);
	if (which)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	r = nvml_sensors(device, &s);
	if (r == NVML_SUCCESS)
		*out = s.fan_percent;
	return nvml_leave(r);
}

EXPORT nvmlReturn_t nvmlDeviceGetFanSpeed_v2(nvmlDevice_t device, unsigned int which, unsigned int *out)
{
	return fan(device, which, out);
}

EXPORT nvmlReturn_t nvmlDeviceGetTargetFanSpeed(nvmlDevice_t device, unsigned int which, unsigned int *out)
{
	return fan(device, which, out);
}

/* ----------------------------------------------------------------- clocks */

static unsigned int highest_mhz(const struct vgpu_device_info *i, unsigned int type)
{
	return (type == NVML_CLOCK_MEM ? i->mem_clock_khz : i->clock_khz) / 1000;
}

/* There is no video unit. */
static nvmlReturn_t clock_type(unsigned int type)
{
	if (type == NVML_CLOCK_VIDEO)
		return NVML_ERROR_NOT_SUPPORTED;
	return type < NVML_CLOCK_COUNT ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}

static nvmlReturn_t clock_now(struct nvml_device *d, unsigned int type, unsigned int *mhz)
{
	struct vgpu_sensors s;
	nvmlReturn_t r = nvml_sensors(d, &s);

	if (r == NVML_SUCCESS)
		*mhz = (type == NVML_CLOCK_MEM ? s.mem_clock_khz : s.clock_khz) / 1000;
	return r;
}

EXPORT nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t device, unsigned int type, unsigned int *mhz)
{
	nvmlReturn_t r = nvml_enter_device(device, mhz);

	if (r != NVML_SUCCESS)
		return r;
	r = clock_type(type);
	return nvml_leave(r == NVML_SUCCESS ? clock_now(device, type, mhz) : r);
}

EXPORT nvmlReturn_t nvmlDeviceGetMaxClockInfo(nvmlDevice_t device, unsigned int type, unsigned int *mhz)
{
	nvmlReturn_t r = nvml_enter_device(device, mhz);

	if (r != NVML_SUCCESS)
		return r;
	r = clock_type(type);
	if (r == NVML_SUCCESS)
		*mhz = highest_mhz(&device->dev.info, type);
	return nvml_leave(r);
}

EXPORT nvmlReturn_t nvmlDeviceGetMaxCustomerBoostClock(nvmlDevice_t device, unsigned int type, unsigned int *mhz)
{
	return nvmlDeviceGetMaxClockInfo(device, type, mhz);
}

/* Clocks that applications ask for cannot be set, so there are none to tell. */
EXPORT nvmlReturn_t nvmlDeviceGetClock(nvmlDevice_t device, unsigned int type, unsigned int id, unsigned int *mhz)
{
	if (id == NVML_CLOCK_ID_CURRENT)
		return nvmlDeviceGetClockInfo(device, type, mhz);
	if (id == NVML_CLOCK_ID_CUSTOMER_BOOST_MAX)
		return nvmlDeviceGetMaxClockInfo(device, type, mhz);
	return nvmlDeviceGetClockInfo(device, NVML_CLOCK_VIDEO, mhz);
}

static unsigned long long reasons(unsigned int throttle)
{
	unsigned long long bits = 0;

	if (throttle & VGPU_THROTTLE_IDLE)
		bits |= NVML_CLOCKS_GPU_IDLE;
	if (throttle & VGPU_THROTTLE_POWER)
		bits |= NVML_CLOCKS_SW_POWER_CAP;
	if (throttle & VGPU_THROTTLE_THERMAL)
		bits |= NVML_CLOCKS_SW_THERMAL;
	if (throttle & VGPU_THROTTLE_HARDWARE)
		bits |= NVML_CLOCKS_HW_SLOWDOWN;
	return bits;
}

SENSOR(nvmlDeviceGetCurrentClocksEventReasons, unsigned long long, true, reasons(s.throttle))
SENSOR(nvmlDeviceGetCurrentClocksThrottleReasons, unsigned long long, true, reasons(s.throttle))
SENSOR(nvmlDeviceGetSupportedClocksEventReasons, unsigned long long, true, reasons(~0u))
SENSOR(nvmlDeviceGetSupportedClocksThrottleReasons, unsigned long long, true, reasons(~0u))

/* referenceTime is in microseconds, violationTime in nanoseconds. */
/* 6 to 9 are none. */
static bool is_policy(unsigned int policy)
{
	return policy <= NVML_PERF_POLICY_RELIABILITY || policy == NVML_PERF_POLICY_TOTAL_APP_CLOCKS ||
	       policy == NVML_PERF_POLICY_TOTAL_BASE_CLOCKS;
}

EXPORT nvmlReturn_t nvmlDeviceGetViolationStatus(nvmlDevice_t device, unsigned int policy, nvmlViolationTime_t *out)
{
	nvmlReturn_t r = nvml_enter_device(device, out);
	struct vgpu_sensors s;

	if (r != NVML_SUCCESS)
		return r;
	r = nvml_sensors(device, &s);
	if (r != NVML_SUCCESS)
		return nvml_leave(r);
	switch (policy) {
	case NVML_PERF_POLICY_POWER:
		out->violationTime = s.throttle_power_ns;
		break;
	case NVML_PERF_POLICY_THERMAL:
		out->violationTime = s.throttle_thermal_ns;
		break;
	default:
		return nvml_leave(is_policy(policy) ? NVML_ERROR_NOT_SUPPORTED : NVML_ERROR_INVALID_ARGUMENT);
	}
	out->referenceTime = s.now_ns / 1000;
	return nvml_leave(NVML_SUCCESS);
}
