import math

import pytest
import torch

from impasto import assets
from impasto.core.errors import ConfigError, ResourceError, ShapeError
from impasto.core.events import Finished, Planned, Preview, Step, StopEarly
from impasto.core.tensors import resize
from impasto.io.checkpoints import Checkpoints
from impasto.io.color import to_luminance
from impasto.io.guided import enlarge
from impasto.io.image import read_picture
from impasto.optimization import picture
from impasto.optimization.options import OptimizeOptions
from impasto.optimization.picture import optimize_picture
from impasto.optimization.solver import Solver
from support import Clock, noise_picture


def paint(weights, content=None, styles=None, start=None, **options):
    """Return (all events between the plan and the last, the last)."""
    options = {"size": 48, "steps": (4,), "dtype": "float32", **options}
    events = list(
        optimize_picture(
            noise_picture(40, 60, 1) if content is None else content,
            [noise_picture(50, 50, 2)] if styles is None else styles,
            weights,
            OptimizeOptions(**options),
            start=start,
        )
    )
    assert isinstance(events[0], Planned)
    assert isinstance(events[-1], Finished)
    return events[1:-1], events[-1]


@pytest.fixture
def clock(monkeypatch):
    """A clock that moves when a step is taken, by a second for every 1000 pixels."""
    clock, real = Clock(), Solver.step

    def step(self):
        clock.now += self.image[0, 0].numel() / 1000
        return real(self)

    monkeypatch.setattr("impasto.optimization.picture.time", clock)
    monkeypatch.setattr(Solver, "step", step)
    return clock


@pytest.mark.parametrize(("dtype", "finish_in_steps"), [("bfloat16", 3), ("float32", 0.4)])
def test_events_tell_step_scale_and_loss(tiny, clock, dtype, finish_in_steps):
    """Less exact numbers are measured anew in float32 in the end, which takes steps of time."""
    events, finished = paint(tiny, size=64, coarsest=32, dtype=dtype)
    assert [(e.scale, e.width) for e in events] == [(1, 32)] * 8 + [(2, 64)] * 4
    assert [event.step for event in events] == list(range(1, 13))
    assert all(event.steps == 12 for event in events)
    assert all(math.isclose(e.loss, sum(e.terms.values()), rel_tol=1e-4) for e in events)
    assert events[-1].seconds == pytest.approx(clock.now)
    finish = finish_in_steps * 64 * 43 / 1000
    assert events[-1].eta == pytest.approx(finish, rel=0.2), "the finish is still to come"
    assert finished.steps == (8, 4)
    assert not finished.stopped


def test_the_output_has_the_photos_shape_and_eight_bits(tiny):
    _, finished = paint(tiny)
    assert finished.image.shape == (1, 3, 32, 48)
    assert torch.equal((finished.image * 255).round() / 255, finished.image)
    assert finished.image.min() >= 0
    assert finished.image.max() <= 1


@pytest.mark.parametrize("loss", ["impasto", "paper", "classic"])
@pytest.mark.parametrize("init", ["content", "recolored", "noise", "gray", "style"])
def test_the_loss_falls_from_every_start(tiny, loss, init):
    events, _ = paint(tiny, loss=loss, init=init, steps=(12,), coarsest=0)
    assert min(event.loss for event in events) < 0.7 * events[0].loss


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_the_real_network_paints_a_castle_like_a_wave(weights, optimizer):
    """Real pictures, real VGG-16: nearer to the painting, and the photo still there."""
    castle, wave = (read_picture(assets.find(name)).image for name in ("castle", "great-wave"))
    options = {"size": 128, "coarsest": 0, "optimizer": optimizer, "init": "content"}
    events, finished = paint(weights, castle, [wave], steps=(30,), **options)
    first = events[0].terms
    for layer in ("relu1_1", "relu2_1", "relu3_1", "relu4_1"):
        assert finished.losses[f"style.{layer}"] < 0.3 * first[f"style.{layer}"], layer
    assert finished.losses["content.relu4_2"] < 1.2


