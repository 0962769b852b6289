"""NumPy files: what an array does not say is refused, what stands beside it counts, and nothing is ever unpickled."""

import hashlib
import io
import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecg_core.drop import Drop
from ecg_core.drop.folder import FolderStore
from ecg_core.errors import EcgError
from ecg_core.leads import LEADS
from ecg_core.model.classifier import classify, default_classifier
from ecg_core.readers import read
from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize
from tests.unit.readers.made import npy as made
from tests.unit.readers.wfdb_records import make_zip

ECG = synthesize("normal", seed=3)
TWELVE = ",".join(LEADS)
ALL: dict[str, Any] = {"fs_hz": 500, "units": "mV", "leads": TWELVE}
NAMES = np.array(LEADS)


def read_npy(array: Any, **options: Any) -> Recording:
    return read({"ecg.npy": made.npy(array)}, **options)


def refusal(data: bytes, **options: Any) -> EcgError:
    with pytest.raises(EcgError) as error:
        read({"ecg": data}, **options)
    return error.value


@pytest.mark.parametrize("title", made.examples())
def test_an_npz_that_states_everything_needs_no_option(title: str) -> None:
    files = made.examples()[title]
    recording = read(files)
    ecg = synthesize("normal", seed=7)
    assert (recording.format, recording.fs_hz, recording.leads) == ("npy", 500, ecg.leads)
    np.testing.assert_allclose(recording.signal, ecg.signal, atol=1e-6)
    assert recording.sha256 == hashlib.sha256(files["ecg.npz"]).hexdigest()


def test_the_sample_is_read_with_options_and_refused_without(samples: Path) -> None:
    data = (samples / "npy" / "heartwise_dummy_ecg.npy").read_bytes()
    recording = read({"x.npy": data}, leads=TWELVE, fs_hz=500, gain=200)
    np.testing.assert_allclose(recording.signal, np.load(io.BytesIO(data)) / 200, rtol=1e-6)
    assert [refusal(data, **options).code for options in ({}, {"leads": TWELVE}, {"leads": TWELVE, "fs_hz": 500})] == [
        "no_ecg_leads",
        "sampling_rate_unknown",
        "units_unknown",
    ]
    # Its numbers are counts of a converter: the hint names the option for them first.
    assert "gain=" in refusal(data, leads=TWELVE, fs_hz=500).hint.partition("units=")[0]


@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", ">f4", "<f2", "<i2", ">i2", "<i4", "<i8", "<u2", ">u4", "|i1"])
@pytest.mark.parametrize("fortran", [False, True])
@pytest.mark.parametrize("rows", ["leads", "samples"])
def test_every_type_and_order_of_numbers_gives_the_same_values(dtype: str, fortran: bool, rows: str) -> None:
    counts = np.random.default_rng(1).integers(0, 100, (12, 2500))
    array = (counts if rows == "leads" else counts.T).astype(dtype)
    recording = read({"x": made.npy(array, fortran=fortran)}, leads=TWELVE, fs_hz=250, gain=100)
    np.testing.assert_allclose(recording.signal, counts / 100, rtol=1e-6)


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_version_of_the_format_is_read(version: tuple[int, int]) -> None:
    data = made.npy(ECG.signal, version=version)
    np.testing.assert_array_equal(read({"x": data}, **ALL).signal, np.load(io.BytesIO(data)))


@pytest.mark.parametrize("count", [1, 2, 3, 6, 8, 12])
def test_the_number_of_names_decides_which_axis_are_the_leads(count: int) -> None:
    leads = ",".join(LEADS[:count])
    for array in (ECG.signal[:count], ECG.signal[:count].T, ECG.signal[None, :count]):
        recording = read_npy(array, fs_hz=500, units="mV", leads=leads)
        assert recording.leads == LEADS[:count]
        np.testing.assert_array_equal(recording.signal, ECG.signal[:count])
    vector = read_npy(ECG.signal[0], fs_hz=500, units="mV", leads="II")
    np.testing.assert_array_equal(vector.signal, ECG.signal[:1])


def test_the_order_of_the_option_counts_and_a_dash_leaves_a_channel_out() -> None:
    recording = read_npy(ECG.signal[[6, 1, 0]].T, fs_hz=500, units="mV", leads="V1,-,I")
    assert recording.leads == ("V1", "I")
    np.testing.assert_array_equal(recording.signal, ECG.signal[[6, 0]])
    assert "channels that are none of the twelve leads left out: 1" in recording.corrections


