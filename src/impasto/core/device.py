"""Where the numbers are computed, and in which precision."""

from __future__ import annotations

import logging
import platform
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import torch

from impasto.core.errors import ConfigError, ResourceError, first_line
from impasto.core.options import asked_dtype

log = logging.getLogger(__name__)


def pick_device(name: str = "auto") -> torch.device:
    """Return the device to compute on: `auto` prefers CUDA, then Apple's MPS, then the CPU.

    Raises:
        ConfigError: torch does not know `name`, or this machine cannot compute on it.
    """
    if name == "auto":
        log.info("device: %s", _best_device())
        return torch.device(_best_device())
    reason = why_unusable(name)
    if reason is not None:
        raise ConfigError(f"device {name!r} cannot be used here ({reason}); try cpu")
    log.info("device: %s", name)
    return torch.device(name)


@cache
def _best_device() -> str:
    """Return the first accelerator that torch finds and that works, else the CPU."""
    found: dict[str, Callable[[], bool]] = {
        "cuda": torch.cuda.is_available,
        "mps": torch.backends.mps.is_available,
    }
    for name, is_available in found.items():
        if is_available():
            reason = why_unusable(name)
            if reason is None:
                return name
            log.warning("%s is here but cannot be used (%s): computing on the CPU", name, reason)
    return "cpu"


def why_unusable(name: str) -> str | None:
    """Return why nothing can be computed on a device, in one line; None if something was.

    torch also finds cards that are too new or too old for how it was built, that a broken driver
    blocks, or whose memory is taken. They fail at the first convolution.
    """
    try:
        image = torch.ones(1, 1, 4, 4, device=torch.device(name))
        torch.nn.functional.conv2d(image, image).sum().item()
    except (RuntimeError, AssertionError, ImportError, ValueError) as error:
        return first_line(error)
    return None


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
        log.info("dtype: %s", "bfloat16" if fast else "float32")
        return torch.bfloat16 if fast else torch.float32
    choices = {"float32": torch.float32, "bfloat16": torch.bfloat16}
    if name not in choices:
        raise ConfigError(f"dtype {name!r} is not one of auto, float32, bfloat16")
    return choices[name]


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[object]:
    """Return a context in which a network computes in `dtype`; its weights stay as they are."""
    return torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16)


@contextmanager
def explain_out_of_memory(advice: Callable[[], str]) -> Iterator[None]:
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