def test_every_place_becomes_like_some_place_of_the_painting(weights):
    """Real pictures, real VGG-16: nearer than by Gram matrices alone."""
    castle, wave = (read_picture(assets.find(name)).image for name in ("castle", "great-wave"))
    options = {"size": 96, "coarsest": 0, "init": "content", "nearest_weight": 0.15}
    asked, with_places = paint(weights, castle, [wave], steps=(15,), **options)
    distance = "style.nearest"
    assert with_places.losses[distance] < 0.9 * asked[0].terms[distance]
    _, without = paint(weights, castle, [wave], steps=(15,), **{**options, "nearest_weight": 0.0})
    options |= {"init": "file", "start": without.image, "steps": (1,)}
    by_gram_alone, _ = paint(weights, castle, [wave], **options)
    assert with_places.losses[distance] < by_gram_alone[0].terms[distance]
    assert distance not in without.losses


def test_it_starts_where_the_loss_is_lower(tiny):
    """A photo far from the painting's colors is recolored; one that is near stays."""
    light, dark = noise_picture(40, 60, 1) * 0.3 + 0.7, noise_picture(50, 50, 2) * 0.3
    for content, style, init in ((light, dark, "recolored"), (light, light, "content")):
        options = {"content": content, "styles": [style], "steps": (3,)}
        events, finished = paint(tiny, **options)
        assert finished.init == init
        firsts = {}
        for each in ("content", "recolored"):
            others, same = paint(tiny, **options, init=each)
            firsts[each] = others[0].loss
            if each == init:
                assert torch.equal(same.image, finished.image)
        assert events[0].loss == firsts[init] == min(firsts.values())


@pytest.mark.parametrize("loss", ["paper", "classic"])
def test_the_published_methods_start_from_the_photo(tiny, loss):
    assert paint(tiny, loss=loss)[1].init == "content"


def test_without_a_painting_it_starts_from_the_photo(tiny):
    assert paint(tiny, styles=[], style_weight=0.0)[1].init == "content"


