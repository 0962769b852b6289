"""The commands of `ekg` that train and measure. They import torch only when they run."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecg_core.cli.card import add_card_commands
from ecg_core.leads import LEAD_SETS, LEADS, canonical_lead
from ecg_core.training.settings import Settings

if TYPE_CHECKING:
    from ecg_core.model.classifier import Classifier

LEDGER = Path("artifacts/training")
NETWORKS = "compact (shipped), ecgnet (the baseline), wide (a teacher), placement"
SAID = {
    "network": NETWORKS,
    "held_out": "folds of 1-8 that are not trained on",
    "few_leads": "half of each batch has fewer leads",
    "mixup": "the share of a batch that is mixed with other records",
    "gain": "the largest random change of the height of a record, as a part of it",
    "soft_weight": "weight of the soft targets, from 0 to 1; the labels have the rest",
    "statement_soft_weight": "the same for the statements; negative: as --soft-weight",
    "rarity": "how much more a rare statement counts: a power of its rarity, 0 for none",
    "devices": "the share of a batch that passes the filters of other devices",
    "start": "a released model.onnx whose weights the training begins with",
    "learning_rate": "the highest learning rate; 0 for that of the network",
    "half_precision": "bfloat16 in the forward pass where the hardware has it, else float32",
    "device": "cpu or cuda",
    "threads": "threads of each run; several runs train side by side",
    "compiled": "use torch.compile, which needs a C++ compiler",
}

# measure.benchmark.TASKS, and the superclasses. Named here because importing it takes longer than printing the help.
SUPER = "super"
TASKS = ("all", "diag", "subdiag", SUPER, "form", "rhythm")

Run = Callable[[argparse.Namespace], None]


def add_commands(commands: Any) -> None:
    """Adds them to what ArgumentParser.add_subparsers() gave."""

    def command(name: str, run: Run, said: str, *, trains: bool = True) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = commands.add_parser(name, help=said)
        if trains:
            parser.add_argument(
                "--ptbxl", type=Path, required=True, metavar="DIR", help="PTB-XL in the layout of PhysioNet"
            )
            parser.add_argument("--out", type=Path, required=True, metavar="DIR")
        parser.set_defaults(run=_guarded(run))
        return parser

    train = command("train", _train, "train on PTB-XL and write model.onnx, model.json and MODEL_CARD.md")
    train.add_argument("--members", type=int, default=1, help="networks whose logits are averaged")
    train.add_argument("--soft-targets", type=Path, metavar="DIR", help="the folder that `ekg teach` wrote")
    train.add_argument("--fresh", action="store_true", help="start again; ignore checkpoints")
    train.add_argument("--ledger", type=Path, metavar="DIR", help="enter the first member in this ledger")
    _add_settings(train)

    teach = command("teach", _teach, "train the teachers and write their soft targets")
    _add_ledger(teach)
    teach.add_argument("--networks", type=_names, metavar="NAME[,NAME...]", help="default: all teachers")
    teach.add_argument("--epochs", type=int)
    teach.add_argument("--device", default="cpu", help="cpu or cuda")

    release = command("release", _release, "teach, train, export and measure: all that a release needs, in one command")
    release.add_argument("--device", default="cpu", help="cpu or cuda")
    release.add_argument("--threads", type=int, default=1, help="threads of each run; several runs train side by side")

    ablate = command("ablate", _ablate, "what each ingredient of the training gives, in short runs")
    _add_ledger(ablate)
    ablate.add_argument("--only", type=_names, metavar="NAME[,NAME...]")
    ablate.add_argument("--device", default="cpu", help="cpu or cuda")

    export = command("export", _export, "checkpoints of `ekg train` -> model.onnx, model.json, MODEL_CARD.md")
    export.add_argument("checkpoints", nargs="+", type=Path, metavar="CHECKPOINT")
    said = "its checkpoint, or the model.onnx of a release"
    export.add_argument("--placement", type=Path, required=True, metavar="CHECKPOINT", help=said)

    precision = command("precision", _precision, "AUC, size and speed of the model as FP16 and INT8", trains=False)
    precision.add_argument("ptbxl", type=Path, metavar="DIR")
    precision.add_argument("--model", type=Path, default=Path("artifacts/model.onnx"), metavar="FILE")
    _add_ledger(precision)

    evaluate = command(
        "evaluate", _evaluate, "measure the model on PTB-XL, from files to rounded probabilities", trains=False
    )
    evaluate.add_argument("ptbxl", type=Path, metavar="DIR")
    evaluate.add_argument("--folds", type=_numbers, default=(9,), metavar="N[,N...]")
    evaluate.add_argument(
        "--leads", type=_leads, default=LEADS, metavar="LEADS", help="a lead set (12, limb, I...) or a list: I,II,V2"
    )
    evaluate.add_argument(
        "--task", choices=TASKS, default=SUPER, help="labels of the PTB-XL benchmark (default: the superclasses)"
    )
    evaluate.add_argument("--json", action="store_true")

    check = command(
        "measure-check", _measure_check, "heart rate, PR, QRS, QT and axis against PTB-XL's labels", trains=False
    )
    check.add_argument("ptbxl", type=Path, nargs="?", metavar="DIR", help="without it, the synthetic heart alone")
    check.add_argument("--folds", type=_numbers, default=(9,), metavar="N[,N...]")
    check.add_argument("--every", type=int, default=1, metavar="N", help="only every n-th record")
    check.add_argument("--seeds", type=int, default=20, metavar="N", help="synthetic recordings of each condition (20)")
    check.add_argument("--json", action="store_true")

    add_card_commands(command)


def _guarded(run: Run) -> Callable[[argparse.Namespace], int]:
    def guarded(options: argparse.Namespace) -> int:
        try:
            run(options)
        except ValueError as error:
            print(error, file=sys.stderr)
            return 2
        return 0

    return guarded


def _add_ledger(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ledger", type=Path, default=LEDGER, metavar="DIR", help=f"default: {LEDGER}")


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """Adds an option for each setting."""
    for setting in fields(Settings):
        option, said = f"--{setting.name.replace('_', '-')}", SAID.get(setting.name)
        if isinstance(setting.default, bool):
            parser.add_argument(option, action=argparse.BooleanOptionalAction, default=setting.default, help=said)
        else:
            convert = _numbers if isinstance(setting.default, tuple) else type(setting.default)
            parser.add_argument(option, type=convert, default=setting.default, help=said)


def _settings(options: argparse.Namespace) -> Settings:
    return Settings(**{setting.name: getattr(options, setting.name) for setting in fields(Settings)})


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _leads(text: str) -> tuple[str, ...]:
    if text in LEAD_SETS:
        return LEAD_SETS[text]
    named = [canonical_lead(part) for part in text.split(",")]
    if None in named:
        raise argparse.ArgumentTypeError(f"a lead set ({', '.join(LEAD_SETS)}) or leads of {', '.join(LEADS)}")
    return tuple(lead for lead in LEADS if lead in named)


def _train(options: argparse.Namespace) -> None:
    from ecg_core.training.train import train

    train(
        options.ptbxl,
        options.out,
        _settings(options),
        members=options.members,
        soft_targets=options.soft_targets,
        ledger=options.ledger,
        fresh=options.fresh,
    )


def _teach(options: argparse.Namespace) -> None:
    from ecg_core.training.teach import teach

    given = {"networks": options.networks} if options.networks else {}
    teach(options.ptbxl, options.out, options.ledger, device=options.device, epochs=options.epochs, **given)


def _release(options: argparse.Namespace) -> None:
    from ecg_core.training.release import release

    print(release(options.ptbxl, options.out, device=options.device, threads=options.threads))


def _ablate(options: argparse.Namespace) -> None:
    from ecg_core.training.train import ablate

    given = {"names": options.only} if options.only else {}
    ablate(options.ptbxl, options.out, options.ledger, device=options.device, **given)


def _export(options: argparse.Namespace) -> None:
    from ecg_core.training.data.dataset import load
    from ecg_core.training.export import export

    export(options.checkpoints, options.placement, load(options.ptbxl), options.ptbxl, options.out)


def _precision(options: argparse.Namespace) -> None:
    from ecg_core.training.measure.precision import precision

    precision(options.ptbxl, options.model, options.ledger)


def _measure_check(options: argparse.Namespace) -> None:
    from ecg_core.training.measure import measurements

    labels = measurements.against_labels(options.ptbxl, options.folds, options.every) if options.ptbxl else None
    synthesis = measurements.against_synthesis(options.seeds)
    if options.json:
        print(json.dumps({"labels": labels, "synthesis": synthesis}, ensure_ascii=False))
    else:
        print("\n".join(measurements.lines(labels, synthesis)))


def _evaluate(options: argparse.Namespace) -> None:
    from ecg_core.population.records import own_classifier

    report, said = (_superclasses if options.task == SUPER else _benchmark)(options, own_classifier())
    print(json.dumps(report, ensure_ascii=False) if options.json else said)


def _superclasses(options: argparse.Namespace, classifier: "Classifier") -> tuple[dict[str, Any], str]:
    from ecg_core.training.evaluate import evaluate
    from ecg_core.training.report.text import text

    report = evaluate(classifier, options.ptbxl, options.folds, options.leads)
    return report, text(report)


def _benchmark(options: argparse.Namespace, classifier: "Classifier") -> tuple[dict[str, Any], str]:
    from ecg_core.training.measure.benchmark import evaluate_task
    from ecg_core.training.report.statements import benchmark_text

    report = evaluate_task(options.task, classifier, options.ptbxl, options.folds, options.leads)
    return report, benchmark_text(report)
