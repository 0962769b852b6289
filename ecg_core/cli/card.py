"""The commands of `ekg` that measure the sections of the model card and write the card."""

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ecg_core.model.classifier import Classifier
    from ecg_core.training.measured_terms import Terms


class AddCommand(Protocol):
    def __call__(
        self, name: str, run: Callable[[argparse.Namespace], None], said: str, *, trains: bool = True
    ) -> argparse.ArgumentParser: ...


def add_card_commands(command: AddCommand) -> None:
    card = command("card", _card, "write MODEL_CARD.md and its diagram again from model.json", trains=False)
    card.add_argument("artifacts", type=Path, metavar="FOLDER")

    calibrate = command("calibrate", _calibrate, "calibrate and measure a model again and write its card", trains=False)
    calibrate.add_argument("ptbxl", type=Path, metavar="DIR", help="PTB-XL in the layout of PhysioNet")
    calibrate.add_argument(
        "--into", type=Path, required=True, metavar="FOLDER", help="the folder of the model's artifacts"
    )

    statements = command("statements", _statements, "calibrate and measure the statements of a model", trains=False)
    statements.add_argument("ptbxl", type=Path, metavar="DIR", help="PTB-XL in the layout of PhysioNet")
    statements.add_argument(
        "--into", type=Path, required=True, metavar="FOLDER", help="the folder of the model's artifacts"
    )

    said = "fit what the measurements add to the statements, and measure the statements"
    terms = command("terms", _terms, said, trains=False)
    terms.add_argument("ptbxl", type=Path, metavar="DIR", help="PTB-XL in the layout of PhysioNet")
    terms.add_argument("--into", type=Path, required=True, metavar="FOLDER", help="the folder of the model's artifacts")
    soft = Path("artifacts/training/soft_targets")
    terms.add_argument(
        "--soft-targets", type=Path, default=soft, metavar="DIR", help="the folder that `ekg teach` wrote"
    )

    reference = command(
        "drift-reference", _drift_reference, "measure what `ekg drift` compares with, into model.json", trains=False
    )
    reference.add_argument("ptbxl", type=Path, metavar="DIR", help="PTB-XL in the layout of PhysioNet")
    reference.add_argument(
        "--into", type=Path, required=True, metavar="FOLDER", help="the folder of the model's artifacts"
    )

    local = command(
        "local-accuracy", _local_accuracy, "measure how many labelled records `ekg recalibrate` needs", trains=False
    )
    local.add_argument("ptbxl", type=Path, metavar="DIR", help="PTB-XL in the layout of PhysioNet")
    local.add_argument("--samples", type=Path, metavar="FOLDER", help="records of other hospitals, from CinC-2021")
    local.add_argument("--json", action="store_true")

    robustness = command(
        "robustness", _robustness, "measure the model by sex, age and recording conditions", trains=False
    )
    robustness.add_argument(
        "--records500", type=Path, metavar="FOLDER", help="the same records at 500 Hz (NNNNN_hr.hea)"
    )
    robustness.add_argument(
        "--transfer", type=Path, metavar="FOLDER", help="records of other hospitals, from CinC-2021"
    )
    _add_common(robustness)

    abstain = command("abstain", _abstain, "measure how often wrong input is refused or warned about", trains=False)
    abstain.add_argument("--samples", type=Path, metavar="FOLDER", help="real files of many formats")
    _add_common(abstain)

    evidence = command("evidence", _evidence, "measure where the network looks and where it should", trains=False)
    evidence.add_argument("--records", type=int, default=300, metavar="N", help="at most N records of each class (300)")
    _add_common(evidence)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ptbxl", type=Path, metavar="DIR", help="PTB-XL in the layout of PhysioNet")
    parser.add_argument(
        "--into", type=Path, metavar="FOLDER", help="measure the model in this folder and write its card"
    )
    parser.add_argument("--json", action="store_true")


def _classifier(options: argparse.Namespace) -> "Classifier":
    from ecg_core.model.classifier import Classifier
    from ecg_core.population.records import own_classifier

    return Classifier(options.into) if options.into else own_classifier()


def _card(options: argparse.Namespace) -> None:
    from ecg_core.model.classifier import Classifier
    from ecg_core.training.report.model_card import publish

    publish(options.artifacts, Classifier(options.artifacts).card)