def test_the_same_seed_paints_the_same_picture(tiny):
    first, again, other = (paint(tiny, init="noise", seed=seed)[1].image for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_reported_losses_are_those_of_the_finished_picture(tiny):
    """Measuring the finished picture again, as a start of zero steps, gives the same numbers."""
    _, finished = paint(tiny)
    events, again = paint(tiny, init="file", start=finished.image, steps=(1,), coarsest=0)
    assert events[0].loss == pytest.approx(finished.losses["total"], rel=1e-4)
    assert again.losses["total"] <= finished.losses["total"] * 1.01


@pytest.fixture
def places(monkeypatch):
    """The places on VGG's grid at which a picture is seen, in the order of their first turns.

    Pictures of 48 pixels are large ones here.
    """
    seen = []

    def moved(image, offset):
        if seen[-1:] != [offset]:
            seen.append(offset)
        return real(image, offset)

    real = picture._moved
    monkeypatch.setattr(picture, "_moved", moved)
    monkeypatch.setattr(picture, "LARGE", 40)
    return seen


def test_a_large_picture_is_moved_against_the_grid(tiny, places):
    """After 3 and 6 steps of the finest scale, and measured where it began."""
    events, finished = paint(tiny, steps=(7,))
    assert places == [(0, 0), (5, 11), (11, 6), (0, 0)]
    assert finished.image.shape == (1, 3, 32, 48)
    again, _ = paint(tiny, init="file", start=finished.image, steps=(1,), coarsest=0)
    assert again[0].loss == pytest.approx(finished.losses["total"], rel=1e-4)
    assert finished.losses["total"] < 0.8 * events[0].loss


def test_only_the_finest_scale_is_moved(tiny, places):
    paint(tiny, size=96, coarsest=48, steps=(8, 2))
    assert places == [(0, 0)]
    paint(tiny, size=48, steps=(8,), loss="classic")
    assert places == [(0, 0)], "the published methods are as published"


@pytest.mark.usefixtures("clock")
def test_in_haste_it_is_moved_later(tiny, places):
    """A step takes a second and a half, and twelve come before the first move."""
    events, _ = paint(tiny, steps=None, seconds=30.0, coarsest=0)
    assert len(events) > 13
    assert places == [(0, 0), (5, 11)]


@pytest.mark.parametrize("taken", [2, 3, 5, 6])
def test_a_moved_picture_can_be_stopped_resumed_and_painted_again(tiny, places, tmp_path, taken):
    content, style = noise_picture(40, 60), noise_picture(50, 50)

    def begin(steps, folder=None):
        options = OptimizeOptions(size=48, coarsest=0, dtype="float32", steps=(steps,))
        checkpoints = None if folder is None else Checkpoints(folder)
        return optimize_picture(content, [style], tiny, options, checkpoints=checkpoints)

    events = begin(8, tmp_path)
    for _ in range(1 + taken):
        next(events)
    stopped = events.throw(StopEarly)
    assert stopped.steps == (taken,)
    assert torch.equal(stopped.image, list(begin(taken))[-1].image)
    resumed = list(begin(8, tmp_path))[-1]
    assert torch.equal(resumed.image, list(begin(8))[-1].image)
    assert len(places) > 3


def test_bfloat16_losses_are_reported_in_float32(weights):
    castle, wave = (read_picture(assets.find(name)).image for name in ("castle", "great-wave"))
    _, finished = paint(weights, castle, [wave], dtype="bfloat16", size=64, steps=(3,))
    events, _ = paint(
        weights, castle, [wave], size=64, steps=(1,), coarsest=0, init="f", start=finished.image
    )
    assert events[0].loss == pytest.approx(finished.losses["total"], rel=1e-4)


@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (200, 1), (31, 33), (3, 700)])
def test_any_size_down_to_one_pixel(tiny, shape):
    _, finished = paint(tiny, content=noise_picture(*shape), size=max(shape), steps=(2,))
    assert finished.image.shape[-2:] == shape
    assert torch.isfinite(finished.image).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 300)])
def test_a_painting_of_one_pixel(tiny, shape):
    for weight in (0.0, 0.3):
        options = {"steps": (2,), "nearest_weight": weight}
        _, finished = paint(tiny, styles=[noise_picture(*shape)], **options)
        assert torch.isfinite(finished.image).all()


@pytest.mark.parametrize("nearest_weight", [0.0, 0.3])
def test_flat_pictures_stay_finite(tiny, nearest_weight):
    flat = torch.full((1, 3, 40, 40), 0.5)
    _, finished = paint(tiny, content=flat, styles=[flat], nearest_weight=nearest_weight)
    assert all(math.isfinite(value) for value in finished.losses.values())


def test_stop_early_ends_with_a_full_size_picture(tiny):
    events = optimize_picture(
        noise_picture(40, 60),
        [noise_picture(50, 50)],
        tiny,
        OptimizeOptions(size=64, steps=(50,), coarsest=32),
    )
    for _ in range(3):
        next(events)
    finished = events.throw(StopEarly)
    assert isinstance(finished, Finished)
    assert finished.stopped
    assert finished.steps == (2, 0)
    assert finished.image.shape == (1, 3, 43, 64)
    assert list(events) == []


def test_a_stopped_run_can_be_painted_again(tiny):
    """The steps that were taken reproduce the picture, even where a scale had none."""
    content, style = noise_picture(40, 60), noise_picture(50, 50)
    options = {"size": 64, "coarsest": 32, "dtype": "float32"}
    events = optimize_picture(content, [style], tiny, OptimizeOptions(steps=(50,), **options))
    for _ in range(4):
        next(events)
    stopped = events.throw(StopEarly)
    again = paint(tiny, content, [style], steps=stopped.steps, **options)[1]
    assert torch.equal(stopped.image, again.image)


