"""Paint photos in one pass with a trained style, and one of them at three strengths.

python examples/stylize.py starry-night photo.jpg another.jpg
"""

import sys
from pathlib import Path

import impasto

style, *photos = sys.argv[1:]
model = impasto.load(style)
print(f"{', '.join(model.styles)} ({model.info.network_name} network)")
for photo in photos:
    result = model.stylize(photo)
    path = result.save(f"{Path(photo).stem}_painted.png", force=True)
    print(f"{path}: {result.seconds:.2f} s; {result.recipe.command()}")
for strength in (0.3, 0.6, 0.9):
    image = model(photos[0], strength=strength, size=512)
    image.save(f"{Path(photos[0]).stem}_{strength}.png")
