from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from ecg_core.drop import Answer, Drop, Swept, sweep
from ecg_core.drop.addresses import IGNORED, NOTES
from ecg_core.model.classifier import Classifier, default_classifier
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import csv_bytes, wfdb_files, zip_bytes
from tests.unit.drop.fake import Clock, MemoryStore

PATIENCE = timedelta(hours=24)


@dataclass
class Place:
    """An inbox and its results. told() is a worker that gets an event."""

    clock: Clock
    inbox: MemoryStore
    results: MemoryStore
    classifier: Classifier
    forms: tuple[str, ...] = ()

    def drop(self, *forms: str) -> Drop:
        return Drop(self.inbox, self.results, self.classifier, forms or self.forms)

    def told(self, *keys: str) -> list[Answer]:
        """A new worker for each key, as if each batch had one message."""
        return [answer for key in keys for answer in self.drop().arrived(key)]

    def arrives(self, files: dict[str, bytes]) -> list[Answer]:
        """Uploads each file and handles its event before the next file."""
        answers = []
        for key, body in files.items():
            self.inbox[key] = body
            answers += self.told(key)
        return answers

    def sweep(self, **more: Any) -> Swept:
        return sweep(self.drop, self.results, self.clock.now, PATIENCE, **more)

    @property
    def outcomes(self) -> dict[str, bytes]:
        """What is in the results, without the notes and the lists."""
        ours = (*NOTES, IGNORED)
        return {key: body for key, body in self.everything.items() if not key.startswith(ours)}

    @property
    def everything(self) -> dict[str, bytes]:
        """All objects of the results that are not empty."""
        return {key: found.body for key, found in self.results.objects.items() if found.size}

    @property
    def waiting(self) -> set[str]:
        """The keys of the open WAITING notes."""
        return {key for key, found in self.results.objects.items() if key.startswith("waiting/") and found.size}


@pytest.fixture
def place() -> Place:
    clock = Clock()
    return Place(clock, MemoryStore(clock), MemoryStore(clock), default_classifier())


@pytest.fixture(scope="session")
def pair() -> dict[str, bytes]:
    """record.hea and record.dat."""
    return wfdb_files(synthesize("normal"), "record")


@pytest.fixture(scope="session")
def other_pair() -> dict[str, bytes]:
    """record.hea and record.dat of another ECG."""
    return wfdb_files(synthesize("lbbb"), "record")


@pytest.fixture(scope="session")
def table() -> bytes:
    return csv_bytes(synthesize("rbbb", fs_hz=100))


@pytest.fixture(scope="session")
def archive(pair: dict[str, bytes]) -> bytes:
    return zip_bytes(pair)