def test_seconds_end_the_run_in_time(tiny, clock):
    """A third of the time goes to the small picture; what measuring takes is left over."""
    step, small = 96 * 64 / 1000, 48 * 32 / 1000
    seconds = 30 * step
    events, finished = paint(tiny, size=96, coarsest=48, steps=None, seconds=seconds)
    assert seconds - 1.8 * step < clock.now <= seconds - 0.8 * step
    assert len(events) == sum(finished.steps)
    assert finished.steps[0] * small == pytest.approx(29.2 * step / 3, abs=small + step)
    assert finished.stopped


@pytest.mark.parametrize(("seconds", "finest"), [(0.0, 48), (18.0, 48), (30.0, 68), (50.0, 96)])
def test_a_finest_scale_without_time_for_four_steps_is_smaller(
    tiny, clock, monkeypatch, seconds, finest
):
    """A step at 96 px takes 6.1 s, and two thirds of the time are for that scale."""
    monkeypatch.setattr("impasto.optimization.picture._Run._measure", lambda *_: 1 / 1000)
    monkeypatch.setattr("impasto.optimization.picture.LEAST_FINEST", 48)
    options = {"size": 96, "coarsest": 48, "steps": None, "seconds": seconds}
    events, finished = paint(tiny, **options)
    assert max([event.width for event in events] or [48]) == finished.finest == finest
    assert finished.image.shape == (1, 3, 64, 96)
    assert clock.now <= seconds
    if events:
        assert finished.steps[-1] >= 4


def test_from_the_finest_scale_it_is_enlarged_along_the_photo_s_edges(tiny):
    content = noise_picture(40, 60, 1)
    _, finished = paint(tiny, content, size=96, finest=48)
    _, small = paint(tiny, content, size=48)
    assert finished.image.shape == (1, 3, 64, 96)
    assert finished.steps == small.steps
    expected = enlarge(small.image, resize(content, 64, 96))
    assert torch.allclose(finished.image, expected, atol=3 / 255)


@pytest.mark.parametrize("init", [None, "content", "recolored", "noise", "gray", "style"])
@pytest.mark.parametrize("coarsest", [0, 32])
def test_grays_stay_gray(tiny, init, coarsest):
    content, style = to_luminance(noise_picture(40, 60, 1)), to_luminance(noise_picture(50, 50, 2))
    options = {"init": init, "coarsest": coarsest, "size": 64, "steps": (6,)}
    events, finished = paint(tiny, content, [style], **options)
    assert torch.equal(finished.image[:, 0], finished.image[:, 1])
    assert torch.equal(finished.image[:, 0], finished.image[:, 2])
    assert events[-1].loss < events[0].loss or coarsest
    colored = paint(tiny, content, [noise_picture(50, 50, 2)], **options)[1]
    assert not torch.equal(colored.image[:, 0], colored.image[:, 1])


def test_strength_mixes_the_photo_in(tiny):
    content = noise_picture(40, 60, 1)
    full, half, none = (paint(tiny, content, strength=s)[1].image for s in (1.0, 0.5, 0.0))
    photo = resize(content, 32, 48)
    assert torch.allclose(none, photo, atol=1 / 255)
    assert torch.allclose(half, (full + photo) / 2, atol=2 / 255)


def test_no_time_at_all_still_gives_a_picture(tiny):
    events, finished = paint(tiny, seconds=0.0)
    assert events == []
    assert finished.image.shape == (1, 3, 32, 48)


def test_previews_come_when_asked_at_full_size(tiny):
    events, _ = paint(tiny, size=64, coarsest=32, preview_every=5)
    previews = [event for event in events if isinstance(event, Preview)]
    assert [preview.step for preview in previews] == [5, 10]
    assert all(preview.image.shape == (1, 3, 43, 64) for preview in previews)


