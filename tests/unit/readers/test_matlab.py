"""MATLAB files: compared with scipy on real files, and with what was written on files of our own writer."""

import io
import struct
import tracemalloc
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from ecg_core.drop import Drop
from ecg_core.drop.folder import FolderStore
from ecg_core.errors import EcgError
from ecg_core.leads import LEADS
from ecg_core.model.classifier import classify, default_classifier
from ecg_core.readers import read
from ecg_core.readers.arrays.matlab import MAX_ITEMS
from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize
from tests.unit.readers.made import mat as made

ECG = synthesize("normal", seed=3)
TWELVE = ",".join(LEADS)
ALL: dict[str, Any] = {"fs_hz": 500, "units": "mV", "leads": TWELVE}
STATED = {"fs": 500.0, "units": "mV", "leads": list(LEADS)}


def read_mat(data: bytes, **options: Any) -> Recording:
    return read({"ecg.mat": data}, **options)


def refusal(data: bytes, **options: Any) -> EcgError:
    with pytest.raises(EcgError) as error:
        read_mat(data, **options)
    return error.value


@pytest.mark.parametrize("title", made.examples())
def test_a_file_that_states_everything_needs_no_option(title: str) -> None:
    recording = read(made.examples()[title])
    ecg = synthesize("normal", seed=7)
    assert (recording.format, recording.fs_hz, recording.leads) == ("mat", 500, ecg.leads)
    np.testing.assert_allclose(recording.signal, ecg.signal, atol=1e-6)


@pytest.mark.parametrize("title", made.examples())
def test_scipy_reads_the_files_of_our_writer(title: str) -> None:
    (data,) = made.examples()[title].values()
    assert len(scipy.io.whosmat(io.BytesIO(data))) in (1, 4, 14)


@pytest.mark.parametrize(
    ("name", "options", "refusals"),
    [
        ("aimclub_00569.mat", ALL, ["no_ecg_leads", "sampling_rate_unknown", "units_unknown"]),
        ("cpsc2018_A1980.mat", ALL, ["no_ecg_leads", "sampling_rate_unknown", "units_unknown"]),
        # States 400 Hz. Its unit is not known to anybody.
        ("code_15_438277.mat", {"units": "mV", "leads": TWELVE}, ["no_ecg_leads", "units_unknown", "units_unknown"]),
    ],
)
def test_a_real_file_equals_scipy_and_is_refused_without_options(
    samples: Path, name: str, options: dict[str, Any], refusals: list[str]
) -> None:
    data = (samples / "mat" / name).read_bytes()
    recording = read_mat(data, **options)
    variables = scipy.io.loadmat(io.BytesIO(data))
    array = variables["feats"] if "feats" in variables else variables["ECG"]
    array = array["data"][0, 0] if array.dtype.names else array
    np.testing.assert_array_equal(recording.signal, array.astype(np.float32))
    assert recording.fs_hz == (400 if "code" in name else 500)
    given = ({}, {"leads": TWELVE}, {"leads": TWELVE, "fs_hz": 500})
    assert [refusal(data, **some).code for some in given] == refusals


