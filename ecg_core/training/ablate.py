"""`ekg ablate`: what each ingredient gives, at a reduced budget, one change at a time beside one baseline."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ecg_core.leads import LEAD_SETS
from ecg_core.training.data.dataset import Data, load
from ecg_core.training.fit import read_checkpoint
from ecg_core.training.ledger import MEASURED_SETS, SOFT_TARGETS, Ledger
from ecg_core.training.runs import Source, fit_all
from ecg_core.training.settings import Settings
from ecg_core.training.tasks import predict

EPOCHS = 6
BASELINE = "base"
_base = Settings("compact", EPOCHS)
ABLATIONS: dict[str, tuple[str, Settings]] = {
    BASELINE: (f"`compact`, {EPOCHS} epochs, product's lead sets", _base),
    "base2": ("another seed", replace(_base, seed=2)),
    "resnet": ("`resnet`, deeper and narrower", replace(_base, network="resnet")),
    "mixup": ("mixup on half of a batch", replace(_base, mixup=0.5)),
    "gain": ("heights changed by up to a fifth, lead by lead by up to a tenth", replace(_base, gain=0.2)),
    "no_demographics": ("without sex and age as targets", replace(_base, demographic_weight=0.0)),
    "no_statements": ("without the 71 statements as targets", replace(_base, statement_weight=0.0)),
    "twelve": ("twelve leads, a quarter of a batch with leads dropped", replace(_base, few_leads=False)),
    "soft": ("seven tenths of the targets from the teachers", replace(_base, soft_weight=0.7)),
    "fp32": ("without bfloat16", replace(_base, half_precision=False)),
}


def ablate(ptbxl: Path, out: Path, ledger: Path, names: Sequence[str] = tuple(ABLATIONS), device: str = "cpu") -> None:
    """Trains what is named (and the baseline) in out and enters it in the ledger, whose soft targets are used."""
    wanted = [BASELINE, *(name for name in names if name != BASELINE)]
    source = Source(ptbxl, ledger / SOFT_TARGETS if (ledger / SOFT_TARGETS).is_dir() else None)
    data = load(source.ptbxl, source.soft_targets)
    checkpoints = fit_all([(out / name, replace(ABLATIONS[name][1], device=device)) for name in wanted], data, source)
    for name, checkpoint in zip(wanted, checkpoints, strict=True):
        against = None if name == BASELINE else f"ablation-{BASELINE}"
        enter_run(f"ablation-{name}", ABLATIONS[name][0], checkpoint, data, ledger, against)


def enter_run(name: str, said: str, checkpoint: Path, data: Data, folder: Path, against: str | None = None) -> None:
    """One network's row, with every measured lead set."""
    network, run = read_checkpoint(checkpoint)
    signals = data.signals[data.validation]
    scores = {lead_set: predict(network, signals, LEAD_SETS[lead_set])[:, :5] for lead_set in MEASURED_SETS}
    Ledger(folder).enter(name, said, data.scored, scores, {**run, "data_sha256": data.sha256}, against)
