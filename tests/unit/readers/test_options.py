"""The options `leads` and `gain` state what the file does not. They do not replace what the file states."""

import numpy as np
import pytest

from ecg_core.errors import DuplicateLeads, EcgError, HeaderInvalid, NoEcgLeads, UnitsUnknown
from ecg_core.leads import LEADS
from ecg_core.readers import read
from ecg_core.readers.options import Options
from tests.unit.readers.reading import read_apple, read_table, read_wfdb
from tests.unit.readers.tables import make_apple, make_csv, make_signal
from tests.unit.readers.wfdb_records import make_record, make_samples

NAMELESS = b"1.5,2.5,7.5\n" * 50
COUNTS = make_csv(
    np.round(make_signal(2) * 200 + 1024), leads=("I", "II"), time=None, unit="", name="{lead}", decimals=0
)


@pytest.mark.parametrize("leads", ["I,II,V1", "i, II ,v1", ["I", "II", "V1"], ("Lead I", "DII", "V1")])
def test_leads_are_given_as_a_sequence_or_a_text_with_commas(leads: str | list[str]) -> None:
    assert Options(leads=leads).names == ("I", "II", "V1")


def test_a_hyphen_stands_for_a_channel_that_is_no_lead() -> None:
    recording = read_table("", NAMELESS, fs_hz=500, units="mV", leads="-,II,I")

    assert recording.leads == ("II", "I")
    assert recording.signal[:, 0].tolist() == [2.5, 7.5]


@pytest.mark.parametrize(
    ("leads", "error"),
    [("I,Miller", NoEcgLeads), ("", NoEcgLeads), ("-,-", NoEcgLeads), ("I,I", DuplicateLeads), ([], NoEcgLeads)],
)
def test_invalid_leads_are_refused_and_not_repeated_in_the_message(leads: str, error: type[EcgError]) -> None:
    with pytest.raises(error) as refusal:
        Options(leads=leads)

    assert "--leads" in refusal.value.hint
    assert "Miller" not in str(refusal.value.to_dict())


@pytest.mark.parametrize("gain", [0, -200, 0.5, 1e10, float("nan"), float("inf")])
def test_a_gain_that_no_converter_has_is_refused(gain: float) -> None:
    with pytest.raises(UnitsUnknown):
        Options(gain=gain)


def test_a_wrong_number_of_leads_is_refused_with_both_numbers() -> None:
    with pytest.raises(NoEcgLeads, match=r"3 channels.*are 2"):
        read_table("", NAMELESS, fs_hz=500, units="mV", leads="I,II")


def test_a_table_without_names_is_read_if_the_option_names_the_leads() -> None:
    with pytest.raises(NoEcgLeads, match="No column") as refusal:
        read_table("", NAMELESS, fs_hz=500, units="mV")
    assert "3 channels: column 1, 2, 3" in refusal.value.hint
    assert all(spelling in refusal.value.hint for spelling in ("leads=", "--leads", "?leads="))

    recording = read({"x.csv": NAMELESS}, fs_hz=500, units="mV", leads="I,II,V1")

    assert recording.leads == ("I", "II", "V1")
    assert "leads as given with the file" in recording.corrections


@pytest.mark.parametrize(
    "row", ["{n},{t:.3f},0.5,0.7", "{n},{t:.3f},0.5,0.7,", "{w},{t:.3f},0.5,0.7", "{n};{t:.3f};0,5;0,7"]
)
def test_times_and_counters_without_a_name_are_not_channels(row: str) -> None:
    rows = "".join(row.format(n=n, w=n % 16, t=n / 500) + "\n" for n in range(100))

    assert read_table("", rows.encode(), fs_hz=500, units="mV", leads="I,II").signal.shape == (2, 100)


def test_lead_names_in_the_file_count_more_than_the_option() -> None:
    data = make_csv(leads=("I", "II"), name="{lead}_mV")

    recording = read_table("", data, leads="II,V1")

    assert recording.leads == ("I", "II")
    assert "leads given with the file not used where the file names its own" in recording.corrections
    other = read_table("", data, leads="II")
    assert "leads given with the file not used: the file names its own" in other.corrections
    assert read_table("", data, leads="I,II").corrections == read_table("", data).corrections


def test_the_option_names_a_column_beside_named_columns() -> None:
    data = make_csv(leads=("I", "chest"), name="{lead} (mV)")

    assert read_table("", data).leads == ("I",)
    assert read_table("", data, leads="I,V2").leads == ("I", "V2")


def test_an_option_with_a_lead_that_the_file_already_has_is_refused() -> None:
    with pytest.raises(DuplicateLeads):
        read_table("", make_csv(leads=("I", "x"), name="{lead} (mV)"), leads="II,I")


def test_a_gain_turns_counts_into_millivolts() -> None:
    recording = read_table("", COUNTS, fs_hz=500, gain=200)

    np.testing.assert_allclose(recording.signal, (np.round(make_signal(2) * 200 + 1024)) / 200, rtol=1e-6)
    assert "gain as given with the file: 200 per mV" in recording.corrections


