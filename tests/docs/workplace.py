"""Where the commands of a page are run: a folder like a fresh checkout, with the commands of an installation."""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from shutil import copytree, which

from tests.conftest import ROOT

LOCAL = "http://127.0.0.1:8000"
# They change something outside the folder: their blocks are not run.
REFUSED = ("aws", "docker", "git", "npm", "pip", "sam", "sudo")
TIMEOUT_S = 120


class Workplace:
    """service: the address that stands for LOCAL."""

    def __init__(self, folder: Path, service: str) -> None:
        self.folder, self._service = folder / "checkout", service
        self._bin = folder / "bin"
        self._bin.mkdir()
        (self.folder / ".venv").mkdir(parents=True)
        (self.folder / ".venv/bin").symlink_to(self._bin)
        for entry in ROOT.iterdir():
            if entry.name == "examples":
                # Commands may write into it.
                copytree(entry, self.folder / entry.name)
            elif not entry.name.startswith("."):
                (self.folder / entry.name).symlink_to(entry)
        python = shlex.quote(sys.executable)
        self._command("python", f'{python} "$@"')
        self._command("python3", f'{python} "$@"')
        self._command("ekg", f'{python} -m ecg_core "$@"')
        # A target sets up whole environments: that it is there, and that make can read it, is enough. Even with -n make
        # starts what stands behind $(MAKE), which therefore does nothing here.
        self._command("make", f'{which("make")} -C {shlex.quote(str(ROOT))} -n MAKE=: "$@" > /dev/null')
        # Without the progress that a terminal does not show either.
        self._command("curl", f'{which("curl")} -sS "$@"')

        for name in REFUSED:
            self._command(name, f"sh -c 'echo mark the block: {name} is not run here; exit 1'")

    def _command(self, name: str, line: str) -> None:
        path = self._bin / name
        path.write_text(f"#!/bin/sh\nexec {line}\n")
        path.chmod(0o755)

    def run(self, commands: str) -> tuple[int, str]:
        """(exit status, what a terminal shows) of a shell."""
        environment = {
            **os.environ,
            "PATH": f"{self._bin}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
            "EKG_URL": self._service,
        }
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands.replace(LOCAL, self._service)],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_S,
            check=False,
        )
        return done.returncode, done.stdout.decode("utf-8", "replace").replace(self._service, LOCAL)
