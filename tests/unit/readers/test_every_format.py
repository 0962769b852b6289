"""What holds for every format: examples are read, damage is refused with a code, nothing is lost by converting."""

import contextlib
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from ecg_core import EcgError, Recording, classify, read
from ecg_core.readers.registry import FORMATS
from ecg_core.synthesis.edf import edf_bytes
from ecg_core.synthesis.fhir import fhir_bytes
from ecg_core.synthesis.writers import csv_bytes, finest, wfdb_files
from tests.effort import times_as_costly
from tests.unit.readers.every_format import Files, examples, formats
from tests.unit.readers.mutations import mutated

MUTATIONS = 60
CUTS = 24
# A damaged file costs at most so many times what a sound WFDB record of ten seconds costs. Measured: at most 45.
MAX_COST = 400
SOUND = wfdb_files(read(examples("wfdb")["twelve leads"]), "sound")

# A table has no mark of its end.
ENDLESS = {"csv"}

every_format = pytest.mark.parametrize("name", formats())


def test_every_format_of_the_registry_has_examples() -> None:
    made = {read(files).format for name in formats() for files in examples(name).values()}
    assert {format_.name for format_ in FORMATS} <= made


@every_format
def test_an_example_is_read_and_classified(name: str) -> None:
    for title, files in examples(name).items():
        answer = classify(files)
        assert answer.recording.duration_s >= 5, title
        assert np.isfinite(answer.recording.signal).any(axis=1).sum() >= 1, title


@every_format
def test_damage_gives_an_error_with_a_code(name: str) -> None:
    for number, files in enumerate(examples(name).values()):
        for seed in range(number * MUTATIONS, (number + 1) * MUTATIONS):
            damaged = mutated(files, seed)
            try:
                read(damaged)
            except EcgError as error:
                assert error.code  # noqa: PT017
                assert error.message  # noqa: PT017


@every_format
@pytest.mark.no_cover
def test_damage_costs_little(name: str) -> None:
    for files in examples(name).values():
        for seed in range(6):
            damaged = mutated(files, 1_000 + seed)

            def work(damaged: Files = damaged) -> None:
                with contextlib.suppress(EcgError):
                    read(damaged)

            assert times_as_costly(work, lambda: read(SOUND), enough=MAX_COST) <= MAX_COST


@pytest.mark.parametrize("name", [name for name in formats() if name not in ENDLESS])
def test_a_file_that_ends_early_is_refused_or_says_so(name: str) -> None:
    for title, files in examples(name).items():
        whole = read(files)
        largest = max(files, key=lambda each: len(files[each]))
        data = files[largest]
        for end in np.linspace(1, len(data) - 1, CUTS).astype(int).tolist():
            try:
                short = read({**files, largest: data[:end]})
            except EcgError:
                continue
            kept = min(short.signal.shape[1], whole.signal.shape[1])
            same = np.array_equal(short.signal[:, :kept], whole.signal[:, :kept], equal_nan=True)
            unchanged = short.leads == whole.leads and short.fs_hz == whole.fs_hz and same
            assert unchanged, f"{title}: cut at {end} of {len(data)} bytes"
            if short.signal.shape != whole.signal.shape:
                assert set(short.corrections) - set(whole.corrections), f"{title}: cut at {end}, and nothing said"


@every_format
def test_reading_takes_little_memory(name: str) -> None:
    for title, files in examples(name).items():
        read(files)
        tracemalloc.start()
        try:
            read(files)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 3 * sum(map(len, files.values())) + 40_000_000, title


@every_format
def test_a_recording_comes_back_from_every_format_that_is_written(name: str, tmp_path: Path) -> None:
    for title, files in examples(name).items():
        recording = read(files)
        units = finest(recording)
        _same(recording, read(wfdb_files(recording, "r", units)), 0.51 / units, title)
        _same(recording, read({"r.csv": csv_bytes(recording)}), 0.51e-4, title)
        _same(recording, read({"r.json": fhir_bytes(recording)}), 0.51e-4, title)
        if np.isfinite(recording.signal).all():
            reach = float(np.ptp(recording.signal, axis=1).max()) * 1.002 + 0.002
            _same(recording, read({"r.edf": edf_bytes(recording)}), 0.51 * reach / 65_535 + 1e-6, title)


def _same(before: Recording, after: Recording, tolerance_mv: float, title: str) -> None:
    assert after.leads == before.leads, title
    assert after.fs_hz == pytest.approx(before.fs_hz, rel=2e-6), title
    assert after.signal.shape == before.signal.shape, title
    assert np.array_equal(np.isnan(after.signal), np.isnan(before.signal)), title
    np.testing.assert_allclose(after.signal, before.signal, atol=tolerance_mv, err_msg=title)
