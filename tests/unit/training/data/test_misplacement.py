import numpy as np
import pytest
import torch

from ecg_core.leads import LEADS
from ecg_core.model.placement import CHEST_KINDS, KINDS, SOUND
from ecg_core.training.data.augment import derivation_matrix
from ecg_core.training.data.misplacement import misplaced, misplaced_batch, reversal_matrices, unlike_ecg, visible_kinds
from ecg_core.training.data.ptbxl import INDEPENDENT_LEADS

ELECTRODES = ("RA", "LA", "RL", "LL", "V1", "V2", "V3", "V4", "V5", "V6")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def leads_of(potentials: dict[str, np.ndarray]) -> np.ndarray:
    """[8, samples]: what an electrocardiograph makes of the potentials of its electrodes."""
    terminal = (potentials["RA"] + potentials["LA"] + potentials["LL"]) / 3
    limb = [potentials["LA"] - potentials["RA"], potentials["LL"] - potentials["RA"]]
    return np.stack([*limb, *(potentials[lead] - terminal for lead in ELECTRODES[4:])])


@pytest.mark.parametrize("kind", KINDS[1:-3])
def test_a_reversal_matrix_gives_what_exchanged_electrodes_measure(kind: str) -> None:
    rng = np.random.default_rng(0)
    potentials = {name: rng.standard_normal(50) for name in ELECTRODES}
    potentials["RL"] = potentials["LL"]
    one, other = kind.split(" and ")
    exchanged = {**potentials, one: potentials[other], other: potentials[one]}
    matrix = reversal_matrices()[KINDS.index(kind)].double().numpy()
    np.testing.assert_allclose(matrix @ leads_of(potentials), leads_of(exchanged), atol=1e-6)


def test_every_kind_occurs_and_sound_records_are_unchanged() -> None:
    x = torch.randn(3000, 8, 200, generator=generator())
    wrong, kinds = misplaced(x.clone(), generator())
    shares = torch.bincount(kinds, minlength=len(KINDS)) / len(kinds)
    assert shares[0] == pytest.approx(0.4, abs=0.03)
    assert shares[-1] == pytest.approx(0.15, abs=0.03)
    assert shares.min() > 0.02
    sound = kinds == KINDS.index(SOUND)
    torch.testing.assert_close(wrong[sound], x[sound], rtol=1e-4, atol=1e-4)
    backwards = kinds == KINDS.index("backwards")
    torch.testing.assert_close(wrong[backwards].flip(-1), x[backwards], rtol=1e-4, atol=1e-4)
    assert not torch.isclose(wrong[~sound], x[~sound]).all(dim=2).all(dim=1).any()


def test_what_is_no_ecg_is_finite_and_as_large_as_one() -> None:
    made = unlike_ecg(torch.randn(500, 8, 500, generator=generator()), generator())
    assert made.isfinite().all()
    height = made.abs().amax(dim=(1, 2))
    assert height.min() > 0.05
    assert len(torch.unique(made[:, 0, 0])) > 400


def test_a_kind_that_the_leads_cannot_show_becomes_sound() -> None:
    kinds = torch.arange(len(KINDS)).repeat(3)
    only_i = torch.tensor([float(lead == "I") for lead in LEADS])
    chest = torch.tensor([float(lead.startswith("V")) for lead in LEADS])
    masks = torch.stack([torch.ones(12), only_i, chest]).repeat_interleave(len(KINDS), dim=0)
    everything, with_i, with_chest = visible_kinds(kinds, masks).view(3, -1).tolist()
    assert everything == list(range(len(KINDS)))
    assert with_i[KINDS.index("inverted")] == with_i[KINDS.index("RA and LA")] == KINDS.index("RA and LA")
    assert {with_i[KINDS.index(kind)] for kind in CHEST_KINDS} == {KINDS.index(SOUND)}
    assert with_chest[KINDS.index("RA and LA")] == KINDS.index(SOUND)
    assert with_chest[KINDS.index("V1 and V2")] == KINDS.index("V1 and V2")
    assert with_chest[KINDS.index("unlike")] == KINDS.index("unlike")


def test_the_limb_leads_of_a_misplaced_batch_obey_einthoven() -> None:
    x = torch.randn(64, len(INDEPENDENT_LEADS), 1000, generator=generator())
    signal, masks, kinds = misplaced_batch(x, 500, generator())
    assert signal.shape == (64, 12, 500)
    assert kinds.shape == (64,)
    full = signal[masks.all(dim=1)]
    assert len(full) > 20
    torch.testing.assert_close(full, derivation_matrix() @ full[:, [0, 1, 6, 7, 8, 9, 10, 11]])