@pytest.mark.parametrize(
    ("array", "options", "code"),
    [
        (ECG.signal, {"fs_hz": 500, "units": "mV"}, "no_ecg_leads"),
        (ECG.signal.T, {"fs_hz": 500, "units": "mV"}, "no_ecg_leads"),
        (ECG.signal[0], {"fs_hz": 500, "units": "mV"}, "no_ecg_leads"),
        (ECG.signal, {**ALL, "leads": "I,II"}, "no_ecg_leads"),
        (np.zeros((300, 300)), {**ALL, "leads": ",".join(["I", *"-" * 299])}, "no_ecg_leads"),
        (ECG.signal, {"units": "mV", "leads": TWELVE}, "sampling_rate_unknown"),
        (ECG.signal, {"fs_hz": 500, "leads": TWELVE}, "units_unknown"),
        (np.stack([ECG.signal, ECG.signal]), ALL, "several_records"),
        (np.zeros((12, 12)), ALL, "unsupported_format"),
        (np.zeros((0, 12)), ALL, "unsupported_format"),
        (np.float64(1), ALL, "unsupported_format"),
        (ECG.signal * 200 // 1 + 2048, ALL, "units_unknown"),
    ],
)
def test_what_an_array_leaves_open_is_refused(array: np.ndarray, options: dict[str, Any], code: str) -> None:
    error = refusal(made.npy(array), **options)
    assert error.code == code
    if code == "no_ecg_leads" and array.shape != (300, 300):
        assert "leads=" in error.hint


def test_counts_around_the_middle_of_a_converter_are_no_voltages() -> None:
    counts = np.round(ECG.signal * 200 + 2048).astype("<i2")
    assert refusal(made.npy(counts), **{**ALL, "units": "uV"}).code == "units_unknown"
    recording = read_npy(counts, leads=TWELVE, fs_hz=500, gain=200)
    np.testing.assert_allclose(recording.signal - 2048 / 200, ECG.signal, atol=0.003)


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        (ECG.signal.astype(complex), "complex numbers"),
        (ECG.signal > 0, "logical values"),
        (np.array([{"a": 1}] * 300, dtype=object), "Python objects"),
        (np.zeros(300, dtype=[("I", "<f8"), ("II", "<f8")]), "records with named fields"),
        (np.zeros((12, 5000), "datetime64[s]"), "dates"),
    ],
)
def test_an_array_of_something_else_is_refused_by_name(array: np.ndarray, kind: str) -> None:
    error = refusal(made.npy(array), **ALL)
    assert error.code == "unsupported_format"
    assert kind in error.message


class Bomb:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return exec, ("raise SystemExit('unpickled')",)


def test_a_pickle_is_never_loaded() -> None:
    evil = np.array([Bomb()] * 300, dtype=object)
    assert refusal(made.npy(evil), **ALL).code == "unsupported_format"
    assert refusal(pickle.dumps(ECG.signal), **ALL).code == "unsupported_format"
    with_evil = made.npz(False, ecg=ECG.signal, fs=500, units="mV", leads=NAMES, extra=evil)
    assert read({"x.npz": with_evil}).leads == LEADS


@pytest.mark.parametrize(
    "header",
    [
        "",
        "{}",
        "{'descr': '<f8', 'fortran_order': False}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (12, -5000), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (12, 5000), 'more': 1}",
        "{'descr': __import__('os'), 'fortran_order': False, 'shape': (12, 5000), }",
        "{'descr': '<f8', 'fortran_order': 1, 'shape': (12, 5000), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': True, }",
        "{'descr': '<z9', 'fortran_order': False, 'shape': (12, 5000), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (" + "9" * 5000 + ",), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (" + "1," * 500 + "), }",
        "(" * 9000,
        "-" * 9000,
        "{'descr': '<f8'" + " " * 9000,
        "x" * 20_000,
    ],
)
@pytest.mark.parametrize("version", [1, 2])
def test_a_header_that_is_no_header_of_an_array_is_refused(header: str, version: int) -> None:
    data = made.with_header(header, ECG.signal.astype("<f8").tobytes(), version)
    assert refusal(data, **ALL).code in ("header_invalid", "unsupported_format")


@pytest.mark.parametrize("shape", ["(12, 1000000000000)", "(99999999999999, 99999999999999)", "(12, 5001)"])
def test_more_numbers_than_there_are_bytes_are_refused_before_memory_is_taken(shape: str) -> None:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
    data = made.with_header(header, ECG.signal.astype("<f8").tobytes())
    tracemalloc.start()
    assert refusal(data, **ALL).code == "signal_truncated"
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("cut", [7, 9, 11, 60, 127, 128, 200, 239_000])
def test_a_file_that_ends_early_is_refused(cut: int) -> None:
    assert refusal(made.npy(ECG.signal)[:cut], **ALL).code in ("signal_truncated", "header_invalid")


