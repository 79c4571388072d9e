# SPDX-License-Identifier: MIT
"""ml.py PID: asks nvidia-ml-py all that the documentation says is answered, while PID keeps the
device busy. Prints what it got, what is wrong with it, and "all well" if nothing is."""
import sys
import time
import pynvml as n

PID = int(sys.argv[1])
MIB = 1 << 20
wrong = 0


def expect(what, got, good):
    """One answer and whether it is as it must be."""
    global wrong
    print(f"{what}: {got}{'' if good else '   <- WRONG'}")
    wrong += not good


def refused(what, call, *args):
    """A call that must say NOT_SUPPORTED."""
    try:
        expect(what, call(*args), False)
    except n.NVMLError_NotSupported:
        expect(what, "not supported", True)


n.nvmlInit()
expect("driver", n.nvmlSystemGetDriverVersion(), n.nvmlSystemGetDriverVersion().startswith("580."))
expect("CUDA", n.nvmlSystemGetCudaDriverVersion_v2(), n.nvmlSystemGetCudaDriverVersion_v2() == 13000)
expect("devices", n.nvmlDeviceGetCount(), n.nvmlDeviceGetCount() == 1)
d = n.nvmlDeviceGetHandleByIndex(0)
uuid = n.nvmlDeviceGetUUID(d)
expect("UUID", uuid, uuid.startswith("GPU-") and n.nvmlDeviceGetIndex(n.nvmlDeviceGetHandleByUUID(uuid)) == 0)
pci = n.nvmlDeviceGetPciInfo(d)
expect("PCI", pci.busId, n.nvmlDeviceGetIndex(n.nvmlDeviceGetHandleByPciBusId(pci.busId)) == 0)
expect("PCI ids", hex(pci.pciDeviceId), pci.pciDeviceId & 0xffff == 0x10de)
cc = n.nvmlDeviceGetCudaComputeCapability(d)
expect("compute capability", cc, cc == (12, 0))
expect("architecture", n.nvmlDeviceGetArchitecture(d), n.nvmlDeviceGetArchitecture(d) == n.NVML_DEVICE_ARCH_BLACKWELL)
expect("cores", n.nvmlDeviceGetNumGpuCores(d), n.nvmlDeviceGetNumGpuCores(d) % 128 == 0)

memory, memory2 = n.nvmlDeviceGetMemoryInfo(d), n.nvmlDeviceGetMemoryInfo(d, version=n.nvmlMemory_v2)
expect("memory used", memory.used, memory.used == 96 * MIB and memory2.used == 96 * MIB)
expect("memory", memory.total, memory.total == 1024 * MIB)
expect("memory adds up", memory2.reserved,
       memory2.used + memory2.free + memory2.reserved == memory2.total)
bar1 = n.nvmlDeviceGetBAR1MemoryInfo(d)
expect("BAR1", bar1.bar1Total, bar1.bar1Free + bar1.bar1Used == bar1.bar1Total)
processes = n.nvmlDeviceGetComputeRunningProcesses(d)
expect("processes", [(p.pid, p.usedGpuMemory) for p in processes],
       [(p.pid, p.usedGpuMemory) for p in processes] == [(PID, 96 * MIB)])
expect("its name", n.nvmlSystemGetProcessName(PID), n.nvmlSystemGetProcessName(PID).endswith("/load"))
expect("graphics processes", n.nvmlDeviceGetGraphicsRunningProcesses(d),
       n.nvmlDeviceGetGraphicsRunningProcesses(d) == [])

best = max((n.nvmlDeviceGetUtilizationRates(d).gpu, time.sleep(0.11))[0] for _ in range(10))
expect("utilization", best, 10 <= best <= 100)
shares = n.nvmlDeviceGetProcessUtilization(d, 0)
expect("share of the process", [(s.pid, s.smUtil) for s in shares],
       len(shares) == 1 and shares[0].pid == PID and 5 <= shares[0].smUtil <= 100)
