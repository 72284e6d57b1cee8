from pathlib import Path

import pytest

from impasto.cli.start import main
from impasto.cli.words import read_words


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Work in an empty folder that is also home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("word", "read"),
    [
        ("~/a.jpg", "HOME/a.jpg"),
        ("--style=~/a.jpg", "--style=HOME/a.jpg"),
        ("~/a.jpg:0.5,~/b.jpg:0.5", "HOME/a.jpg:0.5,HOME/b.jpg:0.5"),
        ("--style=a.jpg,~/b.jpg", "--style=a.jpg,HOME/b.jpg"),
        ("~", "HOME"),
        ("a~/b", "a~/b"),
        ("~no-such-user/b", "~no-such-user/b"),
        ("--size=3", "--size=3"),
        ("--quiet", "--quiet"),
        ("-o", "-o"),
        ("-", "-"),
        ("--", "--"),
        ("a=b.jpg", "a=b.jpg"),
    ],
)
def test_home_is_put_in_wherever_a_name_begins(home, word, read):
    assert read_words([word]) == [read.replace("HOME", str(home))]


def test_a_file_of_that_very_name_comes_first():
    Path("~").mkdir()
    Path("~/a.jpg").write_bytes(b"")
    assert read_words(["~/a.jpg"]) == ["~/a.jpg"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["optimize", "a.jpg", "b.jpg", "--run", ""], "--run is empty"),
        (["optimize", "a.jpg", "b.jpg", "--run="], "--run is empty"),
        (["optimize", "a.jpg", "b.jpg", "-o", ""], "--output is empty"),
        (["stylize", "a.jpg", "--style", ""], "--style is empty"),
        (["train", "a.jpg", "--photos", ""], "--photos is empty"),
        (["optimize", "", "b.jpg"], "is empty"),
        (["show", ""], "is empty"),
    ],
)
def test_an_empty_word_is_no_name(home, words, message, capsys):
    assert main(words) == 2
    assert message in capsys.readouterr().err
    assert list(home.iterdir()) == []


def test_a_text_may_be_empty():
    words = ["--credit", "", "--license=", "--credit="]
    assert read_words(words) == words
