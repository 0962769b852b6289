"""A file of an older release gets the logits of the statements, and everything else stays bit by bit."""

import numpy as np
import onnx
import pytest

from ecg_core.leads import LEAD_SETS, LEADS
from ecg_core.model.artifacts import MODEL_FILE, artifacts_folder, session
from ecg_core.training.graph import with_statements

SHIPPED = (artifacts_folder() / MODEL_FILE).read_bytes()


def with_two_outputs() -> bytes:
    """The shipped model as it was before release 2.2."""
    model = onnx.load_from_string(SHIPPED)
    (added,) = (node for node in model.graph.node if "statements" in node.output)
    model.graph.node.remove(added)
    for bound in [held for held in model.graph.initializer if held.name in added.input]:
        model.graph.initializer.remove(bound)
    del model.graph.output[2]
    older: bytes = model.SerializeToString()
    return older


@pytest.mark.parametrize("leads", LEAD_SETS.values(), ids=LEAD_SETS)
def test_logits_and_placement_stay_as_they_are_and_the_statements_are_added(leads: tuple[str, ...]) -> None:
    older = with_two_outputs()
    rng = np.random.default_rng(0)
    mask = np.repeat([[float(lead in leads) for lead in LEADS]], 3, axis=0).astype(np.float32)
    inputs = {"signal": rng.standard_normal((3, 12, 1000)).astype(np.float32) * mask[:, :, None], "lead_mask": mask}
    before, after = session(older).run(None, inputs), session(with_statements(older)).run(None, inputs)
    assert len(before) == 2
    np.testing.assert_array_equal(before[0], after[0])
    np.testing.assert_array_equal(before[1], after[1])
    np.testing.assert_array_equal(after[2], session(SHIPPED).run(["statements"], inputs)[0])


def test_a_file_with_three_outputs_is_not_changed() -> None:
    assert with_statements(SHIPPED) is SHIPPED


def test_a_file_whose_logits_come_from_no_slice_is_refused() -> None:
    model = onnx.load_from_string(with_two_outputs())
    (last,) = (node for node in model.graph.node if "logits" in node.output)
    last.op_type = "Identity"
    del last.input[1:]
    with pytest.raises(ValueError, match="no logits of statements"):
        with_statements(model.SerializeToString())
