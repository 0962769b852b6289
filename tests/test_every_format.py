"""Every format gives the same bytes over HTTP, through the drop and at the command line."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ecg_core import classify
from ecg_core.cli import main
from ecg_core.drop import Drop
from ecg_core.drop.folder import FolderStore
from ecg_core.model.classifier import default_classifier
from functions.api.settings import Settings
from tests.api.serving import serving
from tests.unit.readers.every_format import examples, formats


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    with serving(Settings()) as address:
        yield address


@pytest.mark.parametrize("name", formats())
def test_api_drop_and_command_give_the_same_bytes(
    name: str, service: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    for number, (title, files) in enumerate(examples(name).items()):
        expected = classify(files).to_json()
        parts = [("file", (file, data)) for file, data in files.items()]
        posted = httpx.post(f"{service}/diagnosis", files=parts, timeout=60)
        assert posted.content == expected, title

        inbox, results = tmp_path / f"inbox{number}", tmp_path / f"results{number}"
        inbox.mkdir()
        for file, data in files.items():
            (inbox / file).write_bytes(data)
        drop = Drop(FolderStore(inbox), FolderStore(results), default_classifier())
        for file in files:
            drop.arrived(file)
        (outcome,) = results.glob("*.json")
        assert outcome.read_bytes() == expected, title

        capfdbinary.readouterr()
        assert main(["classify", "--json", str(inbox / next(iter(files)))]) == 0
        assert capfdbinary.readouterr().out == expected + b"\n", title