def _calibrate(options: argparse.Namespace) -> None:
    from ecg_core.training.calibrate import calibrate
    from ecg_core.training.report.model_card import publish
    from ecg_core.training.report.performance import broken

    card = calibrate(options.into, options.ptbxl)
    publish(options.into, card)
    print(f"outside the limits of calibration: {', '.join(broken(card)) or 'none'}")


def _terms(options: argparse.Namespace) -> None:
    from ecg_core.training.measured_terms import fit_terms

    _remeasure(options, fit_terms(options.ptbxl, options.soft_targets))


def _statements(options: argparse.Namespace) -> None:
    _remeasure(options)


def _remeasure(options: argparse.Namespace, terms: "Terms | None" = None) -> None:
    from ecg_core.model.artifacts import MODEL_FILE
    from ecg_core.training.calibrate import measure_statements
    from ecg_core.training.report.model_card import publish
    from ecg_core.training.report.statements import statements

    model, card = measure_statements(options.into, options.ptbxl, terms)
    (options.into / MODEL_FILE).write_bytes(model)
    publish(options.into, card)
    print(statements(card))


def _drift_reference(options: argparse.Namespace) -> None:
    from ecg_core.model.artifacts import CARD_FILE
    from ecg_core.population.reference import SECTION
    from ecg_core.training.measure.drift_reference import drift_reference
    from ecg_core.training.report.model_card import publish

    section = drift_reference(_classifier(options), options.ptbxl)
    # Read the card again: another command may have changed it while this one ran.
    publish(options.into, {**json.loads((options.into / CARD_FILE).read_bytes()), SECTION: section})
    print(", ".join(f"{name}: {those['n']} records" for name, those in section["sets"].items()))


def _local_accuracy(options: argparse.Namespace) -> None:
    from ecg_core.population.records import own_classifier
    from ecg_core.training.measure.local_accuracy import local_accuracy
    from ecg_core.training.report import local_accuracy as report

    measured = local_accuracy(own_classifier(), options.ptbxl, options.samples)
    print(json.dumps(measured, ensure_ascii=False) if options.json else report.local_accuracy(measured))


def _robustness(options: argparse.Namespace) -> None:
    from ecg_core.training.measure import robustness, transfer

    classifier = _classifier(options)
    measured = {"robustness": robustness.robustness(classifier, options.ptbxl)}
    if options.records500:
        measured["robustness"]["twins"] = robustness.twins(classifier, options.ptbxl, options.records500)
    if options.transfer:
        measured["transfer"] = transfer.transfer(classifier, options.transfer)
    _give(options, classifier, measured)


def _abstain(options: argparse.Namespace) -> None:
    from ecg_core.training.measure import abstention

    classifier = _classifier(options)
    report = abstention.abstention(classifier, options.ptbxl)
    if options.samples:
        report["samples"], each = abstention.samples(classifier, options.samples)
        _give(options, classifier, {"abstention": report}, {"samples": each})
    else:
        _give(options, classifier, {"abstention": report})


def _evidence(options: argparse.Namespace) -> None:
    from ecg_core.training.measure.evidence import measure_evidence

    classifier = _classifier(options)
    measured = measure_evidence(classifier, options.ptbxl, max_records=options.records)
    _give(options, classifier, {"evidence": measured})


def _give(
    options: argparse.Namespace,
    classifier: "Classifier",
    measured: Mapping[str, Any],
    beside: Mapping[str, Any] | None = None,
) -> None:
    """Prints the results and writes the card. measured: for the card. beside: only for this print."""
    from ecg_core.model.artifacts import CARD_FILE
    from ecg_core.training.report.model_card import measured_sections, publish

    # Read the card again: another command may have changed it while this one ran.
    card = json.loads((options.into / CARD_FILE).read_bytes()) if options.into else classifier.card
    card = {**card, **measured}
    if options.into:
        publish(options.into, card)
    if options.json:
        print(json.dumps({**measured, **(beside or {})}, ensure_ascii=False))
        return
    print("\n\n".join(measured_sections(card, measured)))
    for title, lines in (beside or {}).items():
        print(f"\n{title}:", *(f"{name}: {', '.join(said)}" for name, said in lines.items()), sep="\n")