def test_style_weights_choose_between_paintings(tiny):
    styles = [noise_picture(50, 50, 2), noise_picture(50, 50, 3)]
    only_first = paint(tiny, styles=styles, style_weights=(1.0, 0.0))[1]
    alone = paint(tiny, styles=styles[:1])[1]
    assert torch.allclose(only_first.image, alone.image, atol=3 / 255)
    with pytest.raises(ConfigError, match="2 paintings, but 1 numbers"):
        paint(tiny, styles=styles, style_weights=(1.0,))


def test_luminance_keeps_the_photos_colors(tiny):
    content = noise_picture(48, 48, 1) * 0.3 + 0.35
    _, finished = paint(tiny, content=content, preserve_color="luminance")
    chroma = finished.image - to_luminance(finished.image)
    assert torch.allclose(chroma, content - to_luminance(content), atol=0.06)


def test_match_moves_the_painting_to_the_photos_colors(weights):
    castle = read_picture(assets.find("castle")).image
    wave = read_picture(assets.find("great-wave")).image
    options = {"size": 96, "steps": (15,), "coarsest": 0}
    plain = paint(weights, castle, [wave], **options)[1].image
    matched = paint(weights, castle, [wave], preserve_color="match", **options)[1].image
    mean = castle.mean((2, 3))
    assert (matched.mean((2, 3)) - mean).norm() < 0.5 * (plain.mean((2, 3)) - mean).norm()


def test_options_reach_the_network(tiny):
    plain = paint(tiny)[1].image
    for changed in (
        {"pooling": "average"},
        {"style_scale": 0.5},
        {"tv_weight": 50.0},
        {"style_layers": ("conv2_1",)},
        {"content_layers": ("relu3_1", "relu4_2")},
        {"style_layer_weights": (1.0, 0.0, 0.0, 0.0, 0.0)},
    ):
        assert not torch.equal(paint(tiny, **changed)[1].image, plain), changed


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        (ConfigError, {"styles": []}),
        (ConfigError, {"init": "watercolor"}),
        (ConfigError, {"device": "toaster"}),
        (ConfigError, {"style_layers": ("relu9_1",)}),
        (ShapeError, {"content": torch.zeros(3, 4, 4)}),
        (ShapeError, {"styles": [torch.zeros(1, 1, 4, 4)]}),
    ],
)
def test_what_cannot_work_is_one_line(tiny, error, arguments):
    with pytest.raises(error) as caught:
        paint(tiny, **arguments)
    assert "\n" not in str(caught.value)


def test_events_are_frozen(tiny):
    events, _ = paint(tiny)
    assert isinstance(events[0], Step)
    with pytest.raises(AttributeError):
        events[0].loss = 0.0


def test_little_memory_means_tiles_and_the_same_picture(tiny):
    content, styles = noise_picture(400, 520, 1), [noise_picture(520, 500, 2)]
    options = {"size": 520, "steps": (2,), "coarsest": 0, "dtype": "float32"}
    whole = list(optimize_picture(content, styles, tiny, OptimizeOptions(memory="10GB", **options)))
    tiled = list(optimize_picture(content, styles, tiny, OptimizeOptions(memory="1GB", **options)))
    assert whole[0].tile is None
    assert tiled[0].tile is not None
    assert tiled[0].memory <= 1e9
    for one, other in zip(tiled, whole, strict=True):
        if isinstance(one, Step):
            assert one.loss == pytest.approx(other.loss, rel=1e-4)
    assert tiled[-1].losses == pytest.approx(whole[-1].losses, rel=0.02)
    assert (tiled[-1].image - whole[-1].image).abs().mean() < 1 / 255


