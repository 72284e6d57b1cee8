"""Use the parts: the real VGG-16, features by name, Gram matrices, distances.

python examples/features.py photo.jpg painting.jpg
"""

import sys

import torch

from impasto.core.tensors import fit_long_side, resize, size_of
from impasto.io.image import read_picture
from impasto.losses.content import relative_distance
from impasto.losses.style import gram_matrix
from impasto.perception.extractor import Extractor
from impasto.perception.weights import load_weights

layers = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
extractor = Extractor(load_weights(), layers)
pictures = [read_picture(path).image for path in sys.argv[1:3]]
small = [resize(picture, *fit_long_side(*size_of(picture), 256)) for picture in pictures]
with torch.no_grad():
    photo, painting = (extractor(picture) for picture in small)
for layer in layers:
    distance = relative_distance(gram_matrix(photo[layer]), gram_matrix(painting[layer]))
    print(f"{layer}: style distance {distance:.3f}")
