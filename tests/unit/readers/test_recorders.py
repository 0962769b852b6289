"""Tables as recorders and their programs write them. They are made from public descriptions of the formats."""

import json

import numpy as np
import pytest

from ecg_core.errors import EcgError, NoEcgLeads, SignalInvalid, UnitsUnknown
from ecg_core.leads import LEADS
from ecg_core.readers import read
from ecg_core.synthesis.heart import synthesize
from tests.unit.readers.reading import read_table

HEART = np.round(synthesize("normal", fs_hz=500, seed=3).signal.astype(float), 4)


# AcqKnowledge


def acqknowledge(
    names: tuple[str, ...] = ("ECG Lead I", "ECG Lead II"),
    units: tuple[str, ...] = ("mV", "mV"),
    columns: str = "min\tCH1\tCH2\t",
    time: bool = True,
    count: str = "{n}",
) -> bytes:
    n = 2000
    counts = "\t" * time + "\t".join([count.format(n=n)] * len(names)) + "\t"
    pairs = [line for pair in zip(names, units, strict=True) for line in pair]
    rows = [
        (f"{k / 30_000:.6f}\t" if time else "") + "\t".join(f"{HEART[c, k]:.5f}" for c in range(len(names))) + "\t"
        for k in range(n)
    ]
    lines = ["subject.acq", "2 msec/sample", f"{len(names)} channels", *pairs, columns, counts, *rows]
    return ("\n".join(lines) + "\n").encode()


@pytest.mark.parametrize(("columns", "time"), [("min\tCH1\tCH2\t", True), ("CH1\tCH2\t", False)])
def test_acqknowledge_names_units_and_rate_come_from_its_head(columns: str, time: bool) -> None:
    recording = read({"x.txt": acqknowledge(columns=columns, time=time)})

    assert (recording.leads, recording.fs_hz) == (("I", "II"), 500.0)
    np.testing.assert_allclose(recording.signal, HEART[:2, :2000], atol=1e-4)
    assert "line with the number of samples above the rows left out" in recording.corrections


def test_acqknowledge_channels_in_volts_are_scaled_and_other_channels_left_out() -> None:
    data = acqknowledge(("ECG Lead II", "RESP"), ("Volts", "mV"))

    recording = read_table("", data)

    assert recording.leads == ("II",)
    np.testing.assert_allclose(recording.signal, HEART[:1, :2000] * 1000, rtol=1e-3)


def test_acqknowledge_channels_without_lead_names_are_named_by_the_option() -> None:
    data = acqknowledge(("ECG100C", "Analog input"))

    with pytest.raises(NoEcgLeads):
        read_table("", data)
    assert read_table("", data, leads="II,-").leads == ("II",)


# OpenSignals


def opensignals(sensors: tuple[str, ...] = ("ECG",), **device: object) -> bytes:
    labels = [f"A{number + 1}" for number in range(len(sensors))]
    columns = ["nSeq", "I1", "I2", *labels]
    head = {"sampling rate": 500, "label": labels, "sensor": list(sensors), "column": columns, "device": "x"} | device
    line = json.dumps({"00:07:80:58:9B:3F": head})
    rows = [
        "\t".join([str(k % 16), "0", "1", *(f"{HEART[c, k] * 100 + 512:.0f}" for c in range(len(labels)))]) + "\t"
        for k in range(2000)
    ]
    return "\n".join(["# OpenSignals Text File Format", "# " + line, "# EndOfHeader", *rows, ""]).encode()


def test_opensignals_asks_for_lead_and_gain_of_its_ecg_sensor() -> None:
    data = opensignals(("EDA", "ECGBIT", "EMG"))

    with pytest.raises(NoEcgLeads) as refusal:
        read_table("", data)
    assert "one channel: column 5" in refusal.value.hint
    with pytest.raises(UnitsUnknown) as asked:
        read_table("", data, leads="II")
    assert "gain=" in asked.value.hint
    recording = read({"x.txt": data}, leads="II", gain=100)

    assert (recording.leads, recording.fs_hz) == (("II",), 500.0)
    assert np.ptp(recording.signal) == pytest.approx(np.ptp(HEART[1, :2000]), abs=0.02)


