"""Where the real data lies: EKG_SHARED, or ../shared beside the checkout. Tests that need it skip without."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# CI tries the same examples each time: a failure there is the change's. Elsewhere new ones are tried.
settings.register_profile("ci", derandomize=True, suppress_health_check=[HealthCheck.too_slow])
if os.environ.get("CI"):
    settings.load_profile("ci")

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("EKG_SHARED", ROOT.parent / "shared"))


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