def test_a_file_with_bytes_after_the_array_is_refused() -> None:
    assert refusal(made.npy(ECG.signal) * 2, **ALL).code == "header_invalid"


def test_zeros_on_both_sides_are_cut_only_where_all_leads_are_zero() -> None:
    padded = np.pad(ECG.signal, ((0, 0), (600, 500)))
    recording = read_npy(padded, **ALL)
    np.testing.assert_array_equal(recording.signal, ECG.signal)
    assert "padding with zeros at the ends left out: 1100 samples" in recording.corrections

    one_lead_off = ECG.signal.copy()
    one_lead_off[3, :1000] = 0
    one_lead_off[:, 4980:] = 0
    assert read_npy(one_lead_off, **ALL).signal.shape == (12, 5000)
    assert read_npy(np.zeros((12, 5000)), **ALL).signal.shape == (12, 5000)
    # A single lead may lie at exactly 0 for a while.
    rest = np.round(np.pad(ECG.signal[:1], ((0, 0), (100, 100))), 1)
    assert read_npy(rest, fs_hz=500, units="mV", leads="I").signal.shape[1] >= 5_200 - 20


def test_numbers_that_are_missing_become_gaps() -> None:
    holes = ECG.signal.astype("f8")
    holes[1, 100:150] = np.nan
    holes[2, 7] = np.inf
    recording = read_npy(holes, **ALL)
    assert np.isnan(recording.signal[1, 100:150]).all()
    assert int(np.isnan(recording.signal).sum()) == 51
    assert "values that are not finite read as gaps: 51" in recording.corrections
    counts = np.round(ECG.signal * 1000).astype("<i2")
    counts[:, 2000:2100] = -32768
    assert np.isnan(read_npy(counts, **{**ALL, "units": "uV"}).signal[:, 2000:2100]).all()


STATED: dict[str, Any] = {"ecg": ECG.signal, "fs": 500, "units": "mV", "leads": NAMES}


@pytest.mark.parametrize(
    "arrays",
    [
        {"ecg": ECG.signal, "sfreq": np.float32(500), "units": np.array(["mV"] * 12), "sig_name": NAMES},
        {"x": ECG.signal.T, "Sampling_Rate": np.array([500]), "unit": "millivolt", "channel_names": NAMES.astype("S4")},
        {"data": ECG.signal, "fs": 500, "leads": np.array([f"{lead} [mV]" for lead in LEADS])},
        {"data": ECG.signal, "fs": 500, "units": "mV", "leads": TWELVE, "labels": np.array(["NORM", "SR"])},
        {**STATED, "time": np.arange(5000) / 500, "rpeaks": np.arange(5, 5000, 10), "age": 63},
        {**STATED, "ppg": np.sin(np.arange(5000.0))},
        {**STATED, "clean": ECG.signal},
        {**STATED, "flags": ECG.signal > 0},
    ],
)
def test_what_stands_beside_the_array_counts_as_a_statement(arrays: dict[str, Any]) -> None:
    recording = read({"x.npz": made.npz(**arrays)})
    assert (recording.fs_hz, recording.leads) == (500, LEADS)
    np.testing.assert_array_equal(recording.signal, ECG.signal)


def test_a_vector_of_times_beside_a_vector_of_samples_is_no_second_candidate() -> None:
    data = made.npz(x=ECG.signal[0], t=np.arange(5000) / 500, beats=np.arange(7, 5000, 12))
    recording = read({"x.npz": data}, fs_hz=500, units="mV", leads="I")
    np.testing.assert_array_equal(recording.signal, ECG.signal[:1])


def test_a_statement_of_the_file_counts_before_an_option() -> None:
    recording = read({"x.npz": made.npz(**STATED)}, fs_hz=250, units="uV", leads=",".join(reversed(LEADS)))
    np.testing.assert_array_equal(recording.signal, ECG.signal)
    assert len([said for said in recording.corrections if "not used" in said]) == 3


WHOLE = np.round(ECG.signal * 1000).astype("<i2")


