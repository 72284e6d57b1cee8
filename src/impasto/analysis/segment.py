"""`impasto.regions`: a region map of a photo, by its colors or by cutting out its subject."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto.analysis.options import RegionOptions
from impasto.core.errors import ConfigError, ImageError, MissingError, how_to_install
from impasto.io.image import read_pixels
from impasto.io.inputs import PictureLike, locate
from impasto.io.opencv import import_cv2
from impasto.io.regions import NAMED

PALETTE = ("blue", "red", "lime", "yellow", "magenta", "cyan", "white", "black")
"""Colors of the regions, the largest first: far from one another, all CSS names."""

SMALL = 320
"""Long side in pixels at which regions are looked for."""

PLACE = 0.25
"""How much nearness counts beside color: neighbors of a like color become one region."""

CRUMB = 0.006
"""Share of the photo below which a piece becomes part of what is around it."""

FACE_SIDE = 900
"""Long side in pixels at which faces are looked for."""

ROUNDS = 6
"""Of GrabCut."""

INKS = ("red", "lime")
"""Colors of the strokes on the background and of those on the subject."""

INK = 90
"""Distance of RGB values up to which a color is taken for that of a stroke: JPEG's and soft
brushes' included, lawns' and lips' not."""

OWN = 40
"""Distance of RGB values from the photo's up to which a place counts as not painted over."""

STROKE = 0.25
"""Share of a pixel of the small photo that a stroke covers where it counts."""


@dataclass(frozen=True)
class RegionMap:
    """A region map, ready to be painted over or used."""

    image: Image.Image
    """RGB, at the photo's size."""

    shares: dict[str, float]
    """By color (and name): how much of the photo each region is."""

    note: str
    """What the file says, so that `--style sky=...` understands its colors."""


def regions(content: PictureLike, **options: Any) -> RegionMap:
    """Return a region map of a photo, to use as it is or to paint over.

    Args:
        content: a path, a bundled name, the bytes of a file, a PIL image or an array.
        **options: fields of `RegionOptions`: `count=3`, or `subject=True`, `box=(x, y, w, h)`.

    Raises:
        InputError: a picture or an option that cannot be used.
        MissingError: OpenCV is not installed (extra `regions`).

    Example:
        >>> sorted(regions("castle", subject=True).shares)
        ['black', 'white']
    """
    return find_regions(content, RegionOptions(**options))


def find_regions(content: PictureLike, options: RegionOptions) -> RegionMap:
    """Return a region map of a photo. Arguments and errors as `regions`."""
    cv2 = import_cv2("regions")
    pixels = read_pixels(locate(content))
    whole = (pixels.array * 255).round().astype(np.uint8)
    height, width = whole.shape[:2]
    scale = min(1.0, SMALL / max(height, width))
    size = max(8, round(width * scale)), max(8, round(height * scale))
    small = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    if options.faces:
        found = _faces(cv2, whole)
        note = json.dumps({NAMED: {"face": "white"}})
        share = float(found.mean()) / 255
        image = Image.fromarray(np.repeat(found[..., None], 3, axis=2))
        return RegionMap(image, {"white": share, "black": 1 - share}, note)
    if options.subject:
        scribbles = options.scribbles
        strokes = None if scribbles is None else _strokes(cv2, whole, scribbles, size)
        box = _box(options, width, height, size)
        labels = 1 - _cut_out(cv2, small, box, strokes, given=options.box is not None)
        palette: tuple[str, ...] = ("white", "black")
    else:
        labels = _by_color(cv2, small, options.count)
        palette = PALETTE
    large = _enlarged(cv2, _without_crumbs(cv2, labels), width, height)
    colors = np.array([_rgb(name) for name in palette], np.uint8)
    counts = np.bincount(large.ravel(), minlength=len(palette)) / large.size
    shares = {name: float(part) for name, part in zip(palette, counts, strict=True) if part}
    names = {"subject": "white", "background": "black"} if options.subject else {}
    return RegionMap(Image.fromarray(colors[large]), shares, json.dumps({NAMED: names}))


