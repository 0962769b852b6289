"""`ekg classify --fhir OUT` and the like: the answer of one record in other forms, each in a file."""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ecg_core.classification import Classification
from ecg_core.errors import SeveralRecords, UnsupportedFormat
from ecg_core.readers.paths import STDIN, Input


def _fhir(result: Classification) -> bytes:
    from ecg_core.reports.fhir import diagnostic_report

    return diagnostic_report(result)


def _bundle(result: Classification) -> bytes:
    from ecg_core.reports.fhir_bundle import transaction

    return transaction(result)


def _hl7(result: Classification) -> bytes:
    from ecg_core.reports.hl7v2 import message

    return message(result, datetime.now(UTC))


def _dicom(result: Classification) -> bytes:
    from ecg_core.reports.dicom_sr.report import structured_report

    return structured_report(result)


# Option: (what the help says, how a result becomes this form).
FORMS: dict[str, tuple[str, Callable[[Classification], bytes]]] = {
    "fhir": ("the FHIR DiagnosticReport", _fhir),
    "fhir_bundle": ("a FHIR transaction Bundle: the report, its Observations and the model as a Device", _bundle),
    "dicom_sr": ("a DICOM structured report (TID 3700); patient and time are left to the sender", _dicom),
    "hl7": ("an HL7 v2.5 message ORU^R01; the patient is left to the sender", _hl7),
}


def add_form_options(parser: argparse.ArgumentParser) -> None:
    for name, (said, _) in FORMS.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}", metavar="OUT", help=f"one record: also write {said}; - for standard output"
        )


def asked(options: argparse.Namespace) -> dict[str, str]:
    """{form: file} of the forms that are asked for."""
    return {name: out for name in FORMS if (out := getattr(options, name))}


def check(asked_for: dict[str, str], inputs: Sequence[Input]) -> None:
    """Raises SeveralRecords; UnsupportedFormat if a file of the record would be overwritten."""
    if asked_for and len(inputs) != 1:
        raise SeveralRecords(f"{len(inputs)} records were named; these files are of one.", "Name one record.")
    files = {path.resolve() for item in inputs for path in item.paths}
    if any(Path(out).resolve() in files for out in asked_for.values()):
        raise UnsupportedFormat("The answer would overwrite the record.", "Name another file.")


def write(result: Classification, asked_for: dict[str, str]) -> None:
    """Raises OSError."""
    for name, out in asked_for.items():
        body = FORMS[name][1](result)
        if out == STDIN:
            sys.stdout.buffer.write(body)
            sys.stdout.flush()
        else:
            Path(out).parent.mkdir(parents=True, exist_ok=True)
            Path(out).write_bytes(body)
