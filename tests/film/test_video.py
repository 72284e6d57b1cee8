"""Films that are made here: moving shapes, a cut, a sound."""

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence

import impasto
from clips import CUT_AT, FRAMES, RATE, make_clip, shot
from impasto.core.errors import ConfigError, ImageError, ModelFileError
from impasto.core.events import Advanced, Note, Painted, StopEarly
from impasto.film.clips import ClipReader, import_av
from impasto.film.steady import Steadier


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
        assert np.abs(picture - frame).mean() < 20, "256 colours, or a lossy codec"
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
