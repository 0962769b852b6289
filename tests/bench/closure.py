"""The packages that requirements lead to, and nothing else of this environment: their size, a place to run from."""

import re
from collections.abc import Collection
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement


def requirements(path: Path) -> list[str]:
    """The requirement lines of a file, those that it includes with -r too."""
    found: list[str] = []
    for line in path.read_text().splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("-r"):
            found += requirements(path.parent / line[2:].strip())
        elif line and not line.startswith("-c"):
            found.append(line)
    return found


def closure(wanted: list[str]) -> list[Distribution]:
    """The installed distributions that the requirements need, each once."""
    found: dict[str, Distribution] = {}
    waiting = [Requirement(text) for text in wanted]
    while waiting:
        requirement = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if name in found:
            continue
        try:
            found[name] = distribution(requirement.name)
        except PackageNotFoundError:
            continue
        for text in found[name].requires or []:
            needed = Requirement(text)
            extras = requirement.extras or {""}
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(Requirement(text.split(";")[0]))
    return list(found.values())


def link(distributions: list[Distribution], folder: Path, without: Collection[str] = ()) -> None:
    """Links the distributions into a folder that can be the one place an interpreter finds packages in.

    without: subpackages to leave out, as package/subpackage.
    """
    folder.mkdir(parents=True)
    thinned = {path.split("/")[0] for path in without}
    for each in distributions:
        for top in {path.parts[0] for path in each.files or [] if path.parts[0] not in ("..", "__pycache__")}:
            target, place = Path(str(each.locate_file(top))), folder / top
            if not target.exists() or place.exists():
                continue
            if top not in thinned:
                place.symlink_to(target)
                continue
            place.mkdir()
            for part in target.iterdir():
                if f"{top}/{part.name}" not in without:
                    (place / part.name).symlink_to(part)


def size_mb(distributions: list[Distribution]) -> float:
    """Of the files that the distributions installed, without bytecode."""
    paths = {Path(str(each.locate_file(path))).resolve() for each in distributions for path in each.files or []}
    return sum(path.stat().st_size for path in paths if path.is_file() and path.suffix != ".pyc") / 1e6
