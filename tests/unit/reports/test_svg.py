import io
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecg_core import classify
from ecg_core.classification import DISCLAIMER, Notice
from ecg_core.cli import main
from ecg_core.cli.examples import examples
from ecg_core.errors import SignalNoisy
from ecg_core.leads import CHEST_LEADS, LEADS, LIMB_LEADS
from ecg_core.model.statement_table import STATEMENTS
from ecg_core.recording import Recording
from ecg_core.reports.paper import shortened, width_em, wrapped
from ecg_core.reports.svg import plot
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import csv_bytes, wfdb_files, write_files
from tests.builders import make_classification, make_recording, make_statement
from tests.effort import times_as_costly

ROOT = Path(__file__).resolve().parents[3]
SVG = "{http://www.w3.org/2000/svg}"
# The geometry of the sheet, as measured with a ruler on the printout.
ZERO_MM, MM_PER_S = 26.0, 25.0
TOP_MM, BOTTOM_MM = 34.0, 194.0
TABLE_BASELINES_MM = [59.0, 99.0, 139.0, 179.0]

Points = list[tuple[float, float]]


def parsed(svg: bytes) -> ET.Element:
    return ET.fromstring(svg)


def texts(svg: bytes) -> list[str]:
    return [node.text or "" for node in parsed(svg).iter(f"{SVG}text")]


def text_starting(svg: bytes, start: str) -> ET.Element:
    return next(node for node in parsed(svg).iter(f"{SVG}text") if (node.text or "").startswith(start))


def strips(svg: bytes) -> list[ET.Element]:
    return list(parsed(svg).iter(f"{SVG}g"))


def strip(svg: bytes, lead: str) -> ET.Element:
    return next(node for node in strips(svg) if node.get("data-lead") == lead)


def lines_of(path: str) -> list[Points]:
    """The sub-paths in mm, absolute."""
    lines: list[Points] = []
    x = y = 0.0
    for command, rest in re.findall(r"([Mlhv])([^Mlhv]*)", path):
        numbers = [int(number) for number in re.findall(r"-?\d+", rest)]
        if command == "M":
            x, y = numbers
            lines.append([(x / 100, y / 100)])
            continue
        if command != "l":
            numbers = [number for n in numbers for number in ((n, 0) if command == "h" else (0, n))]
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = x + dx, y + dy
            lines[-1].append((x / 100, y / 100))
    return lines


def trace_of(node: ET.Element) -> list[Points]:
    """The trace of a strip: the last path of its group with the line width of a trace."""
    paths = [path for path in node.iter(f"{SVG}path") if path.get("stroke-width") == "25"]
    return lines_of(paths[-1].get("d", "")) if paths else []


def pulses(svg: bytes) -> list[Points]:
    """The calibration pulses: the only path outside the strips with the line width of a trace."""
    (path,) = (path for path in parsed(svg).findall(f"{SVG}path") if path.get("stroke-width") == "25")
    return lines_of(path.get("d", ""))


def silent(leads: Sequence[str] = LEADS, fs_hz: float = 500.0, duration_s: float = 10.0) -> Recording:
    """Flat except for a small beat of lead II, so that the rhythm strip shows lead II."""
    signal = np.zeros((len(leads), round(duration_s * fs_hz)), np.float32)
    if "II" in leads:
        signal[leads.index("II"), 500:501] = 0.1
    return Recording(signal, fs_hz, tuple(leads), "test", "0123456789abcdef" * 4)


def with_spike(recording: Recording, lead: str, at_s: float, mv: float) -> Recording:
    recording.signal[recording.leads.index(lead), round(at_s * recording.fs_hz)] = mv
    return recording


def peak(node: ET.Element) -> tuple[float, float]:
    return min((point for line in trace_of(node) for point in line), key=lambda point: point[1])


def test_the_sheet_is_a4_landscape() -> None:
    root = parsed(plot(make_recording()))
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("297mm", "210mm", "0 0 29700 21000")


