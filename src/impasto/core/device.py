"""Where the numbers are computed, and in which precision."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import torch

from impasto.core.errors import ConfigError, ResourceError
from impasto.core.options import asked_dtype


def pick_device(name: str = "auto") -> torch.device:
    """Return the device to compute on: `auto` prefers CUDA, then Apple's MPS, then the CPU.

    Raises:
        ConfigError: torch does not know `name`, or this machine does not have it.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, ImportError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"device {name!r} cannot be used here ({reason}); try cpu") from error
    return device


def has_fast_bfloat16() -> bool:
    """Return whether this CPU multiplies bfloat16 in hardware (AVX512-BF16 or AMX)."""
    ask: Callable[[], dict[str, Any]] = getattr(torch.cpu, "get_capabilities", dict)  # since 2.9
    capabilities = ask()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def pick_dtype(name: str, device: torch.device) -> torch.dtype:
    """Return the type of the VGG features: `auto`, `float32` or `bfloat16`.

    `auto` is what `IMPASTO_DTYPE` says; without it, bfloat16 on CPUs that multiply it in hardware
    and float32 everywhere else. The picture, the Gram matrices and every loss stay in float32
    either way.

    Raises:
        ConfigError: `name`, or `IMPASTO_DTYPE`, is none of the three.
    """
    name = asked_dtype(name)
    if name == "auto":
        fast = device.type == "cpu" and has_fast_bfloat16()
        return torch.bfloat16 if fast else torch.float32
    choices = {"float32": torch.float32, "bfloat16": torch.bfloat16}
    if name not in choices:
        raise ConfigError(f"dtype {name!r} is not one of auto, float32, bfloat16")
    return choices[name]


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[object]:
    """Return a context in which a network computes in `dtype`; its weights stay as they are."""
    return torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16)


@contextmanager
def enough_memory(advice: Callable[[], str]) -> Iterator[None]:
    """Turn running out of memory inside into one clear line.

    Args:
        advice: called then; says what would fit.

    Raises:
        ResourceError: out of memory.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise ResourceError(f"out of memory {advice()}") from error
    except RuntimeError as error:  # the CPU allocator has no exception of its own
        if "allocate memory" not in str(error):
            raise
        raise ResourceError(f"out of memory {advice()}") from error


def describe_machine() -> str:
    """Return one line that names the processor, its threads and the torch version."""
    count = torch.get_num_threads()
    threads = f"{count} thread{'s' if count > 1 else ''}"
    return f"{describe_processor()}, {threads}, torch {torch.__version__}"


def describe_processor() -> str:
    """Return the processor's name, and that it multiplies bfloat16 in hardware if it does."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    return f"{name}, avx512_bf16" if has_fast_bfloat16() else name
