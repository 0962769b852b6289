"""Wrong headers and signals: a typed error with a code, little time and memory, and no words of the file."""

import contextlib
import io
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg_core import errors, readers
from ecg_core.errors import EcgError, FileTooLarge, HeaderInvalid, SignalInvalid, SignalTruncated, UnitsUnknown
from ecg_core.readers.wfdb.decoding import decode
from ecg_core.readers.wfdb.signals import bytes_for
from ecg_core.recording import MAX_VALUES
from tests.conftest import ROOT
from tests.effort import times_as_costly
from tests.unit.readers.reading import read_wfdb
from tests.unit.readers.wfdb_records import encode, make_header, make_record, make_samples, make_segmented

# These tests compare costs. Coverage would slow Python code but not numpy.
pytestmark = pytest.mark.no_cover

# Memory in addition to the file: a signal of MAX_VALUES, and what decoding needs.
MAX_MEMORY_BYTES = 4 * MAX_VALUES + 20_000_000
SECRET = "Mustermann"
TYPED = (errors.FormatError, errors.RecordError, errors.ContentError)
# CPU time as a multiple of reading a sound record: ten minutes, twelve leads, 500 Hz. Measured: at most 27.
SOUND = make_record(make_samples(12, 300_000))
MAX_COST = 120
T = TypeVar("T")


def within_limits(work: Callable[[], T]) -> T:
    """Returns the result of work after checking that its memory and CPU time are small."""
    tracemalloc.start()
    try:
        result = work()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MAX_MEMORY_BYTES
    # Measured without tracing, which slows Python code but not numpy.
    assert times_as_costly(work, lambda: read_wfdb("rec.hea", SOUND), enough=MAX_COST) <= MAX_COST
    return result


def refusal(files: dict[str, bytes], header: str = "rec.hea") -> EcgError:
    def refused() -> EcgError:
        with pytest.raises(EcgError) as raised:
            read_wfdb(header, files)
        return raised.value

    error = within_limits(refused)
    assert error.message
    assert error.hint
    assert error.status in (413, 415, 422)
    return error


def with_record_line(line: str) -> dict[str, bytes]:
    return make_record(record=line)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("rec 100000000 500 1000", "header_invalid"),
        ("rec 99999999999999999999 500 1000", "header_invalid"),
        ("rec 12 500 2000000000", "signal_truncated"),
        ("rec 12 500 999999999999999999", "signal_truncated"),
        ("rec 12 500 9" + "9" * 5000, "header_invalid"),
        ("rec 12 500 -5", "header_invalid"),
        ("rec 12 500 1e3", "header_invalid"),
        ("rec 12 0 1000", "header_invalid"),
        ("rec 12 0.0 1000", "header_invalid"),
        ("rec 12 -500 1000", "header_invalid"),
        ("rec 12 nan 1000", "header_invalid"),
        ("rec 12 inf 1000", "header_invalid"),
        ("rec 12 1e999 1000", "header_invalid"),
        ("rec 12 1e-300 1000", "sampling_rate_out_of_range"),
        ("rec 12 1e9 1000", "sampling_rate_out_of_range"),
        ("rec 0 500 1000", "header_invalid"),
        ("rec 11 500 1000", "header_invalid"),
        ("rec 13 500 1000", "header_invalid"),
        ("rec/12 12 500 1000", "header_invalid"),
        ("rec", "header_invalid"),
        ("/ 12 500 1000", "header_invalid"),
    ],
)
def test_a_record_line_that_lies_is_refused(line: str, code: str) -> None:
    assert refusal(with_record_line(line)).code == code


@pytest.mark.parametrize(
    "gain", ["nan/mV", "inf/mV", "-inf", "NaN(0)/mV", "1e-300/mV", "1e300/mV", "1e999/mV", "2x(0)/mV"]
)
def test_a_gain_that_no_converter_has_is_refused(gain: str) -> None:
    assert refusal(make_record(leads=("I",), gain=gain)).code == "header_invalid"


def test_a_gain_of_zero_is_refused_as_uncalibrated() -> None:
    assert isinstance(refusal(make_record(leads=("I",), gain="0/mV")), UnitsUnknown)


@pytest.mark.parametrize("gain", ["200(99999999999)/mV", "200(-4294967297)/mV"])
def test_a_baseline_beyond_32_bits_is_refused(gain: str) -> None:
    assert isinstance(refusal(make_record(leads=("I",), gain=gain)), HeaderInvalid)


