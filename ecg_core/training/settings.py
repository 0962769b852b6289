"""Whatever decides what the weights become: one name for the command's option, the checkpoint and the ledger."""

from dataclasses import dataclass

EPOCHS = 40
BATCH = 64
EMA_DECAY = 0.999
# The 71 single statements are auxiliary targets: they teach more about a record than five classes do.
STATEMENT_WEIGHT = 2.0
# Sex and age: a heart of 80 years has other normal values than one of 20, and the network is not told.
DEMOGRAPHIC_WEIGHT = 0.2
SEED = 1


@dataclass(frozen=True)
class Settings:
    """held_out: of folds 1-8, those whose records are not seen. few_leads: half of each batch sees fewer leads, as the
    product meets them; otherwise a quarter does. mixup: share of a batch. gain: the largest part by which a record is
    made higher or lower (0: millivolts are what hypertrophy is told by). half_precision: bfloat16 in the forward pass.
    soft_weight: what the teachers' targets count, the labels count the rest.
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
    half_precision: bool = True
    device: str = "cpu"
    threads: int = 1
    compiled: bool = False
