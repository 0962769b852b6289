"""`ekg precision`: AUC, size and speed of the shipped model as FP16 and INT8, on fold 9 and this processor."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quant_pre_process, quantize_static

from ecg_core.leads import LEAD_SETS, LEADS
from ecg_core.model.artifacts import OUTPUTS, session
from ecg_core.training.data.dataset import Data, load
from ecg_core.training.ledger import MEASURED_SETS, Ledger
from ecg_core.training.tasks import twelve_leads

SHIPPED = "shipped"
# The number of records of folds 1-8 that the INT8 scales are fitted on.
CALIBRATED_ON = 200
TIMED = 200

Inputs = dict[str, NDArray[np.float32]]


class Reader(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, inputs: Iterator[Inputs]) -> None:
        self.inputs = inputs

    def get_next(self) -> Inputs | None:
        return next(self.inputs, None)


def precision(ptbxl: Path, model: Path, ledger: Path) -> None:
    """Enters the model and its other forms in the ledger and prints their sizes and times."""
    data = load(ptbxl)
    with tempfile.TemporaryDirectory() as folder:
        half, whole = Path(folder) / "half.onnx", Path(folder) / "int8.onnx"
        halve_weights(model, half)
        quantize(model, whole, data)
        held = {name: path.read_bytes() for name, path in {SHIPPED: model, "float16": half, "int8": whole}.items()}
    held["fused"] = held[SHIPPED]
    sessions, loading = {}, {}
    for name, content in held.items():
        start = time.perf_counter()
        sessions[name] = session(content, fused=name != SHIPPED)
        loading[name] = 1000 * (time.perf_counter() - start)
    times, book = run_times(sessions, data), Ledger(ledger)
    for name, content in held.items():
        ratio = times[name] / times[SHIPPED]
        said = f"{len(content) / 1e6:.1f} MB, a record in {ratio:.2f} of the time, loaded in {loading[name]:.0f} ms"
        scores = {lead_set: score(sessions[name], data, LEAD_SETS[lead_set]) for lead_set in MEASURED_SETS}
        row, against = (SHIPPED, None) if name == SHIPPED else (f"{SHIPPED}-{name}", SHIPPED)
        book.enter(row, said, data.scored, scores, {"data_sha256": data.sha256}, against)
        print(f"{row:16} {said}; 12 leads, five: {book.rows[row]['fold9']['12']['five']}")


def inputs_of(data: Data, rows: NDArray[np.int64], leads: tuple[str, ...] = LEADS) -> Iterator[Inputs]:
    mask = np.array([[float(lead in leads) for lead in LEADS]], np.float32)
    for row in rows:
        signal = twelve_leads(data.signals[row : row + 1]).numpy() * mask[:, :, None]
        yield {"signal": signal, "lead_mask": mask}


def score(running: Any, data: Data, leads: tuple[str, ...]) -> NDArray[np.float32]:
    """Logits [n, 5] of the scored records of fold 9."""
    given = inputs_of(data, data.validation, leads)
    return np.concatenate([running.run(OUTPUTS[:1], inputs)[0] for inputs in given])


def run_times(sessions: dict[str, Any], data: Data) -> dict[str, float]:
    """Median milliseconds for one record. The forms take turns, so that load on the machine affects all of them."""
    (inputs,) = inputs_of(data, data.validation[:1])
    taken: dict[str, list[float]] = {name: [] for name in sessions}
    for _ in range(TIMED):
        for name, running in sessions.items():
            start = time.perf_counter()
            running.run(OUTPUTS, inputs)
            taken[name].append(time.perf_counter() - start)
    return {name: 1000 * float(np.median(times)) for name, times in taken.items()}


def halve_weights(source: Path, out: Path) -> None:
    """Stores the weights as float16 and casts them at the start. The arithmetic stays float32, which CPUs do fast."""
    model = onnx.load(source)
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        if weight.data_type != onnx.TensorProto.FLOAT:
            continue
        name, values = weight.name, onnx.numpy_helper.to_array(weight)
        weight.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, out)


def quantize(source: Path, out: Path, data: Data) -> None:
    """Static INT8 for convolutions and matrix products, with one scale for each channel."""
    rows = np.flatnonzero(data.labels.folds < 9)
    chosen = np.random.default_rng(0).choice(rows, min(CALIBRATED_ON, len(rows)), replace=False)
    prepared = out.with_suffix(".prepared")
    quant_pre_process(source, prepared, skip_symbolic_shape=True)
    quantize_static(
        prepared,
        out,
        Reader(inputs_of(data, chosen)),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv", "Gemm", "MatMul"],
        per_channel=True,
        weight_type=QuantType.QInt8,
    )
    prepared.unlink()
