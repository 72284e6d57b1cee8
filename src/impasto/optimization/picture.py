"""The loop: from a photo and paintings to a painted photo, as a stream of events."""

from __future__ import annotations

import math
import statistics
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.core.device import explain_out_of_memory, pick_device, pick_dtype
from impasto.core.errors import ConfigError, ResourceError
from impasto.core.events import Event, Finished, Note, Planned, Preview, Step, StopEarly
from impasto.core.memory import available_memory, parse_size
from impasto.core.tensors import (
    check_picture,
    cover,
    fit_long_side,
    resize,
    round_to_bits,
    size_of,
    wrap_around,
    wrap_margins,
)
from impasto.io.checkpoints import Checkpoints
from impasto.io.color import is_gray, match_colors, recolor, replace_luminance, to_luminance
from impasto.io.guided import enlarge
from impasto.io.regions import Array, to_masks
from impasto.losses.perceptual import LossWeights, PerceptualLoss
from impasto.losses.tiled import TiledLoss
from impasto.optimization.options import OptimizeOptions
from impasto.optimization.pyramid import (
    FIRST_MOVE,
    FIRST_MOVE_IN_HASTE,
    GRID,
    OFFSETS,
    Scale,
    moves,
    plan,
)
from impasto.optimization.solver import Solver
from impasto.optimization.tiling import SHARE, MemoryPlan, plan_memory, plan_output
from impasto.perception.extractor import Extractor
from impasto.perception.vgg import TOPOLOGIES

FEW = 16
"""Pixels of a painting that are too few to take colors from."""

SMALLEST_SIDE = 32
"""Smaller pictures are padded to this inside and cropped outside: VGG halves them four times."""

LEAST_FINEST = 128
"""No scale becomes smaller than this for want of time."""

CHECKPOINT_SECONDS = 60.0
"""How often the state is saved, if it is."""

WRAPPED = 64
"""Pixels of the other side that VGG sees beyond the border of a picture that is wrapped."""

Loss = Callable[[Tensor], dict[str, Tensor]]

STEADY = 9
"""Steps whose median says how long one takes: on a busy machine the latest one says little."""

MEASURED, MEASURED_IN_HASTE = 192, 96
"""Sides of the pictures on which the time of a step is measured beforehand, in pixels: for a
forecast, and before a run until time is up. On smaller ones a pixel takes up to twice as long."""

FINISH_IN_STEPS = 3.0
"""What the end of a run takes, in steps, if it is painted in less than float32: three passes in
float32 measure the finished picture (docs/benchmarks.md)."""

SHORT_FINISH_IN_STEPS = 0.4
"""The same in float32, where the loss that it was painted with measures it in one pass, and of a
run that paints until time is up, whose last loss is that of the picture."""

LARGE = 512
"""Long side in pixels above which the finest scale is moved against VGG's grid now and then: what
that grid leaves is seen at 100 %."""

MOVE_IN_STEPS = 0.7
"""What a move takes, in steps: the photo and the paintings are looked at anew."""

MOVED_FINISH_IN_STEPS = 1.0
"""The finish of a moved picture in float32: its loss is measured at the first place."""

FIRST_STEP = 0.02
"""Most that a pixel changes in the first step of L-BFGS: of eight steps, one less is lost."""

LEAST_STEPS, LEAST_ALONE = 4, 5
"""A finest scale that has no time for so many steps is made smaller: after a coarser one, alone."""


