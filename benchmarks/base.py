"""Makes the network that new styles are learned from: the mean of the bundled ones of its shape.

    python benchmarks/base.py

Every one of them was learned from the network of many styles, so that their mean is one step of
Reptile (nichol2018, algorithm 1 with a step of 1) over the bundled styles.
"""

from __future__ import annotations

import statistics
from dataclasses import replace

import torch

from impasto.networks.model_file import StyleInfo, load_model, save_model
from impasto.networks.registry import BASE, ZOO, find_network, styles


def main() -> None:
    """Write the base."""
    shape = replace(find_network("multi"), styles=1)
    loaded = [load_model(path) for path in sorted(set(styles().values()) & set(ZOO.glob("*")))]
    alike = [(net, info) for net, info in loaded if net.options == shape]
    base, info = alike[0]
    with torch.no_grad():
        for name, weight in base.named_parameters():
            weight.copy_(
                torch.stack([dict(net.named_parameters())[name] for net, _ in alike]).mean(0)
            )
    names = ", ".join(style.name for _, one in alike for style in one.styles)
    described = replace(
        info, styles=(StyleInfo("base", f"mean of the networks of {names}"),), recipe={}
    )
    BASE.parent.mkdir(exist_ok=True)
    save_model(BASE, base, described)
    sizes = [path.stat().st_size for path in ZOO.glob("*.safetensors")]
    print(f"{BASE}: of {len(alike)} networks, median size {statistics.median(sizes) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
