"""DICOM ECG waveforms: encodings, files, what is refused by name. The oracle is pydicom."""

import hashlib
import io
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ecg_core
from ecg_core.errors import EcgError
from ecg_core.leads import LEADS
from ecg_core.readers.dicom import reader
from ecg_core.readers.options import Options
from ecg_core.readers.source import Bytes, FileSource
from ecg_core.recording import MAX_BYTES, Recording
from ecg_core.synthesis.heart import synthesize
from tests.conftest import SHARED
from tests.unit.readers.made.dicom import (
    AMBULATORY,
    GENERAL,
    GENERAL_32,
    SYNTAXES,
    TWELVE_LEAD,
    UNDEFINED,
    Writer,
    counts_of,
    examples,
    file,
    group,
)

SAMPLE = SHARED / "samples" / "dicom" / "anonymous_ecg.dcm"
HEART = synthesize("normal", seed=5)
COUNTS = counts_of(HEART)


def read(data: bytes, **options: Any) -> Recording:
    return ecg_core.read({"ecg.dcm": data}, **options)


def refusal_of(data: bytes, **options: Any) -> EcgError:
    with pytest.raises(EcgError) as refusal:
        read(data, **options)
    return refusal.value


@pytest.fixture(scope="module")
def sample() -> bytes:
    if not SAMPLE.is_file():
        pytest.skip("the sample files are not on this machine: set EKG_SHARED to the folder that holds samples/")
    return SAMPLE.read_bytes()


@pytest.fixture
def pydicom() -> Any:
    return pytest.importorskip("pydicom")


def rewritten(pydicom: Any, sample: bytes, syntax: str) -> bytes:
    """The sample as pydicom writes it in another transfer syntax."""
    data_set = pydicom.dcmread(io.BytesIO(sample))
    data_set.file_meta.TransferSyntaxUID = SYNTAXES[syntax]
    written = io.BytesIO()
    implicit, little = syntax == "implicit", syntax != "big"
    pydicom.dcmwrite(written, data_set, implicit_vr=implicit, little_endian=little, force_encoding=True)
    return written.getvalue()


def test_the_sample_equals_pydicom(sample: bytes, pydicom: Any) -> None:
    recording = read(sample)
    expected = pydicom.dcmread(io.BytesIO(sample)).waveform_array(0).T / 1000

    assert recording.signal.shape == (12, 10_000)
    assert recording.fs_hz == 1000
    assert recording.leads == LEADS
    assert recording.format == "dicom"
    assert recording.sha256 == hashlib.sha256(sample).hexdigest()
    np.testing.assert_allclose(recording.signal, expected, atol=1e-6)


def test_of_the_files_of_pydicom_only_the_ecg_is_read(pydicom: Any) -> None:
    """Images, reports and damaged files, in every transfer syntax. Each of the others is refused."""
    folder = Path(pydicom.__file__).parent / "data" / "test_files"
    files = [path for path in folder.rglob("*.dcm") if path.stat().st_size < 300_000]
    assert len(files) > 50
    leads, codes = {}, set()
    for path in files:
        try:
            leads[path.name] = read(path.read_bytes()).leads
        except EcgError as refusal:
            codes.add(refusal.code)

    assert leads == {"waveform_ecg.dcm": LEADS}
    assert codes <= {"unsupported_format", "header_invalid", "signal_truncated"}


def test_the_sample_equals_ecgdatakit(sample: bytes) -> None:
    parsers = pytest.importorskip("ecgdatakit.parsing.parsers.dicom_waveform")
    leads = parsers.DICOMWaveformParser().parse(Path(SAMPLE)).leads

    assert tuple(lead.label for lead in leads) == LEADS
    np.testing.assert_allclose(read(sample).signal, [lead.samples * 1.25e-3 for lead in leads], atol=1e-6)


@pytest.mark.parametrize("syntax", ["implicit", "explicit", "deflated"])
def test_the_sample_rewritten_by_pydicom_is_the_same(sample: bytes, pydicom: Any, syntax: str) -> None:
    np.testing.assert_array_equal(read(rewritten(pydicom, sample, syntax)).signal, read(sample).signal)