def test_two_rates_in_opensignals_state_no_rate() -> None:
    data = opensignals(("ECG",), slow={"sampling rate": 100})

    with pytest.raises(EcgError, match="sampling rate"):
        read_table("", data, leads="II", gain=100)


@pytest.mark.parametrize("line", ["# {", "# {}", "# [1,2]", '# {"a": {"column": 3}}', "# " + '{"a":' * 3000])
def test_an_invalid_description_is_ignored(line: str) -> None:
    rows = "".join(f"{k % 16}\t{k % 7}.5\n" for k in range(300))

    assert read_table("", f"{line}\n{rows}".encode(), fs_hz=500, units="mV", leads="I").leads == ("I",)


# OpenBCI, Polar, Shimmer


def test_openbci_states_rate_and_unit_and_needs_the_leads() -> None:
    head = "%OpenBCI Raw EEG Data\n%\n%Sample Rate = 250.0 Hz\n%First Column = SampleIndex\n%Last Column = Timestamp\n"
    head += "%Other Columns = EEG data in microvolts followed by Accel Data (in G) interleaved with Aux Data\n"
    rows = "".join(
        f"{k % 256}, {k % 9}.5, -187500.02, 0.01, 12:00:{k // 250:02d}.{k // 25 * 100 % 1000:03d}\n"
        for k in range(1500)
    )

    with pytest.raises(NoEcgLeads) as refusal:
        read_table("", (head + rows).encode())
    assert "3 channels: column 2, 3, 4" in refusal.value.hint
    recording = read({"x.txt": (head + rows).encode()}, leads="I,-,-")

    assert (recording.leads, recording.fs_hz) == (("I",), 250.0)
    assert recording.signal[0, 1] == pytest.approx(0.0015)


def test_a_chest_strap_needs_the_name_of_its_lead() -> None:
    rows = "".join(
        f"2024-01-01T12:00:{k // 130:02d}.000;{599616 * 10**12 + k * 7692307};{k * 7.6923076:.6f};{k * 7 % 50}\n"
        for k in range(1300)
    )
    data = f"Phone timestamp;sensor timestamp [ns];timestamp [ms];ecg [uV]\n{rows}".encode()

    with pytest.raises(NoEcgLeads) as refusal:
        read_table("", data)
    assert "one channel: column 4" in refusal.value.hint
    assert read_table("", data, leads="I").fs_hz == pytest.approx(130, rel=1e-6)


@pytest.mark.parametrize("pair", [("LA-RA", "I"), ("LL-RA", "II"), ("LL-LA", "III"), ("ll-ra", "II"), ("LF-RA", "II")])
def test_shimmer_channels_are_named_by_their_electrodes(pair: tuple[str, str]) -> None:
    names = f"S_A_Timestamp_Unix_CAL\tS_A_ECG_{pair[0]}_24BIT_CAL\tS_A_ECG_Vx-RL_24BIT_CAL\t"
    rows = "".join(f"{1.7e12 + k * 1.953125:.6f}\t0.{k % 10}\t0.5\t\n" for k in range(1200))

    recording = read_table("", f'"sep=\t"\n{names}\nms\tmV\tmV\t\n{rows}'.encode())

    assert (recording.leads, recording.fs_hz) == ((pair[1],), 512.0)
    assert "columns that are no ECG lead left out: 1" in recording.corrections
    both = read_table("", f'"sep=\t"\n{names}\nms\tmV\tmV\t\n{rows}'.encode(), leads=f"{pair[1]},V5")
    assert both.leads == (pair[1], "V5")


def test_electrodes_in_reverse_order_are_not_a_lead() -> None:
    with pytest.raises(NoEcgLeads):
        read_table("", b"ECG_RA-LA (mV);x\n" + b"1;2\n" * 50, fs_hz=500)


