"""What the child gives up before it reads the first byte of a stranger's file.

Limits of memory, processor time and file size; no new descriptor, so no file and no socket; no new
privileges; and a filter that leaves only the system calls which computing needs. None of it needs
root. `docs/decisions/video-child.md` says what holds where the kernel has no such filter.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
from typing import Final

__all__ = ["confine", "filter_calls"]

_NICE: Final = 19

_PR_SET_DUMPABLE: Final = 4
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2

_ALLOW: Final = 0x7FFF0000
_EPERM: Final = 0x00050000 | 1
_ENOSYS: Final = 0x00050000 | 38
_KILL: Final = 0x80000000
_CLONE_THREAD: Final = 0x00010000

_ARCHITECTURES: Final = ("x86_64", "aarch64")
_AUDIT: Final = (0xC000003E, 0xC00000B7)
"""Their numbers in linux/audit.h."""
_CALLS: Final = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "poll": (7, 73),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "writev": (20, 66),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "nanosleep": (35, 101),
    "getpid": (39, 172),
    "sendto": (44, 206),
    "recvfrom": (45, 207),
    "exit": (60, 93),
    "fcntl": (72, 25),
    "gettimeofday": (96, 169),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "sigaltstack": (131, 132),
    "prctl": (157, 167),
    "gettid": (186, 178),
    "futex": (202, 98),
    "sched_setaffinity": (203, 122),
    "sched_getaffinity": (204, 123),
    "set_tid_address": (218, 96),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "exit_group": (231, 94),
    "tgkill": (234, 131),
    "get_mempolicy": (239, 236),
    "set_robust_list": (273, 99),
    "getcpu": (309, 168),
    "getrandom": (318, 278),
    "membarrier": (324, 283),
    "rseq": (334, 293),
}
"""What stays, and its number on each architecture (asm/unistd_64.h, asm-generic/unistd.h)."""
_CLONE: Final = (56, 220)
"""Stays for threads alone."""
_CLONE3: Final = 435


def confine(*, memory_bytes: int, cpu_s: int) -> bool:
    """Give all of it up; False where the kernel has no filter of calls, and the rest still holds."""
    os.nice(_NICE)
    for what, limit in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(what, (limit, limit))
    # At the first the kernel sends SIGXCPU, which says why; at the second SIGKILL.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 5))
    return filter_calls()


def filter_calls() -> bool:
    """Leave this process no system calls but those that computing needs."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    machine = platform.machine()
    if machine not in _ARCHITECTURES or libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    program = _program(_ARCHITECTURES.index(machine))
    buffer = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: a count, padding, a pointer
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, head, 0, 0) == 0)


def _program(machine: int) -> bytes:
    """The filter in classic BPF: the architecture, then one comparison for each call."""

    def load(offset: int) -> bytes:
        return struct.pack("=HBBI", 0x20, 0, 0, offset)

    def answer(value: int) -> bytes:
        return struct.pack("=HBBI", 0x06, 0, 0, value)

    def unless_equal(value: int, skip: int) -> bytes:
        return struct.pack("=HBBI", 0x15, 0, skip, value)

    def unless_set(bits: int, skip: int) -> bytes:
        return struct.pack("=HBBI", 0x45, 0, skip, bits)

    # Calls of another architecture, such as x86's 32-bit ones, have other numbers.
    parts = [load(4), struct.pack("=HBBI", 0x15, 1, 0, _AUDIT[machine]), answer(_KILL), load(0)]
    for numbers in _CALLS.values():
        parts += [unless_equal(numbers[machine], 1), answer(_ALLOW)]
    parts += [unless_equal(_CLONE3, 1), answer(_ENOSYS)]  # the C library then takes clone
    # The first argument's lower half has the flags.
    parts += [
        unless_equal(_CLONE[machine], 4),
        load(16),
        unless_set(_CLONE_THREAD, 1),
        answer(_ALLOW),
    ]
    parts += [answer(_EPERM), answer(_EPERM)]
    return b"".join(parts)
