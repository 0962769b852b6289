"""The service as most people would write it: FastAPI, Mangum, torch, wfdb, scipy. The same network, the same job.

WEIGHTS names the file of random weights, which cost what trained ones cost.
"""

import hashlib
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import scipy.signal
import torch
import wfdb
from fastapi import FastAPI, Request
from mangum import Mangum

from tests.bench.naive import LABELS, load

app = FastAPI()
networks = load(os.environ["WEIGHTS"])


@app.post("/diagnosis")
async def diagnosis(request: Request) -> dict[str, object]:
    data = await request.body()
    with tempfile.TemporaryDirectory() as folder:
        upload = Path(folder) / "upload.zip"
        upload.write_bytes(data)
        with zipfile.ZipFile(upload) as archive:
            archive.extractall(folder)
        header = next(Path(folder).rglob("*.hea"))
        record = wfdb.rdrecord(str(header.with_suffix("")))
    signal = scipy.signal.resample(record.p_signal, 1000) if record.fs != 100 else record.p_signal
    signal = signal - np.median(signal, axis=0)
    x = torch.tensor(signal.T[None], dtype=torch.float32)
    with torch.no_grad():
        logits = torch.stack([network(x, torch.ones(1, 12)) for network in networks]).mean(dim=0)
    probabilities = dict(zip(LABELS, torch.sigmoid(logits[0, :5]).tolist(), strict=True))
    return {"probabilities": probabilities, "sha256": hashlib.sha256(data).hexdigest()}


handler = Mangum(app, lifespan="off")