# pandas


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("count", [2, 12])
def test_column_numbers_of_pandas_are_not_samples(first: int, index: bool, count: int) -> None:
    header = "," * index + ",".join(str(first + place) for place in range(count))
    rows = "".join(f"{k}," * index + ",".join(f"{HEART[c, k]:.4f}" for c in range(count)) + "\n" for k in range(500))
    data = f"{header}\n{rows}".encode()

    recording = read_table("", data, fs_hz=500, units="mV", leads=LEADS[:count])

    np.testing.assert_allclose(recording.signal, HEART[:count, :500], atol=1e-4)
    assert "line with the numbers of the columns above the rows left out" in recording.corrections


# A row for each lead


def rows_of_leads(
    names: tuple[str, ...] = LEADS, separator: str = ",", above: str = "", end: str = "", first: str = ""
) -> bytes:
    lines = [
        separator.join([*([name] if name != "none" else []), *(f"{value:.4f}" for value in row)]) + end
        for name, row in zip(names, HEART, strict=False)
    ]
    return (above + first + "\n".join(lines) + "\n").encode()


@pytest.mark.parametrize("separator", [",", ";", "\t", " "])
@pytest.mark.parametrize("end", ["", "{}"])
def test_a_table_with_a_row_for_each_lead_is_read(separator: str, end: str) -> None:
    data = rows_of_leads(separator=separator, end=end.format(separator))

    recording = read({"x.csv": data}, fs_hz=500, units="mV")

    assert recording.leads == LEADS
    np.testing.assert_allclose(recording.signal, HEART, atol=1e-4)
    assert "table with a row for each lead read by its rows" in recording.corrections


def test_words_above_rows_of_leads_and_units_in_their_names_count() -> None:
    names = tuple(f"{lead} (uV)" for lead in LEADS)

    recording = read({"x.csv": rows_of_leads(names, above="Sampling rate: 500 Hz\n")})

    assert recording.fs_hz == 500
    np.testing.assert_allclose(recording.signal, HEART / 1000, atol=1e-6)


@pytest.mark.parametrize(
    "first", ["time_s," + ",".join(f"{k / 500:.3f}" for k in range(5000)), "," + ",".join(map(str, range(5000)))]
)
def test_the_first_row_may_hold_times_or_sample_numbers(first: str) -> None:
    assert read({"x.csv": rows_of_leads(first=first + "\n")}, units="mV", fs_hz=500).leads == LEADS


def test_rows_without_names_are_named_by_the_option() -> None:
    data = rows_of_leads(("none",) * 12)

    with pytest.raises(NoEcgLeads) as refusal:
        read({"x.csv": data}, fs_hz=500, units="mV")
    assert "12 channels" in refusal.value.hint
    assert read({"x.csv": data}, fs_hz=500, units="mV", leads=list(LEADS)).leads == LEADS


def test_rows_of_numbered_leads_are_refused() -> None:
    with pytest.raises(NoEcgLeads):
        read({"x.csv": rows_of_leads(tuple(f"lead_{k}" for k in range(12)))}, fs_hz=500, units="mV")


def test_rows_of_different_lengths_are_refused_with_their_number() -> None:
    data = rows_of_leads(("I", "II")) + b"V1," + b"0.1," * 300 + b"0.2\n"

    with pytest.raises(SignalInvalid, match="Row 3"):
        read({"x.csv": data}, fs_hz=500, units="mV")


def test_an_empty_sample_in_a_row_is_a_gap() -> None:
    data = rows_of_leads().replace(b",0.", b",,0.", 1).replace(b"\nII,", b"\nII,0.1,", 1)
    data = b"I,0.1,," + b"0.2," * 300 + b"0.3\nII," + b"0.5," * 302 + b"0.5\n"

    assert np.isnan(read({"x.csv": data}, fs_hz=500, units="mV").signal[0]).sum() == 1