def test_the_grid_has_a_line_each_millimetre_and_a_stronger_one_each_five() -> None:
    minor, major = (lines_of(path.get("d", "")) for path in parsed(plot(make_recording())).findall(f"{SVG}path")[:2])
    upright = {line[0][0] for line in major if line[0][0] == line[1][0]}
    assert upright == {11.0 + 5 * step for step in range(56)}
    level = {line[0][1] for line in major if line[0][1] == line[1][1]}
    assert level == {TOP_MM + 5 * step for step in range(33)}
    every = {line[0][0] for line in minor if line[0][0] == line[1][0]} | upright
    assert every == {float(mm) for mm in range(11, 287)}


def test_the_calibration_pulse_is_one_millivolt_for_a_fifth_of_a_second() -> None:
    drawn = pulses(plot(make_recording()))
    assert [line[0][1] for line in drawn] == TABLE_BASELINES_MM
    for line in drawn:
        (left, base), (rise, _), (_, top), (fall, _), *_, (right, _) = line
        assert base - top == 10
        assert fall - rise == 5
        assert left < rise
        assert fall < right < ZERO_MM


def test_a_spike_of_one_millivolt_stands_ten_millimetres_high_at_its_time() -> None:
    # V1 is in the third column, which shows 5 to 7.5 s.
    node = strip(plot(with_spike(silent(), "V1", 6.0, 1.0)), "V1")
    assert peak(node) == (ZERO_MM + 6.0 * MM_PER_S, TABLE_BASELINES_MM[0] - 10)


@pytest.mark.parametrize(("lead", "at_s", "row"), [("I", 0.5, 0), ("aVF", 3.0, 2), ("V5", 9.0, 1)])
def test_columns_show_consecutive_time(lead: str, at_s: float, row: int) -> None:
    svg = plot(with_spike(silent(), lead, at_s, 0.5))
    assert peak(strip(svg, lead)) == (ZERO_MM + at_s * MM_PER_S, TABLE_BASELINES_MM[row] - 5)


def test_samples_outside_the_time_of_a_column_are_not_drawn() -> None:
    assert plot(with_spike(silent(), "V1", 3.0, 1.0)) == plot(silent())


def test_a_sample_after_the_start_of_its_column_keeps_its_time() -> None:
    # At 51 Hz no sample lies at 2.5 s.
    node = strip(plot(with_spike(silent(fs_hz=51), "aVR", 128 / 51, 1.0)), "aVR")
    assert peak(node)[0] == pytest.approx(ZERO_MM + 128 / 51 * MM_PER_S, abs=0.006)


def test_separators_stand_between_the_columns_and_leave_the_trace_free() -> None:
    svg = plot(silent())
    marks = [
        line
        for node in strips(svg)
        for path in node.iter(f"{SVG}path")
        if path.get("stroke-width") == "30"
        for line in lines_of(path.get("d", ""))
    ]
    assert {line[0][0] for line in marks} == {ZERO_MM + column * 62.5 for column in (1, 2, 3)}
    assert len(marks) == 3 * 3 * 2
    assert all(min(abs(y - base) for base in TABLE_BASELINES_MM) >= 4 for line in marks for _, y in line)


def test_the_leads_stand_in_the_standard_order_above_a_rhythm_strip_of_ii() -> None:
    order = [node.get("data-lead") for node in strips(plot(make_recording()))]
    assert order == ["I", "aVR", "V1", "V4", "II", "aVL", "V2", "V5", "III", "aVF", "V3", "V6", "II"]


def test_the_order_of_the_file_does_not_matter() -> None:
    recording = make_recording()
    turned = replace(recording, signal=recording.signal[::-1].copy(), leads=recording.leads[::-1])
    assert plot(turned) == plot(recording)


def test_the_rhythm_strip_lasts_ten_seconds() -> None:
    svg = plot(with_spike(silent(), "II", 8.0, 1.0))
    assert peak(strips(svg)[-1]) == (ZERO_MM + 8.0 * MM_PER_S, TABLE_BASELINES_MM[3] - 10)
    (line,) = trace_of(strips(svg)[-1])
    assert line[-1][0] - line[0][0] == pytest.approx(10 * MM_PER_S, abs=0.06)