@pytest.mark.parametrize("dtype", ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("small", [False, True])
def test_every_type_of_numbers_in_both_byte_orders(dtype: str, order: str, packed: bool, small: bool) -> None:
    counts = np.random.default_rng(1).integers(0, 100, (12, 2500)).astype(dtype)
    data = made.mat({"x": counts, **STATED, "units": "uV"}, order=order, packed=packed, small=small)
    np.testing.assert_allclose(read_mat(data).signal, counts / 1000, rtol=1e-6)


@pytest.mark.parametrize("version", ["5", "4"])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_file_that_scipy_writes_is_read(version: str, compressed: bool) -> None:
    out = io.BytesIO()
    scipy.io.savemat(out, {"ecg": ECG.signal, "Fs": 500}, do_compression=compressed and version == "5", format=version)
    recording = read_mat(out.getvalue(), units="mV", leads=TWELVE)
    assert recording.fs_hz == 500
    np.testing.assert_array_equal(recording.signal, ECG.signal)


def test_doubles_that_matlab_stored_as_bytes_are_read() -> None:
    values = np.random.default_rng(1).integers(0, 200, (2, 2500)).astype("u1")
    array = made.matrix("<", "x", values).replace(struct.pack("<I", 9), struct.pack("<I", 6), 1)
    data = made.joined([array, made.matrix("<", "fs", 500.0)])
    np.testing.assert_allclose(read_mat(data, leads="I,II", gain=100).signal, values / 100, rtol=1e-6)


@pytest.mark.parametrize(
    "variables",
    [
        {"ECG": {"data": ECG.signal, **STATED}},
        {"s": {"a": {"b": {"val": ECG.signal, **STATED}}}},
        {"val": ECG.signal.T, "hdr": {"fs": 500.0, "units": "mV", "label": list(LEADS)}},
        {"ecg": {"v": ECG.signal, "label": list(LEADS)}, "fs": np.uint16(500), "units": "mV"},
        {"ecg": {"v": ECG.signal, **STATED}, "ppg": {"v": ECG.signal[0], "fs": 125.0, "units": "NU"}},
        {"ecg": {"v": ECG.signal, **STATED}, "note": "a text", "empty": np.zeros((0, 0)), "t": np.arange(5000) / 500},
        {"rows": [dict(zip(LEADS, ECG.signal, strict=True))], **STATED},
        {"ecg": [ECG.signal], **STATED},
    ],
)
def test_structs_and_cells_are_searched(variables: dict[str, Any]) -> None:
    recording = read_mat(made.mat(variables))
    assert (recording.fs_hz, recording.leads) == (500, LEADS)
    np.testing.assert_array_equal(recording.signal, ECG.signal)


@pytest.mark.parametrize("order", ["<", ">"])
def test_names_may_be_the_rows_of_an_array_of_characters(order: str) -> None:
    parts = [made.matrix(order, "ecg", ECG.signal), made.matrix(order, "fs", 500.0), made.chars(order, "leads", LEADS)]
    recording = read_mat(made.joined(parts, order), units="mV")
    assert recording.leads == LEADS


def test_a_rate_of_another_signal_does_not_count() -> None:
    data = made.mat({"ecg": {"v": ECG.signal, "units": "mV", "leads": list(LEADS)}, "ppg": {"fs": 125.0}})
    assert refusal(data).code == "sampling_rate_unknown"


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"a": [{"ecg": ECG.signal, **STATED}] * 2}, "several_records"),
        ({"a": [{"ecg": ECG.signal[:, :300]}] * (MAX_ITEMS + 1)}, "unsupported_format"),
        ({"a": {"b": {"c": {"d": {"e": {"ecg": ECG.signal}}}}}}, "unsupported_format"),
        ({"name": "a text", "age": 63.0}, "unsupported_format"),
    ],
)
def test_what_cannot_be_one_ecg_is_refused(variables: dict[str, Any], code: str) -> None:
    assert refusal(made.mat(variables), **ALL).code == code


@pytest.mark.parametrize(("flags", "kind"), [(0x08, "complex numbers"), (0x02, "logical values")])
def test_complex_and_logical_arrays_are_refused_by_name(flags: int, kind: str) -> None:
    data = made.joined([made.matrix("<", "x", ECG.signal, flags=flags)])
    assert kind in refusal(data, **ALL).message


@pytest.mark.parametrize("class_", [3, 5, 16, 17, 18, 0, 255])
def test_objects_and_unknown_classes_are_refused(class_: int) -> None:
    array = made.matrix("<", "x", ECG.signal).replace(struct.pack("<2I", 7, 0), struct.pack("<2I", class_, 0), 1)
    assert refusal(made.joined([array]), **ALL).code in ("unsupported_format", "header_invalid")
    beside = made.joined([array, made.matrix("<", "ecg", ECG.signal)])
    if class_ in (3, 5, 16, 17):
        assert read_mat(beside, **ALL).leads == LEADS


def test_a_file_of_version_7_3_is_named_if_no_reader_of_hdf5_is_installed() -> None:
    data = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(384) + b"\x89HDF\r\n\x1a\n"
    error = refusal(data, **ALL)
    if find_spec("pyfive"):
        # The reader of HDF5 takes it, and finds nothing behind the mark.
        assert error.code == "header_invalid"
        return
    assert error.code == "unsupported_format"
    assert "7.3" in error.message
    assert "-v7" in error.hint


def test_a_file_that_ends_early_is_refused_at_every_length() -> None:
    data = made.mat({"ecg": ECG.signal[:, :300], **STATED})
    whole = len(data)
    codes = {refusal(data[:cut], **ALL).code for cut in (*range(128, 400), *range(400, whole, 97))}
    assert codes <= {
        "signal_truncated",
        "header_invalid",
        "unsupported_format",
        "units_unknown",
        "sampling_rate_unknown",
    }
    packed = made.mat({"ecg": ECG.signal, **STATED}, packed=True)
    assert refusal(packed[:5000]).code == "signal_truncated"


