"""What a program or the page may ask for, checked field by field."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from impasto.web.limits import MAX_MINUTES, MAX_SECONDS, MAX_SIZE, MAX_STYLES, MIN_SIZE

Name = Annotated[str, Field(min_length=1, max_length=81, pattern=r"^[\w-][\w.+-]*$")]
"""The name of a style or of a bundled photo, or the id of an uploaded picture or a job."""

Ramp = Literal["left:right", "right:left", "top:bottom", "bottom:top"]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class StyleShare(_Request):
    """One style and how much of it: a bundled one, or an uploaded painting."""

    style: Name | None = None
    picture: Name | None = None
    weight: Annotated[float, Field(ge=0, le=100)] = 1.0

    @model_validator(mode="after")
    def _is_one(self) -> StyleShare:
        if (self.style is None) == (self.picture is None):
            raise ValueError("a style is either a bundled one (style) or an upload (picture)")
        return self


class StylizeRequest(_Request):
    """Paint a photo in one pass. Fields as the options of `impasto stylize`."""

    kind: Literal["stylize"] = "stylize"
    photo: Name
    styles: Annotated[list[StyleShare], Field(min_length=1, max_length=MAX_STYLES)]
    strength: Annotated[float, Field(ge=0, le=1)] = 1.0
    size: Annotated[int, Field(ge=MIN_SIZE, le=MAX_SIZE)] | None = None
    stroke: Annotated[float, Field(ge=0.25, le=4)] | None = None
    preserve_color: Literal["none", "luminance", "match"] = "none"
    style_map: Ramp | Name | None = None

    @model_validator(mode="after")
    def _fits(self) -> StylizeRequest:
        if not sum(share.weight for share in self.styles) > 0:
            raise ValueError("at least one style needs a weight above 0")
        if self.style_map is not None and len(self.styles) > 2:
            raise ValueError("a style map is for one style or two")
        return self


class OptimizeRequest(_Request):
    """Go on from a painted picture by optimisation, towards the paintings themselves."""

    kind: Literal["optimize"]
    after: Name
    seconds: Annotated[float, Field(ge=1, le=MAX_SECONDS)] = 40.0


class SheetRequest(_Request):
    """Paint a photo small, in every bundled style."""

    kind: Literal["sheet"]
    photo: Name


class LearnRequest(_Request):
    """Learn an uploaded painting; from then on it is a style with a name."""

    kind: Literal["learn"]
    picture: Name
    photo: Name = "castle"
    minutes: Annotated[float, Field(ge=0.02, le=MAX_MINUTES)] = 1.0


JobRequest = Annotated[
    StylizeRequest | OptimizeRequest | SheetRequest | LearnRequest, Field(discriminator="kind")
]