def test_a_rhythm_strip_is_taken_from_a_lead_that_beats() -> None:
    recording = make_recording()
    recording.signal[LEADS.index("II")] = 0
    assert strips(plot(recording))[-1].get("data-lead") == "V1"
    recording.signal[:] = np.nan
    assert strips(plot(recording))[-1].get("data-lead") == "I"


def test_a_lead_is_centred_on_its_median() -> None:
    recording = with_spike(silent(), "V1", 6.0, 1.0)
    recording.signal[LEADS.index("V1")] += 100
    assert peak(strip(plot(recording), "V1"))[1] == pytest.approx(TABLE_BASELINES_MM[0] - 10, abs=0.01)


def test_two_limb_leads_are_six_rows_of_which_four_are_derived() -> None:
    svg = plot(make_recording(("I", "II"), noise_mv=0))
    assert [node.get("data-lead") for node in strips(svg)] == list(LIMB_LEADS)
    assert texts(svg).count("derived") == 4
    whole = plot(make_recording(LIMB_LEADS, noise_mv=0))
    assert "derived" not in texts(whole)
    for lead in LIMB_LEADS:
        np.testing.assert_allclose(trace_of(strip(svg, lead)), trace_of(strip(whole, lead)), atol=0.011)


def test_nothing_is_derived_from_a_dead_electrode() -> None:
    recording = make_recording(("I", "II"))
    recording.signal[0] = 0
    assert [node.get("data-lead") for node in strips(plot(recording))] == ["I", "II"]


def test_an_empty_limb_lead_is_derived_from_the_others() -> None:
    recording = make_recording(LIMB_LEADS)
    recording.signal[2] = np.nan
    svg = plot(recording)
    assert [node.text for node in strip(svg, "III").iter(f"{SVG}text")] == ["III", "derived"]
    assert trace_of(strip(svg, "III"))


def test_a_few_leads_have_a_row_of_ten_seconds_each() -> None:
    svg = plot(with_spike(silent(("V5", "II")), "V5", 9.9, 1.0))
    assert [node.get("data-lead") for node in strips(svg)] == ["II", "V5"]
    assert peak(strip(svg, "V5"))[0] == ZERO_MM + 9.9 * MM_PER_S
    assert len(strips(plot(make_recording(CHEST_LEADS)))) == 6


def test_leads_that_were_not_recorded_are_named_as_such() -> None:
    svg = plot(make_recording(("I", "II", "V2")))
    assert texts(svg).count("not recorded") == 5
    assert not trace_of(strip(svg, "V6"))
    assert trace_of(strip(svg, "V2"))


def test_a_lead_without_any_sample_has_no_signal() -> None:
    recording = make_recording()
    recording.signal[LEADS.index("V1")] = np.nan
    svg = plot(recording)
    assert [node.text for node in strip(svg, "V1").iter(f"{SVG}text")] == ["V1", "no signal"]
    assert not trace_of(strip(svg, "V1"))


@pytest.mark.parametrize(("duration_s", "starts"), [(10, ["0 s"]), (30, ["0 s", "10 s", "20 s"])])
def test_one_lead_fills_rows_of_ten_seconds(duration_s: float, starts: list[str]) -> None:
    svg = plot(make_recording(("I",), fs_hz=512.508, duration_s=duration_s))
    assert [text for text in texts(svg) if re.fullmatch(r"\d+ s", text)] == starts
    assert texts(svg).count("lead I") == len(starts)


def test_a_row_of_one_lead_goes_on_where_the_last_one_ended() -> None:
    svg = plot(with_spike(silent(("I",), duration_s=30), "I", 21.0, 1.0))
    heights = [peak(node) for node in strips(svg)]
    assert heights[2][0] == ZERO_MM + MM_PER_S
    assert heights[2][1] == trace_of(strips(svg)[2])[0][0][1] - 10


def test_a_plot_of_an_hour_shows_the_first_forty_seconds_and_says_so() -> None:
    svg = plot(make_recording(("II",), fs_hz=50, duration_s=3600))
    assert len(strips(svg)) == 4
    assert any("first 40 s of 3600 s" in text for text in texts(svg))


