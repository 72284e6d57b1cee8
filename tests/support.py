"""What the tests share beside fixtures: pictures, networks and processes."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from impasto.core.events import Event
from impasto.networks.model_file import ModelInfo, StyleInfo, save_model
from impasto.networks.transform import NetworkOptions, TransformNet
from impasto.perception.vgg import Topology

TINY = Topology("tiny", (2, 2, 3, 3, 3), (4, 6, 8, 10, 10), (120.0, 110.0, 100.0), (1, 1, 1), 255.0)
"""VGG-16's layers with few channels, for tests of the machinery."""


def needs(*programs: str) -> pytest.MarkDecorator:
    """A mark that leaves tests out, and says so at the end, where a program is not installed."""
    missing = [name for name in programs if shutil.which(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"left out: no {', '.join(missing)} here")


def random_weights(topology: Topology, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    """Weights that keep magnitudes about constant from layer to layer."""
    generator = torch.Generator().manual_seed(0)
    found = {}
    for name, shape in topology.shapes().items():
        fan_in = shape[1] * 9 if len(shape) == 4 else 1
        scale = (2 / fan_in) ** 0.5 if len(shape) == 4 else 0.1
        found[name] = (torch.randn(shape, generator=generator, dtype=torch.float64) * scale).to(
            dtype
        )
    return found


def noise_picture(height: int, width: int, seed: int = 0) -> Tensor:
    """A (1, 3, height, width) picture with large soft shapes and a little noise."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 4, 4, generator=generator)
    soft = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")
    return (soft * 0.8 + torch.rand(1, 3, height, width, generator=generator) * 0.2).clamp(0, 1)


def save_picture(path: Path, height: int, width: int, seed: int) -> Path:
    pixels = (noise_picture(height, width, seed)[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def load_image(path: Path) -> Image.Image:
    """The picture in a file, loaded, with the file closed."""
    with Image.open(path) as opened:
        opened.load()
        return opened.copy()


def save_random_model(
    path: Path,
    seed: int = 0,
    names: tuple[str, ...] = (),
    channels: tuple[int, int, int] = (4, 6, 8),
) -> Path:
    """A model file with a small random network that has learned `names`, or the file's own name."""
    names = names or (path.stem,)
    network = NetworkOptions(
        stem="unshuffle", channels=channels, blocks=1, kernel=3, styles=len(names)
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = TransformNet(network)
        for name, parameter in net.named_parameters():
            if ".norm." in name and len(names) > 1:
                torch.nn.init.normal_(parameter)
    infos = tuple(StyleInfo(name, "Hokusai, 1831") for name in names)
    save_model(path, net, ModelInfo(network, infos, "custom", "CC0"))
    return path


def random_net(options: NetworkOptions) -> TransformNet:
    """A seeded random network, ready to paint, whose scales and shifts differ."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = TransformNet(options)
        for name, parameter in net.named_parameters():
            if ".norm." in name:
                torch.nn.init.normal_(parameter, mean=0.5, std=0.5)
    return net.eval().requires_grad_(requires_grad=False)


class Clock:
    """Stands in for the module `time` of what is tested; no test waits for the real one.

    Args:
        tick: seconds by which it goes on whenever it is looked at.
    """

    def __init__(self, tick: float = 0.0) -> None:
        self.now, self.tick = 0.0, tick

    def perf_counter(self) -> float:
        """Seconds since it was made."""
        self.now += self.tick
        return self.now

    monotonic = perf_counter


def start_in_step(command: list[str]) -> subprocess.Popen[bytes]:
    """Start a command that cannot run far ahead of who reads its lines.

    It has to wait as soon as 4 kB of what it prints are unread, so that a signal that is sent after
    some line comes in the middle of the work, however slow or busy the machine is.
    """
    import fcntl

    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
    assert process.stdout is not None
    if hasattr(fcntl, "F_SETPIPE_SZ"):  # Linux; elsewhere it is 16 or 64 kB
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
    return process


def weights_at_hand(
    weights: dict[str, Tensor],
) -> Callable[..., Generator[Event, None, dict[str, Tensor]]]:
    """Stands in for `find_weights` where small weights will do."""

    def find(*_: object, **__: object) -> Generator[Event, None, dict[str, Tensor]]:
        yield from ()
        return weights

    return find
