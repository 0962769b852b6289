"""Numbers are not lead names, unless the samples prove it."""

import numpy as np
import pytest

from ecg_core.errors import NoEcgLeads
from ecg_core.leads import LEADS
from ecg_core.readers import read
from ecg_core.synthesis.heart import synthesize
from tests.unit.readers.reading import read_table, read_wfdb
from tests.unit.readers.tables import make_csv, make_signal
from tests.unit.readers.wfdb_records import make_record

HEART = synthesize("normal", fs_hz=500, seed=3).signal.astype(float)
ALL = ",".join(LEADS)


def columns(names: list[str], signal: np.ndarray | None = None, time: str | None = "time (s)") -> bytes:
    return make_csv(HEART[: len(names)] if signal is None else signal, leads=names, time=time, name="{lead}")


@pytest.mark.parametrize(
    "name",
    ["lead_{}", "lead{}", "Lead {}", "L{}", "Ableitung {}", "ECG Lead {}", "D{}", "ch{}", "channel {}", "Lead-{:02d}"],
)
@pytest.mark.parametrize("first", [0, 1])
def test_twelve_numbered_columns_are_refused_unless_the_option_names_the_leads(name: str, first: int) -> None:
    data = columns([name.format(number) for number in range(first, first + 12)])

    with pytest.raises(NoEcgLeads) as refusal:
        read_table("", data, units="mV")
    assert all(spelling in refusal.value.hint for spelling in ("leads=", "--leads", "?leads="))
    assert "12 channels" in refusal.value.hint

    recording = read_table("", data, units="mV", leads=ALL)

    assert recording.leads == LEADS
    np.testing.assert_allclose(recording.signal, HEART, atol=1e-3)


@pytest.mark.parametrize("name", ["Lead {}", "lead{}", "L{}"])
def test_lead_1_2_3_beside_real_names_are_limb_leads_if_einthovens_law_holds(name: str) -> None:
    names = [*(name.format(number) for number in (1, 2, 3)), *LEADS[3:]]

    recording = read_table("", columns(names), units="mV")

    assert recording.leads == LEADS
    assert "leads 1, 2, 3 taken as I, II, III: Einthoven's law holds" in recording.corrections


@pytest.mark.parametrize("order", [[1, 0, 2], [2, 1, 0], [0, 2, 1], [3, 4, 5]])
def test_lead_1_2_3_in_another_order_are_refused(order: list[int]) -> None:
    names = ["Lead 1", "Lead 2", "Lead 3", *LEADS[3:]]
    signal = HEART.copy()
    signal[:3] = HEART[order]

    with pytest.raises(NoEcgLeads):
        read_table("", columns(names, signal), units="mV")


@pytest.mark.parametrize(
    "names",
    [
        ["Lead 1", "Lead 2", "V1", "V2"],
        ["Lead 1", "Lead 2", "Lead 3"],
        ["Lead 1", "Lead 2", "Lead 3", "V1", "Lead 4"],
        ["Lead 0", "Lead 1", "Lead 2", "Lead 3", "aVR", "V1"],
        ["Lead 1"],
        ["L1", "L2", "L3", "L4", "V1"],
    ],
)
def test_numbered_leads_without_proof_are_refused(names: list[str]) -> None:
    with pytest.raises(NoEcgLeads):
        read_table("", columns(names), units="mV")


@pytest.mark.parametrize("names", [["D1", "D2", "D3"], ["DI", "DII"], ["D1", "V1"], ["MLII", "V1"]])
def test_lead_names_of_other_languages_are_not_numbers(names: list[str]) -> None:
    assert len(read_table("", columns(names), units="mV").leads) == len(names)


@pytest.mark.parametrize("count", [1, 3, 6, 9, 12])
@pytest.mark.parametrize("time", [None, ""])
def test_columns_that_r_numbers_are_refused(count: int, time: str | None) -> None:
    data = columns([f"V{number + 1}" for number in range(count)], time=time)

    with pytest.raises(NoEcgLeads, match="V1, V2") as refusal:
        read_table("", data, fs_hz=500, units="mV")
    assert "--leads" in refusal.value.hint

    given = read({"x": data}, fs_hz=500, units="mV", leads=LEADS[:count])
    assert given.leads == LEADS[:count]


@pytest.mark.parametrize(
    "names",
    [
        ["V1 (mV)", "V2 (mV)", "V3 (mV)"],
        ["V2", "V5"],
        ["V3", "V2", "V1"],
        ["II", "V1", "V2", "V3", "V4", "V5", "V6", "V7", "V8", "V9"],
    ],
)
def test_named_chest_leads_are_read(names: list[str]) -> None:
    assert (
        "V1" not in names or read_table("", columns(names, make_signal(len(names)), None), fs_hz=500, units="mV").leads
    )
    assert read_table("", columns(names, make_signal(len(names)), None), fs_hz=500, units="mV").leads


@pytest.mark.parametrize("names", [["V0", "V1", "V2"], [f"V{n}" for n in range(1, 13)]])
def test_v_numbers_beyond_the_chest_leads_are_numbers_of_columns(names: list[str]) -> None:
    with pytest.raises(NoEcgLeads):
        read_table("", columns(names, make_signal(len(names))), units="mV")


@pytest.mark.parametrize("numbers", [range(1, 13), range(7), range(1, 7)])
def test_without_a_limb_lead_columns_c1_c2_and_so_on_are_numbers(numbers: range) -> None:
    names = [f"C{number}" for number in numbers]

    with pytest.raises(NoEcgLeads):
        read_table("", columns(names, make_signal(len(names))), units="mV")
    given = LEADS[: len(names)]
    assert read_table("", columns(names, make_signal(len(names))), units="mV", leads=given).leads == given


def test_chest_electrodes_beside_limb_leads_are_chest_leads() -> None:
    names = ["I", "II", *(f"C{number}" for number in range(1, 7))]

    assert read_table("", columns(names), units="mV").leads == ("I", "II", *LEADS[6:])


def test_chest_leads_beside_a_named_time_are_read() -> None:
    assert read_table("", columns(list(LEADS[6:]), make_signal(6)), units="mV").leads == LEADS[6:]


def test_numbered_channels_of_a_record_are_refused_unless_the_option_names_the_leads() -> None:
    files = make_record(leads=[f"lead_{number}" for number in range(12)])

    with pytest.raises(NoEcgLeads):
        read_wfdb("rec.hea", files)
    assert read_wfdb("rec.hea", files, leads=ALL).leads == LEADS


def test_leads_1_2_3_of_a_record_are_verified() -> None:
    names = ["Lead 1", "Lead 2", "Lead 3", *LEADS[3:]]
    samples = np.round(HEART * 1000).astype(np.int64)

    assert read_wfdb("rec.hea", make_record(samples, leads=names)).leads == LEADS
    with pytest.raises(NoEcgLeads):
        read_wfdb("rec.hea", make_record(samples[[1, 0, 2, *range(3, 12)]], leads=names))
