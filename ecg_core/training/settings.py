"""All settings that decide what the weights become. Each is an option of `ekg train` and stands in the checkpoint."""

from dataclasses import dataclass

EPOCHS = 40
BATCH = 64
EMA_DECAY = 0.999
# The 71 statements are additional targets. They teach more about a record than five classes do.
STATEMENT_WEIGHT = 2.0
# Sex and age are additional targets too: normal values depend on them, and they are no input of the network.
DEMOGRAPHIC_WEIGHT = 0.2
SEED = 1


@dataclass(frozen=True)
class Settings:
    """network: a name in networks.NETWORKS. held_out: folds of 1-8 that are not trained on.

    few_leads: half of each batch has fewer leads, in the lead sets of the product; otherwise a quarter has.
    mixup: the share of a batch that is mixed with other records.
    gain: the largest change of a record's height, as a part of it; 0 for none, because hypertrophy shows in millivolts.
    soft_weight: the weight of the teachers' targets; the labels have the rest. statement_soft_weight: the same for the
    statements; negative: as soft_weight. The teachers know the rare statements less well than the superclasses.
    rarity: how much more a rare statement counts: its weight is (1 / share of the records) ** rarity, within bounds.
    devices: the share of a batch that passes the filters of other devices.
    start: a released model.onnx whose weights the training begins with, instead of random ones.
    learning_rate: the highest; 0 for that of the network.
    half_precision: bfloat16 in the forward pass, if bfloat16.precision() allows it.
    threads: of each run; several runs train side by side. compiled: use torch.compile, which needs a C++ compiler.
    """

    network: str = "compact"
    epochs: int = EPOCHS
    batch: int = BATCH
    seed: int = SEED
    held_out: tuple[int, ...] = ()
    few_leads: bool = True
    mixup: float = 0.0
    gain: float = 0.0
    statement_weight: float = STATEMENT_WEIGHT
    demographic_weight: float = DEMOGRAPHIC_WEIGHT
    ema_decay: float = EMA_DECAY
    soft_weight: float = 0.0
    statement_soft_weight: float = -1.0
    rarity: float = 0.0
    devices: float = 0.0
    start: str = ""
    learning_rate: float = 0.0
    half_precision: bool = True
    device: str = "cpu"
    threads: int = 1
    compiled: bool = False