def test_a_big_endian_file_with_little_endian_samples_is_refused(sample: bytes, pydicom: Any) -> None:
    """pydicom writes the samples as they are, without swapping their bytes. Read as stated they would be noise."""
    refusal = refusal_of(rewritten(pydicom, sample, "big"))

    assert (refusal.code, "byte order" in refusal.message) == ("signal_invalid", True)


@pytest.mark.parametrize("title", examples())
def test_each_variant_reads_back(title: str) -> None:
    recording = read(examples()[title]["ecg.dcm"])
    atol = 0.02001 if "8 bits" in title else 1e-6

    assert recording.fs_hz == 500
    assert recording.leads == LEADS[: len(recording.leads)]
    np.testing.assert_allclose(recording.signal, HEART.signal[: len(recording.leads)], atol=atol)


@pytest.mark.parametrize("syntax", ["implicit", "explicit", "big"])
def test_samples_equal_those_of_pydicom_in_little_endian(pydicom: Any, syntax: str) -> None:
    """Of a big endian file pydicom swaps nothing, so the oracle is its own reading of the little endian file."""
    random = np.random.default_rng(3)
    counts = random.integers(-3000, 3000, (5, 1001)).cumsum(axis=1) // 9 % 4000
    little, other = Writer(), Writer(syntax)
    expected = pydicom.dcmread(io.BytesIO(file(little, [group(little, counts)]))).waveform_array(0).T / 1000

    np.testing.assert_allclose(read(file(other, [group(other, counts)])).signal, expected, atol=1e-6)


@pytest.mark.parametrize(("kind", "low", "high"), [("SS", -9000, 9000), ("US", 0, 9000), ("SL", -9000, 9000)])
@pytest.mark.parametrize(("leads", "samples", "fs"), [(1, 3001, "250"), (2, 2500, "500.5"), (12, 777, "977")])
def test_sizes_rates_and_kinds_read_back(kind: str, low: int, high: int, leads: int, samples: int, fs: str) -> None:
    counts = np.random.default_rng(1).integers(low, high, (leads, samples))
    writer = Writer()

    recording = read(file(writer, [group(writer, counts, kind=kind, fs=fs)]))

    assert recording.fs_hz == float(fs)
    np.testing.assert_array_equal(recording.signal, (counts * 1e-3).astype(np.float32))


@pytest.mark.parametrize("kind", ["SB", "UB", "SS", "US", "SL", "UL", "SV", "UV"])
@pytest.mark.parametrize("syntax", ["explicit", "implicit"])
def test_each_kind_of_sample_equals_pydicom(pydicom: Any, kind: str, syntax: str) -> None:
    low, high = (0, 250) if kind[0] == "U" else (-120, 120)
    counts = np.random.default_rng(2).integers(low, high, (3, 501))
    writer = Writer(syntax)
    data = file(writer, [group(writer, counts, kind=kind)])

    np.testing.assert_allclose(
        read(data).signal, pydicom.dcmread(io.BytesIO(data)).waveform_array(0).T / 1000, atol=1e-6
    )


@pytest.mark.parametrize("sop_class", [TWELVE_LEAD, GENERAL, AMBULATORY, GENERAL_32])
def test_each_ecg_class_is_read(sop_class: str) -> None:
    writer = Writer()

    assert read(file(writer, [group(writer, COUNTS)], sop_class=sop_class)).signal.shape == (12, 5000)


@pytest.mark.parametrize("syntax", ["implicit", "explicit", "big"])
@pytest.mark.parametrize("preamble", [True, False])
def test_a_file_without_file_meta_information_is_read(syntax: str, preamble: bool) -> None:
    writer = Writer(syntax)
    data = file(writer, [group(writer, COUNTS)], meta=False, preamble=preamble)

    np.testing.assert_array_equal(read(data).signal, HEART.signal)


def test_a_file_without_preamble_but_with_file_meta_information_is_read() -> None:
    writer = Writer("implicit")

    np.testing.assert_array_equal(read(file(writer, [group(writer, COUNTS)], preamble=False)).signal, HEART.signal)


