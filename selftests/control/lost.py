#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Driver API calls on a device that fell off the bus while nothing ran.

lost.py VGPU-CTL [N]: for each call, or one of N, a context with one of everything in it; then the device is lost, the call
is made, and the device is reset. Prints the names of those that succeeded all the same, and the errors of
the others. The same once with a context that has made no stream yet.
"""
import ctypes
import subprocess
import sys

cuda = ctypes.CDLL("libcuda.so.1")
P, U, L, I = ctypes.c_void_p, ctypes.c_uint, ctypes.c_ulonglong, ctypes.c_int
OF_THEIR_OWN = "cuGraphExecDestroy", "cuCtxCreate_v2"    # whose result is not that of the others
PTX = b""".version 7.0
.target sm_70
.address_size 64
.visible .global .u32 word;
.visible .entry nothing() { ret; }
"""


def must(name, *args):
    """A call that has to succeed."""
    result = getattr(cuda, name)(*args)
    if result:
        sys.exit(f"{name}: {result}")


def make(name, *args, kind=P):
    """The object that a call makes."""
    out = kind()
    must(name, ctypes.byref(out), *args)
    return out


class Things:
    """One of everything that calls need."""

    def __init__(self):
        self.stream = make("cuStreamCreate", U(0))
        self.event, self.later = make("cuEventCreate", U(0)), make("cuEventCreate", U(0))
        self.dev = make("cuMemAlloc_v2", L(4096), kind=L)
        self.gone = make("cuMemAlloc_v2", L(4096), kind=L)
        self.pooled = make("cuMemAllocAsync", L(4096), self.stream, kind=L)
        self.host = make("cuMemHostAlloc", L(4096), U(0))
        self.module = make("cuModuleLoadData", PTX)
        self.function = P()
        must("cuModuleGetFunction", ctypes.byref(self.function), self.module, b"nothing")
        self.graph = make("cuGraphCreate", U(0))
        self.exec = make("cuGraphInstantiateWithFlags", self.graph, L(0))
        self.pool = make("cuDeviceGetDefaultMemPool", I(0))
        must("cuEventRecord", self.event, self.stream)
        must("cuEventRecord", self.later, self.stream)
        must("cuLaunchKernel", self.function, *[U(1)] * 6, U(0), self.stream, None, None)
        must("cuCtxSynchronize")

    def calls(self):
        """Name and arguments of each."""
        room = ctypes.byref((ctypes.c_ulonglong * 8)())
        more = ctypes.byref((ctypes.c_ulonglong * 8)())
        buf = ctypes.create_string_buffer(4096)
        grid = [U(1)] * 6 + [U(0), self.stream, None, None]
        yield from [
            ("cuStreamQuery", self.stream), ("cuStreamSynchronize", self.stream),
            ("cuStreamQuery", None), ("cuStreamSynchronize", None),
            ("cuStreamWaitEvent", self.stream, self.event, U(0)), ("cuStreamCreate", room, U(0)),
            ("cuStreamCreateWithPriority", room, U(0), I(0)), ("cuStreamGetPriority", self.stream, room),
            ("cuStreamGetFlags", self.stream, room), ("cuStreamGetCtx", self.stream, room),
            ("cuStreamGetId", self.stream, room), ("cuStreamBeginCapture_v2", self.stream, I(0)),
            ("cuStreamIsCapturing", self.stream, room),
            ("cuEventCreate", room, U(0)), ("cuEventRecord", self.event, self.stream),
            ("cuEventQuery", self.event), ("cuEventSynchronize", self.event),
            ("cuEventElapsedTime", room, self.event, self.later),
            ("cuMemAlloc_v2", room, L(4096)), ("cuMemAllocAsync", room, L(4096), self.stream),
            ("cuMemFreeAsync", self.pooled, self.stream), ("cuMemAllocManaged", room, L(4096), U(1)),
            ("cuMemHostAlloc", room, L(4096), U(0)), ("cuMemAllocHost_v2", room, L(4096)),
            ("cuMemHostRegister_v2", buf, L(4096), U(0)), ("cuMemGetInfo_v2", room, more),
            ("cuMemGetAddressRange_v2", room, more, self.dev), ("cuMemHostGetDevicePointer_v2", room, self.host, U(0)),
            ("cuMemHostGetFlags", room, self.host),
            ("cuPointerGetAttribute", room, I(2), self.dev),
            ("cuMemcpyHtoD_v2", self.dev, buf, L(16)), ("cuMemcpyDtoH_v2", buf, self.dev, L(16)),
            ("cuMemcpyHtoDAsync_v2", self.dev, buf, L(16), self.stream),
            ("cuMemcpyDtoHAsync_v2", buf, self.dev, L(16), self.stream),
            ("cuMemcpyDtoD_v2", self.dev, self.gone, L(16)), ("cuMemcpy", self.dev, self.gone, L(16)),
            ("cuMemsetD8_v2", self.dev, ctypes.c_ubyte(0), L(16)), ("cuMemsetD32Async", self.dev, U(0), L(4), self.stream),
            ("cuModuleLoadData", room, PTX), ("cuModuleGetFunction", room, self.module, b"nothing"),
            ("cuModuleGetGlobal_v2", room, more, self.module, b"word"),
            ("cuFuncGetAttribute", room, I(0), self.function), ("cuFuncSetAttribute", self.function, I(8), I(0)),
            ("cuOccupancyMaxActiveBlocksPerMultiprocessor", room, self.function, I(32), L(0)),
            ("cuLaunchKernel", self.function, *grid), ("cuLaunchCooperativeKernel", self.function, *grid[:-1]),
            ("cuLaunchHostFunc", self.stream, ctypes.cast(cuda.cuInit, P), None),
            ("cuGraphLaunch", self.exec, self.stream), ("cuGraphUpload", self.exec, self.stream),
            ("cuGraphInstantiateWithFlags", room, self.graph, L(0)),
            ("cuMemPoolTrimTo", self.pool, L(0)),
            ("cuCtxGetLimit", room, U(0)), ("cuCtxSetLimit", U(0), L(2048)), ("cuCtxGetFlags", room),
            ("cuCtxGetCacheConfig", room), ("cuCtxSetCacheConfig", I(0)), ("cuCtxGetStreamPriorityRange", room, more),
            ("cuCtxResetPersistingL2Cache",),
            ("cuMemFree_v2", self.gone), ("cuMemFreeHost", self.host), ("cuEventDestroy_v2", self.later),
            ("cuStreamDestroy_v2", self.stream), ("cuModuleUnload", self.module), ("cuGraphExecDestroy", self.exec),
            ("cuCtxSynchronize",), ("cuCtxCreate_v2", room, U(0), I(0)),
        ]


def control(*words):
    """vgpu-ctl"""
    subprocess.run([sys.argv[1], *words], check=True, stdout=subprocess.DEVNULL)


def first_after_loss(choose):
    """Name and result of the call that choose() makes ready, the first one of a context that is lost."""
    context = make("cuCtxCreate_v2", U(0), I(0))
    name, *args = choose()
    control("inject", "off-bus")
    result = getattr(cuda, name)(*args)
    cuda.cuCtxDestroy_v2(context)
    control("reset", "--force")
    return name, result


def main():
    """As asked for."""
    must("cuInit", U(0))
    results = [first_after_loss(lambda: ("cuCtxSynchronize",)), first_after_loss(lambda: ("cuCtxSetFlags", U(0)))]
    context = make("cuCtxCreate_v2", U(0), I(0))
    names = [name for name, *_ in Things().calls()]
    must("cuCtxDestroy_v2", context)
    every = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    results += [first_after_loss(lambda n=n: list(Things().calls())[n]) for n, name in enumerate(names)
                if n % every == 0 or name in OF_THEIR_OWN]
    print("calls", len(results))
    print("succeeded", *[name for name, result in results if not result])
    print("errors", *sorted({str(result) for _, result in results if result}))


main()
