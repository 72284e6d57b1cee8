"""What CI does before the tests, with stand-ins for the tools of the system."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
RUN = ROOT / ".ci" / "run"


@pytest.fixture
def tools(tmp_path):
    """A folder of tools that write down what they are asked for; the only ones there are."""
    for name in ("bash", "dirname"):
        (tmp_path / name).symlink_to(shutil.which(name))
    make_tool(tmp_path, "id", "echo 0")
    make_tool(tmp_path, "make", f'echo "make $*" >> {tmp_path}/asked')
    make_tool(tmp_path, "apt-get", f'echo "${{!#}}" >> {tmp_path}/asked; [ "${{!#}}" != npm ]')
    return tmp_path


def make_tool(folder, name, script="true"):
    path = folder / name
    path.write_text(f"#!{shutil.which('bash')}\n{script}\n")
    path.chmod(0o755)


def run(tools):
    done = subprocess.run(
        [RUN], env={**os.environ, "PATH": str(tools)}, capture_output=True, text=True, check=True
    )
    return (tools / "asked").read_text().splitlines(), done.stderr


def test_only_what_is_missing_is_installed_each_by_itself(tools):
    for name in ("node", "npm", "chromedriver"):
        make_tool(tools, name)
    assert run(tools) == (["-qq", "chromium", "make test"], "")


def test_what_cannot_be_installed_is_said_and_the_tests_run(tools):
    asked, said = run(tools)
    assert asked == ["-qq", "chromium", "chromium-driver", "nodejs", "npm", "make test"]
    assert said == ".ci/run: no npm; the tests that need it are left out\n"


def test_nobody_else_than_root_installs_anything(tools):
    make_tool(tools, "id", "echo 1000")
    assert run(tools) == (["make test"], "")


def test_what_make_installs_is_what_the_project_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    asked = [*project["dependencies"], *(each for extra in extras for each in extra)]
    pins = re.findall(
        r"^([\w-]+)==(\S+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE
    )
    assert len(pins) >= 8
    for name, version in pins:
        for requirement in map(Requirement, asked):
            if requirement.name == name:
                assert requirement.specifier.contains(version), (str(requirement), version)
