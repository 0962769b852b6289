"""Who adds a format adds one module and one line of the registry. Nothing else has to know."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import httpx
import numpy as np
import pytest

from ecg_core import Recording, classify
from ecg_core.cli import main
from ecg_core.drop import Drop
from ecg_core.drop.folder import FolderStore
from ecg_core.errors import UnsupportedFormat
from ecg_core.model.classifier import default_classifier
from ecg_core.readers import read, registry
from ecg_core.readers.options import Options
from ecg_core.readers.records import Bundle
from ecg_core.synthesis.heart import synthesize
from functions.api.settings import Settings
from tests.api.serving import serving

MAGIC = b"\x00TOY"


def toy_reader() -> ModuleType:
    def sniff(data: bytes) -> bool:
        return data.startswith(MAGIC)

    def read(name: str, bundle: Bundle, options: Options) -> Recording:
        signal = np.frombuffer(bundle[name], "<i2", offset=len(MAGIC)).reshape(2, -1) / np.float32(1000)
        return Recording(signal, 250.0, ("I", "II"), "toy", "0" * 64)

    module = ModuleType("toy_reader")
    module.__dict__.update(sniff=sniff, read=read)
    return module


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A file of the toy format, which is read from now on."""
    format_ = registry.Format("toy", "a toy's recording", "toy_reader", (".toy",), lambda look: look[:1] == b"\0", "")
    monkeypatch.setitem(sys.modules, "toy_reader", toy_reader())
    monkeypatch.setattr(registry, "FORMATS", (*registry.FORMATS, format_))
    signal = synthesize("normal", fs_hz=250, seed=3).only(("I", "II")).signal
    return MAGIC + np.round(signal * 1000).astype("<i2").tobytes()


@pytest.fixture
def service(toy: bytes) -> Iterator[str]:
    with serving(Settings()) as address:
        yield address


def test_a_format_of_one_registry_line_is_read_by_the_core_the_api_the_drop_and_the_command(
    toy: bytes, service: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    answer = classify({"ecg.toy": toy})
    assert answer.recording.format == "toy"

    posted = httpx.post(f"{service}/diagnosis", files={"file": ("ecg.toy", toy)})
    assert posted.content == answer.to_json()

    inbox, results = tmp_path / "inbox", tmp_path / "results"
    inbox.mkdir()
    (inbox / "ecg.toy").write_bytes(toy)
    Drop(FolderStore(inbox), FolderStore(results), default_classifier()).arrived("ecg.toy")
    assert (results / "ecg.toy.json").read_bytes() == answer.to_json()

    capfdbinary.readouterr()
    assert main(["classify", "--json", str(inbox / "ecg.toy")]) == 0
    assert capfdbinary.readouterr().out == answer.to_json() + b"\n"


def test_the_hint_names_a_new_format(toy: bytes) -> None:
    with pytest.raises(UnsupportedFormat) as refused:
        read({"x": b"nothing that is known"})
    assert refused.value.hint.endswith("or a toy's recording.")