@pytest.mark.parametrize(
    ("storage", "code"),
    [
        ("16x0", "header_invalid"),
        ("16x999999999", "header_invalid"),
        ("16x8", "signal_truncated"),
        ("16x65536", "signal_truncated"),
        ("16:999999999", "header_invalid"),
        ("16+999999999", "signal_truncated"),
        ("16:-5", "header_invalid"),
        ("16+-5", "header_invalid"),
        ("99999", "header_invalid"),
        ("x", "header_invalid"),
        ("77", "unsupported_format"),
    ],
)
def test_a_storage_field_that_lies_is_refused(storage: str, code: str) -> None:
    assert refusal(make_record(leads=("I",), storage=storage)).code == code


@pytest.mark.parametrize("format_", ["16", "16:3", "16+2"])
def test_signals_of_one_file_that_contradict_each_other_are_refused(format_: str) -> None:
    files = make_record(make_samples(3, 100), leads=("I", "II", "V1"))
    header = files["rec.hea"].replace(b"rec.dat 16 ", b"other.dat " + format_.encode() + b" ", 2)
    header = header.replace(b"other.dat", b"rec.dat", 1)
    assert refusal(files | {"rec.hea": header, "other.dat": bytes(1000)}).code in (
        "header_invalid",
        "checksum_mismatch",
    )


def test_a_frame_wider_than_any_is_refused() -> None:
    assert refusal(make_record(storage="16x60000")).code == "header_invalid"


def test_a_record_that_is_its_own_segment_is_refused() -> None:
    assert refusal({"r.hea": b"r/2 2 500 20\nr 10\nr 10\n"}, "r.hea").code == "header_invalid"


def test_segments_of_segments_are_refused() -> None:
    files = {"r.hea": b"r/1 2 500 20\ns 20\n", "s.hea": b"s/1 2 500 20\nr 20\n"}
    assert refusal(files, "r.hea").code == "header_invalid"


def test_a_thousand_segments_of_the_widest_header_are_refused_in_time() -> None:
    lines = "".join(f"s.dat 16 1/mV 0 0 0 0 0 x{number}\n" for number in range(500))
    files = {"s.hea": f"s 500 500 1\n{lines}".encode(), "s.dat": bytes(1000)}
    files["r.hea"] = b"r/1000 500 500 1000\n" + b"s 1\n" * 1000
    assert refusal(files, "r.hea").code == "header_invalid"


def test_a_thousand_small_segments_are_read_in_time() -> None:
    files = make_segmented((1, 1))
    files["rec.hea"] = b"rec/1000 2 500 1000\n" + b"rec_0 1\nrec_1 1\n" * 500
    assert within_limits(lambda: read_wfdb("rec.hea", files)).signal.shape == (2, 1000)


def test_a_segment_that_is_named_again_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []

    def counted(*arguments: Any) -> None:
        decoded.append(arguments[0])
        decode(*arguments)

    monkeypatch.setattr("ecg_core.readers.wfdb.reader.decode", counted)
    files = {"s.hea": b"s 100 500 80000\n" + b"s.dat 80 1/mV 0 0 0 0 0 x\n" * 99 + b"s.dat 80 1/mV 0 0 0 0 0 I\n"}
    files |= {"s.dat": bytes(8_000_000), "r.hea": b"r/100 100 500 8000000\n" + b"s 80000\n" * 100}
    recording = read_wfdb("r.hea", files)
    assert len(decoded) == 1
    np.testing.assert_array_equal(recording.signal[:, :80_000], recording.signal[:, -80_000:])


def test_segments_that_hold_more_samples_than_the_request_may_cost_are_refused() -> None:
    lines = b"%s.dat 80 1/mV 0 0 0 0 0 x\n" * 99 + b"%s.dat 80 1/mV 0 0 0 0 0 I\n"
    files = {"r.hea": b"r/4 100 500 320000\n" + b"".join(b"s%d 80000\n" % number for number in range(4))}
    for number in range(4):
        name = b"s%d" % number
        files[f"s{number}.hea"] = b"%s 100 500 80000\n" % name + lines.replace(b"%s", name)
        files[f"s{number}.dat"] = bytes(8_000_000)
    assert isinstance(refusal(files, "r.hea"), FileTooLarge)


def test_forty_bytes_that_claim_2e9_samples_are_refused() -> None:
    header = b"rec 1 500 2000000000\nrec.dat 16 200 16 0 0 0 0 I\n"
    assert isinstance(refusal({"rec.hea": header, "rec.dat": bytes(40)}), SignalTruncated)


@pytest.mark.parametrize("storage", ["8", "24", "80", "212", "310", "80x4", "24x100"])
def test_the_largest_record_is_read_within_the_limits(storage: str) -> None:
    header = f"rec 2 125\nrec.dat {storage} 200 12 0 0 0 0 I\nrec.dat {storage} 200 12 0 0 0 0 II\n"
    if storage.endswith("x100"):
        header = header.replace(" 125", " 5")
    files = {"rec.hea": header.encode(), "rec.dat": bytes(bytes_for(int(storage.partition("x")[0]), MAX_VALUES))}
    recording = within_limits(lambda: read_wfdb("rec.hea", files))
    assert recording.signal.size == MAX_VALUES


