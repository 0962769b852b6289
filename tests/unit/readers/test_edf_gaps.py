"""EDF+ and BDF+: the time stamps of the records, and the gaps between them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ecg_core.errors import EcgError, FileTooLarge, HeaderInvalid
from ecg_core.readers import read
from ecg_core.readers.edf import timeline
from ecg_core.readers.edf.reader import open_signals
from ecg_core.readers.edf.timeline import seconds
from ecg_core.readers.options import Options
from ecg_core.readers.source import Bytes
from ecg_core.recording import Recording
from tests.unit.readers.made.edf import BDF, Channel, Edf, stamp, wide

RNG = np.random.default_rng(11)


def made(onsets: Sequence[float | str], samples: int = 250, **more: Any) -> Edf:
    """Lead II, each record stamped. The marks are D unless the caller gives others."""
    channel = Channel("II", RNG.integers(-3000, 3000, (len(onsets), samples)))
    more = {"reserved": "EDF+D", **more}
    channels = wide([channel]) if more.get("version") == BDF else [channel]
    return Edf(channels, stamps=[stamp(onset) for onset in onsets], **more)


def reading(file: Edf, **options: Any) -> Recording:
    return read({"ecg.edf": file.bytes()}, **options)


def expected(file: Edf, starts: Sequence[int], total: int) -> np.ndarray[Any, Any]:
    signal = np.full(total, np.nan)
    for start, numbers in zip(starts, file.channels[0].numbers, strict=True):
        signal[start : start + len(numbers)] = numbers / 1000
    return signal


@pytest.mark.parametrize("more", [{}, {"version": BDF, "reserved": "BDF+D"}])
@pytest.mark.parametrize(
    ("onsets", "starts"),
    [
        ([0, 1, 2], [0, 250, 500]),
        ([0, 1, 4, 5], [0, 250, 1000, 1250]),
        ([0.5, 3, 10.25], [0, 625, 2438]),
        ([100000, 100001, 100002.5], [0, 250, 625]),
        (["0.00", "1.000000", "2.004"], [0, 250, 500]),
        (["0", "1.0301", "2.0301"], [0, 258, 508]),
    ],
)
def test_a_gap_between_records_stays_a_gap(onsets: list[float | str], starts: list[int], more: dict[str, Any]) -> None:
    file = made(onsets, **more)
    recording = reading(file)
    total = starts[-1] + 250

    np.testing.assert_allclose(recording.signal[0], expected(file, starts, total), atol=1e-6)
    missing = total - 250 * len(starts)
    said = f"samples without a value in gaps between records: {missing}"
    assert (said in recording.corrections) == bool(missing)


@pytest.mark.parametrize("samples", [1, 3])
def test_gaps_after_each_short_record_are_kept(samples: int) -> None:
    onsets = [f"{number * 0.016:.3f}" for number in range(500)]
    file = made(onsets, samples, duration=f"{samples * 0.004:.3f}")
    recording = reading(file)

    total = 499 * 4 + samples
    np.testing.assert_allclose(recording.signal[0], expected(file, range(0, 2000, 4), total), atol=1e-6)
    signals = open_signals(Bytes(file.bytes()), Options())
    for start, stop in ((0, 1), (1, 4), (2, 3), (4, 9), (998, 1003), (1500, total)):
        np.testing.assert_array_equal(signals.block(start, stop), recording.signal[:, start:stop])


def test_random_gaps_give_the_same_samples_in_windows() -> None:
    onsets = np.cumsum(1 + RNG.integers(0, 3, 60) * RNG.random(60).round(2))
    file = made([f"{onset:.2f}" for onset in onsets])
    signals = open_signals(Bytes(file.bytes()), Options())
    whole = signals.block(0, signals.samples)

    assert int((~np.isnan(whole)).sum()) == 60 * 250
    for _ in range(200):
        start, stop = sorted(RNG.integers(0, signals.samples, 2))
        np.testing.assert_array_equal(signals.block(start, stop), whole[:, start:stop])


@pytest.mark.parametrize("onsets", [[0, 0.5, 1.5], [0, 1, 2, 1], [5, 0], [0, 0, 0], [0, 1, 1]])
def test_records_that_overlap_or_run_backwards_are_refused(onsets: list[float]) -> None:
    with pytest.raises(HeaderInvalid, match="overlap in time or run backwards"):
        reading(made(onsets))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda file: replace(file, stamps=None), "no time stamps"),
        (lambda file: replace(file, stamps=[b"", *file.stamps[1:]]), "no time stamp"),
        (lambda file: replace(file, stamps=[*file.stamps[:-1], b"+2x\x14\x14\0"]), "no time stamp"),
        (lambda file: replace(file, stamp_label="Notes"), "no time stamps"),
    ],
)
def test_gaps_without_stamps_are_refused(change: Callable[[Edf], Edf], message: str) -> None:
    with pytest.raises(HeaderInvalid, match=message):
        reading(change(made([0, 1, 2])))


@pytest.mark.parametrize(("reserved", "refused"), [("", False), ("EDF+C", False), ("EDF+D", True)])
def test_annotations_of_no_bytes_hold_no_stamps(reserved: str, refused: bool) -> None:
    file = made([0, 1, 2], reserved=reserved)
    empty = Channel("EDF Annotations", np.zeros((3, 0), np.int64), "", ("-1", "1"))
    file = replace(file, channels=[*file.channels, empty], stamps=None)
    if refused:
        with pytest.raises(HeaderInvalid, match="no time stamps"):
            reading(file)
    else:
        assert reading(file).duration_s == 3


def test_gaps_need_the_duration_of_a_record() -> None:
    with pytest.raises(EcgError) as refusal:
        reading(made([0, 1, 2], duration="0"), fs_hz=250)
    assert refusal.value.code == "sampling_rate_unknown"


def test_of_a_file_with_a_long_gap_the_pieces_around_the_windows_are_read() -> None:
    file = made([0, 1, 1_000_000])
    recording = reading(file)

    assert recording.excerpt is not None
    assert (recording.excerpt.samples, recording.signal.shape) == (250_000_250, (1, 12 * 3000))
    stored = np.concatenate(list(file.channels[0].numbers)) / 1000
    np.testing.assert_allclose(recording.signal[0, :500], stored[:500], atol=1e-6)
    np.testing.assert_allclose(recording.signal[0, -250:], stored[500:], atol=1e-6)
    assert np.isnan(recording.signal[0, 500:-250]).all()
    signals = open_signals(Bytes(file.bytes()), Options())
    assert signals.samples == 250_000_250
    assert np.isnan(signals.block(100_000_000, 100_000_500)).all()
    np.testing.assert_allclose(
        signals.block(250_000_000, 250_000_250)[0], file.channels[0].numbers[2] / 1000, atol=1e-6
    )


@pytest.mark.parametrize("last", ["200000000", "9" * 25])
def test_a_gap_longer_than_any_recording_is_refused(last: str) -> None:
    with pytest.raises(HeaderInvalid, match="three years"):
        reading(made([0, 1, last]))


def test_too_many_gaps_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "MAX_GAPS", 10)
    assert reading(made(range(0, 22, 2))).signal.shape == (1, 21 * 250)
    with pytest.raises(FileTooLarge, match="more than 10 gaps"):
        reading(made(range(0, 24, 2)))


def test_small_steps_that_add_up_are_a_contradiction() -> None:
    with pytest.raises(HeaderInvalid, match="contradict the duration"):
        reading(made([f"{0.0055 * number:.4f}" for number in range(500)], 1, duration="0.004"))


# Files that say they are continuous


@pytest.mark.parametrize("reserved", ["EDF+C", ""])
def test_gaps_in_a_file_that_says_it_is_continuous_are_kept_and_reported(reserved: str) -> None:
    file = made([0, 1, 4, 5], reserved=reserved)
    recording = reading(file)

    np.testing.assert_allclose(recording.signal[0], expected(file, [0, 250, 1000, 1250], 1500), atol=1e-6)
    assert "the file says it is continuous, its time stamps show gaps: the time stamps counted" in recording.corrections


@pytest.mark.parametrize("onsets", [[0, 0, 0, 0], [0, 1, 2, 3, 1, 2, 3, 4], ["x", 1, 2, 3]])
def test_stamps_that_tell_nothing_are_left_out_of_a_continuous_file(onsets: list[float | str]) -> None:
    file = made(onsets, reserved="EDF+C")
    recording = reading(file)

    np.testing.assert_allclose(recording.signal[0], file.channels[0].numbers.reshape(-1) / 1000, atol=1e-6)
    assert "time stamps of the records not used, read as continuous as the file says" in recording.corrections


def test_stamps_that_contradict_the_duration_of_all_records_are_refused() -> None:
    """The rate may be twice what the header says."""
    with pytest.raises(HeaderInvalid):
        reading(made([0, 0.5, 1.0, 1.5, 2.0, 2.5], reserved="EDF+C"))


def test_of_a_long_continuous_file_only_the_ends_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "SCANNED_BYTES", 100)
    assert reading(made([0, 1, 2, 3], reserved="EDF+C")).signal.shape == (1, 1000)
    assert reading(made([0, 1, 2, 5], reserved="EDF+C")).signal.shape == (1, 1500)


# The stamps


def test_a_stamp_is_read_like_a_number() -> None:
    texts = [
        f"{sign}{RNG.random() * 10.0 ** RNG.integers(0, 8):.{RNG.integers(0, 7)}f}" for sign in "+-" for _ in range(200)
    ]
    rows = [(text.encode() + bytes([RNG.choice([20, 21])]) + b"more\0").ljust(32, b"\0") for text in texts]
    found = seconds(np.frombuffer(b"".join(rows), np.uint8).reshape(-1, 32))

    np.testing.assert_allclose(found, [float(text) for text in texts], rtol=1e-12)


@pytest.mark.parametrize(
    "text",
    [b"", b"1\x14", b"+\x14", b"+.\x14", b"+1.2.3\x14", b"+1 \x14", b"+1", b"+1e5\x14", b"++1\x14", b"+\xb2\x14"],
)
def test_what_is_no_stamp_is_no_time(text: bytes) -> None:
    assert np.isnan(seconds(np.frombuffer(text.ljust(8, b"\0"), np.uint8)[None]))[0]


def test_a_stamp_that_fills_its_channel_is_none() -> None:
    assert np.isnan(seconds(np.frombuffer(b"+1234567", np.uint8)[None]))[0]
