#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""NVML's view of a device's failures.

watch.py		every supported event of device 0, and what asking for its memory says then; ends
		when that says that the device is lost
watch.py gone N	waits for events of device N until it is removed and 2 s longer: how many waits, and how many of them
		said that it is lost
watch.py now	what its sensors say: reasons for low clocks, SM clock and its highest, temperature, recovery action
"""
import ctypes
import sys
import time

nvml = ctypes.CDLL("libnvidia-ml.so.1")
TIMEOUT, GPU_IS_LOST = 10, 15
CLOCK_SM, TEMPERATURE_GPU, RECOVERY_ACTION = 1, 0, 230


class EventData(ctypes.Structure):
    """nvmlEventData_t"""
    _fields_ = [("device", ctypes.c_void_p), ("type", ctypes.c_ulonglong),
                ("data", ctypes.c_ulonglong), ("gi", ctypes.c_uint), ("ci", ctypes.c_uint)]


class Memory(ctypes.Structure):
    """nvmlMemory_t"""
    _fields_ = [("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong),
                ("used", ctypes.c_ulonglong)]


class FieldValue(ctypes.Structure):
    """nvmlFieldValue_t"""
    _fields_ = [("field", ctypes.c_uint), ("scope", ctypes.c_uint), ("timestamp", ctypes.c_longlong),
                ("latency", ctypes.c_longlong), ("type", ctypes.c_uint), ("result", ctypes.c_uint),
                ("value", ctypes.c_ulonglong)]


def must(result, what):
    """A call that has to succeed."""
    if result:
        sys.exit(f"{what}: {result}")


def number(function, kind, *args):
    """The number that a call gives."""
    n = kind()
    must(getattr(nvml, function)(*args, ctypes.byref(n)), function)
    return n.value


def watch(device):
    """Print events."""
    events, event, memory, answer = ctypes.c_void_p(), EventData(), Memory(), 0
    types = number("nvmlDeviceGetSupportedEventTypes", ctypes.c_ulonglong, device)
    must(nvml.nvmlEventSetCreate(ctypes.byref(events)), "set")
    must(nvml.nvmlDeviceRegisterEvents(device, ctypes.c_ulonglong(types), events), "register")
    print("ready", flush=True)
    while answer != GPU_IS_LOST:
        must(nvml.nvmlEventSetWait_v2(events, ctypes.byref(event), 30000), "wait")
        answer = nvml.nvmlDeviceGetMemoryInfo(device, ctypes.byref(memory))
        print(f"event {event.type:#x} {event.data} memory {answer}", flush=True)


def gone(device):
    """Wait for the device to go, and go on waiting."""
    events, event, answers, end = ctypes.c_void_p(), EventData(), [], None
    must(nvml.nvmlEventSetCreate(ctypes.byref(events)), "set")
    must(nvml.nvmlDeviceRegisterEvents(device, ctypes.c_ulonglong(8), events), "register")
    print("ready", flush=True)
    while not end or time.monotonic() < end:
        answers.append(nvml.nvmlEventSetWait_v2(events, ctypes.byref(event), 500))
        if answers[-1] != TIMEOUT and not end:
            end = time.monotonic() + 2
    print("few" if len(answers) < 200 else len(answers), "waits", answers.count(GPU_IS_LOST), "lost", flush=True)


def now(device):
    """Print sensors."""
    field = FieldValue(field=RECOVERY_ACTION)
    must(nvml.nvmlDeviceGetFieldValues(device, 1, ctypes.byref(field)), "field")
    must(field.result, "recovery action")
    print("reasons %#x" % number("nvmlDeviceGetCurrentClocksEventReasons", ctypes.c_ulonglong, device),
          "clock %d of %d" % (number("nvmlDeviceGetClockInfo", ctypes.c_uint, device, CLOCK_SM),
                              number("nvmlDeviceGetMaxClockInfo", ctypes.c_uint, device, CLOCK_SM)),
          "temperature %d" % number("nvmlDeviceGetTemperature", ctypes.c_uint, device, TEMPERATURE_GPU),
          "recovery %d" % (field.value & 0xffffffff))


def main():
    """As asked for."""
    device = ctypes.c_void_p()
    must(nvml.nvmlInit_v2(), "nvmlInit_v2")
    index = int(sys.argv[2]) if sys.argv[1:2] == ["gone"] else 0
    must(nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(device)), "handle")
    if sys.argv[1:] == ["now"]:
        now(device)
    elif sys.argv[1:2] == ["gone"]:
        gone(device)
    else:
        watch(device)


main()