def test_a_recording_shorter_than_the_sheet_leaves_no_column_empty() -> None:
    recording = with_spike(silent(duration_s=5), "V6", 4.0, 1.0)
    svg = plot(recording)
    # The last column shows 2.5 to 5 s.
    assert peak(strip(svg, "V6"))[0] == ZERO_MM + 7.5 * MM_PER_S + 1.5 * MM_PER_S
    assert any("columns from 0, 2.5, 2.5, 2.5 s" in text for text in texts(svg))


@pytest.mark.parametrize("fs_hz", [50.0, 4000.0])
@pytest.mark.parametrize("leads", [("I",), LEADS])
def test_a_tenth_of_a_second_is_drawn_in_its_width(leads: tuple[str, ...], fs_hz: float) -> None:
    (line,) = trace_of(strips(plot(make_recording(leads, fs_hz=fs_hz, duration_s=0.1)))[0])
    assert line[0][0] == ZERO_MM
    assert ZERO_MM + 1.9 < line[-1][0] <= ZERO_MM + 2.5


def test_a_recording_without_samples_or_leads_is_an_empty_sheet() -> None:
    assert not trace_of(strip(plot(silent(duration_s=0)), "V1"))
    assert strips(plot(silent(()))) == []


def test_a_gap_breaks_the_line() -> None:
    recording = make_recording(("I",))
    recording.signal[0, 1000:1500] = np.nan
    before, after = trace_of(strips(plot(recording))[0])
    assert before[-1][0] == pytest.approx(ZERO_MM + 999 / 500 * MM_PER_S, abs=0.01)
    assert after[0][0] == pytest.approx(ZERO_MM + 3 * MM_PER_S, abs=0.01)


def test_a_sample_alone_between_gaps_is_a_dot() -> None:
    recording = silent(("I",))
    recording.signal[0, 1:] = np.nan
    assert trace_of(strips(plot(recording))[0]) == [[(ZERO_MM, 119.0), (ZERO_MM, 119.0)]]


def test_infinite_values_are_drawn_as_gaps() -> None:
    recording, gap = make_recording(("I",)), make_recording(("I",))
    recording.signal[0, 1000:1500] = np.inf
    gap.signal[0, 1000:1500] = np.nan
    assert plot(recording) == plot(gap)


@pytest.mark.parametrize(("mv", "gain"), [(2.4, "10"), (4.5, "5"), (9.0, "2.5")])
def test_a_tall_lead_lowers_the_gain_of_the_whole_sheet(mv: float, gain: str) -> None:
    svg = plot(with_spike(silent(), "V4", 9.0, mv))
    assert f"25 mm/s, {gain} mm/mV" in texts(svg)
    assert {round(line[1][1] - line[2][1], 2) for line in pulses(svg)} == {float(gain)}
    assert peak(strip(svg, "V4"))[1] == pytest.approx(TABLE_BASELINES_MM[0] - mv * float(gain), abs=0.01)
    assert not any("cut off" in text for text in texts(svg))


@pytest.mark.parametrize(
    ("s_wave", "r_wave", "r_mv", "gain"),
    [
        ("V2", "V3", 1.4, "10"),
        ("V2", "V3", 2.0, "5"),
        # Neither in the next row nor in the same column.
        ("V1", "V3", 2.0, "10"),
        ("V2", "aVF", 2.0, "10"),
    ],
)
def test_a_deep_s_wave_may_overlap_a_low_lead_below(s_wave: str, r_wave: str, r_mv: float, gain: str) -> None:
    recording = with_spike(silent(), s_wave, 6.0, -3.0)
    at_s = {"V3": 6.1, "aVF": 3.0}[r_wave]
    assert f"25 mm/s, {gain} mm/mV" in texts(plot(with_spike(recording, r_wave, at_s, r_mv)))


def test_a_rhythm_strip_that_would_leave_the_paper_lowers_the_gain() -> None:
    assert "25 mm/s, 10 mm/mV" in texts(plot(with_spike(silent(), "II", 8.0, -1.4)))
    assert "25 mm/s, 5 mm/mV" in texts(plot(with_spike(silent(), "II", 8.0, -1.6)))