def optimize_picture(
    content: Tensor,
    styles: Sequence[Tensor],
    weights: Mapping[str, Tensor],
    options: OptimizeOptions | None = None,
    *,
    start: Tensor | None = None,
    checkpoints: Checkpoints | None = None,
    regions: Array | None = None,
    protected: Array | None = None,
    style_parts: Sequence[Array | None] = (),
) -> Generator[Event, None, Finished]:
    """Paint `content` in the style of `styles`; yield what happens, last the picture.

    Throw `StopEarly` in to end after the current step, with the best picture so far.

    Args:
        content: (1, 3, H, W), sRGB in [0, 1]. The output has its shape, at `options.size`, even
            if nothing of the content counts.
        styles: (1, 3, h, w) each; none if nothing of the style counts.
        weights: of the network `options.backbone`, as `load_weights` gives them.
        options: None for the defaults.
        start: picture to start from, if `options.init` names a file or is auto.
        checkpoints: where the state is kept, and where an earlier run's is found.
        regions: (R, H, W) in [0, 1], any size: where each of the styles goes, one each. Where they
            add up to less than 1, so much of the content stays.
        protected: (1, H, W) in [0, 1], any size: where the content counts `protect_weight` times.
        style_parts: (1, h, w) in [0, 1] per style, any sizes: which part of it is taken; None, or
            nothing for any: all of it.

    Yields:
        `Planned`, then `Step` for every step, `Preview` every `options.preview_every` steps, one
        `Finished`.

    Returns:
        That `Finished`, for callers that delegate with `yield from`.

    Raises:
        ConfigError: options that contradict each other or the pictures.
        ResourceError: out of memory, or a loss that does not stay finite.
        ShapeError: an argument breaks the picture contract.

    Source:
        gatys2016, sec. 2. Differs: coarse to fine, from the photo (in the paintings' colors where
        that is nearer) instead of noise, relative distances, and a first convolution that repeats
        the border. `loss="paper"` takes none of these liberties.
    """
    options = options or OptimizeOptions()
    check_picture(content, "content")
    for style in styles:
        check_picture(style, "style")
    if regions is not None and len(regions) != len(styles):
        raise ConfigError(f"{len(regions)} regions, but {len(styles)} paintings")
    masks = _Masks(regions, protected, tuple(style_parts) or (None,) * len(styles))
    run = _Run(content, styles, weights, options, start, checkpoints, masks)
    with explain_out_of_memory(lambda: _what_fits(options)):
        return (yield from run.events())


def _what_fits(options: OptimizeOptions) -> str:
    return f"at --size {options.size}; try --size {max(64, options.size * 2 // 3)}"


@dataclass(frozen=True)
class _Masks:
    """What `optimize_picture` is told about places."""

    regions: Array | None
    protected: Array | None
    style_parts: tuple[Array | None, ...]
    """One per style."""