def test_a_damaged_compressed_array_is_refused() -> None:
    data = bytearray(made.mat({"ecg": ECG.signal, **STATED}, packed=True))
    data[5_000] ^= 0xFF
    assert refusal(bytes(data)).code == "signal_invalid"


def test_bombs_are_refused_in_bounded_memory() -> None:
    one = made.compressed("<", made.matrix("<", "ecg", np.zeros((12, 8_000_000), "i1")))
    many = [made.compressed("<", made.matrix("<", f"x{number}", np.zeros((12, 200_000), "i1"))) for number in range(30)]
    for parts in ([one], many):
        data = made.joined(parts)
        assert len(data) < 200_000
        tracemalloc.start()
        assert refusal(data, **ALL).code == "file_too_large"
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
        tracemalloc.stop()


def test_very_many_small_parts_are_refused() -> None:
    small = [made.matrix("<", f"x{number}", 1.0) for number in range(10_000)]
    assert refusal(made.joined(small), **ALL).code == "file_too_large"
    assert refusal(made.joined([made.element("<", 5, bytes(4))] * 100_000), **ALL).code == "header_invalid"
    nothing = struct.pack("<II", 15, len(zlib.compress(b""))) + zlib.compress(b"")
    assert refusal(made.joined([nothing] * 10_000), **ALL).code == "signal_truncated"


@pytest.mark.parametrize("shape", [(12, 5001), (2**31 - 1, 2**31 - 1), (-12, -5000), (12,), ()])
def test_a_size_that_does_not_fit_the_bytes_is_refused(shape: tuple[int, ...]) -> None:
    right = made.element("<", 5, struct.pack("<2i", 12, 5000))
    wrong = made.element("<", 5, struct.pack(f"<{len(shape)}i", *shape))
    array = made.matrix("<", "ecg", ECG.signal).replace(right, wrong, 1)[8:]
    assert refusal(made.joined([made.element("<", 14, array)]), **ALL).code == "header_invalid"


def test_a_wfdb_signal_file_is_left_to_its_header(samples: Path) -> None:
    data = (samples / "wfdb_mat" / "E07500.mat").read_bytes()
    header = (samples / "wfdb_mat" / "E07500.hea").read_bytes()
    assert refusal(data, **ALL).code == "record_incomplete"
    assert read({"E07500.mat": data, "E07500.hea": header}).format == "wfdb"


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    (tmp_path / "inbox").mkdir()
    return Drop(FolderStore(tmp_path / "inbox"), FolderStore(tmp_path / "results"), default_classifier())


def test_in_the_drop_a_matlab_file_does_not_wait_for_a_header(drop: Drop, tmp_path: Path) -> None:
    stated = made.mat({"ECG": {"data": ECG.signal, **STATED}})
    (tmp_path / "inbox" / "ecg.mat").write_bytes(stated)
    (answer,) = drop.arrived("ecg.mat")
    assert (answer.state, answer.code) == ("written", None)
    assert (tmp_path / "results" / "ecg.mat.json").read_bytes() == classify({"ecg.mat": stated}).to_json()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (made.mat({"ecg": ECG.signal}), "no_ecg_leads"),
        (made.mat({"ecg": ECG.signal})[:9000], "signal_truncated"),
        (made.mat4({"ecg": ECG.signal}), "no_ecg_leads"),
        (made.joined([made.compressed("<", made.matrix("<", "x", np.zeros((12, 8_000_000), "i1")))]), "file_too_large"),
        (b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(384), "unsupported_format"),
    ],
)
def test_in_the_drop_a_matlab_file_that_is_refused_gets_its_outcome_at_once(
    drop: Drop, tmp_path: Path, data: bytes, code: str
) -> None:
    (tmp_path / "inbox" / "ecg.mat").write_bytes(data)
    (answer,) = drop.arrived("ecg.mat")
    assert (answer.state, answer.code) == ("written", code)


def test_in_the_drop_a_wfdb_signal_file_still_waits_for_its_header(drop: Drop, tmp_path: Path) -> None:
    counts = np.round(ECG.signal * 1000).astype("i2")
    (tmp_path / "inbox" / "ecg.mat").write_bytes(made.mat4({"val": counts}))
    (answer,) = drop.arrived("ecg.mat")
    assert answer.state == "waiting"


def test_two_arrays_of_one_name_are_refused_and_cost_little() -> None:
    five = made.matrix("<", "ecg", ECG.signal)
    assert refusal(made.joined([five, five]), **ALL).code == "header_invalid"
    assert refusal(made.mat4({"ecg": ECG.signal}) * 2, **ALL).code == "header_invalid"
    assert refusal(made.mat4({"a": 1.0}) * 400_000, **ALL).code == "header_invalid"