@pytest.mark.parametrize("mv", [40.0, -40.0, 3e38])
def test_a_lead_too_tall_for_every_gain_is_cut_at_its_row_and_named(mv: float) -> None:
    svg = plot(with_spike(silent(), "V3", 6.0, mv))
    heights = [y for line in trace_of(strip(svg, "V3")) for _, y in line]
    assert TABLE_BASELINES_MM[2] - 20 <= min(heights)
    assert max(heights) <= TABLE_BASELINES_MM[2] + 20
    assert max(abs(y - TABLE_BASELINES_MM[2]) for y in heights) == 20
    assert any("cut off at the edge of its row: V3" in text for text in texts(svg))


def test_no_trace_leaves_the_paper() -> None:
    recording = make_recording(scale=1000)
    for node in strips(plot(recording)):
        for x, y in (point for line in trace_of(node) for point in line):
            assert ZERO_MM <= x <= ZERO_MM + 10 * MM_PER_S
            assert TOP_MM <= y <= BOTTOM_MM


@pytest.mark.parametrize("fs_hz", [1000.0, 2000.0, 4000.0])
def test_fast_recordings_are_thinned_and_keep_every_peak(fs_hz: float) -> None:
    rng = np.random.default_rng(1)
    recording = silent(("I",), fs_hz=fs_hz)
    at = np.sort(rng.choice(np.arange(100, 9900), 40, replace=False)) / 10_000 * recording.signal.shape[1]
    for number, sample in enumerate(at.astype(int)):
        recording.signal[0, sample] = (-1) ** number * (0.5 + number / 80)
    (line,) = trace_of(strips(plot(recording))[0])
    assert len(line) <= 5001
    drawn = {(round(x, 2), round(y, 2)) for x, y in line}
    for number, sample in enumerate(at.astype(int)):
        x = ZERO_MM + round(sample / fs_hz * 2500) / 100
        y = 119 - 10 * (-1) ** number * (0.5 + number / 80)
        assert any(abs(x - px) < 0.011 and abs(y - py) < 0.011 for px, py in drawn)


def test_a_gap_in_a_fast_recording_breaks_the_line_too() -> None:
    recording = make_recording(("I",), fs_hz=2000)
    recording.signal[0, 8001:9003] = np.nan
    before, after = trace_of(strips(plot(recording))[0])
    assert before[-1][0] == pytest.approx(ZERO_MM + 4 * MM_PER_S, abs=0.11)
    assert after[0][0] == pytest.approx(ZERO_MM + 4.5 * MM_PER_S, abs=0.11)


def test_a_label_is_lifted_above_a_beat_that_begins_below_it() -> None:
    low, high = silent(), with_spike(silent(), "V4", 7.6, 1.6)

    def label_mm(recording: Recording) -> float:
        return int(next(strip(plot(recording), "V4").iter(f"{SVG}text")).get("y", "")) / 100

    assert label_mm(low) == TABLE_BASELINES_MM[0] - 14
    assert label_mm(high) < TABLE_BASELINES_MM[0] - 16


def test_the_diagnosis_comes_first_then_three_probabilities_with_thresholds() -> None:
    result = make_classification({"CD": 0.9312, "STTC": 0.61})
    shown = texts(plot(result.recording, result))
    assert shown[0] == "CD · conduction disturbance"
    assert shown[1] == "probability 0.931; also above its threshold: STTC"
    assert shown[shown.index("NORM") :][:9] == [
        *("NORM", "0.010", "threshold 0.500"),
        *("CD", "0.931", "threshold 0.500"),
        *("STTC", "0.610", "threshold 0.500"),
    ]
    assert "model test 0" in shown
    assert DISCLAIMER in shown


