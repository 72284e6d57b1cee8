"""Nothing leaves the machine, and nothing is written but results and impasto's own cache."""

import os
import shutil
import subprocess
import sys
import time

import pytest

from web_tools import ServerProcess

WATCH = """
import sys

def watch(event, arguments):
    if event == "socket.getaddrinfo" or event == "socket.connect":
        with open(LOG, "a") as log:
            log.write(f"{event} {arguments[-1] if event == 'socket.connect' else arguments[0]}\\n")

sys.addaudithook(watch)
"""


class Home:
    """A home of its own for processes, whose looking up and connecting is written down."""

    def __init__(self, folder):
        self.path, self.log, self.trace = folder / "home", folder / "log", folder / "trace"
        hook = folder / "hook"
        for made in (self.path, hook):
            made.mkdir()
        (hook / "sitecustomize.py").write_text(f"LOG = {str(self.log)!r}\n{WATCH}")
        names = ("XDG_CACHE_HOME", "IMPASTO_CACHE", "ORT_DISABLE_TELEMETRY", "CI", "GITHUB_ACTIONS")
        kept = {name: value for name, value in os.environ.items() if name not in names}
        paths = [str(hook), kept.get("PYTHONPATH", "")]
        places = dict.fromkeys(("HOME", "USERPROFILE", "LOCALAPPDATA", "APPDATA"), str(self.path))
        self.environment = {**kept, **places, "PYTHONPATH": os.pathsep.join(filter(None, paths))}

    def run(self, *words):
        command = [sys.executable, "-m", "impasto", *words]
        if shutil.which("strace"):  # it sees what compiled code does, too
            calls = "trace=connect,sendto,sendmmsg"
            command = ["strace", "-f", "-qq", "-e", calls, "-o", str(self.trace), *command]
        done = subprocess.run(
            command,
            env=self.environment,
            cwd=self.path.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def reached(self):
        """Lines that tell of a name looked up or an address reached beyond this machine."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        if self.trace.exists():
            lines += [line for line in self.trace.read_text().splitlines() if "AF_INET" in line]
        return lines

    def written(self):
        """The folders in which there are files now, but for impasto's cache."""
        found = {path.parent.relative_to(self.path) for path in self.path.rglob("*")}
        return {str(each) for each in found if "impasto" not in each.parts} - {".", ".cache"}


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime", "torch"])
@pytest.mark.parametrize("words", [(), ("--strength", "0.5")])
def test_a_painting_reaches_no_one_and_writes_only_the_cache(home, photo, wave, engine, words):
    home.run("stylize", str(photo), "--style", str(wave), "--engine", engine, *words)
    assert home.reached() == []
    assert home.written() == set()


@pytest.mark.parametrize("name", ["wave.onnx", "wave.xml"])
def test_an_export_reaches_no_one_and_writes_only_the_cache(home, wave, name):
    home.run("export", str(wave), "-o", name)
    assert home.reached() == []
    assert home.written() == set()


def test_the_page_reaches_no_one_and_writes_only_the_cache(home, monkeypatch):
    for name, value in home.environment.items():
        monkeypatch.setenv(name, value)
    for name in ("XDG_CACHE_HOME", "IMPASTO_CACHE", "CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    with ServerProcess(None, "--port", "0"):  # it begins with a painting of its own
        for _ in range(600):
            if list(home.path.rglob("result.png")):
                break
            time.sleep(0.1)
    assert list(home.path.rglob("result.png"))
    assert home.reached() == []
    assert home.written() == set()
