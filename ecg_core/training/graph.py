"""Edits of an exported ONNX file."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx

from ecg_core.classification import SUPERCLASSES
from ecg_core.model.artifacts import OUTPUTS
from ecg_core.model.measured_terms import METADATA
from ecg_core.model.statement_table import STATEMENTS

# The last outputs of a network are sex and age: data.dataset.targets_of.
DEMOGRAPHIC = 2


def with_statements(model: bytes) -> bytes:
    """The ONNX file of a release before 2.2 with the logits of the statements as a third output.

    The other two stay as they are, bit by bit. A file that has the third output is returned unchanged. Raises
    ValueError for a file in which no tensor holds all logits: the mean of several members.
    """
    proto = onnx.load_from_string(model)
    graph = proto.graph
    logits, _, statements = OUTPUTS
    if statements in [output.name for output in graph.output]:
        return model
    last = next((node for node in graph.node if logits in node.output), None)
    if last is None or last.op_type != "Slice":
        raise ValueError("this model keeps no logits of statements")
    bounds = {"starts": len(SUPERCLASSES), "ends": -DEMOGRAPHIC, "axes": 1, "steps": 1}
    names = [f"{statements}_{bound}" for bound in bounds]
    for name, bound in zip(names, bounds.values(), strict=True):
        graph.initializer.append(onnx.numpy_helper.from_array(np.array([bound], np.int64), name))
    graph.node.append(onnx.helper.make_node("Slice", [last.input[0], *names], [statements], name=f"/{statements}"))
    shape: list[str | int | None] = ["windows", len(STATEMENTS)]
    graph.output.append(onnx.helper.make_tensor_value_info(statements, onnx.TensorProto.FLOAT, shape))
    onnx.checker.check_model(proto)
    made: bytes = proto.SerializeToString()
    return made


def with_terms(model: bytes, terms: Mapping[str, Any]) -> bytes:
    """The ONNX file with these measured terms in its metadata. The graph stays as it is."""
    proto = onnx.load_from_string(model)
    kept = {entry.key: entry.value for entry in proto.metadata_props if entry.key != METADATA}
    onnx.helper.set_model_props(proto, {**kept, METADATA: json.dumps(terms, separators=(",", ":"), allow_nan=False)})
    made: bytes = proto.SerializeToString()
    return made