class _Run:
    """One optimization: everything that stays the same while the scales pass by."""

    def __init__(
        self,
        content: Tensor,
        styles: Sequence[Tensor],
        weights: Mapping[str, Tensor],
        options: OptimizeOptions,
        start: Tensor | None,
        checkpoints: Checkpoints | None,
        masks: _Masks,
    ) -> None:
        self.masks = masks
        self.began = self.saved_at = time.perf_counter()
        self.seconds_before = 0.0
        self.checkpoints = checkpoints
        self.state = None if checkpoints is None else checkpoints.latest()
        self.paints_until_time_is_up = options.seconds is not None and options.steps is None
        self.options = options = options.resolved()
        self.device = pick_device(options.device)
        self.loss_weights, self.style_shares = _loss_weights(options, len(styles))
        self.photo = content.to(self.device)
        if options.preserve_color == "match":
            styles = [match_colors(style, content) for style in styles]
        elif options.preserve_color == "luminance":
            content = to_luminance(content)
            styles = [match_colors(to_luminance(style), content) for style in styles]
            start = None if start is None else to_luminance(start)
        self.is_gray = all(map(is_gray, (content, *styles)))
        self.content = content.to(self.device)
        self.styles = [style.to(self.device) for style in styles]
        self.start = None if start is None else start.to(self.device)
        self.init = options.init
        self.height, self.width = fit_long_side(*size_of(content), options.size)
        self.weights = weights
        self.dtype = pick_dtype(options.dtype, self.device)
        self.finish_in_steps = FINISH_IN_STEPS if self._is_measured_anew else SHORT_FINISH_IN_STEPS
        if self.paints_until_time_is_up and self._mixes_photo:
            self.finish_in_steps *= 2
        if self._is_large and (self._mixes_photo or not self.paints_until_time_is_up):
            self.finish_in_steps = max(self.finish_in_steps, MOVED_FINISH_IN_STEPS)
        finest = options.finest or options.size
        if self.state is None:
            self.scales = self._affordable(finest)
        else:
            self.scales = self._scales(self.state.get("finest", finest))
        self.whole = self.content
        size = self.scales[-1].size
        if size != (self.height, self.width):  # nothing larger is painted
            self.content = resize(self.content, *size)
        budget = (
            SHARE * available_memory() if options.memory is None else parse_size(options.memory)
        )
        originals = _bytes_of([self.photo, self.content, *self.styles])
        self.memory = [
            plan_memory(
                *(self._wrapped_size(scale.size)),
                budget,
                originals=originals,
                history=self._history(scale.steps),
                dtype=self.dtype,
                margin=GRID if self._is_moved(level) else 0,
            )
            for level, scale in reversed([*enumerate(self.scales)])
            # the largest says how much it needs at least
        ][::-1]
        self.output = plan_output(self.height, self.width, budget, originals=originals)
        self.taken = [0] * len(self.scales)
        if self.state is not None:
            self._restore(self.state)

    @property
    def _mixes_photo(self) -> bool:
        """Whether the picture that is saved is not the one that is painted."""
        return self.options.strength < 1 or self.options.preserve_color == "luminance"

    @property
    def _is_measured_anew(self) -> bool:
        """Whether the finished picture gets a loss more exact than that of the steps."""
        return not self.paints_until_time_is_up and self.dtype != torch.float32

    @property
    def _is_large(self) -> bool:
        """Whether what is asked for is a picture that is moved."""
        return self.options.loss == "impasto" and max(self.height, self.width) > LARGE

    def _is_moved(self, level: int) -> bool:
        """Return whether the picture is moved against VGG's grid at this scale."""
        finest = level == len(self.scales) - 1
        return finest and self._is_large and self.scales[level].long_side > LARGE

    def _moves(self, level: int, taken: int) -> int:
        """Return how often it has been moved before a step of this scale."""
        if not self._is_moved(level):
            return 0
        return moves(taken, FIRST_MOVE_IN_HASTE if self.paints_until_time_is_up else FIRST_MOVE)

    def _offset(self, level: int) -> tuple[int, int]:
        """Return where it lies on that grid for the next step."""
        return OFFSETS[self._moves(level, self.taken[level]) % len(OFFSETS)]

    def _wrapped_size(self, size: tuple[int, int]) -> tuple[int, int]:
        rows, columns = wrap_margins(size, self.options.wrap, WRAPPED)
        return size[0] + 2 * rows, size[1] + 2 * columns

    def _scales(self, finest: int) -> list[Scale]:
        """Return the scales up to a long side of `finest` pixels."""
        size = fit_long_side(*size_of(self.content), min(finest, self.options.size))
        return plan(*size, self.options.coarsest or 0, self.options.steps or (1,))

    def _affordable(self, finest: int) -> list[Scale]:
        """Return the scales to paint: until time is up, none that there is no time for."""
        scales = self._scales(finest)
        if not self.paints_until_time_is_up:
            return scales
        assert self.options.seconds is not None
        self.seconds_per_pixel = self._measure(MEASURED_IN_HASTE)
        while self.options.coarsest and finest > LEAST_FINEST:
            steps, share = LEAST_ALONE, 1.0
            if len(scales) > 1:
                steps, share = LEAST_STEPS, 1 - scales[-2].deadline
            work = (steps + self.finish_in_steps) * scales[-1].pixels
            if work * self.seconds_per_pixel <= share * self.options.seconds:
                break
            finest = max(LEAST_FINEST, round(finest / math.sqrt(2)))
            scales = self._scales(finest)
        return scales

    def _history(self, steps: int) -> int:
        """Return how many pairs of pictures L-BFGS remembers at most in so many steps."""
        history = self.options.history
        return history if self.paints_until_time_is_up else max(1, min(history, steps))

    def _restore(self, state: dict[str, Any]) -> None:
        """Take over how far an earlier run came, and how it saw its pictures."""
        self.taken = list(state["taken"])
        self.seconds_before = float(state["seconds"])
        self.init = state.get("init", "content")
        try:
            self.memory = [
                MemoryPlan(**{**plan, "history_dtype": getattr(torch, plan["history_dtype"])})
                for plan in state["memory"]
            ]
        except TypeError as error:
            raise ConfigError(
                "the checkpoints of this run are those of another version of impasto; begin it anew"
            ) from error

    def _save(self, level: int, solver: Solver) -> Iterator[Event]:
        """Keep the state, so that another run can go on from here."""
        self.saved_at = time.perf_counter()
        if self.checkpoints is None:
            return
        memory = [
            {**asdict(plan), "history_dtype": str(plan.history_dtype).removeprefix("torch.")}
            for plan in self.memory
        ]
        state = {
            "level": level,
            "taken": self.taken,
            "seconds": self._seconds(),
            "memory": memory,
            "init": self.init,
            "finest": self.scales[-1].long_side,
        }
        try:
            self.checkpoints.save(sum(self.taken), {**state, "solver": solver.state()})
        except ResourceError as error:
            yield Note(str(error))

    def events(self) -> Generator[Event, None, Finished]:
        """Yield all events of the run and return the last."""
        image: Tensor | None = None
        loss: Loss | None = None
        terms: dict[str, float] = {}
        curvature: float | None = None
        pixels = 0
        stopped = False
        try:
            yield self._plan()
        except StopEarly:
            stopped = True
        for level, scale in enumerate(self.scales):
            size = scale.size
            if self.state is not None and level < self.state["level"]:
                continue
            memory = self.memory[level]
            loss = None if stopped else self._loss(*size, self.dtype, memory, self._offset(level))
            terms = {}
            image = (
                self._first_image(*size, loss) if image is None else self._enlarged(image, *size)
            )
            if loss is not None:
                # The loss is one of means: of four times the pixels each counts a quarter, in the
                # gradient as in the curvature, so that a step is four times the gradient.
                known = None if curvature is None else curvature * scale.pixels / pixels
                solver = Solver(
                    _pad(image),
                    loss,
                    self.options.optimizer,
                    memory.history,
                    memory.history_dtype,
                    known,
                    FIRST_STEP if self.options.loss == "impasto" else None,
                )
                if self._is_moved(level):
                    loss = None  # the finish measures at the first place
                if self.state is not None:
                    solver.restore(self.state["solver"])
                    self.state = None
                stopped = yield from self._steps(level, solver)
                image = solver.finish()[..., : scale.height, : scale.width]
                curvature, pixels, terms = solver.scale, scale.pixels, solver.best_terms
                del solver  # its memory of steps, before the next one needs some
            image = image.clamp(0, 1)
        assert image is not None
        image, losses = self._finish(image, loss, terms)
        finished = Finished(
            image=image.cpu(),
            losses=losses,
            init=self.init or "content",
            finest=self.scales[-1].long_side,
            steps=tuple(self.taken),
            seconds=self._seconds(),
            stopped=stopped or self.taken != [scale.steps for scale in self.scales],
        )
        yield finished
        return finished

    def _plan(self) -> Planned:
        """Return what will be done, with the seconds that a short measurement promises."""
        seconds, steps = self.options.seconds, [scale.steps for scale in self.scales]
        if seconds is None:
            seconds = self._measure(MEASURED) * self._work(steps)
        elif self.paints_until_time_is_up:
            steps = self._steps_in(seconds) or steps
        return Planned(
            width=self.width,
            height=self.height,
            sizes=tuple((scale.width, scale.height) for scale in self.scales),
            steps=tuple(steps),
            seconds=seconds,
            memory=max(self.output, *(memory.size for memory in self.memory)),
            tile=self.memory[-1].side,
        )

    def _steps_in(self, seconds: float) -> list[int]:
        """Return how many steps of each scale so many seconds are good for; [] if unknown."""
        if not self.seconds_per_pixel:
            return []
        seconds -= self.finish_in_steps * self.seconds_per_pixel * self.scales[-1].pixels
        steps, share = [], 0.0
        for scale, memory in zip(self.scales, self.memory, strict=True):
            per_step = self.seconds_per_pixel * scale.pixels * memory.effort
            steps.append(max(0, int(seconds * (scale.deadline - share) / per_step)))
            share = scale.deadline
        return steps

    def _measure(self, side: int) -> float:
        """Return the seconds per pixel of a step, from one on a small picture."""
        side = min(side, max(SMALLEST_SIDE, self.height), max(SMALLEST_SIDE, self.width))
        extractor = self._extractor(self.dtype)
        began = 0.0
        for size in (SMALLEST_SIDE, side):  # the first one wakes threads and loads kernels
            image = torch.full((1, 3, size, size), 0.5, device=self.device, requires_grad=True)
            began = time.perf_counter()
            features = extractor(image)
            total = torch.stack([found.float().sum() for found in features.values()]).sum()
            torch.autograd.grad(total, image)
        return (time.perf_counter() - began) / side**2

    def _steps(self, level: int, solver: Solver) -> Generator[Event, None, bool]:
        """Paint at one scale; return whether the person asked to stop."""
        scale, options, memory = self.scales[level], self.options, self.memory[level]
        times: deque[float] = deque(maxlen=STEADY)
        while self.taken[level] < scale.steps or self.paints_until_time_is_up:
            began = time.perf_counter()
            if self._is_late(level):
                break
            taken = self.taken[level]
            if self._moves(level, taken) > self._moves(level, taken - 1):
                offset = self._offset(level)
                solver.change_loss(partial(self._loss, *scale.size, self.dtype, memory, offset))
            loss, terms = solver.step()
            self.taken[level] += 1
            times.append((time.perf_counter() - began) / scale.pixels)
            self.seconds_per_pixel = statistics.median(times)
            if time.perf_counter() - self.saved_at > CHECKPOINT_SECONDS:
                yield from self._save(level, solver)
            steps, eta = self._forecast(level)
            done = sum(self.taken)
            try:
                yield Step(
                    step=done,
                    steps=steps,
                    scale=level + 1,
                    scales=len(self.scales),
                    height=scale.height,
                    width=scale.width,
                    loss=loss,
                    terms=terms,
                    seconds=self._seconds(),
                    eta=eta,
                )
                if options.preview_every and done % options.preview_every == 0:
                    image = solver.best[..., : scale.height, : scale.width]
                    yield Preview(done, self._in_color(image).cpu())
            except StopEarly:
                yield from self._save(level, solver)
                return True
        return False

    seconds_per_pixel = 0.0
    """Of the latest step; 0 before the first."""

    def _seconds(self) -> float:
        return self.seconds_before + time.perf_counter() - self.began

    def _is_late(self, level: int) -> bool:
        """Return whether one more step would not fit into this scale's share of the time."""
        if self.options.seconds is None:
            return False
        if not sum(self.taken):  # the measurement may have come at a busy moment
            return self._seconds() >= self.options.seconds
        finishing = self.finish_in_steps * self.seconds_per_pixel * self.scales[-1].pixels
        share = (self.options.seconds - finishing) * self.scales[level].deadline
        return self._seconds() + self.seconds_per_pixel * self.scales[level].pixels > share

    def _forecast(self, level: int) -> tuple[int, float]:
        """Return the steps expected in all, and the seconds still to go."""
        left = [
            max(0, scale.steps - taken) if at >= level else 0
            for at, (scale, taken) in enumerate(zip(self.scales, self.taken, strict=True))
        ]
        limit = self.options.seconds
        remaining = None if limit is None else max(0.0, limit - self._seconds())
        work = self._work(left) * self.seconds_per_pixel / self.memory[level].effort
        steps = sum(self.taken) + sum(left)
        if remaining is not None and (self.paints_until_time_is_up or work > remaining):
            per_step = self.seconds_per_pixel * self.scales[-1].pixels
            return sum(self.taken) + round(remaining / per_step), remaining
        return steps, work

    def _work(self, steps: Sequence[int]) -> float:
        """Return what so many steps of every scale and the finish take, in pixels seen whole."""
        painting = sum(
            count * scale.pixels * memory.effort
            for count, scale, memory in zip(steps, self.scales, self.memory, strict=True)
        )
        level, last = len(self.scales) - 1, self.scales[-1].steps - 1
        to_come = self._moves(level, last) - self._moves(level, last - steps[-1])
        ending = self.finish_in_steps + MOVE_IN_STEPS * to_come
        return painting + ending * self.scales[-1].pixels

    def _first_image(self, height: int, width: int, loss: Loss | None) -> Tensor:
        """Return where to start; `loss` decides where nobody has said it."""
        if self.start is not None:
            return cover(self.start, height, width)
        if self.init is None:
            return self._better_start(height, width, loss)
        init = self.init
        if init == "content":
            return resize(self.content, height, width)
        if init == "recolored":
            return self._recolored(height, width)
        if init == "style":
            return cover(self.styles[0], height, width)
        generator = torch.Generator().manual_seed(self.options.seed)
        noise = torch.rand(1, 3, height, width, generator=generator)
        if init == "gray":
            noise = 0.5 + (noise - 0.5) / 100
        elif init != "noise":
            raise ConfigError(
                f"--init {init!r} is neither content, recolored, noise, gray, style, auto nor a "
                "picture file"
            )
        noise = to_luminance(noise) if self.options.preserve_color == "luminance" else noise
        return noise.to(self.device)

    def _recolored(self, height: int, width: int) -> Tensor:
        """Return the photo in the paintings' colors."""
        content = resize(self.content, height, width)
        styles = [self._at_scale(style, max(height, width)) for style in self.styles]
        styles = [*map(_taken, styles, self.masks.style_parts)]
        masks = self._masks(height, width)
        if masks is None:
            return recolor(content, styles, self.style_shares)
        found = content * (1 - masks.sum(0, keepdim=True))
        for style, mask in zip(styles, masks, strict=True):
            found = found + mask * recolor(content, [style], (1.0,))
        return found

    @torch.no_grad()
    def _better_start(self, height: int, width: int, loss: Loss | None) -> Tensor:
        """Return the start nearer to the goal, the photo or the photo recolored; keep which.

        A photo far from the painting's colors would have to be carried there in the small steps
        of the optimizer, all pixels alike, which it does not manage. `paper` and `classic` begin
        with the photo.
        """
        starts = {"content": resize(self.content, height, width)}
        self.init = "content"
        if loss is None or not self.loss_weights.style or self.options.loss != "impasto":
            return starts["content"]
        starts["recolored"] = self._recolored(height, width)
        losses = {
            name: float(torch.stack(list(loss(_pad(image)).values())).sum())
            for name, image in starts.items()
        }
        self.init = min(losses, key=losses.__getitem__)
        return starts[self.init]

    def _extractor(self, dtype: torch.dtype) -> Extractor:
        options = self.options
        return Extractor(
            self.weights,
            self.loss_weights.layers,
            topology=TOPOLOGIES[options.backbone],
            pooling=options.pooling,
            border="replicate" if options.loss == "impasto" else "zeros",
            dtype=dtype,
        ).to(self.device)

    def _loss(
        self,
        height: int,
        width: int,
        dtype: torch.dtype,
        memory: MemoryPlan,
        offset: tuple[int, int] = OFFSETS[0],
    ) -> Loss:
        """Return the loss at one scale, in tiles if need be; the styles shrink with the picture."""

        def seen(image: Tensor) -> Tensor:
            return _moved(self._around(image), offset)

        options = self.options
        styles = [self._at_scale(style, max(height, width)) for style in self.styles]
        extractor = self._extractor(dtype)
        content = seen(_pad(resize(self.content, height, width)))
        parts = [
            None if part is None else _pad(to_masks(part, *size_of(style)).to(self.device))
            for style, part in zip(styles, self.masks.style_parts, strict=True)
        ]
        styles = [_pad(style) for style in styles]
        given = extractor, options.loss, self.loss_weights, content, styles, self.style_shares
        masks = self._masks(height, width)
        regions = None if masks is None else seen(_pad(masks))
        emphasis = None
        if self.masks.protected is not None:
            mask = to_masks(self.masks.protected, height, width).to(self.device)
            emphasis = seen(_pad(1 + (options.protect_weight - 1) * mask))
        loss: Loss
        if memory.side is None:
            loss = PerceptualLoss(*given, regions, emphasis, parts)
        else:
            loss = TiledLoss(
                *given,
                memory.side,
                keep=memory.keep,
                regions=regions,
                emphasis=emphasis,
                style_parts=parts,
            )
        if regions is not None:
            loss = _keeping(loss, content, regions)
        # VGG would find colors that make grays more like grays; nobody asked for them.
        return lambda image: loss(seen(to_luminance(image) if self.is_gray else image))

    def _around(self, image: Tensor) -> Tensor:
        """Return the picture, continued beyond its borders with its other side if it is wrapped."""
        return wrap_around(image, self.options.wrap, WRAPPED)

    def _masks(self, height: int, width: int) -> Tensor | None:
        """Return where each style goes, (R, 1, height, width); None if all go everywhere."""
        if self.masks.regions is None:
            return None
        return to_masks(self.masks.regions, height, width).to(self.device)

    def _at_scale(self, style: Tensor, long_side: int) -> Tensor:
        """Return a painting at the size at which a picture takes its strokes from it.

        Differs: a painting is not enlarged beyond its own pixels, because the picture would learn
        its blur; the large strokes come from the coarser scales. `paper` and `classic` enlarge it.
        """
        if self.options.loss == "impasto":
            long_side = min(long_side, max(size_of(style)))
        long_side = max(1, round(long_side * self.options.style_scale))
        return resize(style, *fit_long_side(*size_of(style), long_side))

    def _enlarged(self, image: Tensor, height: int, width: int) -> Tensor:
        """Return the picture so far at a larger size, along the photo's edges."""
        if size_of(image) == (height, width):
            return image
        if self.options.loss != "impasto" or not self.loss_weights.content:
            return resize(image, height, width, self.options.wrap)
        return enlarge(image, resize(self.whole, height, width), self.options.wrap)

    def _in_color(self, image: Tensor) -> Tensor:
        """Return the picture as it is saved: full size, with what stays of the photo, rounded."""
        image = self._enlarged(image.clamp(0, 1), self.height, self.width)
        options, size = self.options, (self.height, self.width)
        if self.is_gray:
            image = to_luminance(image)
        if options.preserve_color == "luminance":
            image = replace_luminance(resize(self.photo, *size), image)
        if options.strength < 1:
            image = torch.lerp(resize(self.photo, *size), image, options.strength)
        masks = self._masks(*size)
        if masks is not None:
            kept = (1 - masks.sum(0, keepdim=True)).clamp(0, 1)
            image = torch.lerp(image, resize(self.photo, *size), kept)
        return round_to_bits(image, self.options.bits)

    @torch.no_grad()
    def _finish(
        self, image: Tensor, loss: Loss | None, terms: dict[str, float]
    ) -> tuple[Tensor, dict[str, float]]:
        """Return the picture as it is saved and its own losses.

        They are measured at the finest scale in float32, where it lies on VGG's grid at first. If
        time is short, they are `terms`, which it was painted with, or, with something of the photo
        mixed in, those of a loss as exact.
        """
        image = self._in_color(image)
        options, size = self.options, self.scales[-1].size
        losses = terms
        if not terms or not self.paints_until_time_is_up or self._mixes_photo:
            seen = to_luminance(image) if options.preserve_color == "luminance" else image
            if loss is None or self._is_measured_anew:
                dtype = self.dtype if self.paints_until_time_is_up else torch.float32
                loss = self._loss(*size, dtype, self.memory[-1])
            losses = {name: float(term) for name, term in loss(_pad(resize(seen, *size))).items()}
        if not math.isfinite(sum(losses.values())):
            raise ResourceError(
                "no picture was found whose loss is finite; try a smaller --style-weight, "
                "--content-weight or --tv-weight, or --dtype float32"
            )
        return image, {"total": sum(losses.values()), **losses}


