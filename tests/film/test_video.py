"""Films that are made here: moving shapes, a cut, a sound."""

import shutil

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence

import impasto
from clips import CUT_AT, FRAMES, RATE, background, make_clip, shot
from impasto.assets import own_folder
from impasto.core.errors import ConfigError, ImageError, ModelFileError
from impasto.core.events import Advanced, Note, Painted, StopEarly
from impasto.film.clips import ClipReader, import_av
from impasto.film.options import FilmOptions
from impasto.film.run_folder import FilmRun
from impasto.film.steady import Steadier
from impasto.film.video import video_events
from impasto.networks.options import StylizeOptions
from impasto.optimization.picture import optimize_picture
from impasto.training.learn import Learned
from support import weights_at_hand


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4")


def frames_of(path, **part):
    with ClipReader(path) as reader:
        return list(reader.frames(**part))


def sound_of(path):
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def test_frames_times_and_sound_stay(clip, wave, tmp_path):
    output = impasto.video(clip, wave, tmp_path / "painted.mp4")
    before, after = frames_of(clip), frames_of(output)
    assert [round(at * RATE) for at, _ in after] == list(range(FRAMES))
    assert [frame.shape for _, frame in after] == [(48, 64, 3)] * FRAMES
    assert np.abs(after[0][1].astype(int) - before[0][1]).mean() > 5, "it is painted"
    assert sound_of(output) == sound_of(clip)
    with av.open(str(output)) as container:
        assert container.metadata["title"] == "Holiday"
        assert "impasto video clip.mp4" in container.metadata["comment"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_uneven_times_stay(wave, tmp_path):
    times = [0, 1, 2, 4, 8, 9, 9.5, 12]
    source = make_clip(tmp_path / "phone.mp4", times=times, sound=None)
    output = impasto.video(source, wave, tmp_path / "painted.mp4")
    assert [float(at) * RATE for at, _ in frames_of(output)] == pytest.approx(times, abs=0.01)


def test_a_part_of_a_film(clip, wave, tmp_path):
    output = impasto.video(clip, wave, tmp_path / "part.mp4", start=0.25, end=0.75)
    assert [round(at * RATE) for at, _ in frames_of(output)] == list(range(6))
    assert 0 < len(sound_of(output)) < len(sound_of(clip))
    with pytest.raises(ConfigError, match="ends before that"):
        impasto.video(clip, wave, tmp_path / "none.mp4", start=30.0)
    with pytest.raises(ConfigError, match="must be after"):
        impasto.video(clip, wave, tmp_path / "none.mp4", start=2.0, end=1.0)
    assert not (tmp_path / "none.mp4").exists()


@pytest.mark.parametrize("ending", [".webm", ".mkv", ".mov"])
def test_other_containers_and_odd_sizes(wave, tmp_path, ending):
    source = make_clip(tmp_path / "small.mp4", size=(62, 46))
    events = list(
        impasto.video_events(
            source,
            tmp_path / f"painted{ending}",
            impasto.StylizeOptions(style=str(wave), size=51),
            impasto.FilmOptions(),
        )
    )
    after = frames_of(tmp_path / f"painted{ending}")
    assert [frame.shape for _, frame in after] == [(38, 50, 3)] * FRAMES
    notes = [event.message for event in events if isinstance(event, Note)]
    assert ("the sound (aac) does not go into .webm" in notes) == (ending == ".webm")


@pytest.mark.parametrize("ending", [".gif", ".webp"])
def test_moving_pictures(clip, wave, tmp_path, ending):
    output = impasto.video(clip, wave, tmp_path / f"painted{ending}")
    film = impasto.video(clip, wave, tmp_path / "painted.mp4")
    with Image.open(output) as opened:
        assert (opened.n_frames, opened.size, opened.info["loop"]) == (FRAMES, (64, 48), 0)
        pictures = [
            np.asarray(frame.convert("RGB"), float) for frame in ImageSequence.Iterator(opened)
        ]
    for picture, (_, frame) in zip(pictures, frames_of(film), strict=True):
        assert np.abs(picture - frame).mean() < 20, "256 colors, or a lossy codec"
    again = (
        impasto.video(tmp_path / "painted.gif", wave, tmp_path / "again.mp4")
        if (ending == ".gif")
        else None
    )
    assert again is None or len(frames_of(again)) == FRAMES


def test_ending_early_leaves_the_film_so_far(clip, wave, tmp_path):
    path = tmp_path / "early.mp4"
    events = impasto.video_events(
        clip, path, impasto.StylizeOptions(style=str(wave)), impasto.FilmOptions()
    )
    done = 0
    for event in events:
        done += isinstance(event, Advanced)
        if done == 3:
            last = events.throw(StopEarly)
            break
    assert isinstance(last, Painted)
    assert last.done == len(frames_of(path)) == 3


def test_what_is_no_film(clip, wave, tmp_path):
    text = tmp_path / "letter.mp4"
    text.write_text("this is no film")
    half = tmp_path / "half.mp4"
    half.write_bytes(clip.read_bytes()[:700])
    for source in (text, half, tmp_path / "missing.mp4"):
        with pytest.raises(ImageError, match=source.name):
            impasto.video(source, wave, tmp_path / "out.mp4")
    with pytest.raises(ConfigError, match=r"\.webm"):
        impasto.video(clip, wave, tmp_path / "out.avi")
    with pytest.raises(ModelFileError, match="no style"):
        impasto.video(clip, "sunflowers", tmp_path / "out.mp4")
    (tmp_path / "out.mp4").write_text("mine")
    with pytest.raises(ImageError, match="exists"):
        impasto.video(clip, wave, tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").read_text() == "mine"
    with pytest.raises(ConfigError, match="one pass"):
        impasto.video(clip, wave, tmp_path / "other.mp4", seconds=5)


def painted_with_noise(number):
    """As a network paints: strokes that jump from frame to frame."""
    noise = np.random.default_rng(number).normal(0, 25, (48, 64, 3))
    return (shot(number) + noise).clip(0, 255).astype(np.uint8)


def test_strokes_travel_with_what_they_are_painted_on():
    """Against the last result moved by the true two pixels, where both frames show the place."""
    error = {}
    for steady in (0.0, 1.0):
        steadier = Steadier(steady)
        results = [
            steadier(shot(number), painted_with_noise(number)).astype(float)
            for number in range(CUT_AT)
        ]
        pairs = zip(results[1:], results[:-1], strict=True)
        moved = [now[8:-8, 8:-10] - before[8:-8, 10:-8] for now, before in pairs]
        error[steady] = np.sqrt(np.mean(np.square(moved[-1])))
    assert error[1.0] < 0.4 * error[0.0]


def test_edges_stay_as_sharp_as_they_are_painted():
    cv2 = pytest.importorskip("cv2")
    steadier = Steadier()

    def sharpness(frame):
        return cv2.Laplacian(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var()

    shares = []
    for number in range(30):
        x = 40 + 1.7 * number  # between pixels: moving blurs
        matrix = np.float32([[1, 0, -x], [0, 1, -20]])
        photo = cv2.GaussianBlur(background(1, (200, 320)), (0, 0), 2)
        frame = cv2.warpAffine(photo, matrix, (160, 120))
        strokes = cv2.warpAffine(background(3, (200, 320)), matrix, (160, 120))
        grain = np.random.default_rng(number).normal(0, 20, frame.shape)
        painted = (0.5 * frame + 0.5 * strokes + grain).clip(0, 255).astype(np.uint8)
        shares.append(sharpness(steadier(frame, painted)) / sharpness(painted))
    assert min(shares[5:]) > 0.9
    assert max(shares[5:]) < 1.1


def test_a_new_scene_begins_anew():
    steadier = Steadier()
    for number in range(CUT_AT):
        steadier(shot(number), painted_with_noise(number))
    painted = painted_with_noise(CUT_AT)
    assert np.array_equal(steadier(shot(CUT_AT), painted), painted)


def test_without_its_package_it_says_what_to_install(clip, wave, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(impasto.MissingError, match="video"):
        impasto.video(clip, wave, tmp_path / "out.mp4")
    with pytest.raises(impasto.MissingError, match="video"):
        import_av()


def test_a_folder_of_frames_in_and_out(clip, wave, tmp_path):
    (tmp_path / "in").mkdir()
    for number, (_, frame) in enumerate(frames_of(clip), 8):
        Image.fromarray(frame).save(tmp_path / "in" / f"shot-{number}.png")
    output = impasto.video(tmp_path / "in", wave, tmp_path / "out", fps=12)
    assert [path.name for path in sorted(output.iterdir())][:2] == ["00001.png", "00002.png"]
    film = impasto.video(tmp_path / "in", wave, tmp_path / "film.mkv", fps=12)
    assert [round(at * RATE) for at, _ in frames_of(film)] == list(range(FRAMES))
    for path, (_, frame) in zip(sorted(output.iterdir()), frames_of(film), strict=True):
        assert np.abs(np.asarray(Image.open(path), float) - frame).mean() < 8, "a lossy codec"
    with pytest.raises(ImageError, match="exists"):
        impasto.video(tmp_path / "in", wave, tmp_path / "out")
    with pytest.raises(ConfigError, match="no folder of frames"):
        impasto.video(clip, wave, tmp_path / "in", force=True)
    assert len(list((tmp_path / "in").iterdir())) == FRAMES
    impasto.video(clip, wave, tmp_path / "out", force=True, end=0.5)
    assert len(list((tmp_path / "out").iterdir())) == 6


def test_pictures_of_two_sizes_are_no_film(wave, tmp_path):
    (tmp_path / "in").mkdir()
    for number, size in enumerate([(40, 30), (30, 40)]):
        Image.new("RGB", size).save(tmp_path / "in" / f"{number}.png")
    with pytest.raises(ImageError, match="frame 2 has another size"):
        impasto.video(tmp_path / "in", wave, tmp_path / "out.mp4")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "wave.safetensors"]
    (tmp_path / "none").mkdir()
    with pytest.raises(ImageError, match="no pictures in it"):
        impasto.video(tmp_path / "none", wave, tmp_path / "out.mp4")


@pytest.mark.parametrize("ending", [".webp", ".png"])
def test_moving_pictures_are_films(clip, wave, tmp_path, ending):
    pictures = [Image.fromarray(frame) for _, frame in frames_of(clip)]
    times = [100, 100, 300, *[50] * (FRAMES - 3)]
    source = tmp_path / f"moving{ending}"
    pictures[0].save(source, save_all=True, append_images=pictures[1:], duration=times, loop=0)
    output = impasto.video(source, wave, tmp_path / "painted.mp4")
    shown = [float(at) for at, _ in frames_of(output)]
    assert shown[:4] == pytest.approx([0, 0.1, 0.2, 0.5], abs=0.002)
    assert len(shown) == FRAMES
    pictures[0].save(tmp_path / f"still{ending}")
    with pytest.raises(ImageError, match="one picture"):
        impasto.video(tmp_path / f"still{ending}", wave, tmp_path / "out.mp4")


def test_fewer_frames_a_second(clip, wave, tmp_path):
    output = impasto.video(clip, wave, tmp_path / "slow.mp4", fps=4)
    assert [round(at * RATE) for at, _ in frames_of(output)] == [0, 3, 6, 9]
    assert sound_of(output) == sound_of(clip)


class KilledError(Exception):
    """Ends a film as a machine does that goes off."""


def kill_after(events, frames):
    for event in events:
        frames -= isinstance(event, Advanced)
        if not frames:
            events.throw(KilledError)


@pytest.mark.parametrize("ending", [".mp4", ".webm"])
def test_a_run_that_was_killed_goes_on_to_the_same_film(wave, tmp_path, monkeypatch, ending):
    monkeypatch.setattr("impasto.film.video.PART_FRAMES", 5)
    source = make_clip(tmp_path / "clip.mp4", times=[0, 1, 2, 4, 5, 6, 7, 8, 9, 9.5, 11, 12])
    asked = impasto.StylizeOptions(style=str(wave)), impasto.FilmOptions()
    whole, output = tmp_path / f"whole{ending}", tmp_path / f"painted{ending}"
    list(impasto.video_events(source, whole, *asked, run=tmp_path / "whole"))
    events = impasto.video_events(source, output, *asked, run=tmp_path / "run")
    with pytest.raises(KilledError):
        kill_after(events, 8)
    assert not output.exists()
    *advanced, last = [
        event
        for event in impasto.resume_video_events(tmp_path / "run")
        if not isinstance(event, Note)
    ]
    assert (len(advanced), last.done) == (FRAMES - 5, FRAMES)
    one, other = frames_of(whole), frames_of(output)
    assert [at for at, _ in one] == [at for at, _ in other]
    apart = [np.abs(a.astype(int) - b).max() for (_, a), (_, b) in zip(one, other, strict=True)]
    assert apart == [0] * len(one)
    if ending == ".mp4":
        assert sound_of(output) == sound_of(source)
        plain = frames_of(impasto.video(source, wave, tmp_path / "plain.mp4"))
        assert [float(at) for at, _ in plain] == pytest.approx(
            [float(at) for at, _ in one], abs=1e-3
        )


def test_a_run_that_was_stopped_has_a_film_and_goes_on(clip, wave, tmp_path):
    asked = impasto.StylizeOptions(style=str(wave)), impasto.FilmOptions()
    events = impasto.video_events(clip, tmp_path / "a.mp4", *asked, run=tmp_path / "run")
    for _ in range(3):
        next(events)
    assert events.throw(StopEarly).done == len(frames_of(tmp_path / "a.mp4")) == 3
    list(impasto.resume_video_events(tmp_path / "run", clip))
    assert len(frames_of(tmp_path / "a.mp4")) == FRAMES
    with pytest.raises(ConfigError, match="holds a run already"):
        list(impasto.video_events(clip, tmp_path / "b.mp4", *asked, run=tmp_path / "run"))
    with pytest.raises(ConfigError, match="leave out --run"):
        list(impasto.video_events(clip, tmp_path / "b.gif", *asked, run=tmp_path / "other"))
    other = make_clip(tmp_path / "other.mp4", times=range(3))
    with pytest.raises(ConfigError, match="has changed"):
        list(impasto.resume_video_events(tmp_path / "run", other))
    with pytest.raises(ConfigError, match="no run folder"):
        list(impasto.resume_video_events(tmp_path))


def test_a_painting_is_learned_first(clip, painting, wave, tmp_path, monkeypatch):
    """The minute of learning itself has tests of its own."""

    def learn(style):
        assert str(style) == str(painting)
        garden = own_folder() / "garden.safetensors"
        garden.parent.mkdir(parents=True)
        shutil.copy(wave, garden)
        yield Learned("garden", garden, 1, 1.0, stopped=False)

    monkeypatch.setattr("impasto.film.video.learn_events", learn)
    asked = impasto.StylizeOptions(style=str(painting)), impasto.FilmOptions(end=0.2)
    events = list(impasto.video_events(clip, tmp_path / "a.mp4", *asked))
    assert "learning" in events[0].message
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.metadata["comment"] == "impasto video clip.mp4 --style garden"


def test_frames_by_optimization_go_on_from_one_another(painting, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("impasto.film.optimized.find_weights", weights_at_hand(tiny))
    taken = []

    def counted(*words, **more):
        events = optimize_picture(*words, **more)
        finished = yield from events
        taken.append((finished.steps, more["start"] is not None))
        return finished

    monkeypatch.setattr("impasto.film.optimized.optimize_picture", counted)
    source = make_clip(tmp_path / "clip.mp4", sound=None)
    output = impasto.video(
        source, painting, tmp_path / "out.mp4", method="optimize", size=64, end=0.7
    )
    assert len(frames_of(output)) == 9
    firsts = [number for number, (_, goes_on) in enumerate(taken) if not goes_on]
    assert firsts == [0, CUT_AT], "the first frame, and the first one after the cut"
    assert {steps for steps, goes_on in taken if goes_on} == {(8,)}
    with av.open(str(output)) as container:
        assert container.metadata["comment"].endswith("--method optimize")
    with pytest.raises(ConfigError, match="--stroke is for films painted by a network"):
        impasto.video(source, painting, tmp_path / "b.mp4", method="optimize", stroke=1.0)
    with pytest.raises(ConfigError, match="method"):
        impasto.FilmOptions(method="slowly")


def test_a_map_for_every_frame(clip, wave, tmp_path, monkeypatch):
    """The part that stays photo moves from the left half to the right one; the last map goes on."""
    monkeypatch.chdir(tmp_path)
    for number, left in ((1, "white"), (2, "white"), (10, "black")):
        image = Image.new("RGB", (64, 48), left)
        image.paste("black" if left == "white" else "white", (32, 0, 64, 48))
        (tmp_path / "maps").mkdir(exist_ok=True)
        image.save(tmp_path / "maps" / f"map-{number}.png")
    options = StylizeOptions(style=f"black=keep,white={wave}", regions="maps")
    film = FilmOptions(steady=0.0, end=0.5)
    *_, last = video_events(clip, "out", options, film)
    assert isinstance(last, Painted)
    *_, last = video_events(clip, "out.mp4", options, film, run="run")
    assert isinstance(last, Painted)
    before = frames_of(clip)
    left, right = np.s_[:, :30], np.s_[:, 34:]
    for number, half in ((0, right), (1, right), (2, left), (4, left)):
        painted = np.asarray(Image.open(tmp_path / "out" / f"{number + 1:05d}.png"))
        assert np.array_equal(painted[half], before[number][1][half])
        assert not np.array_equal(painted, before[number][1])
    stored = FilmRun(tmp_path / "run").task()
    assert stored.options.regions == str((tmp_path / "maps").resolve())
    (tmp_path / "none").mkdir()
    with pytest.raises(ConfigError, match="has no pictures"):
        impasto.video(clip, f"white={wave}", tmp_path / "x.mp4", regions=str(tmp_path / "none"))
    with pytest.raises(ConfigError, match="whole frames"):
        impasto.video(clip, "white=keep", tmp_path / "x.mp4", regions="maps", method="optimize")
