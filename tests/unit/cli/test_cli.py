import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ecg_core import classify
from ecg_core.cli import main
from ecg_core.model.classifier import default_classifier
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import csv_bytes, wfdb_files, write_files, zip_bytes

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good records of different formats, a header without its signal, and files that are no records."""
    write_files(wfdb_files(synthesize("normal"), "a"), tmp_path / "patient")
    write_files({"b.csv": csv_bytes(synthesize("lbbb"))}, tmp_path)
    write_files({"c.hea": wfdb_files(synthesize("rbbb"), "c")["c.hea"]}, tmp_path)
    write_files({"README.md": b"# notes", ".DS_Store": b"\0\1", "patient.atr": b"\0"}, tmp_path)
    return tmp_path


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_person_reads_diagnosis_bars_and_disclaimer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(ROOT / "examples/normal.hea")]) == 0
    shown = capsys.readouterr().out
    assert "NORM  normal ECG, probability 0." in shown
    assert all(f"  {label}" in shown for label in ("NORM", "CD", "STTC"))
    assert "█" in shown
    assert "Not a medical device" in shown


def test_json_is_exactly_the_bytes_of_the_core(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    files = wfdb_files(synthesize("normal"), "record")
    write_files(files, tmp_path)
    assert main(["classify", "--json", str(tmp_path / "record.hea")]) == 0
    assert capfdbinary.readouterr().out == classify(files).to_json() + b"\n"


@pytest.mark.parametrize("name", ["record", "record.hea", "record.dat"])
def test_a_wfdb_record_is_named_by_any_of_its_files_or_none(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(wfdb_files(synthesize("normal"), "record"), tmp_path)
    assert main(["classify", "--json", str(tmp_path / name)]) == 0
    assert lines(capsys.readouterr().out)[0]["diagnosis"] == "NORM"


def test_several_files_of_one_record_are_one_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = write_files(wfdb_files(synthesize("normal"), "record"), tmp_path)
    assert main(["classify", "--json", *map(str, paths)]) == 0
    assert len(lines(capsys.readouterr().out)) == 1


def test_a_file_that_is_named_twice_is_answered_twice(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(ROOT / "examples/normal.zip")
    assert main(["classify", "--json", path, path]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second


def test_a_record_may_come_through_standard_input() -> None:
    data = (ROOT / "examples/normal.zip").read_bytes()
    command = [sys.executable, "-m", "ecg_core", "classify", "--json", "-"]
    run = subprocess.run(command, cwd=ROOT, input=data, capture_output=True, check=True)
    assert run.stdout == classify({"-": data}).to_json() + b"\n"


def test_file_names_that_are_invalid_text_or_too_long_get_an_answer(tmp_path: Path) -> None:
    data = (ROOT / "examples/normal.zip").read_bytes()
    strange = os.fsencode(tmp_path) + b"/\xff\x1b[31m.zip"
    Path(os.fsdecode(strange)).write_bytes(data)
    command = [sys.executable.encode(), b"-m", b"ecg_core", b"classify", strange, b"a" * 300, b""]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for options, code in (([], b"(unsupported_format)"), ([b"--json", b"--paths"], b'"unsupported_format"')):
        run = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, check=False, env=environment)
        assert run.returncode == 2
        assert run.stdout.count(code) == 2
        assert b"Traceback" not in run.stderr
        assert b"\x1b" not in run.stdout
    assert json.loads(run.stdout.splitlines()[0])["path"] == os.fsdecode(strange)


def test_an_internal_fault_in_one_input_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ecg_core.model.classifier import Classifier

    whole = Classifier.classify

    def faulty(self: Classifier, source: Any, **options: Any) -> Any:
        if "normal.zip" in source:
            raise ZeroDivisionError
        return whole(self, source, **options)

    monkeypatch.setattr(Classifier, "classify", faulty)
    names = ("normal.zip", "st_depression.csv")
    assert main(["classify", "--json", *(str(ROOT / "examples" / name) for name in names)]) == 2
    first, second = lines(capsys.readouterr().out)
    assert (first["code"], second["diagnosis"]) == ("internal_error", "STTC")


def test_a_missing_data_set_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(tmp_path / "none")]) == 2
    assert main(["train", "--ptbxl", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 2
    assert "No such file" in capsys.readouterr().err


def test_a_folder_is_searched_and_a_refusal_does_not_stop_the_search(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["classify", "--json", "--paths", str(folder)]) == 2
    captured = capsys.readouterr()
    found = {Path(str(line["path"])).name: line.get("diagnosis", line.get("code")) for line in lines(captured.out)}
    assert found == {"a.hea": "NORM", "b.csv": "CD", "c.hea": "record_incomplete"}
    assert all(next(iter(line)) == "path" for line in lines(captured.out))
    assert "3 inputs: 2 classified, 1 refused" in captured.err


def test_answers_come_in_the_order_of_the_inputs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kinds = ["normal", "lbbb", "st_depression", "rbbb"] * 5
    for index, kind in enumerate(kinds):
        write_files({f"{index:02}.csv": csv_bytes(synthesize(kind, fs_hz=100, seed=index))}, tmp_path)
    paths = sorted(map(str, tmp_path.iterdir()), reverse=True)
    assert main(["classify", "--json", "--paths", *paths]) == 0
    assert [line["path"] for line in lines(capsys.readouterr().out)] == paths


def test_a_refusal_tells_a_person_what_to_do(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(folder / "c.hea")]) == 2
    shown = capsys.readouterr().out
    assert "refused: " in shown
    assert "(record_incomplete)" in shown


def test_a_missing_file_and_a_folder_without_records_are_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["classify", str(tmp_path / "none.hea")]) == 2
    assert "No such file." in capsys.readouterr().out
    assert main(["classify", "--json", str(tmp_path)]) == 2
    assert lines(capsys.readouterr().out)[0]["code"] == "unsupported_format"


def test_options_fill_in_what_a_file_does_not_state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = synthesize("normal", fs_hz=200)
    rows = "\n".join(f"{one:.3f},{two:.3f}" for one, two in (1000 * recording.signal[:2]).T)
    path = tmp_path / "plain.csv"
    path.write_text(f"I,II\n{rows}\n")
    assert main(["classify", "--json", str(path)]) == 2
    assert main(["classify", "--json", "--fs", "200", "--units", "uV", str(path)]) == 0
    refused, answered = lines(capsys.readouterr().out)
    assert refused["code"] in {"sampling_rate_unknown", "units_unknown"}
    recorded = answered["recording"]
    assert isinstance(recorded, dict)
    assert recorded["fs_hz"] == 200


def test_a_named_pipe_does_not_block_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    assert main(["classify", "--json", str(tmp_path)]) == 2
    assert lines(capsys.readouterr().out)[0]["code"] in {"empty_file", "unsupported_format"}


def test_a_file_above_the_limit_is_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    assert main(["classify", "--json", str(path)]) == 2
    assert lines(capsys.readouterr().out)[0]["code"] == "file_too_large"


def test_closing_the_output_early_is_no_error(tmp_path: Path) -> None:
    for index in range(30):
        write_files(wfdb_files(synthesize("normal", fs_hz=100, seed=index), f"r{index}"), tmp_path)
    command = f"{sys.executable} -m ecg_core classify {tmp_path} | head -1"
    run = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("ending", ["hea", "zip", "csv"])
def test_synth_writes_what_classify_reads(tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / f"block.{ending}"
    assert main(["synth", "lbbb", "-o", str(out), "--seed", "3"]) == 0
    capsys.readouterr()
    assert main(["classify", "--json", str(out)]) == 0
    assert lines(capsys.readouterr().out)[0]["diagnosis"] == "CD"


def test_synth_refuses_an_unknown_rhythm_and_an_unknown_ending(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["synth", "flutter", "-o", str(tmp_path / "x.csv")]) == 2
    assert main(["synth", "normal", "-o", str(tmp_path / "x.xyz")]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_the_examples_of_the_repository_are_made_by_the_command(tmp_path: Path) -> None:
    assert main(["synth", "examples", "-o", str(tmp_path)]) == 0
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_bytes() for path in (ROOT / "examples").iterdir()}


def test_a_wrong_call_shows_the_usage() -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["classify"])
    assert stopped.value.code == 2


def test_the_command_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "ecg_core", "classify", "--json", "examples/normal.zip"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    assert run.stdout == classify({"normal.zip": (ROOT / "examples/normal.zip").read_bytes()}).to_json() + b"\n"


def test_missing_artifacts_stop_the_command_with_a_clear_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ecg_core.model.classifier import _default_classifier

    monkeypatch.setenv("EKG_ARTIFACTS", str(tmp_path))
    _default_classifier.cache_clear()
    try:
        assert main(["classify", str(ROOT / "examples/normal.zip")]) == 2
    finally:
        _default_classifier.cache_clear()
    assert "artifact_invalid" in capsys.readouterr().err


def test_no_output_repeats_names_from_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = wfdb_files(synthesize("normal"), "Mustermann")
    files["Mustermann.hea"] = files["Mustermann.hea"].replace(b" V6", b" Geheim").replace(b"# synthetic", b"# Max 1950")
    write_files(files, tmp_path)
    (tmp_path / "Mustermann.dat").write_bytes(files["Mustermann.dat"][:-2])
    assert main(["classify", "--json", str(tmp_path / "Mustermann.hea")]) == 2
    write_files(files, tmp_path)
    assert main(["classify", "--json", str(tmp_path / "Mustermann.hea")]) == 0
    shown = "".join(capsys.readouterr())
    assert not any(secret in shown for secret in ("Mustermann", "Geheim", "1950", str(tmp_path)))


def test_a_zip_and_its_loose_files_get_the_same_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = wfdb_files(synthesize("rbbb"), "record")
    write_files({**files, "record_upload.zip": zip_bytes(files)}, tmp_path)
    assert main(["classify", "--json", str(tmp_path)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second


def test_evaluate_prints_the_report(small_ptbxl: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(small_ptbxl), "--folds", "9", "--leads", "I"]) == 0
    assert "macro AUC of five" in capsys.readouterr().out
    assert main(["evaluate", str(small_ptbxl), "--json", "--leads", "I,II"]) == 0
    assert json.loads(capsys.readouterr().out)["leads"] == ["I", "II"]


def test_a_task_of_the_benchmark_can_be_measured(small_ptbxl: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(small_ptbxl), "--json", "--leads", "I", "--task", "rhythm"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["task"], list(report["labels"]), report["n"]) == ("rhythm", ["SR"], 12)
    assert main(["evaluate", str(small_ptbxl), "--leads", "I", "--task", "rhythm"]) == 0
    assert "task rhythm: 12 records" in capsys.readouterr().out


def test_the_tasks_of_the_command_are_those_of_the_benchmark() -> None:
    from ecg_core.cli.training import SUPER
    from ecg_core.cli.training import TASKS as NAMED
    from ecg_core.training.measure.benchmark import TASKS

    assert set(NAMED) == {*TASKS, SUPER}


def test_all_statements_are_given_on_request(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    files = wfdb_files(synthesize("lbbb"), "record")
    write_files(files, tmp_path)
    path = str(tmp_path / "record.hea")
    assert main(["classify", "--statements", "all", "--json", path]) == 0
    assert capfdbinary.readouterr().out == classify(files, statements="all").to_json() + b"\n"
    assert main(["classify", path]) == 0
    assert b"\n  CLBBB   complete left bundle branch block 0." in capfdbinary.readouterr().out
    assert main(["classify", "--statements", "all", path]) == 0
    assert b"sinus bradycardia 0.0" in capfdbinary.readouterr().out
    assert main(["classify", "--timeline", "--statements", "all", path]) == 0
    published = len(classify(files, statements="all").statements)
    assert len(json.loads(capfdbinary.readouterr().out)["statements"]) == published


def test_an_explanation_in_json_is_exactly_that_of_the_core(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    files = wfdb_files(synthesize("lbbb"), "record")
    write_files(files, tmp_path)
    assert main(["classify", "--explain", "--json", str(tmp_path / "record.hea")]) == 0
    shown = capfdbinary.readouterr().out
    assert shown == default_classifier().classify(files, explain=True).to_json() + b"\n"
    assert b'"explanation": {' in shown


def test_a_person_reads_which_segments_speak_most_for_the_diagnosis(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "--explain", str(ROOT / "examples/right_bundle_branch_block.zip")]) == 0
    shown = capsys.readouterr().out
    assert "speaks most for CD, 0 to 10 s: V1 QRS +" in shown
    assert "not why" in shown
    assert main(["classify", str(ROOT / "examples/right_bundle_branch_block.zip")]) == 0
    assert "speaks most" not in capsys.readouterr().out


def test_a_plot_is_drawn_as_asked(tmp_path: Path) -> None:
    out = tmp_path / "plot.svg"
    options = ["--speed", "50", "--gain-mm", "5", "--layout", "6x2"]
    assert main(["plot", str(ROOT / "examples/normal.zip"), "-o", str(out), *options]) == 0
    assert "50 mm/s, 5 mm/mV" in out.read_text()


def test_a_plot_is_shaded_only_with_the_option_explain(tmp_path: Path) -> None:
    path, plain, shaded = str(ROOT / "examples/st_depression.csv"), tmp_path / "plain.svg", tmp_path / "shaded.svg"
    assert main(["plot", path, "-o", str(plain)]) == 0
    assert main(["plot", "--explain", path, "-o", str(shaded)]) == 0
    assert b"evidence for STTC" in shaded.read_bytes()
    assert b"evidence for" not in plain.read_bytes()


def test_evidence_measures_and_prints_where_the_network_looks(
    small_ptbxl: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evidence", str(small_ptbxl), "--records", "3"]) == 0
    assert capsys.readouterr().out.startswith("## Where it looks")
    assert main(["evidence", str(small_ptbxl), "--records", "3", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["evidence"]["classes"]) == {"CD", "STTC"}


def test_the_command_starts_without_thread_pools_plots_and_training() -> None:
    program = (
        "import sys, ecg_core.cli\n"
        "late = ('concurrent.futures', 'tqdm', 'torch', 'ecg_core.drop', 'ecg_core.reports.svg')\n"
        "ecg_core.cli.main(['classify', 'examples/normal.zip'])\n"
        "print([name for name in late if name in sys.modules], file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stderr.strip() == "[]"