def _loss_weights(options: OptimizeOptions, count: int) -> tuple[LossWeights, tuple[float, ...]]:
    """Return the weights of all terms, and each style's share."""
    shares = options.style_weights or (1.0,) * count
    content = dict.fromkeys(options.content_layers if options.content_weight else (), 1.0)
    style = dict(zip(options.style_layers, options.style_layer_weights or (), strict=True))
    style = style if options.style_weight else {}
    if not content and not style:
        raise ConfigError("nothing to paint: --content-weight or --style-weight must be above 0")
    if style and not count:
        raise ConfigError("at least one style picture is needed")
    if len(shares) != count:
        raise ConfigError(f"--style-weights: {count} paintings, but {len(shares)} numbers")
    weights = LossWeights(
        content=content,
        style=style,
        content_weight=options.content_weight or 0.0,
        style_weight=options.style_weight or 0.0,
        tv_weight=options.tv_weight or 0.0,
        nearest_weight=options.nearest_weight if style else 0.0,
    )
    return weights, shares


def _bytes_of(images: Sequence[Tensor]) -> int:
    """Return what pictures take in memory; one that is there twice counts once."""
    sizes = {image.data_ptr(): image.numel() * image.element_size() for image in images}
    return sum(sizes.values())


def _pad(image: Tensor) -> Tensor:
    """Return the picture, repeated at its right and lower edge up to the smallest side."""
    height, width = size_of(image)
    right, below = max(0, SMALLEST_SIDE - width), max(0, SMALLEST_SIDE - height)
    if not right and not below:
        return image
    return F.pad(image, (0, right, 0, below), mode="replicate")


def _moved(image: Tensor, offset: tuple[int, int]) -> Tensor:
    """Return the picture with so many rows and columns more before it, and a square in all."""
    rows, columns = offset
    sides = (columns, GRID - columns, rows, GRID - rows)
    return F.pad(image, sides, mode="replicate") if any(offset) else image


def _taken(style: Tensor, part: Array | None) -> Tensor:
    """Return the pixels of a painting that are taken, as a picture of one row."""
    if part is None:
        return style
    inside = to_masks(part, *size_of(style))[0, 0].to(style.device) > 0.5
    return style[:, :, inside][:, :, None] if int(inside.sum()) >= FEW else style


def _keeping(loss: Loss, content: Tensor, regions: Tensor) -> Loss:
    """Return the loss of a picture in which the content stays where no region is."""
    kept = (1 - regions.sum(0, keepdim=True)).clamp(0, 1)
    if not float(kept.max()):
        return loss
    return lambda image: loss(torch.lerp(image, content, kept))
