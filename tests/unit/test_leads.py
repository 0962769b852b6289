import numpy as np
import pytest

from ecg_core.leads import (
    LEAD_SETS,
    LEADS,
    LIMB_FROM_I_II,
    canonical_lead,
    canonical_leads,
    lead_set_of,
)


@pytest.mark.parametrize(
    ("name", "lead"),
    [
        ("I", "I"),
        ("ii", "II"),
        ("Lead I", "I"),
        ("lead_II", "II"),
        ("Lead 1", "I"),
        ("MLII", "II"),
        ("AVR", "aVR"),
        ("avl", "aVL"),
        ("MDC_ECG_LEAD_AVF", "aVF"),
        ("MDC_ECG_LEAD_V3", "V3"),
        ("Ableitung I", "I"),
        ("Ableitung_aVR", "aVR"),
        ("Dérivation II", "II"),
        ("DIII", "III"),
        ("D1", "I"),
        ("ECG I", "I"),
        ("EKG-V2", "V2"),
        ("ECG Lead V6", "V6"),
        (' "V5" ', "V5"),
    ],
)
def test_a_lead_is_recognised_by_each_of_its_names(name: str, lead: str) -> None:
    assert canonical_lead(name) == lead


@pytest.mark.parametrize(
    "name", ["", "ECG", "resp", "ABP", "MCL1", "vx", "I-II", "aVR-", "1", "V7", "C3", "lead", "IV"]
)
def test_a_channel_that_is_no_lead_has_no_canonical_name(name: str) -> None:
    assert canonical_lead(name) is None


@pytest.mark.parametrize(
    "name", ["-aVR", "ECG -aVR", "Lead -aVR", "lead - I", "lead I II", "ECG1", "ECG 2", "x" * 1000]
)
def test_a_name_that_only_resembles_a_lead_is_not_recognised(name: str) -> None:
    """An inverted lead, two leads at once, a numbered channel."""
    assert canonical_lead(name) is None


def test_c1_to_c6_are_chest_leads_only_if_all_six_are_present() -> None:
    assert canonical_leads(["C3", "C4", "EOG"]) == [None, None, None]
    assert canonical_leads(["I", "C1", "C2", "C3", "C4", "C5", "C6"])[1:] == ["V1", "V2", "V3", "V4", "V5", "V6"]


def test_limb_leads_obey_einthoven_and_goldberger() -> None:
    i, ii, iii, avr, avl, avf = (np.array(LIMB_FROM_I_II[lead]) for lead in LEADS[:6])
    np.testing.assert_array_equal(iii, ii - i)
    np.testing.assert_array_equal(avr, -(i + ii) / 2)
    np.testing.assert_array_equal(avl, (i - iii) / 2)
    np.testing.assert_array_equal(avf, (ii + iii) / 2)


def test_measured_sets_are_recognised_exactly() -> None:
    for name, leads in LEAD_SETS.items():
        assert lead_set_of(leads) == (name, True)


def test_an_unmeasured_set_gets_the_largest_measured_one_it_contains() -> None:
    assert lead_set_of((*LEADS[:6], "V2", "V3")) == ("limb+V2", False)
    assert lead_set_of(("I", "V1")) == ("I", False)
    assert lead_set_of(("V1",)) is None
