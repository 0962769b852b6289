import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ecg_core.leads import LEADS
from ecg_core.readers import read
from ecg_core.signal.beats import find_beats, qrs_width
from ecg_core.signal.preparation import prepare
from ecg_core.synthesis.heart import normal_heart, synthesize
from ecg_core.synthesis.waves import RHYTHMS
from tests.unit.readers.oracle import xqrs_detect

ALL = np.ones(len(LEADS), np.float32)
# Half the published detectors are measured with this tolerance. AAMI EC57 allows 150 ms.
NEAR_S = 0.075


def only(*leads: str) -> NDArray[np.float32]:
    return np.array([lead in leads for lead in LEADS], np.float32)


def heart(rate_bpm: float, noise_mv: float = 0.02) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """(ten seconds of twelve leads at 100 Hz, times of the R waves)."""
    interval_s = 60 / rate_bpm
    beats_s = np.arange(0.3, 9.9, interval_s)
    noise = noise_mv * np.random.default_rng(1).standard_normal((len(LEADS), 1000))
    return (normal_heart(beats_s, interval_s, 1000, 100) + noise).astype(np.float32), beats_s


def found_of(truth_s: NDArray[np.float64], found_s: NDArray[np.float64]) -> int:
    return sum(bool(len(found_s)) and float(np.abs(found_s - beat_s).min()) <= NEAR_S for beat_s in truth_s)


def assert_same(found: NDArray[np.intp], beats_s: NDArray[np.float64]) -> None:
    assert len(found) == len(beats_s)
    assert np.abs(found / 100 - beats_s).max() <= NEAR_S


@pytest.mark.parametrize("rate_bpm", [45, 60, 90, 120, 150, 180])
def test_every_beat_is_found_once_at_any_rate(rate_bpm: float) -> None:
    signal, beats_s = heart(rate_bpm)
    assert_same(find_beats(signal, ALL), beats_s)


@pytest.mark.parametrize("lead", [lead for lead in LEADS if lead not in ("III", "aVL")])
def test_one_lead_with_clear_beats_is_enough(lead: str) -> None:
    signal, beats_s = heart(70)
    assert_same(find_beats(signal, only(lead)), beats_s)


@pytest.mark.parametrize("rhythm", RHYTHMS)
@pytest.mark.parametrize("rate_bpm", [45, 75, 110, 150])
def test_a_t_wave_or_a_second_r_peak_is_not_counted_as_a_beat(rhythm: str, rate_bpm: float) -> None:
    for leads in (ALL, only("I")):
        beats = find_beats(prepare(synthesize(rhythm, heart_rate_bpm=rate_bpm, seed=4)).signal[0], leads)
        assert abs(len(beats) - rate_bpm / 6) <= 1.5
        # A beat that the window cuts off has its middle elsewhere.
        assert np.ptp(np.diff(beats[1:-1])) <= 0.15 * 6000 / rate_bpm


def test_a_noisy_lead_does_not_hide_the_beats_of_the_others() -> None:
    signal, beats_s = heart(70)
    signal[LEADS.index("V3")] = 2 * np.random.default_rng(2).standard_normal(1000)
    assert_same(find_beats(signal, ALL), beats_s)


def test_an_artefact_does_not_hide_the_beats_beside_it() -> None:
    signal, beats_s = heart(70)
    clean = find_beats(signal, ALL)
    signal[:, 500:504] += 8
    assert found_of(clean / 100, find_beats(signal, ALL) / 100) >= len(beats_s) - 1


def test_a_flat_line_has_no_beats() -> None:
    assert not len(find_beats(np.zeros((12, 1000), np.float32), ALL))


@pytest.mark.parametrize(("rhythm", "least_s", "most_s"), [("normal", 0.08, 0.11), ("rbbb", 0.13, 0.18)])
def test_the_width_of_qrs_is_measured(rhythm: str, least_s: float, most_s: float) -> None:
    signal = prepare(synthesize(rhythm, heart_rate_bpm=70, seed=3)).signal[0]
    before, after = qrs_width(signal, ALL, find_beats(signal, ALL))
    assert least_s <= (before + after) / 100 <= most_s


def test_the_beats_of_patients_agree_with_another_detector(ptbxl_packed: Path) -> None:
    """The other detector is xqrs of wfdb at 500 Hz. A beat is one that it finds in two of three leads.

    Records in which it finds fewer than five beats in two of the leads are left out.
    """
    beats = hits = found = confirmed = 0
    for files in records(ptbxl_packed / "records500_sample.tar.xz", 30):
        recording = read(files)
        rows = [recording.leads.index(lead) for lead in ("II", "V2", "V5")]
        each = [xqrs_detect(recording.signal[row].astype(float), 500, verbose=False) / 500 for row in rows]
        if sorted(len(lead) for lead in each)[1] < 5:
            continue
        truth_s = agreed(each)
        found_s = find_beats(prepare(recording).signal[0], ALL) / 100
        beats, hits = beats + len(truth_s), hits + found_of(truth_s, found_s)
        inside = found_s[(found_s > 0.2) & (found_s < 9.8)]
        found, confirmed = found + len(inside), confirmed + found_of(inside, truth_s)
    print(f"sensitivity {hits / beats:.4f} of {beats}, positive predictivity {confirmed / found:.4f} of {found}")
    assert beats > 300
    assert hits / beats > 0.99
    assert confirmed / found > 0.99


def agreed(each: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The beats that at least two leads have. The edges are left out: a detector may miss beats there."""
    groups: list[list[float]] = []
    for beat_s in sorted(np.concatenate(each).tolist()):
        if groups and beat_s - groups[-1][0] <= 0.15:
            groups[-1].append(beat_s)
        else:
            groups.append([beat_s])
    times = np.array([np.mean(group) for group in groups if len(group) >= 2])
    return times[(times > 0.2) & (times < 9.8)]


def records(archive: Path, count: int) -> list[dict[str, bytes]]:
    """The first records of the archive, each as its two files."""
    with tarfile.open(archive) as tar:
        members = [member for member in tar.getmembers() if member.isfile()]
        stems = sorted({member.name.rsplit(".", 1)[0] for member in members if member.name.endswith(".hea")})[:count]
        files = {member.name: tar.extractfile(member) or io.BytesIO() for member in members}
        return [
            {f"{Path(stem).name}.{ending}": files[f"{stem}.{ending}"].read() for ending in ("hea", "dat")}
            for stem in stems
        ]