def test_the_statements_that_are_findings_stand_on_one_line_above_the_paper() -> None:
    published = [make_statement("CLBBB", 0.9712), make_statement("SR", 0.61), make_statement("AFIB", 0.2)]
    result = make_classification({"CD": 0.9}, published=published)
    svg = plot(result.recording, replace(result, every_statement=True))
    line = text_starting(svg, "Statements: ")
    assert line.text == "Statements: complete left bundle branch block 0.97, sinus rhythm 0.61"
    assert int(line.get("y", "")) / 100 < TOP_MM
    assert "sinus rhythm 0.61. " in (parsed(svg).findtext(f"{SVG}desc") or "")
    many = replace(result, published=tuple(make_statement(one.code, 0.9) for one in STATEMENTS))
    assert (text_starting(plot(many.recording, many), "Statements: ").text or "").endswith("…")


def test_without_a_statement_there_is_no_line_of_statements() -> None:
    result = make_classification({"CD": 0.9}, published=[make_statement("CLBBB", 0.2)])
    assert not any(text.startswith("Statements") for text in texts(plot(result.recording, result)))


def test_the_expected_performance_of_a_smaller_lead_set_is_a_lower_bound() -> None:
    result = make_classification({"CD": 0.9})
    measured = result.expected_performance
    assert measured is not None
    assert "AUC expected with these leads:" in texts(plot(result.recording, result))
    result = replace(result, expected_performance=replace(measured, at_least=True))
    shown = texts(plot(result.recording, result))
    assert shown[shown.index("AUC expected with these leads, at least:") + 1] == "NORM 0.900, CD 0.800, STTC 0.800"
    unknown = replace(result, expected_performance=None)
    assert not any("AUC" in text for text in texts(plot(unknown.recording, unknown)))


def test_a_bar_is_as_long_as_its_probability() -> None:
    result = make_classification({"CD": 0.75})
    boxes = [box for box in parsed(plot(result.recording, result)).iter(f"{SVG}rect") if box.get("height") == "360"]
    frame = float(boxes[0].get("width", ""))
    assert [float(box.get("width", "")) / frame for box in boxes[1::3]] == pytest.approx([0.01, 0.75, 0.01])


def test_without_a_diagnosis_the_sheet_says_so_and_gives_the_reason() -> None:
    result = make_classification()
    shown = texts(plot(result.recording, result))
    assert shown[0] == "No diagnosis"
    assert any("(no_finding)" in text for text in shown)
    assert not any(text.startswith("probability") for text in shown)


def test_a_refusal_is_printed_with_its_code_and_hint() -> None:
    refusal = SignalNoisy("It is noise.")
    shown = texts(plot(make_recording(), refusal))
    assert shown[:3] == ["Not classified", "It is noise. (signal_noisy)", refusal.hint]
    assert "NORM" not in shown


def test_without_an_outcome_there_is_only_the_recording() -> None:
    shown = texts(plot(silent()))
    assert shown[0] == "ECG, 12 leads, 25 mm/s, 10 mm/mV"
    assert not {"NORM", "Not classified", "No diagnosis"} & set(shown)
    assert "record 0123456789ab" in shown
    assert any(text == "12 leads · 500 Hz · no filter · all of 10 s" for text in shown)


def test_title_and_description_describe_the_picture() -> None:
    result = make_classification({"NORM": 0.9})
    root = parsed(plot(result.recording, result))
    assert (root.get("role"), root.findtext(f"{SVG}title")) == ("img", "ECG, lead I, 25 mm/s, 10 mm/mV")
    described = root.findtext(f"{SVG}desc") or ""
    assert described.startswith("NORM · normal ECG. Probabilities: NORM 0.900, CD 0.010, STTC 0.010.")


def test_many_long_warnings_end_in_an_ellipsis_and_stay_above_the_paper() -> None:
    notices = tuple(Notice(f"code_{number}", "A long sentence about the recording. " * 4) for number in range(9))
    result = make_classification({"CD": 0.9}, quality=notices)
    svg = plot(result.recording, result)
    column = [node for node in parsed(svg).iter(f"{SVG}text") if node.get("x") == "20400"]
    assert len(column) == 6
    assert (column[-1].text or "").endswith("…")
    assert max(int(node.get("y", "")) for node in column) < TOP_MM * 100


