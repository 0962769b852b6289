"""EDF+ files as another library reads them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg_core.leads import LEADS
from ecg_core.recording import Recording
from ecg_core.synthesis.edf import MAX_RECORD_BYTES, edf_bytes
from ecg_core.synthesis.heart import synthesize

edfio = pytest.importorskip("edfio")


def recording(signal: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]", fs_hz: float) -> Recording:
    return Recording(signal, fs_hz, LEADS[: len(signal)], "x", "0" * 64)


@given(
    leads=st.integers(1, 12),
    samples=st.integers(2_500, 6_000),
    fs_hz=st.sampled_from([50.0, 100.0, 128.0, 257.0, 500.0, 512.508, 1000.0, 1 / 0.003]),
    scale=st.sampled_from([0.01, 1.0, 300.0]),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_another_library_reads_what_was_written(
    leads: int, samples: int, fs_hz: float, scale: float, seed: int
) -> None:
    signal = (np.random.default_rng(seed).normal(0.2, scale, (leads, samples))).astype(np.float32)
    read = edfio.read_edf(edf_bytes(recording(signal, fs_hz)))
    assert [each.label for each in read.signals] == [f"ECG {lead}" for lead in LEADS[:leads]]
    for row, each in zip(signal, read.signals, strict=True):
        assert each.physical_dimension == "mV"
        assert each.sampling_frequency == pytest.approx(fs_hz, rel=1e-5)
        step = (each.physical_max - each.physical_min) / 65_535
        np.testing.assert_allclose(each.data, row, atol=step)


def test_a_second_is_a_record_of_data() -> None:
    read = edfio.read_edf(edf_bytes(synthesize("normal")))
    assert (read.num_data_records, read.data_record_duration) == (10, 1.0)


def test_no_record_of_data_is_larger_than_the_specification_says() -> None:
    signal = np.zeros((12, 4_800), np.float32)
    read = edfio.read_edf(edf_bytes(recording(signal, 128.0)))
    assert 12 * 2 * read.data_record_duration * 128 <= MAX_RECORD_BYTES


def test_missing_samples_cannot_be_written(tmp_path: Path) -> None:
    signal = np.zeros((1, 500), np.float32)
    signal[0, 3] = np.nan
    with pytest.raises(ValueError, match="missing"):
        edf_bytes(recording(signal, 500.0))


def test_it_names_no_person() -> None:
    read = edfio.read_edf(edf_bytes(synthesize("normal")))
    assert (read.patient.name, read.patient.code, read.recording.hospital_administration_code) == ("X", "X", "X")
