"""`ekg train`: trains the network that is shipped. `ekg ablate`: what each ingredient of it gives."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from ecg_core.training.data.dataset import load
from ecg_core.training.export import MEMBERS, command, export
from ecg_core.training.fit import Source, device_of, fit_all
from ecg_core.training.ledger import SOFT_TARGETS, Ledger, enter_run
from ecg_core.training.networks import NETWORKS, PLACEMENT, require
from ecg_core.training.settings import Settings

# The ledger's row that a new network is compared with.
BASELINE = "ecgnet"
# The placement network needs fewer epochs than the diagnosis.
PLACEMENT_EPOCHS = 24
# The height of a wave says nothing about the electrodes, so it is varied.
PLACEMENT_GAIN = 0.2


def train(
    ptbxl: Path,
    out: Path,
    settings: Settings,
    *,
    members: int = MEMBERS,
    soft_targets: Path | None = None,
    ledger: Path | None = None,
    fresh: bool = False,
) -> None:
    """Trains the members and the placement network, enters the first member in the ledger, writes the artifacts to out.

    Continues from the checkpoints in out, unless fresh.
    """
    if soft_targets and not settings.soft_weight:
        raise ValueError("soft targets want a soft weight: the shipped network has --soft-weight 0.7")
    require([settings.network], NETWORKS)
    device_of(settings.device)
    data = load(ptbxl, soft_targets)
    runs = [(out / f"member{number + 1}", replace(settings, seed=settings.seed + number)) for number in range(members)]
    placement_settings = Settings(
        PLACEMENT,
        min(PLACEMENT_EPOCHS, settings.epochs),
        settings.batch,
        settings.seed,
        gain=PLACEMENT_GAIN,
        half_precision=settings.half_precision,
        device=settings.device,
        threads=settings.threads,
    )
    source = Source(ptbxl, soft_targets)
    *checkpoints, placement = fit_all([*runs, (out / PLACEMENT, placement_settings)], data, source, resume=not fresh)
    if ledger:
        against = BASELINE if out.name != BASELINE and BASELINE in Ledger(ledger).rows else None
        enter_run(out.name, f"`{command([asdict(settings)])}`", checkpoints[0], data, ledger, against)
    export(checkpoints, placement, data, ptbxl, out)


ABLATION_EPOCHS = 6
BASE = "base"
_base = Settings("compact", ABLATION_EPOCHS)
# One change at a time. All are compared with the first.
ABLATIONS: dict[str, tuple[str, Settings]] = {
    BASE: (f"`compact`, {ABLATION_EPOCHS} epochs, product's lead sets", _base),
    "base2": ("another seed", replace(_base, seed=2)),
    "mixup": ("mixup on half of a batch", replace(_base, mixup=0.5)),
    "gain": ("heights changed by up to a fifth, lead by lead by up to a tenth", replace(_base, gain=0.2)),
    "no_demographics": ("without sex and age as targets", replace(_base, demographic_weight=0.0)),
    "no_statements": ("without the 71 statements as targets", replace(_base, statement_weight=0.0)),
    "twelve": ("twelve leads, a quarter of a batch with leads dropped", replace(_base, few_leads=False)),
    "soft": ("seven tenths of the targets from the teachers", replace(_base, soft_weight=0.7)),
    "fp32": ("without bfloat16", replace(_base, half_precision=False)),
}


def ablate(ptbxl: Path, out: Path, ledger: Path, names: Sequence[str] = tuple(ABLATIONS), device: str = "cpu") -> None:
    """Trains the named ablations and the base in out, with the ledger's soft targets, and enters them in the ledger."""
    require(names, ABLATIONS)
    device_of(device)
    wanted = [BASE, *(name for name in names if name != BASE)]
    source = Source(ptbxl, ledger / SOFT_TARGETS if (ledger / SOFT_TARGETS).is_dir() else None)
    data = load(source.ptbxl, source.soft_targets)
    checkpoints = fit_all([(out / name, replace(ABLATIONS[name][1], device=device)) for name in wanted], data, source)
    for name, checkpoint in zip(wanted, checkpoints, strict=True):
        against = None if name == BASE else f"ablation-{BASE}"
        enter_run(f"ablation-{name}", ABLATIONS[name][0], checkpoint, data, ledger, against)