@pytest.mark.parametrize(("stated", "real"), [("implicit", "explicit"), ("explicit", "implicit")])
def test_the_first_element_corrects_a_wrong_transfer_syntax(stated: str, real: str) -> None:
    writer = Writer(real)

    recording = read(file(writer, [group(writer, COUNTS)], syntax=SYNTAXES[stated]))

    assert any("transfer syntax" in correction for correction in recording.corrections)
    np.testing.assert_array_equal(recording.signal, HEART.signal)


@pytest.mark.parametrize(("stated", "real"), [("big", "explicit"), ("explicit", "big")])
def test_another_byte_order_than_stated_is_refused(stated: str, real: str) -> None:
    writer = Writer(real)

    assert refusal_of(file(writer, [group(writer, COUNTS)], syntax=SYNTAXES[stated])).code == "header_invalid"


@pytest.mark.parametrize(("kind", "data_vr"), [("SS", "OB"), ("SB", "OW"), ("SL", "OW")])
def test_a_big_endian_file_that_leaves_the_order_of_bytes_open_is_refused(kind: str, data_vr: str) -> None:
    writer = Writer("big")
    counts = COUNTS // 40 if kind == "SB" else COUNTS

    assert refusal_of(file(writer, [group(writer, counts, kind=kind, data_vr=data_vr)])).code == "unsupported_format"


@pytest.mark.parametrize("undefined", [False, True])
@pytest.mark.parametrize("syntax", ["implicit", "explicit"])
def test_private_elements_and_other_sequences_are_skipped(undefined: bool, syntax: str) -> None:
    writer = Writer(syntax, undefined)
    nested = b""
    for _ in range(5):
        nested = writer.sequence(0x0009_1002, [nested, writer.element(0x0009_1003, "LO", "words")])
    # Of an unknown element with undefined length the content is implicit little endian.
    implicit = Writer("implicit", undefined=True)
    unknown = implicit.item(implicit.element(0x0009_1005, "", b"abcd")) + implicit.element(0xFFFE_E0DD, "", b"")
    before = writer.element(0x0009_0010, "LO", "SOMEBODY") + nested
    before += writer.element(0x0009_1004, "UN", unknown, UNDEFINED)
    before += writer.element(0x0009_1006, "OB", b"\xff" * 70_001)

    data = file(writer, [group(writer, COUNTS)], before=before, after=writer.element(0x5401_0010, "LO", "X"))

    np.testing.assert_array_equal(read(data).signal, HEART.signal)


@pytest.mark.parametrize(
    ("sop_class", "words"),
    [
        ("1.2.840.10008.5.1.4.1.1.104.1", "an encapsulated PDF"),
        ("1.2.840.10008.5.1.4.1.1.104.2", "an encapsulated document"),
        ("1.2.840.10008.5.1.4.1.1.88.33", "a structured report"),
        ("1.2.840.10008.5.1.4.1.1.9.3.1", "an electrophysiology waveform"),
        ("1.2.840.10008.5.1.4.1.1.9.2.1", "a haemodynamic waveform"),
        ("1.2.840.10008.5.1.4.1.1.9.4.1", "a waveform of another kind"),
        ("1.2.840.10008.5.1.4.1.1.7", "an image"),
        ("1.2.840.10008.5.1.4.1.1.1.1", "an image"),
        ("1.2.840.10008.5.1.4.1.1.11.1", "a presentation state"),
        ("1.2.840.113619.4.26", "an object of another kind"),
    ],
)
@pytest.mark.parametrize("meta", [True, False])
def test_what_is_no_ecg_is_refused_by_name(sop_class: str, words: str, meta: bool) -> None:
    writer = Writer()
    refusal = refusal_of(file(writer, [group(writer, COUNTS)], sop_class=sop_class, meta=meta))

    assert refusal.code == "unsupported_format"
    assert words in refusal.message
    assert "DICOM waveform" in refusal.hint


def test_an_image_in_a_transfer_syntax_of_its_own_is_called_an_image() -> None:
    image = file(Writer(), [], sop_class="1.2.840.10008.5.1.4.1.1.7", syntax="1.2.840.10008.1.2.4.50")

    assert "an image" in refusal_of(image).message


def test_a_waveform_in_another_transfer_syntax_is_refused() -> None:
    writer = Writer()

    assert "transfer syntax" in refusal_of(file(writer, [group(writer, COUNTS)], syntax="1.2.840.10008.1.2.5")).message


