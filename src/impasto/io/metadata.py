"""What a picture file says beside its pixels, as far as a painting of it keeps that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from PIL import ExifTags, Image

_KEPT = (ExifTags.Base.DateTime, ExifTags.Base.Artist, ExifTags.Base.Copyright)
_KEPT_TIMES = (
    *(ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized),
    *(ExifTags.Base.OffsetTime, ExifTags.Base.OffsetTimeOriginal),
    *(ExifTags.Base.OffsetTimeDigitized, ExifTags.Base.SubsecTime),
    *(ExifTags.Base.SubsecTimeOriginal, ExifTags.Base.SubsecTimeDigitized),
)

_RESOLUTIONS = (ExifTags.Base.XResolution, ExifTags.Base.YResolution)
_INCH, _CENTIMETRE = 2, 3

_LONGEST = 2000
"""Characters of a text that is kept."""

MOST_BYTES = 30_000
"""Of all that is kept: a JPEG file holds twice that, the recipe included."""

_PARTS = {"GIF": "frames", "PNG": "frames", "WEBP": "frames", "AVIF": "frames", "TIFF": "pages"}
"""What several pictures in one file are called, by format. Those in other formats are one picture
in several sizes, or its depths."""


@dataclass(frozen=True)
class Metadata:
    """What is kept of a photo in a painting of it. Nothing that tells of camera or program."""

    texts: Mapping[int, str] = field(default_factory=dict)
    """Date, artist and copyright, by EXIF tag."""

    times: Mapping[int, str] = field(default_factory=dict)
    """When it was taken, likewise."""

    dpi: tuple[float, float] | None = None
    """Pixels per inch in print."""

    place: Mapping[int, Any] = field(default_factory=dict)
    """Where it was taken, by GPS tag; written only if that is asked for."""

    remark: str | None = None
    """What a person should know: that the file holds more pictures than the one that is read."""

    def without_place(self) -> Metadata:
        """Return all but the place."""
        return replace(self, place={})

    def to_exif(self, description: str | None = None) -> Image.Exif:
        """Return it as EXIF data, with a description beside it."""
        exif = Image.Exif()
        if description:
            exif[ExifTags.Base.ImageDescription] = description
        if self.dpi is not None:
            exif[ExifTags.Base.ResolutionUnit] = _INCH
            for name, number in zip(_RESOLUTIONS, self.dpi, strict=True):
                exif[name] = number
        for tag, text in self.texts.items():
            exif[tag] = text.encode("latin-1", "replace")  # as it was, byte for byte
        if self.times:
            exif.get_ifd(ExifTags.IFD.Exif).update(self.times)
        if self.place:
            exif.get_ifd(ExifTags.IFD.GPSInfo).update(self.place)
        return exif


NOTHING = Metadata()
"""What a picture says that says nothing."""


def read_metadata(opened: Image.Image, remark: str | None = None) -> Metadata:
    """Return what an opened picture says beside its pixels. What is damaged is left out.

    Args:
        opened: once it is decoded it may say more.
        remark: what `remark_on` said of it.
    """
    found = Metadata(dpi=_dpi(opened.info.get("dpi")), remark=remark)
    try:
        exif = exif_of(opened)
        times = exif.get_ifd(ExifTags.IFD.Exif)
        place = dict(exif.get_ifd(ExifTags.IFD.GPSInfo))
        kept = replace(
            found,
            texts=_texts(exif, _KEPT),
            times=_texts(times, _KEPT_TIMES),
            dpi=found.dpi or _dpi_in(exif),
        )
    except Exception:  # noqa: BLE001  (damaged in whatever way: the pixels are what counts)
        return found
    with_place = replace(kept, place=place)
    for each in (with_place, kept):
        try:
            size = len(each.to_exif().tobytes())
        except Exception:  # noqa: BLE001, S112  (values that no file can hold)
            continue
        if size <= MOST_BYTES:
            return each
    return found


def exif_of(opened: Image.Image) -> Image.Exif:
    """Return the EXIF data of an opened picture, which is not decoded for that as Pillow would."""
    is_decoded = opened.format != "PNG" or not getattr(opened, "tile", None)
    if is_decoded or not opened.info.keys().isdisjoint(("exif", "Raw profile type exif")):
        return opened.getexif()
    return Image.Exif()


def remark_on(opened: Image.Image) -> str | None:
    """Return that an opened, not yet decoded file has several pictures, None if it has one."""
    parts = _PARTS.get(str(opened.format))
    if parts is None:
        return None
    try:
        count = int(getattr(opened, "n_frames", 1))
    except Exception:  # noqa: BLE001  (a later frame is damaged: it is not needed)
        return None
    return f"only the first of {count} {parts} is used" if count > 1 else None


def _texts(tags: Mapping[int, Any], wanted: tuple[int, ...]) -> dict[int, str]:
    texts = {tag: tags.get(tag) for tag in wanted}
    return {
        tag: text.strip("\0 ")
        for tag, text in texts.items()
        if isinstance(text, str) and text.strip("\0 ") and len(text) <= _LONGEST
    }


def _dpi(pair: Any) -> tuple[float, float] | None:
    try:
        across, down = (float(number) for number in pair)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (across, down) if 1 <= across <= 1e5 and 1 <= down <= 1e5 else None


def _dpi_in(exif: Mapping[int, Any]) -> tuple[float, float] | None:
    found = _dpi([exif.get(tag) for tag in _RESOLUTIONS])
    if found is None or exif.get(ExifTags.Base.ResolutionUnit, _INCH) != _CENTIMETRE:
        return found
    return found[0] * 2.54, found[1] * 2.54
