"""The outcomes that `ekg classify` gives for a folder, by the addresses of the drop."""

import json
import subprocess
import sys
from pathlib import Path

from ecg_core.drop.addresses import address
from tests.conftest import ROOT


def classified(folder: Path, *apart: str) -> dict[str, bytes]:
    """Runs `ekg classify --json` and returns the bytes of each answer by the address of its outcome.

    apart: files of the folder that the command passes over unless they are named.
    """
    paths = [str(folder), *(str(folder / name) for name in apart)]
    command = [sys.executable, "-m", "ecg_core", "classify", "--json", "--paths", *paths]
    lines = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
    found = {}
    for line in lines.splitlines():
        path = json.loads(line)["path"]
        body = b"{" + line.removeprefix(b'{"path": ' + json.dumps(path).encode() + b", ")
        found[address(Path(path).relative_to(folder).as_posix())] = body
    return found