@pytest.mark.parametrize("name", ["W" * 200, "x" * 200, "心電図" * 60])
def test_a_long_name_of_a_model_is_cut(name: str) -> None:
    result = make_classification()
    result = replace(result, model=replace(result.model, name=name))
    shown = text_starting(plot(result.recording, result), "model ").text or ""
    assert shown.endswith("…")
    # 80 mm at 2.5 mm.
    assert width_em(shown) <= 32


@pytest.mark.parametrize(("text", "kept"), [("short", "short"), ("wide enough to be cut", "wide en…"), ("", "")])
def test_a_text_that_fits_is_kept_whole(text: str, kept: str) -> None:
    assert shortened(text, 5.3) == kept


def test_lines_break_at_blanks_and_lose_no_word() -> None:
    text = "None of the three is above its threshold, but HYP may be present."
    lines = wrapped(text, 15)
    assert " ".join(lines) == text
    assert len(lines) > 1
    assert max(map(width_em, lines)) <= 15


def test_hostile_text_stays_text() -> None:
    hostile = "</text><script>alert(1)</script>&\"'\0\x1b\ud800"
    result = make_classification({"CD": 0.9}, quality=(Notice("code", hostile),))
    result = replace(result, model=replace(result.model, name="<i>&"))
    recording = replace(make_recording(("I", "II")), leads=("I", hostile), sha256='"><a/>', format=hostile)
    for outcome in (result, SignalNoisy(hostile, hostile), None):
        svg = plot(recording, outcome)
        tags = {node.tag.removeprefix(SVG) for node in parsed(svg).iter()}
        assert tags == {"svg", "title", "desc", "rect", "path", "g", "text"}
        assert b"<script" not in svg
        assert len(strips(svg)) == 1
    assert any("alert(1)" in text for text in texts(plot(recording, result)))


def test_the_sheet_loads_nothing_runs_nothing_and_has_no_styles() -> None:
    result = make_classification({"CD": 0.9})
    root = parsed(plot(result.recording, result))
    names = {name for node in root.iter() for name in node.attrib}
    assert not {name for name in names if name.startswith("on") or "href" in name or name in {"style", "class", "id"}}


def test_the_same_recording_gives_the_same_bytes() -> None:
    recording, again = synthesize("normal", seed=1), synthesize("normal", seed=1)
    assert plot(recording, classify(recording)) == plot(again, classify(again))
    assert plot(synthesize("normal", seed=2)) != plot(recording)


def test_drawing_does_not_change_the_recording() -> None:
    recording = make_recording(("I", "II", "V2"))
    recording.signal[0, 100] = np.inf
    before = recording.signal.copy()
    plot(recording)
    np.testing.assert_array_equal(recording.signal, before)


def test_twelve_leads_stay_below_150_kilobytes() -> None:
    assert len(plot(synthesize("lbbb"))) < 150_000
    assert len(plot(synthesize("lbbb", fs_hz=4000))) < 200_000


@pytest.mark.no_cover
def test_a_plot_of_an_hour_takes_about_as_long_as_one_of_forty_seconds() -> None:
    short = make_recording(LEADS, fs_hz=100, duration_s=40)
    hour = replace(short, signal=np.tile(short.signal, (1, 90)))
    assert hour.duration_s == 3600
    assert times_as_costly(lambda: plot(hour), lambda: plot(short), enough=3) <= 3


def test_plot_writes_the_record_beside_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = wfdb_files(synthesize("lbbb"), "record")
    write_files(files, tmp_path / "in")
    monkeypatch.chdir(tmp_path)
    assert main(["plot", *(str(tmp_path / "in" / name) for name in files)]) == 0
    assert capsys.readouterr().out == "record.svg\n"
    result = classify(files)
    assert (tmp_path / "record.svg").read_bytes() == plot(result.recording, result)


