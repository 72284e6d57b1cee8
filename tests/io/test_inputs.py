import io

import numpy as np
import pytest
from PIL import ExifTags, Image

import impasto
from impasto.core.errors import ImageError
from impasto.io.image import read_note, read_picture
from impasto.io.inputs import Result, read, remarks
from impasto.io.metadata import Metadata
from impasto.networks.options import StylizeOptions
from impasto.recipe import Recipe, Source
from support import weights_at_hand

RECIPE = Recipe("1", Source("a.jpg", None), (Source("wave", None),), StylizeOptions(style="wave"))


@pytest.fixture
def result() -> Result:
    return Result(image=Image.new("RGB", (6, 4), "red"), seconds=0.1, recipe=RECIPE)


def dated(place: bool = True) -> bytes:
    """A JPEG photo with a date, a place and a resolution."""
    exif = Image.Exif()
    exif[ExifTags.Base.Copyright] = "mine"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2020:06:30 23:59:59"
    if place:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (48.0, 51.0, 30.0)})
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(stream, "JPEG", exif=exif, dpi=(300, 300))
    return stream.getvalue()


def frames() -> bytes:
    stream = io.BytesIO()
    several = [Image.new("RGB", (40, 30), color) for color in ("red", "blue")]
    several[0].save(stream, "GIF", save_all=True, append_images=several[1:])
    return stream.getvalue()


def test_what_cannot_be_written_is_kept_elsewhere(tmp_path, result, monkeypatch):
    save = Image.Image.save

    def fail(image, file, *args, **options):
        if str(file).endswith(".webp"):
            raise OSError(28, "No space left on device")
        save(image, file, *args, **options)

    monkeypatch.setattr(Image.Image, "save", fail)
    (tmp_path / "a.png").write_text("mine")
    with pytest.raises(
        ImageError, match=r"No space left.*; the picture is kept in .*a-2\.png"
    ) as e:
        result.save(tmp_path / "a.webp", or_elsewhere=True)
    assert "\n" not in str(e.value)
    assert read_picture(tmp_path / "a-2.png").image.shape == (1, 3, 4, 6)
    assert read_note(tmp_path / "a-2.png") == RECIPE.to_json()
    assert (tmp_path / "a.png").read_text() == "mine"
    with pytest.raises(ImageError, match=r"No space left on device$"):
        result.save(tmp_path / "a.webp")


def test_of_a_full_disk_it_is_kept_in_the_temporary_folder(tmp_path, result, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    with pytest.raises(ImageError, match=r"kept in .*temporary/a\.png"):
        result.save(tmp_path / "gone" / "a.jpg", or_elsewhere=True)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(ImageError, match=r"does not exist$"):
        result.save(tmp_path / "gone" / "a.jpg", or_elsewhere=True)


def test_a_size_that_the_format_does_not_hold_becomes_a_png(tmp_path):
    wide = Result(image=Image.new("RGB", (17000, 3)), seconds=0.1, recipe=RECIPE)
    with pytest.raises(ImageError, match=r"16383 pixels a side.*kept in .*a\.png"):
        wide.save(tmp_path / "a.webp", or_elsewhere=True)
    assert read_picture(tmp_path / "a.png").image.shape[-1] == 17000


def test_one_pass_keeps_date_and_dpi_and_the_place_if_asked(wave):
    model = impasto.load(wave)
    result = model.stylize(dated())
    assert result.metadata.times == {ExifTags.Base.DateTimeOriginal: "2020:06:30 23:59:59"}
    assert result.metadata.texts == {ExifTags.Base.Copyright: "mine"}
    assert result.metadata.dpi == pytest.approx((300, 300))
    assert not result.metadata.place
    assert model.stylize(dated(), keep_place=True).metadata.place[1] == "N"
    assert model.stylize(np.zeros((9, 9, 3))).metadata == Metadata()


def test_optimization_keeps_them_too(tiny, painting, monkeypatch):
    monkeypatch.setattr("impasto.optimization.run.find_weights", weights_at_hand(tiny))
    for asked in (False, True):
        result = impasto.optimize(dated(), painting, size=32, steps=(1,), keep_place=asked)
        assert result.metadata.times == {ExifTags.Base.DateTimeOriginal: "2020:06:30 23:59:59"}
        assert bool(result.metadata.place) is asked


def test_remarks_name_the_file(tmp_path):
    (tmp_path / "a.gif").write_bytes(frames())
    path = str(tmp_path / "a.gif")
    pictures = [(path, read(path)), ("castle", read("castle")), (frames(), read(frames()))]
    assert [note.message for note in remarks(*pictures)] == [
        f"{path}: only the first of 2 frames is used",
        "the picture: only the first of 2 frames is used",
    ]


def test_the_optimization_remarks_on_photo_and_painting(tmp_path, tiny, monkeypatch):
    monkeypatch.setattr("impasto.optimization.run.find_weights", weights_at_hand(tiny))
    paths = [tmp_path / "a.gif", tmp_path / "b.gif"]
    for path in paths:
        path.write_bytes(frames())
    events = impasto.optimize_events(*paths, impasto.OptimizeOptions(size=32, steps=(1,)))
    notes = [event.message for event in events if isinstance(event, impasto.Note)]
    assert notes == [f"{path}: only the first of 2 frames is used" for path in paths]


def test_a_huge_photo_is_read_smaller_for_a_small_result(tmp_path, tiny, painting, monkeypatch):
    """As a painting too: 200 megapixels take no gigabytes of floating numbers."""
    monkeypatch.setattr("impasto.optimization.run.find_weights", weights_at_hand(tiny))
    Image.new("L", (16384, 12288), 128).save(tmp_path / "s24.jpg")
    for words in ((tmp_path / "s24.jpg", painting), (painting, tmp_path / "s24.jpg")):
        result = impasto.optimize(*words, size=32, steps=(1,), memory="900MB")
        assert max(result.image.size) == 32


def test_a_cut_out_is_a_mask_by_its_transparency(tmp_path, wave):
    rows, columns = np.mgrid[0:40, 0:60]
    disc = ((rows - 20) ** 2 + (columns - 30) ** 2 < 200) * 255
    photo = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    path = tmp_path / "cut-out.png"
    Image.fromarray(np.dstack([photo, disc]).astype(np.uint8)).save(path)
    model = impasto.load(wave)
    masked = np.asarray(model(photo, style_map=str(path)))
    painted = np.asarray(model(photo))
    assert np.array_equal(masked[disc == 0], photo[disc == 0])
    assert np.array_equal(masked[disc > 0], painted[disc > 0])
