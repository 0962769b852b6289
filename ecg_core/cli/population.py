"""`ekg recalibrate` and `ekg drift`: what the ECGs of a hospital say about the model there."""

import argparse
import json
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from ecg_core.classification import DISCLAIMER, SUPERCLASSES
from ecg_core.cli.options import add_reading_options, reading_options


def add_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    recalibrate = commands.add_parser(
        "recalibrate", help="fit calibration and thresholds to labelled ECGs of a hospital", epilog=DISCLAIMER
    )
    recalibrate.add_argument("folder", metavar="DIR", help="the ECGs")
    recalibrate.add_argument(
        "--labels", type=Path, required=True, metavar="FILE", help="a table: record, NORM, CD, ..."
    )
    recalibrate.add_argument("-o", "--out", type=Path, required=True, metavar="FILE", help="the calibration to write")
    _add_common(recalibrate)
    recalibrate.set_defaults(run=_refusing(_recalibrate), wrong=recalibrate.error)

    drift = commands.add_parser(
        "drift", help="compare ECGs of a hospital with PTB-XL, without labels", epilog=DISCLAIMER
    )
    drift.add_argument("folder", metavar="DIR", help="the ECGs")
    said = "also write a calibration for the estimated frequencies; answers call it an estimate"
    drift.add_argument("-o", "--out", type=Path, metavar="FILE", help=said)
    _add_common(drift)
    drift.set_defaults(run=_refusing(_drift), wrong=drift.error)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rule",
        action="append",
        default=[],
        metavar="[CLASS:]RULE",
        help="how thresholds are chosen: f1 (default), sensitivity=.95 or specificity=.95; for one class: CD:f1",
    )
    parser.add_argument(
        "--name", metavar="NAME", help="of the calibration; answers show it (default: that of the file)"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    add_reading_options(parser)


def _refusing(run: Any) -> Any:
    def guarded(options: argparse.Namespace) -> int:
        from ecg_core.population.refusals import PopulationRefused

        try:
            run(options)
        except PopulationRefused as refusal:
            print(f"{refusal.message}\n  {refusal.hint} ({refusal.code})", file=sys.stderr)
            return 2
        return 0

    return guarded


def _rules(options: argparse.Namespace) -> dict[str, Any]:
    """{superclass: rule}. Without a class, a rule is that of all classes that no other one names."""
    from ecg_core.population.fitting import Rule

    every, of_one = Rule(), {}
    for text in options.rule:
        label, colon, said = text.rpartition(":")
        try:
            rule = Rule.parse(said)
        except ValueError as error:
            options.wrong(str(error))
        if not colon:
            every = rule
        elif label in SUPERCLASSES:
            of_one[label] = rule
        else:
            options.wrong(f"--rule names a class: {', '.join(SUPERCLASSES)}.")
    return {label: of_one.get(label, every) for label in SUPERCLASSES}


def _name(options: argparse.Namespace) -> str:
    from ecg_core.model.local_calibration import MAX_NAME_LENGTH, is_name

    name = options.name if options.name is not None or not options.out else options.out.stem
    if not is_name(name):
        options.wrong(f"--name is a printable text of at most {MAX_NAME_LENGTH} characters.")
    return str(name)


def _recalibrate(options: argparse.Namespace) -> None:
    from ecg_core.population import text
    from ecg_core.population.labels import matched, read_labels
    from ecg_core.population.recalibrate import recalibrated
    from ecg_core.population.records import each, observed_input, own_classifier
    from ecg_core.population.refusals import PopulationRefused
    from ecg_core.readers.paths import find_inputs

    rules, name = _rules(options), _name(options)
    inputs = find_inputs([options.folder])
    _check(options, {options.labels, *(path for item in inputs for path in item.paths)})
    pairs, missing = matched(read_labels(options.labels), inputs)
    if not pairs:
        hint = "Name each record by its path within the folder, or by the name of its file."
        raise PopulationRefused("no_record_labelled", "No record of this folder has labels.", hint)
    classifier = own_classifier()
    given = reading_options(options)
    seen = each(lambda pair: (pair[0], observed_input(classifier, pair[1], **given)), pairs)
    content = recalibrated(classifier, seen, rules, name)
    if missing:
        print(
            f"{len(missing)} labelled records are not in the folder; the first is in line {missing[0]}.",
            file=sys.stderr,
        )
    _write(options.out, content)
    print(json.dumps(content, ensure_ascii=False) if options.json else text.recalibration(content))
    print(f"Use it: EKG_CALIBRATION={options.out}", file=sys.stderr)


def _drift(options: argparse.Namespace) -> None:
    from ecg_core.population import text
    from ecg_core.population.drift import drift, reference_of
    from ecg_core.population.estimate import estimate
    from ecg_core.population.records import each, observed_input, own_classifier
    from ecg_core.readers.paths import find_inputs

    if not options.out and (options.rule or options.name):
        options.wrong("--rule and --name are of the calibration: give -o too")
    rules, name = _rules(options), _name(options) if options.out else ""
    classifier = own_classifier()
    reference_of(classifier)
    given = reading_options(options)
    inputs = find_inputs([options.folder])
    _check(options, {path for item in inputs for path in item.paths})
    records = each(lambda item: observed_input(classifier, item, **given), inputs)
    report = drift(classifier, records)
    print(json.dumps(report, ensure_ascii=False) if options.json else text.drift(report), flush=True)
    if options.out:
        _write(options.out, estimate(classifier, records, report, rules, name))
        print(f"An estimate. Use it: EKG_CALIBRATION={options.out}", file=sys.stderr)


def _check(options: argparse.Namespace, read: Collection[Path]) -> None:
    """Stops a call that would overwrite what it reads."""
    if not options.out or not options.out.exists():
        return
    out = options.out.resolve()
    if out in {path.resolve() for path in read}:
        options.wrong("-o names a file that is read here: name a file outside of the folder")


def _write(out: Path, content: Mapping[str, Any]) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
