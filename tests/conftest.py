"""Where the real data lies: EKG_SHARED, or ../shared beside the checkout. Tests that need the data skip without it."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

# In CI hypothesis tries the same examples each time, so that a new failure comes from the change.
settings.register_profile("ci", derandomize=True, suppress_health_check=[HealthCheck.too_slow])
if os.environ.get("CI"):
    settings.load_profile("ci")

# The files that take longest start first, so that no process works alone at the end.
WITH_DOCKER = ("tests/sam/test_local.py", "tests/sam/test_image.py", "tests/sam/test_on_premise.py")
LONGEST = (*WITH_DOCKER, "tests/s3_drop/test_chaos.py", "tests/unit/training/")

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("EKG_SHARED", ROOT.parent / "shared"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


class _Files(LoadScopeScheduling):  # type: ignore[misc]
    """With pytest -n, the tests of one file run in one process and share its fixtures; so do all tests with Docker."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "docker" if file in WITH_DOCKER else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Files:
    return _Files(config, log)


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real files in many formats."""
    folder = SHARED / "samples"
    if not folder.is_dir():
        pytest.skip("the sample files are not on this machine: set EKG_SHARED to the folder that holds samples/")
    return folder


@pytest.fixture(scope="session")
def ptbxl_packed() -> Path:
    """The folder of packed PTB-XL folds and the 500 Hz sample."""
    folder = SHARED / "ptbxl"
    if not folder.is_dir():
        pytest.skip("PTB-XL is not on this machine: set EKG_SHARED to the folder that holds ptbxl/")
    return folder