def test_a_record_with_many_invalid_samples_takes_no_more_memory() -> None:
    header = b"rec 1 50\nrec.dat 80 200 8 0 0 0 0 I\n"
    files = {"rec.hea": header, "rec.dat": (b"\0" + b"\x82" * 499) * (MAX_VALUES // 500)}
    recording = within_limits(lambda: read_wfdb("rec.hea", files))
    assert np.isnan(recording.signal).sum() == MAX_VALUES // 500


@pytest.mark.parametrize("storage", ["80", "80x8"])
def test_of_more_samples_than_the_limit_only_windows_are_read(storage: str) -> None:
    header = f"rec 1 500\nrec.dat {storage} 200 12 0 0 0 0 I\n".encode()
    files = {"rec.hea": header, "rec.dat": bytes(MAX_VALUES + 8)}
    recording = within_limits(lambda: read_wfdb("rec.hea", files))
    assert recording.duration_s == pytest.approx((MAX_VALUES + 8) / recording.fs_hz)
    assert recording.signal.shape[1] < MAX_VALUES / 10


def test_more_samples_than_the_limit_stored_as_differences_are_refused() -> None:
    header = b"rec 1 500\nrec.dat 8 200 12 0 0 0 0 I\n"
    assert isinstance(refusal({"rec.hea": header, "rec.dat": bytes(MAX_VALUES + 8)}), FileTooLarge)


def make_flac(frames: int, channels: int = 1, fs_hz: int = 500) -> bytes:
    soundfile = pytest.importorskip("soundfile")
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros((frames, channels), np.int16), fs_hz, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def test_of_flac_that_expands_a_thousand_times_only_windows_are_decoded() -> None:
    packed = make_flac(10_000_000)
    assert len(packed) < 100_000
    header = b"rec 1 500\nrec.dat 516 200 16 0 0 0 0 I\n"
    recording = within_limits(lambda: read_wfdb("rec.hea", {"rec.hea": header, "rec.dat": packed}))
    assert recording.duration_s == pytest.approx(20_000)
    assert recording.signal.shape[1] < MAX_VALUES / 10


def test_flac_of_a_channel_that_is_not_a_lead_costs_no_more_than_a_lead() -> None:
    lines = "".join(f"{number}.dat 516 200 16 0 0 0 0 x\n" for number in range(8))
    files = {f"{number}.dat": make_flac(4_000_000) for number in range(8)}
    files["rec.hea"] = f"rec 9 500 4000000\n{lines}8.dat 80 200 12 0 0 0 0 I\n".encode()
    assert isinstance(refusal(files | {"8.dat": bytes(4_000_000)}), FileTooLarge)


@pytest.mark.parametrize("cut", [0, 3, 4, 30, 41, 43, 60])
def test_damaged_flac_is_refused(cut: int) -> None:
    header = b"rec 1 500 1000\nrec.dat 516 200 16 0 0 0 0 I\n"
    assert refusal({"rec.hea": header, "rec.dat": make_flac(1000)[:cut]}).code in ("signal_invalid", "signal_truncated")


def test_flac_that_holds_other_channels_than_its_header_is_refused() -> None:
    header = b"rec 1 500 1000\nrec.dat 516 200 16 0 0 0 0 I\n"
    assert isinstance(refusal({"rec.hea": header, "rec.dat": make_flac(1000, channels=2)}), HeaderInvalid)
    assert isinstance(refusal({"rec.hea": header, "rec.dat": bytes(1000)}), SignalInvalid)


def test_no_refusal_repeats_words_of_the_file() -> None:
    header = f"{SECRET} 1 500 1000\n{SECRET}.dat {{}} 16 0 0 0 0 {SECRET}\n# {SECRET}\n"
    for fields in ("16 200/mV", f"16 200/{SECRET}", "16 nan/mV", f"{SECRET} 200", "77 200/mV", "16 0/mV"):
        for name in (f"{SECRET}.dat", "other.dat"):
            files = {f"{SECRET}.hea": header.format(fields).encode(), name: bytes(100)}
            error = refusal(files, f"{SECRET}.hea")
            assert SECRET not in error.message + error.hint


number = st.one_of(
    st.integers(-(10**12), 10**12).map(str),
    st.sampled_from(["0", "1", "2", "500", "nan", "inf", "1e-300", "1e999", "-1", "+1", "0x10", "1_0", "٣", "²", ""]),
    st.floats().map(repr),
)
storage = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["8", "16", "24", "32", "61", "80", "160", "212", "310", "311", "516", "0", "7"]),
    st.sampled_from(["", "x1", "x2", "x0", "x99999"]),
    st.sampled_from(["", ":0", ":3", ":999999", ":-1"]),
    st.sampled_from(["", "+0", "+24", "+999999"]),
)
gain = st.builds(
    "{}{}{}".format,
    number,
    st.sampled_from(["", "(0)", "(7)", "(x)", "("]),
    st.sampled_from(["", "/mV", "/uV", "/", "/?"]),
)
file_name = st.sampled_from(["r.dat", "s.dat", "~", "-", "../r.dat", "r.hea", "/r.dat", "R.DAT"])
lead = st.sampled_from(["I", "II", "V1", "V", "i", "MLII", "", "sig 0", "\xb5", "\x00"])
signal_line = st.builds(
    lambda name, storage, gain, numbers, lead: " ".join([name, storage, gain, *numbers, lead]),
    *(file_name, storage, gain, st.lists(number, max_size=5), lead),
)
segment_line = st.builds("{} {}".format, st.sampled_from(["r", "s", "t", "~", "../r", "t_0"]), number)
record_line = st.builds(
    "{}{} {} {} {}".format,
    st.sampled_from(["r", "", "r r"]),
    st.sampled_from(["", "/1", "/2", "/x"]),
    number,
    number,
    number,
)
plausible_line = st.builds(
    "r{} {} 500 {}".format, st.sampled_from(["", "/1", "/2"]), st.integers(0, 3), st.integers(0, 99)
)
header_text = st.builds(
    lambda record, lines, end: end.join([record, *lines, ""]),
    st.one_of(record_line, plausible_line),
    st.lists(st.one_of(signal_line, segment_line, st.sampled_from(["", "# c"])), max_size=4),
    st.sampled_from(["\n", "\r\n"]),
)


