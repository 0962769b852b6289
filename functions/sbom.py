"""The list of what is in the image or the release (SBOM), in the form CycloneDX 1.6.

python -m functions.sbom                 everything that is installed: in the image, Debian's packages too
python -m functions.sbom --lock FILE     the packages of a lock file, read in a larger environment
python -m functions.sbom --release       what the wheel needs, in the versions that are installed
--licences prints a table of licences instead. Two runs print the same bytes.
"""

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from ecg_core import __version__

ROOT = Path(__file__).resolve().parents[1]
DPKG_STATUS = Path("/var/lib/dpkg/status")
OURSELVES = "ekg"
_PIN = re.compile(r"^([\w.\-]+)==([^ ;\\]+)(?: ; (.+?))? \\$", re.MULTILINE)
# A License field longer than this is the text of a licence, not its name.
MAX_NAME = 60

Component = dict[str, Any]


def name_of(text: str) -> str:
    """The name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", text).lower()


def locked(lock: Path) -> list[Distribution]:
    """The installed packages that a lock file names. Raises ValueError if another version is installed."""
    found = []
    for name, version, marker in _PIN.findall(lock.read_text()):
        if marker and not Requirement(f"{name}; {marker}").marker.evaluate():  # type: ignore[union-attr]
            continue
        found.append(distribution(name))
        if found[-1].version != version:
            raise ValueError(f"{name} {found[-1].version} is installed, and {lock.name} has {version}.")
    return found


def needed(name: str) -> list[Distribution]:
    """The installed packages that a package needs, and those that they need; without the package itself."""
    found: dict[str, Distribution] = {}
    waiting = _needs(distribution(name))
    while waiting:
        if (each := waiting.pop()) not in found:
            found[each] = distribution(each)
            waiting += _needs(found[each])
    return list(found.values())


def _needs(package: Distribution) -> list[str]:
    requirements = map(Requirement, package.requires or [])
    return [name_of(each.name) for each in requirements if not each.marker or each.marker.evaluate({"extra": ""})]


def licence_of(package: Distribution) -> str:
    """What the package declares: an SPDX expression, a name, or its classifiers."""
    declared = package.metadata
    if declared["License-Expression"]:
        return str(declared["License-Expression"])
    classifiers = [
        text.rpartition(" :: ")[2]
        for text in declared.get_all("Classifier") or []
        if text.startswith("License :: ") and text != "License :: OSI Approved"
    ]
    name = (declared["License"] or "").strip()
    if name and len(name) <= MAX_NAME and "\n" not in name and name != "Dual License":
        return name
    return " / ".join(classifiers) or "not declared"


def _component(package: Distribution) -> Component:
    name, licence = name_of(package.metadata["Name"]), licence_of(package)
    spdx = package.metadata["License-Expression"]
    return {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name}@{package.version}",
        "name": name,
        "version": package.version,
        "licenses": [{"expression": licence} if spdx else {"license": {"name": licence}}],
        "purl": f"pkg:pypi/{name}@{package.version}",
    }


def _debian(status: Path) -> list[Component]:
    """Debian's packages. Their licences are in /usr/share/doc, not in dpkg's list."""
    found = []
    for paragraph in status.read_text().split("\n\n") if status.exists() else []:
        fields = dict(re.findall(r"^(Package|Version|Architecture|Status): (.+)$", paragraph, re.MULTILINE))
        if fields.get("Status", "").endswith(" installed"):
            purl = f"pkg:deb/debian/{fields['Package']}@{fields['Version']}?arch={fields['Architecture']}"
            component = {"type": "library", "name": fields["Package"], "version": fields["Version"], "purl": purl}
            found.append({"bom-ref": purl, **component})
    return found


def _model() -> Component:
    path = ROOT / "artifacts/model.onnx"
    card = json.loads((ROOT / "artifacts/model.json").read_text())
    return {
        "type": "machine-learning-model",
        "bom-ref": "model",
        "name": card["name"],
        "version": str(card["version"]),
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}],
    }


def document(packages: Iterable[Distribution], others: Iterable[Component] = ()) -> dict[str, Any]:
    packages = sorted(packages, key=lambda each: name_of(each.metadata["Name"]))
    components = [_component(package) for package in packages]
    references = {component["name"]: component["bom-ref"] for component in components}
    ourselves = {"type": "application", "bom-ref": OURSELVES, "name": OURSELVES, "version": __version__}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {**ourselves, "licenses": [{"expression": "Apache-2.0"}]}},
        "components": [*components, _model(), *others],
        "dependencies": [
            {"ref": OURSELVES, "dependsOn": [*references.values(), "model"]},
            *(
                {
                    "ref": reference,
                    "dependsOn": sorted({references[each] for each in _needs(package) if each in references}),
                }
                for package, reference in zip(packages, references.values(), strict=True)
            ),
        ],
    }


def licences(packages: Iterable[Distribution]) -> str:
    rows = sorted((name_of(each.metadata["Name"]), each.version, licence_of(each)) for each in packages)
    return "\n".join(["| package | version | licence |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lock", type=Path)
    parser.add_argument("--release", action="store_true")
    parser.add_argument("--licences", action="store_true")
    options = parser.parse_args(arguments)
    others: list[Component] = []
    if options.release:
        packages = needed(OURSELVES)
    elif options.lock:
        packages = locked(options.lock)
    else:
        packages, others = list(distributions()), _debian(DPKG_STATUS)
    print(licences(packages) if options.licences else json.dumps(document(packages, others), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
