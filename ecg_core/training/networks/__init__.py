"""The networks by name. `compact` is shipped, `placement` beside it; `ecgnet` is the baseline; the others teach."""

from ecg_core.training.networks.attention import Attention
from ecg_core.training.networks.compact import Compact
from ecg_core.training.networks.ecgnet import ECGNet
from ecg_core.training.networks.placement import Placement
from ecg_core.training.networks.residual import ResNet
from ecg_core.training.networks.s4 import S4
from ecg_core.training.networks.wide import Wide
from ecg_core.training.networks.windowed import EcgNetwork

PLACEMENT = "placement"
NETWORKS: dict[str, type[EcgNetwork]] = {
    "compact": Compact,
    "resnet": ResNet,
    "wide": Wide,
    "s4": S4,
    "attention": Attention,
    "ecgnet": ECGNet,
    PLACEMENT: Placement,
}
# Those that teach, and for how many epochs: about a quarter of an hour a member on one core each.
TEACHERS = {"wide": 18, "compact": 20, "resnet": 20, "s4": 14, "attention": 14}


def build(name: str, outputs: int) -> EcgNetwork:
    """Raises KeyError for a name that is not there."""
    return NETWORKS[name](outputs)