def test_a_unit_and_a_gain_for_values_without_a_unit_contradict_each_other() -> None:
    with pytest.raises(UnitsUnknown, match="Both"):
        read_table("", COUNTS, fs_hz=500, gain=200, units="mV")
    with pytest.raises(UnitsUnknown, match="Both"):
        read_wfdb(
            "rec.hea",
            {"rec.hea": b"rec 1 500 9\nrec.dat 16\n", "rec.dat": b"\1\0" * 9},
            leads="I",
            gain=200,
            units="mV",
        )


def test_the_unit_of_a_file_counts_more_than_a_gain() -> None:
    data = make_csv(leads=("I",), unit="uV")

    recording = read_table("", data, gain=200)

    np.testing.assert_array_equal(recording.signal, read_table("", data).signal)
    assert "gain given with the file not used: the file states a unit" in recording.corrections


def test_a_gain_in_words_that_the_option_contradicts_is_refused() -> None:
    with pytest.raises(HeaderInvalid, match=r"100 per mV.*200 per mV"):
        read_table("", b"gain: 200 adu/mV\n" + COUNTS, fs_hz=500, gain=100)
    assert read_table("", b"gain: 200 adu/mV\n" + COUNTS, fs_hz=500, gain=200).leads == ("I", "II")


@pytest.mark.parametrize("middle", [512, 1024, 2048, 8192, 32_768])
def test_whole_numbers_near_the_middle_of_a_converter_are_refused(middle: int) -> None:
    counts = np.round(make_signal(2) * 0.1 * middle + middle)
    data = make_csv(counts, leads=("I", "II"), time=None, unit="", name="{lead}", decimals=0)

    with pytest.raises(UnitsUnknown, match="no voltages") as refusal:
        read_table("", data, fs_hz=500, units="uV")

    assert "--gain" in refusal.value.hint
    assert read_table("", data, fs_hz=500, gain=200).leads == ("I", "II")


def test_whole_microvolts_are_accepted() -> None:
    data = make_csv(leads=("I", "II"), time=None, unit="uV", name="{lead}", decimals=0)

    assert read_table("", data, fs_hz=500, units="uV").signal[0, 0] == pytest.approx(make_signal(2)[0, 0], abs=1e-3)


def test_whole_numbers_without_a_unit_ask_for_a_gain() -> None:
    with pytest.raises(UnitsUnknown) as refusal:
        read_table("", COUNTS, fs_hz=500)
    assert all(spelling in refusal.value.hint for spelling in ("gain=", "--gain", "?gain=", "--units"))


def test_channels_of_a_record_without_lead_names_are_named_by_the_option() -> None:
    files = make_record(leads=("ECG1", "ECG2"))

    with pytest.raises(NoEcgLeads):
        read_wfdb("rec.hea", files)
    with pytest.raises(NoEcgLeads, match=r"2 channels.*are 3"):
        read_wfdb("rec.hea", files, leads="I,II,V1")
    recording = read_wfdb("rec.hea", files, leads="V5,V2")

    assert recording.leads == ("V5", "V2")
    assert "leads as given with the file" in recording.corrections


def test_the_names_of_a_record_count_more_than_the_option() -> None:
    recording = read_wfdb("rec.hea", make_record(), leads="I")

    assert recording.leads == LEADS
    assert "leads given with the file not used: the file names its own" in recording.corrections


@pytest.mark.parametrize("gain", ["", "0"])
def test_a_record_without_a_gain_takes_the_option(gain: str) -> None:
    samples = make_samples(1)
    files = make_record(samples, leads=("I",), gain=gain or " ", tail="16 0 0 0 0 {lead}" if gain else "")
    if not gain:
        files = {"rec.hea": b"rec 1 500 1000\nrec.dat 16\n", "rec.dat": files["rec.dat"]}

    recording = read_wfdb("rec.hea", files, gain=50, leads="I")

    np.testing.assert_allclose(recording.signal[0], samples[0] / 50, rtol=1e-6)
    assert "gain as given with the file: 50 per mV" in recording.corrections


def test_a_gain_that_the_header_states_counts() -> None:
    recording = read_wfdb("rec.hea", make_record(), gain=50)

    np.testing.assert_array_equal(recording.signal, read_wfdb("rec.hea", make_record()).signal)
    assert "gain given with the file not used: the file states another" in recording.corrections


def test_a_watch_export_without_a_lead_takes_the_option() -> None:
    assert read_apple("", make_apple(lead=""), leads="II").leads == ("II",)
    stated = read_apple("", make_apple(), leads="II")
    assert stated.leads == ("I",)
    assert "leads given with the file not used where the file names its own" in stated.corrections


def test_a_watch_export_without_a_unit_takes_the_gain() -> None:
    signal = np.array([100.0, 200.0, 300.0])

    assert read_apple("", make_apple(signal, unit=""), gain=1000).signal[0].tolist() == pytest.approx([0.1, 0.2, 0.3])
    assert (
        "gain given with the file not used: the file states a unit" in read_apple("", make_apple(), gain=9).corrections
    )