def test_a_small_painting_is_not_enlarged(tiny):
    """Of a flat painting enlarged, no layer would tell; so of one with the finest grain."""
    content = noise_picture(64, 64, 1)
    fine = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    enlarged = resize(fine, 64, 64)
    losses = {}
    for name, style in (("fine", fine), ("enlarged", enlarged)):
        for loss in ("impasto", "classic"):
            options = OptimizeOptions(
                size=64, steps=(0,), coarsest=0, dtype="float32", loss=loss, init="content"
            )
            losses[name, loss] = list(optimize_picture(content, [style], tiny, options))[-1].losses[
                "total"
            ]
    assert losses["fine", "classic"] == pytest.approx(losses["enlarged", "classic"], rel=1e-4)
    assert losses["fine", "impasto"] != pytest.approx(losses["enlarged", "impasto"], rel=1e-2)


def test_too_little_memory_is_one_clear_error(tiny):
    with pytest.raises(ResourceError, match="--memory allows 100 MB"):
        paint(tiny, memory="100MB")


@pytest.mark.parametrize("kind", ["content", "style"])
def test_content_or_style_alone(tiny, kind):
    """Nothing of the other is asked for, measured or reported."""
    other = {"content": "style", "style": "content"}[kind]
    options = {f"{other}_weight": 0.0, f"{kind}_weight": 1000.0, "tv_weight": 0.0}
    styles = [] if kind == "content" else None
    events, finished = paint(
        tiny, styles=styles, init="noise", steps=(25,), size=64, coarsest=0, **options
    )
    assert {name.split(".")[0] for name in finished.losses} == {kind, "total", "range"}
    assert finished.losses["total"] < 0.2 * events[0].loss


def test_nothing_that_counts_is_refused(tiny):
    with pytest.raises(ConfigError, match="nothing to paint"):
        paint(tiny, content_weight=0.0, style_weight=0.0)


def test_a_faint_start_does_not_stand_still(weights):
    """From gray the second step of L-BFGS is far too long; the run must get over it."""
    wave = read_picture(assets.find("great-wave")).image
    events, _ = paint(
        weights, wave, [wave], init="gray", content_weight=0.0, style_weight=1000.0,
        style_layers=("relu1_1", "relu2_1"), size=64, steps=(40,), coarsest=0, dtype="bfloat16",
    )  # fmt: skip
    assert min(event.loss for event in events) < 0.1 * events[0].loss


def test_the_checkpoints_of_another_version_are_refused(tiny, tmp_path):
    checkpoints = Checkpoints(tmp_path)
    plans = [(None, 20, "float32", 1e9)]
    checkpoints.save(1, {"level": 0, "taken": [1], "seconds": 1.0, "memory": plans, "solver": {}})
    options = OptimizeOptions(size=48, steps=(4,), coarsest=0, dtype="float32")
    pictures = noise_picture(40, 60, 1), [noise_picture(50, 50, 2)]
    with pytest.raises(ConfigError, match="another version"):
        next(optimize_picture(*pictures, tiny, options, checkpoints=checkpoints))


def test_too_little_memory_names_the_size_that_was_asked(tiny):
    options = OptimizeOptions(size=2048, memory="500MB")
    pictures = noise_picture(40, 60, 1), [noise_picture(50, 50, 2)]
    with pytest.raises(ResourceError, match=r"2048x1365 pixels need .* GB at least"):
        next(optimize_picture(*pictures, tiny, options))


def test_a_style_that_does_not_count_is_not_looked_at(tiny):
    _, finished = paint(tiny, steps=(1,), coarsest=0, style_weight=0.0)
    assert "content.relu4_2" in finished.losses
    assert not [name for name in finished.losses if name.startswith("style")]


def test_a_loss_that_is_never_finite_is_no_picture(tiny):
    broken = {name: tensor * 1e18 for name, tensor in tiny.items()}
    with pytest.raises(ResourceError, match="smaller --style-weight"):
        paint(broken, steps=(1,), coarsest=0, dtype="float32", loss="paper", init="content")
