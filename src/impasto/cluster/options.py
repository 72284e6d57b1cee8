"""What can be asked of a cluster beyond what is asked of its pictures: the only list.

The docstrings under the attributes are the help of the command line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Group, Parameter

from impasto.core.errors import ConfigError
from impasto.core.options import FLAG, WHOLE, check_range

_CLUSTER = Parameter(group=Group("Many machines", sort_key=8))

_RANGES = {"workers": (1, 100_000), "threads": (1, 1024)}


@dataclass(frozen=True, kw_only=True)
class ClusterOptions:
    """Options of painting many photos on a Ray cluster."""

    cluster: Annotated[bool | str, _CLUSTER, FLAG] = False
    """Paint on a Ray cluster (needs the extra cluster): the one at this address, such as
    ray://head:10001; without an address that of RAY_ADDRESS, one that runs here, or one that is
    started for the occasion on this machine. Photos and results must be where all its machines
    reach them."""

    workers: Annotated[int | None, WHOLE, _CLUSTER] = None
    """Processes that paint, on all machines together; default: as many as there are processors
    for."""

    threads: Annotated[int, WHOLE, _CLUSTER] = 1
    """Processors of each worker."""

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ConfigError: with the option's name.
        """
        check_range(self, _RANGES)
        if not self.cluster and (self.workers is not None or self.threads != 1):
            raise ConfigError("--workers and --threads are those of a cluster; add --cluster")

    @property
    def address(self) -> str | None:
        """Of the cluster, None for the one that is at hand."""
        return self.cluster if isinstance(self.cluster, str) else None
