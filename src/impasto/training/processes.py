"""Several processes that train one network together (torchrun, DDP)."""

from __future__ import annotations

import os
from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from impasto.core.device import why_unusable
from impasto.core.errors import ConfigError


class Processes:
    """This process among those that torchrun, or another starter with its variables, has begun.

    Raises:
        ConfigError: torchrun's other processes cannot be reached.
    """

    def __init__(self) -> None:
        self.rank = int(os.environ.get("RANK", "0"))
        self.count = int(os.environ.get("WORLD_SIZE", "1"))
        if self.count > 1 and not dist.is_initialized():
            own = int(os.environ.get("LOCAL_RANK", "0"))
            has_card = torch.cuda.is_available() and why_unusable(f"cuda:{own}") is None
            if has_card:  # "cuda" then means this process's own GPU
                torch.cuda.set_device(own)
            try:
                dist.init_process_group("nccl" if has_card else "gloo")
            except (RuntimeError, ValueError) as error:
                raise ConfigError(f"the processes cannot reach each other: {error}") from error

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes files and speaks."""
        return self.rank == 0

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.count > 1:
            dist.barrier()

    def wrap(self, net: nn.Module) -> nn.Module:
        """Return `net`, with gradients averaged over all processes."""
        return net if self.count == 1 else DistributedDataParallel(net)

    def broadcast(self, values: Sequence[float], device: torch.device) -> list[float]:
        """Return the leading process's values in every process."""
        if self.count == 1:
            return list(values)
        told = torch.tensor(values, dtype=torch.float64, device=device)
        dist.broadcast(told, src=0)
        return [float(value) for value in told]

    def close(self) -> None:
        """Say goodbye to the others."""
        if self.count > 1 and dist.is_initialized():
            dist.destroy_process_group()