def _rgb(name: str) -> tuple[int, ...]:
    from PIL import ImageColor

    return ImageColor.getrgb(name)[:3]


def _box(
    options: RegionOptions, width: int, height: int, size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Return the box around the subject at the small size: x, y, width, height."""
    if options.box is None:
        x, y, w, h = width * 0.08, height * 0.05, width * 0.84, height * 0.9
    else:
        x, y, w, h = options.box
        if x >= width or y >= height or w < 1 or h < 1:
            raise ConfigError(f"--box {','.join(map(str, options.box))}: not in {width}x{height}")
    fx, fy = size[0] / width, size[1] / height
    left, top = max(1, round(x * fx)), max(1, round(y * fy))
    right, bottom = min(size[0] - 1, round((x + w) * fx)), min(size[1] - 1, round((y + h) * fy))
    return left, top, max(1, right - left), max(1, bottom - top)


def _strokes(cv2: Any, whole: Any, scribbles: str, size: tuple[int, int]) -> tuple[Any, Any]:
    """Return where strokes mark the background, and where the subject, at the small size.

    Raises:
        ConfigError: there is no stroke.
        ImageError: the picture cannot be read.
    """
    marked = (read_pixels(locate(scribbles)).array * 255).astype(np.float32)
    photo = cv2.resize(whole, marked.shape[1::-1], interpolation=cv2.INTER_AREA)
    # The photo's own red things are no strokes.
    is_painted = np.linalg.norm(marked - photo, axis=2) > OWN
    background, subject = (
        cv2.resize(
            (is_painted & (np.linalg.norm(marked - _rgb(ink), axis=2) < INK)).astype(np.float32),
            size,
            interpolation=cv2.INTER_AREA,
        )
        > STROKE
        for ink in INKS
    )
    if not subject.any() and not background.any():
        raise ConfigError(
            f"--scribbles {scribbles}: no stroke found; mark the subject in lime (#00ff00) and "
            "the background in red (#ff0000)"
        )
    return background, subject


def _cut_out(
    cv2: Any,
    small: Any,
    box: tuple[int, int, int, int],
    strokes: tuple[Any, Any] | None,
    *,
    given: bool,
) -> NDArray[np.int64]:
    """Return 1 where the subject is.

    Args:
        cv2: the package.
        small: (h, w, 3) photo.
        box: around the subject.
        strokes: where background and subject are marked.
        given: whether the box was asked for: outside it, only strokes are the subject then.

    Source:
        rother2004, GrabCut, as OpenCV has it.
    """
    cv2.setRNGSeed(0)
    mask = np.full(small.shape[:2], cv2.GC_PR_BGD, np.uint8)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    bgr = np.ascontiguousarray(small[..., ::-1])
    # What the subject's colors are is said by its strokes, and by the box only without any.
    if strokes is None or not strokes[1].any():
        cv2.grabCut(bgr, mask, box, *models, ROUNDS, cv2.GC_INIT_WITH_RECT)
    if strokes is not None:
        background, subject = strokes
        mask[mask == cv2.GC_BGD] = cv2.GC_PR_BGD
        if given:
            left, top, wide, high = box
            outside = np.ones(mask.shape, bool)
            outside[top : top + high, left : left + wide] = False
            mask[outside] = cv2.GC_BGD
        mask[background], mask[subject] = cv2.GC_BGD, cv2.GC_FGD
        cv2.grabCut(bgr, mask, None, *models, ROUNDS, cv2.GC_INIT_WITH_MASK)
    found: NDArray[np.int64] = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.int64)
    return found


def _faces(cv2: Any, whole: Any) -> NDArray[np.uint8]:
    """Return (H, W), white on faces with a soft border.

    Raises:
        ImageError: none is found.
        MissingError: OpenCV 5, which has no cascades.

    Source:
        viola2001, with the cascade that comes with OpenCV.
    """
    if not hasattr(cv2, "CascadeClassifier"):
        raise MissingError(f"OpenCV 5 finds no faces: {how_to_install('regions')} brings OpenCV 4")
    height, width = whole.shape[:2]
    scale = min(1.0, FACE_SIDE / max(height, width))
    small = cv2.resize(whole, (round(width * scale), round(height * scale)))
    gray = cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_alt2.xml")
    boxes = cascade.detectMultiScale(gray, 1.05, 6, minSize=(28, 28))
    if not len(boxes):
        raise ImageError("no face was found; paint a mask by hand: white on the face")
    mask = np.zeros(small.shape[:2], np.uint8)
    for x, y, w, h in boxes:
        center = int(x + w / 2), int(y + h * 0.53)
        cv2.ellipse(mask, center, (int(w * 0.46), int(h * 0.62)), 0, 0, 360, 255, -1)
    soft = cv2.GaussianBlur(mask, (0, 0), max(1.0, 0.06 * max(w for _, _, w, _ in boxes)))
    found: NDArray[np.uint8] = cv2.resize(soft, (width, height))
    return found


def _by_color(cv2: Any, small: Any, count: int) -> NDArray[np.int64]:
    """Return labels of so many regions, the largest 0."""
    cv2.setRNGSeed(0)
    height, width = small.shape[:2]
    smooth = cv2.pyrMeanShiftFiltering(small, 9, 22)
    lab = cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB).astype(np.float32) / 255
    rows, columns = np.mgrid[:height, :width].astype(np.float32) / max(height, width)
    points = np.dstack([lab, PLACE * rows, PLACE * columns]).reshape(-1, 5)
    ends = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 60, 1e-4)
    _, labels, _ = cv2.kmeans(points, count, None, ends, 4, cv2.KMEANS_PP_CENTERS)
    flat = labels.ravel()
    order = np.argsort(-np.bincount(flat, minlength=count), kind="stable")
    ranks = np.empty(count, np.int64)
    ranks[order] = np.arange(count)
    found: NDArray[np.int64] = ranks[flat].reshape(height, width)
    return found


def _without_crumbs(cv2: Any, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return labels with smooth borders; small pieces become what lies around them."""
    count = int(labels.max()) + 1
    for blur in (2.0, 2.0, 3.0):
        labels = _likeliest(cv2, labels, count, blur)
    around = labels.copy()
    for label in range(count):
        number, pieces, stats, _ = cv2.connectedComponentsWithStats(
            (labels == label).astype(np.uint8)
        )
        for piece in range(1, number):
            if stats[piece, cv2.CC_STAT_AREA] >= CRUMB * labels.size:
                continue
            inside = pieces == piece
            ring = (
                cv2.dilate(inside.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
                & ~inside
            )
            around[inside] = np.bincount(labels[ring], minlength=count).argmax()
    return around


def _likeliest(cv2: Any, labels: NDArray[np.int64], count: int, blur: float) -> NDArray[np.int64]:
    """Return what each place is most among its neighbors."""
    parts = [
        cv2.GaussianBlur((labels == label).astype(np.float32), (0, 0), blur)
        for label in range(count)
    ]
    found: NDArray[np.int64] = np.stack(parts).argmax(0)
    return found


def _enlarged(cv2: Any, labels: NDArray[np.int64], width: int, height: int) -> NDArray[np.int64]:
    """Return labels at the photo's size, with smooth borders and without crumbs."""
    count = int(labels.max()) + 1
    parts = [
        cv2.resize(
            cv2.GaussianBlur((labels == label).astype(np.float32), (0, 0), 1.6), (width, height)
        )
        for label in range(count)
    ]
    found: NDArray[np.int64] = np.stack(parts).argmax(0)
    return found
