"""The networks by name. `compact` and `placement` are shipped, `ecgnet` is the baseline, `wide` and `compact` teach."""

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
    if name not in NETWORKS:
        raise ValueError(f"no network is called {name}: choose one of {', '.join(NETWORKS)}")
    return NETWORKS[name](outputs)
