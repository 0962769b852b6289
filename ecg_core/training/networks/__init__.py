"""The networks by name. `compact` and `placement` are shipped, `ecgnet` is the baseline, `wide` and `compact` teach."""

from collections.abc import Collection, Iterable

from ecg_core.training.networks.ecgnet import ECGNet
from ecg_core.training.networks.residual import Compact, Placement, Wide
from ecg_core.training.networks.windowed import EcgNetwork

PLACEMENT = "placement"
NETWORKS: dict[str, type[EcgNetwork]] = {
    "compact": Compact,
    "wide": Wide,
    "ecgnet": ECGNet,
    PLACEMENT: Placement,
}
# The teachers and their epochs: about a quarter of an hour for each member on one core.
TEACHERS = {"wide": 18, "compact": 20}


def build(name: str, outputs: int) -> EcgNetwork:
    """A network with random weights. Raises ValueError for an unknown name."""
    require([name], NETWORKS)
    return NETWORKS[name](outputs)


def require(names: Iterable[str], known: Collection[str]) -> None:
    """Raises ValueError if a name is not known. Called before the data is read, which takes minutes."""
    for name in names:
        if name not in known:
            raise ValueError(f"{name} is unknown here: choose from {', '.join(known)}")
