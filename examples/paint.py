"""Paint one photo in the style of one painting and save it.

python examples/paint.py photo.jpg painting.jpg out.png
"""

import sys

import impasto

content, style, output = sys.argv[1:4]
result = impasto.optimize(content, style, size=512, seconds=30)
result.save(output, force=True)
print(f"{output}: {result.seconds:.0f} s, loss {result.losses['total']:.3f}")
