from collections.abc import Iterator

import pytest

from functions.api.settings import Settings
from tests.api.serving import serving


@pytest.fixture(scope="session")
def service() -> Iterator[str]:
    """The address of the one service that answers every page; its buckets are names, and no S3 is behind them."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        environment.setenv("AWS_ACCESS_KEY_ID", "none")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "none")
        with serving(Settings("ekg-inbox", "ekg-results")) as address:
            yield address
