"""The image's packages are pinned, those that others bring too."""

import re

from tests.bench.closure import closure, requirements
from tests.conftest import ROOT


def test_every_package_of_the_image_is_pinned_to_what_is_tested_here() -> None:
    functions = ROOT / "functions"
    listed = [*requirements(functions / "requirements.txt"), *requirements(functions / "constraints.txt")]
    pins = dict(re.split("==|;", line)[:2] for line in listed)
    installed = {
        re.sub(r"[-_.]+", "-", each.metadata["Name"]).lower(): each.version
        for each in closure(requirements(functions / "requirements.txt"))
    }
    assert installed == pins
