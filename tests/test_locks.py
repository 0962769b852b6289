"""The lock files hold every package of the requirements, each with its hashes, in the version that is tested here."""

import json
import re
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.markers import Marker

from tests.bench.closure import closure, requirements
from tests.conftest import ROOT

LOCKS = sorted(
    path
    for path in (*ROOT.glob("*.lock"), *ROOT.glob("functions/*.lock"), *ROOT.glob("infra/*.lock"))
    if path.is_file()
)
_PIN = re.compile(
    r"^([\w.\-]+)==([^ ;\\]+)(?: ; (.+?))? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)
_STARTS = re.compile(r"^[^\s#]", re.MULTILINE)
_ADDRESS = re.compile(r"https?://|(?:index|find-links|trusted-host)")


def _name(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()


def pins(lock: Path) -> dict[str, str]:
    """Name -> version of each package that the lock file installs on this machine."""
    return {
        _name(name): pinned
        for name, pinned, marker, _ in _PIN.findall(lock.read_text())
        if not marker or Marker(marker).evaluate()
    }


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_line_of_a_lock_file_is_a_package_with_its_hashes(lock: Path) -> None:
    text = lock.read_text()
    assert len(_PIN.findall(text)) == len(_STARTS.findall(text)) > 5


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_file_names_no_index(lock: Path) -> None:
    """The index is the business of whoever installs: a mirror has other addresses."""
    assert not _ADDRESS.search(lock.read_text())


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_file_is_as_new_as_its_requirements(lock: Path) -> None:
    locked = pins(lock)
    for line in requirements(lock.with_suffix(".txt")):
        name, _, wanted = re.sub(r"\[.*?\]", "", line.split(";")[0]).strip().partition("==")
        assert wanted, f"{line}: not an exact version"
        if name == "torch":
            assert name not in locked, "its build for CPUs has other hashes"
        else:
            assert locked[_name(name)] == wanted, f"{line}: run `make lock`"


def test_the_image_gets_every_package_that_it_needs_and_no_other() -> None:
    installed = closure(requirements(ROOT / "functions/requirements.txt"))
    assert {_name(each.metadata["Name"]): each.version for each in installed} == pins(
        ROOT / "functions/requirements.lock"
    )


@pytest.mark.parametrize(
    "name", ["functions/requirements", "functions/requirements-local", "functions/requirements-demo"]
)
def test_what_is_tested_is_what_is_served(name: str) -> None:
    served = pins(ROOT / f"{name}.lock")
    assert served.items() <= pins(ROOT / "requirements.lock").items()


def test_the_npm_packages_have_hashes_and_name_no_registry() -> None:
    locked = json.loads((ROOT / "infra/npm/package-lock.json").read_text())["packages"]
    wanted = json.loads((ROOT / "infra/npm/package.json").read_text())["devDependencies"]
    assert locked[""]["devDependencies"] == wanted
    packages = {name: package for name, package in locked.items() if name}
    assert {f"node_modules/{name}" for name in wanted} <= packages.keys()
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not any("resolved" in package for package in packages.values())


def test_what_is_locked_is_what_is_installed_here() -> None:
    locked = pins(ROOT / "requirements.lock")
    assert {name: version(name) for name in locked} == locked


def test_nothing_is_installed_without_a_hash_but_torch_and_this_project() -> None:
    text = (ROOT / "Makefile").read_text() + (ROOT / "functions/Dockerfile").read_text().replace("\\\n", " ")
    installs = [
        line.strip()
        for line in text.splitlines()
        if line[:1] != "#" and re.search(r"pip\b.*install|pip \$\(|:= install", line)
    ]
    open_ = [line for line in installs if "$(LOCKED)" not in line and "--require-hashes" not in line]
    assert len(installs) > len(open_)
    assert [line for line in open_ if "torch==" not in line and "$(OURSELVES)" not in line] == [
        "OURSELVES := install -q --no-deps --no-build-isolation -e ."
    ]
