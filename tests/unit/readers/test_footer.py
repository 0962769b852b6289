"""Lines below the rows, padding, and words of C libraries for NaN."""

import numpy as np
import pytest

from ecg_core.errors import SamplingRateUnknown, SignalInvalid
from tests.unit.readers.reading import read_apple, read_table
from tests.unit.readers.tables import make_apple, make_csv, make_signal

DATA = make_csv(make_signal(2, 200), leads=("I", "II"))


@pytest.mark.parametrize(
    "below",
    [
        *(
            "Mean,0.01,0.02\nMax,1.0,1.2\n",
            "# end of file\n",
            "\n\nMinimum,,0.1\n",
            "Average,0.1\n",
            "% done",
            "// done\n",
        ),
        *(
            "-----\nSD,0.1,0.2\n",
            "End of data\n",
            "Mittelwert,0.1,0.2\n\x1a",
            '"Mean","0.1","0.2"\n',
            "Summary:\n,,\nMax,1,2\n",
        ),
    ],
)
def test_summaries_and_comments_are_left_out_and_reported(below: str) -> None:
    recording = read_table("", DATA + below.encode())

    np.testing.assert_array_equal(recording.signal, read_table("", DATA).signal)
    assert any("lines below the rows" in correction for correction in recording.corrections)


@pytest.mark.parametrize("below", ["0.400,1,x\n", "x,0.1,0.2\n", "0..4,0.1,0.2\n", "0.400,0.1\n", "0.4,0.1,0.2,0.3\n"])
def test_a_damaged_last_row_is_not_a_footer(below: str) -> None:
    with pytest.raises(SignalInvalid, match="Line 202"):
        read_table("", DATA + below.encode())


def test_rows_below_a_remark_are_refused() -> None:
    with pytest.raises(SignalInvalid, match="Line 202"):
        read_table("", DATA + b"Mean,0.1,0.2\n0.4,0.1,0.2\n")


def test_a_long_text_below_the_rows_is_not_a_footer() -> None:
    with pytest.raises(SignalInvalid):
        read_table("", DATA + b"Mean,0.1,0.2\n" * 100, fs_hz=500)


def test_many_summary_rows_are_left_out() -> None:
    assert read_table("", DATA + b"Mean,0.1,0.2\n" * 30).signal.shape == (2, 200)


def test_a_rate_below_the_rows_contradicts_one_above() -> None:
    with pytest.raises(SamplingRateUnknown):
        read_table("", b"fs=500\nI (mV)\n" + b"0.1\n0.2\n" * 50 + b"# sampling rate: 250 Hz\n")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_padding_is_left_out_and_reported(encoding: str) -> None:
    data = DATA.decode().encode(encoding) + b"\0" * 512

    recording = read_table("", data)

    assert recording.signal.shape == (2, 200)
    assert "padding with zero bytes at the end left out: 512 bytes" in recording.corrections


def test_a_watch_export_may_be_padded_too() -> None:
    assert read_apple("", make_apple() + b"\0" * 64).signal.shape == (1, 600)


@pytest.mark.parametrize(
    "word",
    [
        *(
            "1.#QNAN",
            "-1.#IND",
            "1.#INF",
            "-1.#INF",
            "1.#QNAN0",
            "-1.#IND00",
            "1,#QNAN",
            "<NA>",
            "NaT",
            "-nan",
            "-nan(ind)",
        ),
        *("nan(snan)", "1.#J"),
    ],
)
def test_words_for_a_missing_number_become_gaps(word: str) -> None:
    rows = f"1;2\n{word};3\n4;{word}\n" * 20

    recording = read_table("", f"I_mV;II_mV\n{rows}".encode(), fs_hz=500)

    assert int(np.isnan(recording.signal).sum()) == 40
    assert "empty values read as gaps: 40" in recording.corrections
