"""Tables as people and programs write them."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecg_core.errors import (
    DuplicateLeads,
    HeaderInvalid,
    NoEcgLeads,
    SamplingRateOutOfRange,
    SamplingRateUnknown,
    SignalInvalid,
    UnitsUnknown,
)
from ecg_core.leads import LEADS
from ecg_core.readers.labels import lead_in_any_language, split_unit
from ecg_core.readers.table.reader import sniff
from tests.unit.readers.reading import read_table
from tests.unit.readers.tables import LINE_ENDS, make_csv, make_signal, sample

FOUR = "I,II,V1,V2"
ROWS = "\n".join(f"{n},{n * 2},{-n},{n + 1}" for n in range(10, 30)) + "\n"


def table(header: str, rows: str = ROWS, *above: str) -> bytes:
    return "\n".join([*above, header, rows]).encode()


def timed(times: list[str], name: str = "time (s)", separator: str = ",") -> bytes:
    rows = "\n".join(f"{time}{separator}0.{number % 10}" for number, time in enumerate(times))
    return f"{name}{separator}I_mV\n{rows}\n".encode()


# Real files


def test_a_table_with_two_lines_above_its_header_is_read(samples: Path) -> None:
    data = sample(samples, "csv/ECG_12L.csv")

    recording = read_table("ECG_12L.csv", data)

    assert sniff(data)
    assert recording.leads == LEADS
    assert recording.fs_hz == 500
    assert recording.signal.shape == (12, 5000)
    assert recording.signal[0, 0] == pytest.approx(50 / 2048)
    assert np.nanmax(abs(recording.signal[1] - recording.signal[0] - recording.signal[2])) < 0.015
    assert recording.corrections == (
        "digits converted to mV by the stated gain: 2048 per mV",
        "sampling rate from the words above the table: 500 Hz",
    )
    assert recording.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("file", ["csv/biosppy_ecg.txt", "csv/e0103.csv", "csv/vitalsqi_ecg_test1.csv"])
def test_columns_without_lead_names_are_refused_and_the_hint_says_what_to_add(samples: Path, file: str) -> None:
    data = sample(samples, file)

    assert sniff(data)
    with pytest.raises(NoEcgLeads) as refusal:
        read_table(file, data, fs_hz=250, units="mV")
    assert "header line" in refusal.value.hint


def test_a_real_column_is_read_if_the_option_names_its_lead(samples: Path) -> None:
    data = b"Lead I (mV)\n" + sample(samples, "csv/e0103.csv")

    recording = read_table("e0103.csv", data, fs_hz=250)

    assert recording.leads == ("I",)
    assert recording.duration_s == 120.0
    assert recording.corrections == ("sampling rate as given with the file: 250 Hz",)


def test_a_muse_rhythm_text_is_read_if_rate_and_unit_are_given(samples: Path) -> None:
    data = sample(samples, "muse_txt/J123456_10sec.txt")

    with pytest.raises(UnitsUnknown):
        read_table("", data)
    recording = read_table("", data, fs_hz=500, units="uV")

    assert recording.leads == LEADS
    assert np.max(abs(recording.signal[1] - recording.signal[0] - recording.signal[2])) < 0.015
    assert np.max(abs(recording.signal[3] + (recording.signal[0] + recording.signal[1]) / 2)) < 0.015


def test_wfdb_headers_are_not_tables(samples: Path) -> None:
    headers = [path for path in samples.rglob("*.hea") if sniff(path.read_bytes())]

    assert headers == []


# Dialects


@pytest.mark.parametrize("end", LINE_ENDS.values(), ids=LINE_ENDS)
@pytest.mark.parametrize(
    ("separator", "decimal"), [(",", "."), (";", "."), (";", ","), ("\t", ","), (" ", "."), ("|", ".")]
)
def test_separators_decimal_marks_and_line_ends_make_no_difference(separator: str, decimal: str, end: str) -> None:
    signal = make_signal()
    data = make_csv(signal, separator=separator, decimal=decimal, end=end, name="{lead}_mV", time="time_s")

    recording = read_table("", data)

    assert recording.leads == LEADS
    assert recording.fs_hz == 500
    np.testing.assert_allclose(recording.signal, signal, rtol=1e-6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    leads=st.lists(st.sampled_from(LEADS), min_size=1, max_size=12, unique=True),
    fs_hz=st.sampled_from([100.0, 128.0, 250.0, 257.0, 360.0, 500.0, 512.5, 1000.0]),
    unit=st.sampled_from(["mV", "uV", "µV"]),
    name=st.sampled_from(
        ["{lead} ({unit})", "{lead} [{unit}]", "{lead}_{unit}", "Lead {lead}/{unit}", "ecg_{lead}_{unit}"]
    ),
    dialect=st.sampled_from(
        [(",", ".", ""), (",", ".", '"'), (",", ",", '"'), (";", ",", ""), (";", ",", '"'), ("\t", ".", "")]
    ),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
    end=st.sampled_from(list(LINE_ENDS.values())),
    seed=st.integers(0, 10),
)
def test_any_recording_in_any_dialect_reads_back_equal(
    leads: list[str],
    fs_hz: float,
    unit: str,
    name: str,
    dialect: tuple[str, str, str],
    encoding: str,
    end: str,
    seed: int,
) -> None:
    separator, decimal, quote = dialect
    signal = make_signal(len(leads), 60, seed)
    data = make_csv(
        signal,
        leads=leads,
        fs_hz=fs_hz,
        unit=unit,
        name=name,
        separator=separator,
        decimal=decimal,
        quote=quote,
        encoding=encoding,
        end=end,
    )

    recording = read_table("", data)

    assert recording.leads == tuple(leads)
    assert recording.fs_hz == pytest.approx(fs_hz, rel=1e-4)
    np.testing.assert_allclose(recording.signal, signal, rtol=1e-5, atol=1e-6)


def test_one_column_with_decimal_commas_needs_no_separator() -> None:
    data = ("Ableitung II (mV)\n" + "0,125\n-1,5\n" * 20).encode()

    recording = read_table("", data, fs_hz=500)

    assert recording.leads == ("II",)
    assert recording.signal[0, :2].tolist() == [0.125, -1.5]


def test_one_column_below_lines_of_key_and_value_is_read_like_a_watch_export() -> None:
    data = ("Sample Rate,500 Hz\nLead,Lead I\nUnit,mV\n\n" + "0,125\n-1,5\n" * 20).encode()

    recording = read_table("", data)

    assert (recording.leads, recording.fs_hz, recording.signal[0, 1]) == (("I",), 500.0, -1.5)


def test_the_unnamed_index_of_pandas_is_not_a_channel() -> None:
    rows = "".join(f"{number},0.1,0.2\n" for number in range(50))

    recording = read_table("", f",I,II\n{rows}".encode(), fs_hz=250, units="mV")

    assert recording.leads == ("I", "II")
    assert not any("left out" in correction for correction in recording.corrections)


def test_an_unnamed_index_in_seconds_gives_the_rate() -> None:
    rows = "".join(f"{number / 250:.3f},0.1,0.2\n" for number in range(50))

    recording = read_table("", f",I,II\n{rows}".encode(), units="mV")

    assert recording.fs_hz == 250
    assert "unit of the time column taken as s: it is not stated" in recording.corrections


def test_the_row_names_of_r_without_a_header_are_left_out() -> None:
    rows = "".join(f'"{number}" 0.1 0.2\n' for number in range(1, 50))

    recording = read_table("", f'"I" "II"\n{rows}'.encode(), fs_hz=250, units="mV")

    assert recording.leads == ("I", "II")
    assert recording.signal[:, 0] == pytest.approx([0.1, 0.2])


def test_names_mangled_by_r_and_matlab_keep_lead_and_unit() -> None:
    assert read_table("", table("I..mV.,II..mV.,V1_mV_,V2 mV"), fs_hz=500).corrections == (
        "sampling rate as given with the file: 500 Hz",
    )


def test_a_commented_header_of_numpy_is_a_header() -> None:
    assert read_table("", table(f"# {FOUR}"), fs_hz=500, units="mV").leads == ("I", "II", "V1", "V2")


def test_names_in_a_line_above_the_table_are_taken() -> None:
    rows = "\n".join(f"{n}.0\t{n}.5" for n in range(20))

    recording = read_table("", f"# Sampling Rate (Hz):= 1000.00\n# Units:= mV\n# Labels:= I\tII\n{rows}\n".encode())

    assert (recording.leads, recording.fs_hz) == (("I", "II"), 1000.0)


def test_the_single_quotes_and_unit_row_of_physionet_are_read() -> None:
    rows = "".join(f"'0:{number / 250:06.3f}',-0.145,-0.065\n" for number in range(50))

    recording = read_table("", f"'Elapsed time','MLII','V5'\n'hh:mm:ss.mmm','mV','mV'\n{rows}".encode())

    assert (recording.leads, recording.fs_hz) == (("II", "V5"), 250.0)


def test_a_quote_alone_at_the_end_is_harmless() -> None:
    assert read_table("", table(FOUR, ROWS + '"\n'), fs_hz=500, units="mV").signal.shape == (4, 20)


def test_the_first_line_of_excel_that_names_the_separator_is_skipped() -> None:
    assert read_table("", table("I;II;V1;V2", ROWS.replace(",", ";"), "sep=;"), fs_hz=500, units="mV").leads[0] == "I"


def test_empty_columns_and_rows_that_excel_leaves_are_dropped() -> None:
    rows = "".join(f"{number},{number},,\n" for number in range(1, 30)) + ",,,\n,,,\n"

    recording = read_table("", f"I,II,,\n{rows}".encode(), fs_hz=500, units="uV")

    assert recording.signal.shape == (2, 29)
    assert "empty rows at the end left out: 2" in recording.corrections


def test_the_channel_titles_of_labchart_are_names() -> None:
    rows = "".join(f"{number / 500:.3f}\t{number}\t{-number}\n" for number in range(40))

    recording = read_table("", f"Interval=\t0.002 s\nChannelTitle=\tI\tII\nUnitName=\tmV\tmV\n{rows}".encode())

    assert (recording.leads, recording.fs_hz, recording.signal[1, 3]) == (("I", "II"), 500.0, -3)


def test_lead_and_unit_above_the_table_name_its_only_column_of_values() -> None:
    rows = "".join(f"{number * 2},0.{number}\n" for number in range(40))

    recording = read_table("", f"Lead,II\nUnit,mV\ntime_ms,ecg\n{rows}".encode())

    assert (recording.leads, recording.fs_hz) == (("II",), 500.0)


def test_a_dated_clock_in_two_columns_is_read() -> None:
    rows = "".join(f"01.02.2021;10:00:00,{ms:03d};{ms}\n" for ms in range(0, 200, 4))

    assert read_table("", f"Datum;Uhrzeit;I (mV)\n{rows}".encode()).fs_hz == 250


# Leads


@pytest.mark.parametrize(
    "header",
    ["DI,DII,C1,C2", "Lead I,Lead II,V1,V2", "i,ii,v1,v2", "ECG I,EKG_II,lead_V1,V2", "Afleiding I,Derivação II,V1,V2"],
)
def test_leads_may_have_many_names(header: str) -> None:
    assert read_table("", table(header), fs_hz=500, units="uV").leads[:2] == ("I", "II")


def test_other_channels_are_dropped_and_counted_without_their_names() -> None:
    recording = read_table("", table("I,Resp Miller,V1,SpO2"), fs_hz=500, units="uV")

    assert recording.leads == ("I", "V1")
    assert recording.signal[1, 0] == pytest.approx(-0.010)
    assert "columns that are no ECG lead left out: 2" in recording.corrections
    assert "Miller" not in repr(recording)


def test_a_column_of_words_is_ignored() -> None:
    rows = "".join(f"{number},{number},N,'Sinus, normal'\n".replace("'", '"') for number in range(1, 30))

    assert read_table("", f"I,II,beat,rhythm\n{rows}".encode(), fs_hz=500, units="uV").signal.shape == (2, 29)


@pytest.mark.parametrize("header", ["I,I,V1,V2", "MLII,II,V1,V2", "I (mV),I (uV),V1 (mV),V2 (mV)"])
def test_two_columns_of_one_lead_are_refused(header: str) -> None:
    with pytest.raises(DuplicateLeads):
        read_table("", table(header), fs_hz=500, units="mV")


@pytest.mark.parametrize("header", ["1,2,3,4", "a,b,c,d", "ECG,EEG,EMG,EOG", "John,Miller,born,1960"])
def test_a_table_without_a_lead_is_refused_and_its_names_are_not_repeated(header: str) -> None:
    with pytest.raises(NoEcgLeads) as refusal:
        read_table("", table(header), fs_hz=500, units="mV")

    assert "Miller" not in str(refusal.value.to_dict())


@pytest.mark.parametrize("name", ["-aVR (mV)", "Lead -aVR", "Ableitung -aVR (mV)", "-aVR_mV", "Lead: -I"])
def test_an_inverted_lead_keeps_its_minus(name: str) -> None:
    assert split_unit(name)[0].endswith(("-aVR", "-I"))
    assert lead_in_any_language(split_unit(name)[0].replace("lead ", "x ")) is None


@pytest.mark.parametrize(
    "name", ["Lead-I (mV)", "Ableitung-I [mV]", "Lead I in mV", "I, mV", "I..mV.", "I - mV", "I{mV}"]
)
def test_a_hyphen_is_a_separator(name: str) -> None:
    assert read_table("", f"{name};x\n".encode() + b"1;2\n" * 30, fs_hz=500).leads == ("I",)


# Units


@pytest.mark.parametrize(
    ("above", "mv"),
    [
        ("Unit,µV", 0.010),
        ("Units: uV", 0.010),
        ("Einheit;μV", 0.010),
        ("Unità: mV", 10.0),
        ("unit = ÂµV", 0.010),
        ("all values in microvolt", 0.010),
        ("Unidad: milivoltios", 10.0),
        ("Gain (digit/millivolt): 2048", 10 / 2048),
        ("gain: 200 adu/mV", 10 / 200),
        ("ADC units per mV, 1000", 10 / 1000),
        ("Resolution: 4,88 µV/LSB", 0.0488),
        ("Amplitude resolution 5 uV/bit, 12 bit", 0.050),
        ("unit: nV", 0.00001),
        ("Amplitude resolution: 5 uV", 0.050),
        ("1 LSB = 4.88 uV", 0.0488),
        ("Amplitudenauflösung: 5 µV", 0.050),
        ("Spannung in V", 10_000.0),
        ("Signals are stored in mV, V leads first", 10.0),
    ],
)
def test_units_and_gains_above_the_table_are_understood(above: str, mv: float) -> None:
    recording = read_table("", table(FOUR, ROWS, above), fs_hz=500)

    assert recording.signal[0, 0] == pytest.approx(mv, rel=1e-5)


@pytest.mark.parametrize(
    "above",
    [
        *("Unit: 0.005 mV", "Units: 5 uV", "Voltage range +-5 mV", "Voltage range: 5 mV", "12 bit, 5 mV range"),
        *("negative T in V leads", "negative values in V leads", "25 mm/s, 10 mm/mV", "unit: ?V", "Unit: mV\nUnit: uV"),
    ],
)
def test_remarks_and_several_units_state_no_unit_so_the_option_counts(above: str) -> None:
    data = table(FOUR, ROWS, above)

    with pytest.raises(UnitsUnknown):
        read_table("", data, fs_hz=500)
    assert read_table("", data, fs_hz=500, units="mV").signal[0, 0] == 10


@pytest.mark.parametrize("above", ["Unit: uV", "Gain: 200 adu/mV", "Amplitude resolution: 5 uV"])
def test_words_and_option_with_different_units_are_refused(above: str) -> None:
    with pytest.raises(HeaderInvalid, match="given with the file is 1 mV"):
        read_table("", table(FOUR, ROWS, above), fs_hz=500, units="mV")


def test_a_unit_from_words_is_reported() -> None:
    recording = read_table("", table(FOUR, ROWS, "Unit: uV"), fs_hz=500, units="uV")

    assert "unit from the words above the table: uV" in recording.corrections


def test_a_unit_in_the_name_of_another_column_does_not_apply_to_the_leads() -> None:
    with pytest.raises(UnitsUnknown):
        read_table("", table("I,II,V1,ST amplitude (uV)"), fs_hz=500)


@pytest.mark.parametrize("gain", ["1e999", "1e-30", "99999999999999999999"])
def test_an_impossible_gain_is_refused(gain: str) -> None:
    with pytest.raises(HeaderInvalid):
        read_table("", table(FOUR, ROWS, f"Gain: {gain} adu/mV"), fs_hz=500)


def test_each_column_may_have_its_own_unit() -> None:
    recording = read_table("", table("I (mV),II (uV),V1 [V],V2_nV"), fs_hz=500)

    assert recording.signal[:, 0] == pytest.approx([10, 0.020, -10_000, 11e-6])


def test_a_second_header_line_may_hold_the_units() -> None:
    rows = "".join(f"{number / 500:.3f},{number}\n" for number in range(30))

    recording = read_table("", f"time,I\ns,uV\n{rows}".encode())

    assert recording.signal[0, 5] == pytest.approx(0.005)
    assert recording.fs_hz == 500


@pytest.mark.parametrize("unit", ["digits", "?V", "a.u.", "raw"])
def test_words_in_the_place_of_a_unit_do_not_hide_the_lead(unit: str) -> None:
    data = table(f"I [{unit}],II ({unit}),V1 ({unit}),V2 ({unit})")

    with pytest.raises(UnitsUnknown):
        read_table("", data, fs_hz=500)
    assert read_table("", data, fs_hz=500, units="uV").leads == ("I", "II", "V1", "V2")


@pytest.mark.parametrize("units", ["mV", "MV", "mv"])
def test_the_option_states_the_unit_in_any_case(units: str) -> None:
    assert read_table("", table(FOUR), fs_hz=500, units=units).signal[0, 0] == 10


def test_a_unit_that_nobody_states_is_never_guessed() -> None:
    with pytest.raises(UnitsUnknown) as refusal:
        read_table("", table(FOUR), fs_hz=500)

    assert "--units" in refusal.value.hint


def test_a_unit_for_some_leads_only_is_not_enough() -> None:
    with pytest.raises(UnitsUnknown, match="some"):
        read_table("", table("I (mV),II,V1,V2"), fs_hz=500)


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(UnitsUnknown):
        read_table("", table(FOUR), fs_hz=500, units="furlongs")


def test_the_unit_of_the_file_counts_more_than_the_option() -> None:
    recording = read_table("", table("I (uV),II (uV),V1 (uV),V2 (uV)"), fs_hz=500, units="mV")

    assert recording.signal[0, 0] == pytest.approx(0.010)
    assert "unit given with the file not used: the file states another" in recording.corrections


# Sampling rate


@pytest.mark.parametrize(
    ("above", "fs_hz"),
    [
        ("Sampling rate: 500 Hz", 500),
        ("fs=500", 500),
        ("Fs = 360", 360),
        ("Abtastrate;500 Hz", 500),
        ("Abtastfrequenz: 512,508 Hz", 512.508),
        ("Sample Rate,512 Hertz", 512),
        ("Sampling Rate (Hz): 500", 500),
        ("# Sampling Rate (Hz):= 1000.00", 1000),
        ("Sampling frequency: 1 kHz", 1000),
        ("sample rate 1,000 Hz", 1000),
        ("Fréquence d'échantillonnage : 250 Hz", 250),
        ("Frecuencia de muestreo: 250 Hz", 250),
        ("Frequenza di campionamento;250", 250),
        ("Bemonsteringsfrequentie,250 Hz", 250),
        ("Taxa de amostragem: 250 Hz", 250),
        ("サンプルレート,512ヘルツ", 512),
        ("400 Hz", 400),
        ("# 400 Hz.", 400),
        ("Sampling interval: 2 ms", 500),
        ("Interval=\t0.004 s", 250),
        ("2 msec/sample", 500),
        ("500 samples/second", 500),
        ("12 leads, 500 samples per second, 10 s", 500),
        ("Samples per second: 500", 500),
        ("Sampling rate (1/s): 500", 500),
        ("fs=500, AC 50 Hz", 500),
        ("Sampling rate: 500 Hz, 0.05-150 Hz", 500),
        ("Sampling rate: 500 Hz\nSampling interval: 2 ms", 500),
        ("Sampling rate: 1000 Hz, resampled to 500 Hz", 500),
        ("Filter 0.05-150 Hz, notch 50 Hz\nSampling rate: 500 Hz", 500),
    ],
)
def test_rates_in_words_are_understood(above: str, fs_hz: float) -> None:
    assert read_table("", table(FOUR, ROWS, above), units="mV").fs_hz == pytest.approx(fs_hz)


@pytest.mark.parametrize(
    "above",
    [
        *("Filter: 150 Hz", "Notch 50 Hz", "Heart frequency: 72", "Recorded at 500 Hz, stored at 1000 Hz"),
        *("LP: 150 Hz", "HF 150 Hz", "AC 50Hz", "Pacing rate 60 Hz", "Frequency: 150 Hz", "0.05-150Hz"),
        *("fs=500\nfs=250", "PR interval: 0.16 s", "RR interval 800 ms"),
        *("sampling rate unknown, HR 72", "Sampling rate changed at 100 s"),
    ],
)
def test_remarks_and_several_rates_state_no_rate_so_the_option_counts(above: str) -> None:
    data = table(FOUR, ROWS, above)

    with pytest.raises(SamplingRateUnknown):
        read_table("", data, units="mV")
    assert read_table("", data, fs_hz=500, units="mV").fs_hz == 500


def test_a_rate_from_words_is_always_reported() -> None:
    recording = read_table("", table(FOUR, ROWS, "fs=500"), fs_hz=502, units="mV")

    assert recording.fs_hz == 500
    assert "sampling rate from the words above the table: 500 Hz" in recording.corrections


def test_words_and_option_that_contradict_each_other_are_refused_with_both_rates() -> None:
    with pytest.raises(HeaderInvalid, match=r"500 Hz.*1000 Hz"):
        read_table("", table(FOUR, ROWS, "Sampling rate: 1000 Hz"), fs_hz=500, units="mV")


def test_a_number_at_the_cut_of_a_long_line_states_nothing() -> None:
    above = "x" * 282 + " sampling rate: 5000"

    with pytest.raises(SamplingRateUnknown):
        read_table("", table(FOUR, ROWS, above), units="mV")


@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("time (s)", "{s:.3f}"),
        ("Time", "{s:.4f}"),
        ("t", "{s:.6f}"),
        ("time_ms", "{ms:.0f}"),
        ("Zeit in ms", "{ms:.0f}"),
        ("Time [us]", "{us:.0f}"),
        ("timestamp", "1700000000{s:.3f}"),
        ("timestamp", "{epoch:.0f}"),
        ("Uhrzeit", "10:59:{clock:06.3f}"),
        ("time", "2021-03-04T10:59:{clock:06.3f}Z"),
        ("time", "2021-03-04 10:59:{clock:06.3f}+01:00"),
        ("Elapsed time", "59:{clock:06.3f}"),
    ],
)
def test_the_time_column_gives_the_rate(name: str, format_: str) -> None:
    seconds = [number / 250 for number in range(200)]
    times = [
        format_.replace("1700000000{s:.3f}", "{late:.3f}").format(
            s=s, ms=s * 1e3, us=s * 1e6, clock=10 + s, late=1.7e9 + s, epoch=1.7e12 + s * 1e3
        )
        for s in seconds
    ]

    recording = read_table("", timed(times, name))

    assert recording.fs_hz == pytest.approx(250, rel=1e-6)
    assert "sampling rate from the time column: 250 Hz" in recording.corrections


def test_a_clock_may_pass_midnight() -> None:
    times = [f"23:59:59.{ms:03d}" for ms in range(800, 1000, 4)] + [f"00:00:00.{ms:03d}" for ms in range(0, 200, 4)]

    assert read_table("", timed(times, "time")).fs_hz == 250


def test_a_clock_of_minutes_may_pass_the_hour() -> None:
    times = [f"59:59.{ms:03d}" for ms in range(800, 1000, 4)] + [f"00:00.{ms:03d}" for ms in range(0, 200, 4)]

    assert read_table("", timed(times, "time")).fs_hz == 250


def test_times_rounded_to_milliseconds_give_the_true_rate() -> None:
    assert read_table("", timed([f"{number / 360:.3f}" for number in range(3600)])).fs_hz == 360


def test_a_rate_that_is_not_whole_is_not_rounded() -> None:
    recording = read_table("", timed([f"{number / 499.98:.6f}" for number in range(5000)]))

    assert recording.fs_hz == pytest.approx(499.98, rel=1e-6)
    assert "sampling rate from the time column: 499.98 Hz" in recording.corrections


def test_jitter_below_half_a_sample_is_accepted() -> None:
    jitter = np.random.default_rng(0).uniform(-0.0008, 0.0008, 1000)

    recording = read_table("", timed([f"{number / 250 + jitter[number]:.6f}" for number in range(1000)]))

    assert recording.fs_hz == pytest.approx(250, rel=1e-3)
    assert recording.signal.shape == (1, 1000)


def test_samples_that_are_missing_in_the_time_column_become_gaps() -> None:
    times = [f"{number / 250:.3f}" for number in range(1000) if not 300 <= number < 310]

    recording = read_table("", timed(times))

    assert recording.signal.shape == (1, 1000)
    assert np.flatnonzero(np.isnan(recording.signal[0])).tolist() == list(range(300, 310))
    assert "samples left out in the time column read as gaps: 10" in recording.corrections


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ([0.0, 0.004, 0.008, 0.004, 0.012], "backwards near line 5"),
        ([0.0, 0.004, 0.008, 0.008, 0.012, 0.016], "repeated near line 5"),
        ([0.0, 0.004, 0.008, 100.0, 100.004], "gaps, the first near line 5"),
    ],
)
def test_times_out_of_order_are_refused_with_the_line(times: list[float], words: str) -> None:
    with pytest.raises(SignalInvalid, match=words):
        read_table("", timed([f"{time:.3f}" for time in times]))


def test_a_row_without_a_time_is_refused() -> None:
    with pytest.raises(SignalInvalid, match="line 4"):
        read_table("", timed(["0.000", "0.004", "", "0.012", "0.016"]))


@pytest.mark.parametrize("name", ["sample", "index", "time", "Sample #"])
def test_a_column_that_counts_rows_needs_a_rate(name: str) -> None:
    data = timed([str(number) for number in range(100)], name)

    with pytest.raises(SamplingRateUnknown):
        read_table("", data)
    assert read_table("", data, fs_hz=500).fs_hz == 500


def test_an_impossible_rate_is_refused() -> None:
    with pytest.raises(SamplingRateOutOfRange):
        read_table("", timed([str(number) for number in range(100)], "time (s)"))
    with pytest.raises(SamplingRateOutOfRange):
        read_table("", table(FOUR), fs_hz=float("nan"), units="mV")


def test_a_stated_rate_that_the_times_contradict_is_refused() -> None:
    with pytest.raises(HeaderInvalid):
        read_table("", b"fs=500\n" + timed([f"{number / 250:.3f}" for number in range(100)]))


def test_the_rate_of_the_file_counts_more_than_the_option() -> None:
    recording = read_table("", timed([f"{number / 250:.3f}" for number in range(100)]), fs_hz=500)

    assert recording.fs_hz == 250
    assert "sampling rate given with the file not used: the file states another" in recording.corrections


# Values


@pytest.mark.parametrize("missing", ["", "NaN", "nan", "null", "-", "NA", "N/A", " ", "#N/A"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_cells_without_a_value_become_gaps(missing: str, separator: str) -> None:
    rows = [["1", "2", "3"]] * 9 + [["1", missing, "3"], [missing, "2", missing]] + [["1", "2", "3"]] * 9
    data = "\n".join(separator.join(row) for row in [["I_mV", "II_mV", "V1_mV"], *rows]).encode()

    recording = read_table("", data, fs_hz=500)

    assert np.argwhere(np.isnan(recording.signal)).tolist() == [[0, 10], [1, 9], [2, 10]]
    assert "empty values read as gaps: 3" in recording.corrections


def test_infinite_values_become_gaps_and_are_counted() -> None:
    rows = "1,2\n" * 9 + f"Infinity,1e999\n-inf,{'9' * 10_000}\n1e300,5\n" + "1,2\n" * 9

    recording = read_table("", f"I_mV,II_mV\n{rows}".encode(), fs_hz=500)

    assert int(np.isnan(recording.signal).sum()) == 5
    assert "values that are not finite read as gaps: 5" in recording.corrections


def test_values_that_overflow_in_the_conversion_become_gaps() -> None:
    recording = read_table("", b"I_V\n" + b"1e37\n0.001\n" * 20, fs_hz=500)

    assert np.isnan(recording.signal[0, 0])
    assert recording.signal[0, 1] == 1


@pytest.mark.parametrize("bad", ["1,2", "1,2,3,4", "1"])
def test_rows_with_another_number_of_columns_are_refused_with_their_line(bad: str) -> None:
    data = "I,II,V1\n" + "1,2,3\n" * 40 + bad + "\n" + "1,2,3\n" * 40

    with pytest.raises(SignalInvalid, match="Line 42 "):
        read_table("", data.encode(), fs_hz=500, units="mV")


def test_a_short_first_row_is_not_read_as_a_header() -> None:
    with pytest.raises(SignalInvalid, match="Line 2 "):
        read_table("", ("I,II,V1\n1,2\n" + "1,2,3\n" * 40).encode(), fs_hz=500, units="mV")


def test_thousands_separators_are_refused_with_line_and_column() -> None:
    with pytest.raises(SignalInvalid, match="Line 2, column 1"):
        read_table("", ("I;II\n" + "1.234,5;2\n" * 40).encode(), fs_hz=500, units="mV")


MICROVOLTS = "0 -12 350 998 {} 999 {} -45"


@pytest.mark.parametrize(
    ("separator", "big"), [(",", '"1,234"'), (";", "1,234"), ("\t", "1,234"), (";", "-1.234"), ("", "1,234")]
)
def test_a_mark_that_may_separate_thousands_is_refused(separator: str, big: str) -> None:
    cells = MICROVOLTS.format(big, big).split()
    second = f"{separator}7" if separator else ""
    rows = "".join(f"{cell}{second}\n" for cell in ["5"] * 500 + cells * 10)
    header = f"I_uV{separator}II_uV" if separator else "I_uV"

    with pytest.raises(SignalInvalid, match="thousands"):
        read_table("", f"{header}\n{rows}".encode(), fs_hz=500)


@pytest.mark.parametrize(
    "cells",
    [
        "0.123 1.234 2 5",
        "-0.050 1.234 1",
        "1.234 5.123 6.000",
        "1.5 1.234 2",
        "2.500 1.25 3",
        "nan 2.125 2.25 7",
        "1 2 3",
    ],
)
def test_decimals_are_not_read_as_thousands(cells: str) -> None:
    rows = "".join(f"{cell};7.0\n" for cell in cells.split() * 20)

    recording = read_table("", f"I_mV;II_mV\n{rows}".encode(), fs_hz=500)

    assert np.nanmax(recording.signal[0]) == max(float(cell) for cell in cells.split() if cell != "nan")


def test_whole_seconds_are_too_coarse_for_a_rate() -> None:
    times = [f"12:00:{number // 250:02d}" for number in range(1500)]

    with pytest.raises(SamplingRateUnknown):
        read_table("", timed(times, "time"))
    assert read_table("", timed(times, "time"), fs_hz=250).fs_hz == 250


def test_the_line_of_an_error_counts_blank_lines_and_lines_above() -> None:
    data = "note\n\nI,II,V1\n\n" + "1,2,3\n\n" * 40 + "1,2\n" + "1,2,3\n" * 40

    with pytest.raises(SignalInvalid, match="Line 85 "):
        read_table("", data.encode(), fs_hz=500, units="mV")


@pytest.mark.parametrize("word", ["Miller", "1.2.3", "0x10", "1_000", "0.1mV"])
def test_a_word_among_the_numbers_is_refused_with_line_and_column_and_not_repeated(word: str) -> None:
    data = "I,II,V1\n" + "1,2,3\n" * 40 + f"1,{word},3\n" + "1,2,3\n" * 40

    with pytest.raises(SignalInvalid, match="Line 42, column 2") as refusal:
        read_table("", data.encode(), fs_hz=500, units="mV")

    assert word not in str(refusal.value.to_dict())


def test_decimal_commas_between_commas_are_refused_with_a_hint() -> None:
    with pytest.raises(HeaderInvalid) as refusal:
        read_table("", ("I,II\n" + "0,1,0,2\n" * 30).encode(), fs_hz=500, units="mV")

    assert "semicolons" in refusal.value.hint


def test_a_long_file_is_read_across_chunks() -> None:
    signal = make_signal(2, 150_000)

    recording = read_table("", make_csv(signal, leads=("I", "V2"), time=None), fs_hz=500)

    np.testing.assert_allclose(recording.signal, signal, rtol=1e-6)


def test_an_error_in_a_later_chunk_has_its_line() -> None:
    data = make_csv(make_signal(2, 150_000), leads=("I", "V2"), time=None) + b"1,x\n"

    with pytest.raises(SignalInvalid, match=r"Line 150002, column 2"):
        read_table("", data, fs_hz=500)


@pytest.mark.parametrize(
    ("row", "separator"),
    [("{t:.3f};20,0{n};19,9{n}", ";"), ('{t:.3f},"20,0{n}","19,9{n}"', ","), ("{t:.3f}\t1,020,0{n}\t-1,5{n}", "\t")],
)
def test_a_decimal_point_in_the_rows_shows_that_commas_stand_between_thousands(row: str, separator: str) -> None:
    rows = "".join(row.format(t=number / 500, n=10 + number % 80) + "\n" for number in range(200))

    recording = read_table("", f"time_s{separator}I (uV){separator}II (uV)\n{rows}".encode())

    assert abs(recording.signal).max() > 1.5


@pytest.mark.parametrize("row", ["20,0{n}", "-20,0{n}", "1,0{n}"])
def test_commas_before_three_digits_only_are_refused_as_thousands(row: str) -> None:
    rows = "".join(row.format(n=10 + number % 80) + ";7\n" for number in range(200))

    with pytest.raises(SignalInvalid, match="thousands"):
        read_table("", f"I (uV);x\n{rows}".encode(), fs_hz=500)


def test_a_decimal_comma_in_a_later_row_is_refused() -> None:
    rows = "".join(f"{k / 500:.3f};2,0{10 + k % 80}\n" for k in range(200))

    with pytest.raises(SignalInvalid):
        read_table("", f"time_s;I (mV)\n{rows}0.400;0,512\n".encode())


def test_a_time_below_one_shows_that_commas_are_decimal() -> None:
    rows = "".join(f"{number / 500:.3f};2,0{10 + number % 80}\n".replace(".", ",") for number in range(200))

    assert read_table("", f"time_s;I (mV)\n{rows}".encode()).signal[0, 0] == pytest.approx(2.010)