kind, samples = n.nvmlDeviceGetSamples(d, n.NVML_GPU_UTILIZATION_SAMPLES, 0)
values = [s.sampleValue.uiVal for s in samples]
stamps = [s.timeStamp for s in samples]
expect("samples", values, kind == n.NVML_VALUE_TYPE_UNSIGNED_INT and len(values) >= 10 and
       max(values) >= 10 and max(values) <= 100 and stamps == sorted(set(stamps)))
expect("encoder, decoder", (n.nvmlDeviceGetEncoderUtilization(d), n.nvmlDeviceGetDecoderUtilization(d)),
       n.nvmlDeviceGetEncoderUtilization(d)[0] == 0 and n.nvmlDeviceGetDecoderUtilization(d)[0] == 0)

limit, power = n.nvmlDeviceGetEnforcedPowerLimit(d), n.nvmlDeviceGetPowerUsage(d)
expect("power", (power, limit), limit // 10 <= power <= limit)
energy = n.nvmlDeviceGetTotalEnergyConsumption(d)
expect("energy", energy, energy > 0)
temperature = n.nvmlDeviceGetTemperature(d, n.NVML_TEMPERATURE_GPU)
slowdown = n.nvmlDeviceGetTemperatureThreshold(d, n.NVML_TEMPERATURE_THRESHOLD_SLOWDOWN)
expect("temperature", (temperature, slowdown), 30 <= temperature < slowdown)
expect("fan", n.nvmlDeviceGetFanSpeed(d), 30 <= n.nvmlDeviceGetFanSpeed(d) <= 100)
expect("performance state", n.nvmlDeviceGetPerformanceState(d), n.nvmlDeviceGetPerformanceState(d) == 0)
clock, highest = (f(d, n.NVML_CLOCK_SM) for f in (n.nvmlDeviceGetClockInfo, n.nvmlDeviceGetMaxClockInfo))
expect("clock", (clock, highest), 0 < clock <= highest)
reasons = n.nvmlDeviceGetCurrentClocksEventReasons(d)
expect("clocks are not low", reasons, not reasons & n.nvmlClocksEventReasonGpuIdle)

rx, tx = (n.nvmlDeviceGetPcieThroughput(d, c) for c in (n.NVML_PCIE_UTIL_RX_BYTES, n.NVML_PCIE_UTIL_TX_BYTES))
for _ in range(1200):   # the load copies a little, to the host only; where it is emulated, seldom
    if tx:
        break
    time.sleep(0.1)
    tx = n.nvmlDeviceGetPcieThroughput(d, n.NVML_PCIE_UTIL_TX_BYTES)
expect("PCIe traffic", (rx, tx), rx == 0 and tx > 0)
link = n.nvmlDeviceGetCurrPcieLinkGeneration(d), n.nvmlDeviceGetCurrPcieLinkWidth(d)
expect("PCIe link", link, link == (5, 16))
expect("ECC", n.nvmlDeviceGetEccMode(d), n.nvmlDeviceGetEccMode(d) == [1, 1])
errors = n.nvmlDeviceGetTotalEccErrors(d, n.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, n.NVML_VOLATILE_ECC)
expect("ECC errors", errors, errors == 0)
expect("MIG", n.nvmlDeviceGetMigMode(d), n.nvmlDeviceGetMigMode(d) == [0, 0])
expect("modes", (n.nvmlDeviceGetComputeMode(d), n.nvmlDeviceGetPersistenceMode(d)), n.nvmlDeviceGetComputeMode(d) == 0)
fields = n.nvmlDeviceGetFieldValues(d, [n.NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION, n.NVML_FI_DEV_ECC_DBE_VOL_TOTAL])
expect("fields", [(f.nvmlReturn, f.value.ullVal) for f in fields],
       all(f.nvmlReturn == 0 for f in fields) and fields[0].value.ullVal >= energy and fields[1].value.ullVal == 0)
refused("VBIOS version", n.nvmlDeviceGetVbiosVersion, d)
refused("MIG on", n.nvmlDeviceSetMigMode, d, 1)
n.nvmlShutdown()
print("all well" if not wrong else f"{wrong} wrong")
