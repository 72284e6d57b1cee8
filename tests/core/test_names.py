import os

from impasto.io.paths import LONGEST, ROOM, join_names


def test_a_name_that_fits_stays():
    assert join_names(["photo", "great-wave"], ".png") == "photo_great-wave.png"
    assert join_names(["x" * 251], ".jpg", room=0) == f"{'x' * 251}.jpg"


def test_the_longest_word_is_cut_by_whole_characters():
    name = join_names(["写" * 82, "great-wave"], ".png")
    assert name.endswith("写_great-wave.png")
    assert len(name.encode()) in range(LONGEST - ROOM - 2, LONGEST - ROOM + 1)


def test_many_words_share_the_room():
    name = join_names(["a" * 200, "b" * 200, "c" * 3], ".png")
    assert len(name) == LONGEST - ROOM
    assert name.endswith("_ccc.png")
    assert abs(name.count("a") - name.count("b")) <= 1


def test_bytes_that_are_no_text_are_counted_too():
    name = join_names([os.fsdecode(b"\xe9" * 300), "wave"], ".png")
    assert len(os.fsencode(name)) == LONGEST - ROOM


def test_a_name_is_in_no_other_folder():
    assert join_names(["../photo", "a/b"], ".png") == "..-photo_a-b.png"