@settings(max_examples=400, deadline=None)
@given(text=header_text, other=header_text, signal=st.binary(max_size=200))
def test_any_header_is_read_or_refused_with_a_code(text: str, other: str, signal: bytes) -> None:
    files = {
        "r.hea": text.encode("utf-8", "replace"),
        "s.hea": other.encode("latin-1", "replace"),
        "t.hea": b"t 1 500 9\nr.dat 80\n",
    }
    files |= {"r.dat": signal, "s.dat": signal * 2}
    for read in (lambda: read_wfdb("r.hea", files), lambda: readers.read(files)):
        with contextlib.suppress(*TYPED):
            recording = read()
            assert recording.signal.shape[0] == len(recording.leads)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_sound_record_with_a_few_bytes_changed_is_read_or_refused_with_a_code(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["16", "212", "310", "8"]))
    samples = np.cumsum(make_samples(2, 40, 5), axis=1)
    files = {"rec.hea": make_header(samples, leads=("I", "II"), storage=kind), "rec.dat": encode(samples, kind)}
    header = bytearray(files["rec.hea"])
    for position in data.draw(st.lists(st.integers(0, len(header) - 1), min_size=1, max_size=4)):
        header[position] = data.draw(st.integers(0, 255))
    with contextlib.suppress(*TYPED):
        read_wfdb("rec.hea", files | {"rec.hea": bytes(header)})


@pytest.mark.parametrize("packed", [False, True])
def test_the_largest_uploads_are_read_within_130_mb_of_process_memory(packed: bool) -> None:
    """Not measured with getrusage: there, the peak of a child process begins with the size of its parent."""
    program = f"""
import io, os, zipfile
import ecg_core.readers as readers
line = b"r.dat {32 if packed else 311} 200 10 0 0 0 0 %s\\n"
header = b"r 2 500\\n" + line % b"I" + line % b"II"
files = {{"r.hea": header, "r.dat": bytes(23_900_000) if {packed} else os.urandom(10_000_000)}}
if {packed}:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        [archive.writestr(name, data) for name, data in files.items()]
    files = {{"r.zip": buffer.getvalue()}}
    del archive, buffer
readers.read(files)
print([line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")][0])
"""
    finished = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(finished.stdout) < 130_000


def test_reading_a_wfdb_record_imports_nothing_heavy() -> None:
    program = """
import sys, ecg_core.readers as readers
readers.read({"r.hea": b"r 1 500 2\\nr.dat 16 200/mV 16 0 0 0 0 I\\n", "r.dat": bytes(4)})
heavy = {"pandas", "scipy", "wfdb", "soundfile", "zipfile", "ecg_core.readers.table.reader", "torch"} & set(sys.modules)
print(",".join(heavy))
"""
    finished = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == ""
