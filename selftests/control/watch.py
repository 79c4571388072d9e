#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Waits for NVML's events of device 0, and prints each with what asking for its memory says.

Ends when the device is lost.
"""
import ctypes
import sys

nvml = ctypes.CDLL("libnvidia-ml.so.1")
SINGLE, DOUBLE, XID = 1, 2, 8
GPU_IS_LOST = 15


class EventData(ctypes.Structure):
    """nvmlEventData_t"""
    _fields_ = [("device", ctypes.c_void_p), ("type", ctypes.c_ulonglong),
                ("data", ctypes.c_ulonglong), ("gi", ctypes.c_uint), ("ci", ctypes.c_uint)]


class Memory(ctypes.Structure):
    """nvmlMemory_t"""
    _fields_ = [("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong),
                ("used", ctypes.c_ulonglong)]


def must(result, what):
    """A call that has to succeed."""
    if result:
        sys.exit(f"{what}: {result}")


def main():
    """Watch."""
    device, events = ctypes.c_void_p(), ctypes.c_void_p()
    event, memory, answer = EventData(), Memory(), 0
    must(nvml.nvmlInit_v2(), "nvmlInit_v2")
    must(nvml.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(device)), "handle")
    must(nvml.nvmlEventSetCreate(ctypes.byref(events)), "set")
    must(nvml.nvmlDeviceRegisterEvents(device, ctypes.c_ulonglong(SINGLE | DOUBLE | XID), events),
         "register")
    print("ready", flush=True)
    while answer != GPU_IS_LOST:
        must(nvml.nvmlEventSetWait_v2(events, ctypes.byref(event), 30000), "wait")
        answer = nvml.nvmlDeviceGetMemoryInfo(device, ctypes.byref(memory))
        print(f"event {event.type:#x} {event.data} memory {answer}", flush=True)


main()
