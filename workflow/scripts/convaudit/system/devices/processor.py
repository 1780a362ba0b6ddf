"""Name the processor and the instruction set that computes on it."""

import os
import platform
from pathlib import Path

_SETS = ("SSE4.1", "AVX", "AVX2", "AVX-512", "AMX")
"""Instruction sets from old to new; a processor also has all older ones."""
_FLAGS = {"sse4_1": "SSE4.1", "avx": "AVX", "avx2": "AVX2", "avx512f": "AVX-512", "amx_tile": "AMX"}
_CAPS = {"SSE41": "SSE4.1", "AVX": "AVX", "AVX2": "AVX2", "AVX512": "AVX-512", "AVX10": "AVX-512"}


def name() -> str:
    """The processor's model, such as "AMD EPYC"."""
    named = _cpuinfo("model name")
    return named or platform.processor() or platform.machine()


def instruction_set() -> str:
    """The newest instruction set that oneDNN's kernels use on this machine, such as "AVX2";
    "unknown" except on Linux with an x86 processor.

    The environment variable ``ONEDNN_MAX_CPU_ISA`` limits it, as in oneDNN.
    """
    known = [_FLAGS[flag] for flag in _cpuinfo("flags").split() if flag in _FLAGS]
    if not known:
        return "unknown"
    cap = os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper()
    allowed = _CAPS.get("AVX512" if cap.startswith("AVX512") else cap.partition("_")[0], _SETS[-1])
    if cap.endswith("AMX"):
        allowed = "AMX"
    newest = max(known, key=_SETS.index)
    return min(newest, allowed, key=_SETS.index)


def _cpuinfo(key: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    found = (line.partition(":") for line in lines)
    return next((value.strip() for title, _, value in found if title.strip() == key), "")
