"""Ray: found, told to be quiet, and asked in words of one line."""

from __future__ import annotations

import importlib
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from impasto.core.errors import ConfigError, ResourceError, first_line, how_to_install


def find_ray() -> ModuleType:
    """Return `ray`, which reports nothing.

    Raises:
        ConfigError: it is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray = importlib.import_module("ray")
        importlib.import_module("ray.data")
    except ImportError as error:
        raise ConfigError(f"--cluster needs Ray: {how_to_install('cluster')}") from error
    return ray


HEAD_PORT, CLIENT_PORT = 6379, 10001
"""Of a cluster's head, if its address names none: for its machines, and for others."""

PATIENCE = 10.0
"""Seconds in which a cluster has to answer at all."""


@contextmanager
def connected(address: str | None) -> Iterator[ModuleType]:
    """Give Ray, connected to a cluster, unless it is already; end the connection that was made.

    Args:
        address: of the cluster; None for the one at hand, started here if there is none.

    Raises:
        ConfigError: no cluster answers there.
    """
    ray = find_ray()
    if ray.is_initialized():
        yield ray
        return
    where = address or os.environ.get("RAY_ADDRESS")
    if where is not None:
        _check_somebody_listens(where)
    try:
        ray.init(
            address=address,
            logging_level=logging.ERROR,
            log_to_driver=False,
            runtime_env={"env_vars": {"RAY_USAGE_STATS_ENABLED": "0"}},
            **({"include_dashboard": False} if where is None else {}),
        )
    except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
        raise ConfigError(_nobody(where or "on this machine", first_line(error))) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _check_somebody_listens(address: str) -> None:
    """Refuse an address at which nothing answers; Ray itself would try for many minutes.

    Raises:
        ConfigError: with the reason.
    """
    if address in ("auto", "local"):
        return
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        port = parts.port or (CLIENT_PORT if "://" in address else HEAD_PORT)
        with socket.create_connection((parts.hostname or "", port), timeout=PATIENCE):
            pass
    except (OSError, ValueError) as error:
        raise ConfigError(
            _nobody(address, getattr(error, "strerror", None) or str(error))
        ) from error


def _nobody(address: str, why: str) -> str:
    return (
        f"--cluster {address}: no Ray cluster answers there ({why}); ray start --head makes one, "
        "whose address is HOST:6379 on its machines and ray://HOST:10001 elsewhere"
    )


def be_quiet(ray: ModuleType) -> None:
    """Keep Ray Data's own bars and lines off the terminal."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.enable_operator_progress_bars = False
    context.print_on_execution_start = False
    for name in ("ray.data", "ray"):
        logging.getLogger(name).setLevel(logging.ERROR)


def workers_for(ray: ModuleType, workers: int | None, threads: int) -> Any:
    """Return how many actors there are: as many as asked, or as many as Ray finds room for.

    Raises:
        ResourceError: no machine has so many processors.
    """
    largest = max((node["Resources"].get("CPU", 0) for node in ray.nodes()), default=0)
    if largest < threads:
        raise ResourceError(
            f"--threads {threads}: the largest machine of the cluster has {largest:.0f} processors"
        )
    if workers is not None:
        return ray.data.ActorPoolStrategy(size=workers)
    return ray.data.ActorPoolStrategy(min_size=1, max_size=None)


def reason(error: Exception) -> str:
    """Return why Ray has given up, without its trace."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