@pytest.mark.parametrize(
    ("arrays", "options", "code"),
    [
        ({**STATED, "ecg": np.stack([ECG.signal] * 3)}, {}, "several_records"),
        ({"a": ECG.signal, "b": ECG.signal}, ALL, "several_records"),
        ({"ecg_raw": ECG.signal, "ecg_filtered": ECG.signal}, ALL, "several_records"),
        ({"resp": ECG.signal[0], "ppg": ECG.signal[1]}, ALL, "several_records"),
        ({**STATED, "fs": 500, "sampling_rate": 250}, {}, "header_invalid"),
        ({**STATED, "unit": "uV"}, {}, "header_invalid"),
        ({**STATED, "sig_name": NAMES[::-1]}, {}, "header_invalid"),
        ({**STATED, "leads": NAMES[:8]}, {}, "header_invalid"),
        ({**STATED, "units": np.array(["mV", "mV"])}, {}, "header_invalid"),
        ({**STATED, "leads": np.array([*LEADS[:11], "I"])}, {}, "duplicate_leads"),
        ({**STATED, "units": "mmHg"}, {}, "units_unknown"),
        ({**STATED, "ecg": WHOLE, "gain": 1000.0}, {}, "units_unknown"),
        ({**STATED, "ecg": WHOLE, "adc_gain": [1000.0] * 11 + [200.0]}, {"gain": 1000}, "units_unknown"),
        ({**STATED, "fs": 5000}, {}, "sampling_rate_out_of_range"),
        ({"I": ECG.signal[0], "II": ECG.signal[1, :4000]}, ALL, "header_invalid"),
        ({"lead_1": ECG.signal[0], "lead_2": ECG.signal[1]}, ALL, "no_ecg_leads"),
        ({"fs": 500, "age": 63}, ALL, "unsupported_format"),
    ],
)
def test_arrays_that_contradict_each_other_or_leave_a_choice_are_refused(
    arrays: dict[str, Any], options: dict[str, Any], code: str
) -> None:
    assert refusal(made.npz(**arrays), **options).code == code


def test_a_gain_beside_whole_numbers_is_settled_by_the_option() -> None:
    recording = read({"x.npz": made.npz(**{**STATED, "ecg": WHOLE, "gain": 1000.0})}, gain=1000)
    np.testing.assert_allclose(recording.signal, WHOLE / 1000, rtol=1e-6)
    named = read({"x.npz": made.npz(ecg=WHOLE, fs=500, leads=NAMES, counts_per_mv=1000)})
    np.testing.assert_allclose(named.signal, WHOLE / 1000, rtol=1e-6)


def test_a_refusal_repeats_no_name_of_the_file() -> None:
    error = refusal(made.npz(mueller_anna=ECG.signal, weber_karl=ECG.signal), **ALL)
    assert "mueller" not in error.message + error.hint


def test_an_npz_is_one_file_in_an_archive_too_and_a_zip_with_other_files_is_an_archive() -> None:
    packed = made.npz(**STATED)
    assert read({"x.zip": make_zip({"export/ecg.npz": packed, "README.txt": b"x"})}).sha256 == read({"": packed}).sha256
    single = make_zip({"a/ecg.npy": made.npy(ECG.signal), "README.txt": b"Read me."})
    np.testing.assert_array_equal(read({"x.zip": single}, **ALL).signal, ECG.signal)
    two = make_zip({"1.npy": made.npy(ECG.signal), "2.npy": made.npy(ECG.signal), "README.txt": b"Read me."})
    assert refusal(two, **ALL).code == "several_records"
    assert (
        refusal(make_zip({"1.npy": made.npy(ECG.signal), "2.npy": made.npy(ECG.signal)}), **ALL).code
        == "several_records"
    )


def test_a_bomb_in_an_npz_is_refused_by_the_limits_of_archives() -> None:
    bomb = made.npz(ecg=np.zeros((12, 4_000_000)), fs=500)
    assert len(bomb) < 500_000
    tracemalloc.start()
    assert refusal(bomb, **ALL).code in ("archive_unsafe", "file_too_large")
    assert tracemalloc.get_traced_memory()[1] < 30_000_000
    tracemalloc.stop()


def test_the_command_the_drop_and_classify_give_the_same_answer(tmp_path: Path) -> None:
    inbox, results = tmp_path / "inbox", tmp_path / "results"
    inbox.mkdir()
    (inbox / "ecg.npz").write_bytes(made.npz(**STATED))
    (answer,) = Drop(FolderStore(inbox), FolderStore(results), default_classifier()).arrived("ecg.npz")
    assert answer.state == "written"
    assert (results / "ecg.npz.json").read_bytes() == classify({"ecg.npz": made.npz(**STATED)}).to_json()