def test_plot_accepts_an_output_path_and_reading_options(tmp_path: Path) -> None:
    signal = 1000 * synthesize("normal", fs_hz=200).signal[0]
    (tmp_path / "plain.csv").write_text("I\n" + "\n".join(f"{value:.3f}" for value in signal))
    out = tmp_path / "new" / "sheet.svg"
    assert main(["plot", str(tmp_path / "plain.csv"), "-o", str(out)]) == 2
    assert not out.exists()
    assert main(["plot", str(tmp_path / "plain.csv"), "-o", str(out), "--fs", "200", "--units", "uV"]) == 0
    assert any("200 Hz" in text for text in texts(out.read_bytes()))


def test_plot_reads_standard_input_and_writes_standard_output() -> None:
    data = csv_bytes(synthesize("normal"))
    command = [sys.executable, "-m", "ecg_core", "plot", "-", "-o", "-"]
    run = subprocess.run(command, cwd=ROOT, input=data, capture_output=True, check=True)
    result = classify({"-": data})
    assert run.stdout == plot(result.recording, result)
    assert run.stderr == b""


def test_a_record_of_standard_input_is_written_as_ecg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(csv_bytes(synthesize("normal")))))
    assert main(["plot", "-"]) == 0
    assert capsys.readouterr().out == "ecg.svg\n"
    assert (tmp_path / "ecg.svg").is_file()


def test_a_record_of_poor_quality_is_drawn_with_its_refusal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files({"short.csv": csv_bytes(synthesize("normal", duration_s=2))}, tmp_path)
    out = tmp_path / "short.svg"
    assert main(["plot", str(tmp_path / "short.csv"), "-o", str(out)]) == 2
    captured = capsys.readouterr()
    assert captured.out == f"{out}\n"
    assert "(too_short)" in captured.err
    assert texts(out.read_bytes())[0] == "Not classified"
    assert trace_of(strip(out.read_bytes(), "V1"))


def test_an_unreadable_file_is_refused_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files({"notes.txt": b"no ECG at all"}, tmp_path)
    assert main(["plot", str(tmp_path / "notes.txt"), "-o", str(tmp_path / "x.svg")]) == 2
    assert "(unsupported_format)" in capsys.readouterr().err
    assert main(["plot", str(tmp_path / "none.hea"), "-o", str(tmp_path / "x.svg")]) == 2
    assert "No such file." in capsys.readouterr().err
    assert not (tmp_path / "x.svg").exists()


def test_several_records_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        write_files({f"{name}.csv": csv_bytes(synthesize("normal", fs_hz=100))}, tmp_path)
    assert main(["plot", str(tmp_path), "-o", str(tmp_path / "x.svg")]) == 2
    assert "2 records were named" in capsys.readouterr().err
    assert not (tmp_path / "x.svg").exists()


def test_no_name_of_the_file_reaches_the_sheet(tmp_path: Path) -> None:
    files = wfdb_files(synthesize("normal"), "Mustermann")
    files["Mustermann.hea"] = files["Mustermann.hea"].replace(b"# synthetic", b"# Max 1950")
    write_files(files, tmp_path)
    out = tmp_path / "sheet.svg"
    assert main(["plot", str(tmp_path / "Mustermann.hea"), "-o", str(out)]) == 0
    assert not any(secret in out.read_text() for secret in ("Mustermann", "Max", str(tmp_path)))
    assert not any("1950" in text for text in texts(out.read_bytes()))


def test_the_picture_of_the_examples_is_what_the_command_draws(tmp_path: Path) -> None:
    out = tmp_path / "block.svg"
    assert main(["plot", str(ROOT / "examples/left_bundle_branch_block.zip"), "-o", str(out)]) == 0
    assert out.read_bytes() == examples()["left_bundle_branch_block.svg"]
    assert texts(out.read_bytes())[0] == "CD · conduction disturbance"


def test_a_plot_never_overwrites_the_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, data in wfdb_files(synthesize("normal"), "r").items():
        (tmp_path / name).write_bytes(data)
    before = (tmp_path / "r.dat").read_bytes()
    assert main(["plot", str(tmp_path / "r.hea"), "-o", str(tmp_path / "r.dat")]) == 2
    assert (tmp_path / "r.dat").read_bytes() == before
    assert "overwrite" in capsys.readouterr().err