def test_modality_decides_for_a_file_without_class() -> None:
    writer = Writer()
    data = file(writer, [group(writer, COUNTS)], sop_class="")

    np.testing.assert_array_equal(read(data).signal, HEART.signal)
    assert refusal_of(data.replace(b"CS\x04\0ECG ", b"CS\x04\0EPS ")).code == "header_invalid"


def test_a_directory_beside_the_ecg_is_no_second_record() -> None:
    directory = file(Writer(), [], sop_class="1.2.840.10008.1.3.10")
    ecg = examples()["12-lead, explicit"]["ecg.dcm"]

    assert ecg_core.read({"DICOMDIR": directory, "IM00001": ecg}).leads == LEADS


def test_a_file_of_numbers_that_begins_like_an_element_is_no_dicom_file() -> None:
    assert not reader.sniff(np.arange(8, 4000, dtype="<i2").tobytes())
    assert not reader.sniff(b"")
    assert not reader.sniff(b"\x08\0\x05\0")


def test_name_and_place_of_a_person_are_in_no_part_of_the_answer() -> None:
    recording = read(examples()["12-lead, explicit"]["ecg.dcm"])

    assert "Nobody" not in repr(recording)


@pytest.mark.parametrize("title", ["12-lead, explicit", "undefined lengths, implicit", "two groups in succession"])
def test_blocks_are_the_same_as_the_whole(title: str) -> None:
    data = examples()[title]["ecg.dcm"]
    signals = reader.open_signals(Bytes(data), Options())
    expected = read(data).signal

    assert (signals.samples, signals.leads, signals.fs_hz) == (5000, LEADS, 500)
    for start, stop in ((0, 5000), (0, 1), (1234, 3456), (2400, 2600), (4999, 5000)):
        np.testing.assert_array_equal(signals.block(start, stop), expected[:, start:stop])


class Watched(Bytes):
    """Counts the bytes that are read."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.bytes = 0

    def read(self, offset: int, length: int) -> bytes:
        self.bytes += min(length, self.size - offset)
        return super().read(offset, length)


def test_of_a_long_file_only_the_header_and_the_block_are_loaded(tmp_path: Path) -> None:
    writer = Writer()
    hour = np.tile(COUNTS[:3], 120)
    data = file(writer, [group(writer, hour)], sop_class=AMBULATORY)
    source = Watched(data)

    signals = reader.open_signals(source, Options())
    block = signals.block(250_000, 255_000)

    assert signals.samples == 600_000
    assert source.bytes < 0.08 * len(data)
    np.testing.assert_array_equal(block, (hour[:, 250_000:255_000] * 1e-3).astype(np.float32))
    path = tmp_path / "long.dcm"
    path.write_bytes(data)
    on_disk = FileSource(path)
    np.testing.assert_array_equal(reader.open_signals(on_disk, Options()).block(250_000, 255_000), block)


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("undefined", [False, True])
def test_a_file_that_was_cut_is_refused(syntax: str, undefined: bool) -> None:
    writer = Writer(syntax, undefined)
    data = file(writer, [group(writer, COUNTS)])
    places = [*range(128 + 4, 900, 7), len(data) // 2, len(data) - (24 if undefined else 2)]

    codes = {refusal_of(data[:place]).code for place in places}

    assert codes <= {"signal_truncated", "header_invalid", "unsupported_format"}
    assert refusal_of(data[: len(data) // 2]).code == "signal_truncated"


def test_a_damaged_deflated_file_is_refused() -> None:
    data = bytearray(examples()["12-lead, deflated"]["ecg.dcm"])
    data[2000:2010] = b"\xff" * 10

    assert refusal_of(bytes(data)).code in ("signal_invalid", "header_invalid", "signal_truncated")


def test_a_deflated_bomb_is_refused_without_inflating_it() -> None:
    writer = Writer("deflated")
    bomb = file(writer, [group(writer, COUNTS)], before=writer.element(0x0009_1001, "OB", b"\0" * 80_000_000))
    assert len(bomb) < 200_000
    tracemalloc.start()

    code = refusal_of(bomb).code
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert code == "file_too_large"
    assert peak < 2.5 * MAX_BYTES
