"""Where the real data lies: EKG_SHARED, or ../shared beside the checkout. Tests that need the data skip without it."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# In CI hypothesis tries the same examples each time, so that a new failure comes from the change.
settings.register_profile("ci", derandomize=True, suppress_health_check=[HealthCheck.too_slow])
if os.environ.get("CI"):
    settings.load_profile("ci")

# The files that take longest start first, so that no process works alone at the end.
LONGEST = ("tests/sam/test_local.py", "tests/sam/test_image.py", "tests/s3_drop/test_chaos.py", "tests/unit/training/")

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("EKG_SHARED", ROOT.parent / "shared"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With pytest -n, the tests of one file run in one process and share its fixtures, unless a group is named."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.split("::")[0]))
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


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
