import json
import subprocess
import sys

from tests.conftest import ROOT

AFTER_A_START = """
import gc, json, sys
import functions.api.handler
from functions.api.app import app
from pydantic import BaseModel
print(json.dumps({
    "collecting": gc.isenabled(),
    "deferring": BaseModel.model_config.get("defer_build", False),
    "heavy": sorted({"boto3", "scipy", "torch", "wfdb", "pandas", "numpy.ma", "pydantic.v1"} & set(sys.modules)),
    "paths": sorted(app.openapi()["paths"]),
}))
"""


def test_a_start_leaves_the_interpreter_as_it_was_and_loads_nothing_heavy() -> None:
    # The image has no pydantic.v1. fastapi tries to import it and works without it.
    without = "import sys; sys.modules['pydantic.v1'] = None\n"
    run = subprocess.run(
        [sys.executable, "-c", without + AFTER_A_START], cwd=ROOT, capture_output=True, text=True, check=True
    )
    state = json.loads(run.stdout)
    assert state["collecting"]
    assert not state["deferring"]
    assert set(state["heavy"]) <= {"pydantic.v1"}
    assert "/diagnosis" in state["paths"]
