"""Looks for known vulnerabilities in every package of the lock files: python infra/audit.py [options of pip-audit]

pip-audit says "No known vulnerabilities found" also when its source knows none of the packages, as behind a mirror that
has files and no advisories. So this counts what was looked up.

Exit status: 0 every package was looked up and none is vulnerable, 1 some are, 2 not every package was looked up.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCKS = (
    "functions/requirements.lock",
    "requirements.lock",
    "infra/requirements-sam.lock",
    "infra/requirements-tools.lock",
)
NPM = "infra/npm/package-lock.json"
# Beside the interpreter that runs this: in .venv-tools.
PIP_AUDIT = Path(sys.executable).with_name("pip-audit")
CLEAN, VULNERABLE, NOT_AUDITED = 0, 1, 2


@dataclass(frozen=True)
class Audit:
    """What is known of one lock file. fault: why nothing is."""

    lock: str
    audited: int = 0
    skipped: int = 0
    vulnerable: list[str] = field(default_factory=list)
    fault: str = ""

    def line(self) -> str:
        said = self.fault or f"{self.skipped} packages were not looked up" if self.fault or self.skipped else "all"
        return f"{self.lock}: {self.audited} packages audited, {len(self.vulnerable)} vulnerable ({said})"


def of_python(lock: str, pip_audit: Path, options: Sequence[str]) -> Audit:
    command = [
        pip_audit,
        "--requirement",
        ROOT / lock,
        "--require-hashes",
        "--disable-pip",
        "--format",
        "json",
        *options,
    ]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return Audit(lock, fault=(done.stderr.strip().splitlines() or ["pip-audit printed nothing"])[-1])
    audited = [package for package in packages if "skip_reason" not in package]
    found = [
        f"{package['name']} {package['version']}: {vulnerability['id']}, repaired in "
        f"{', '.join(vulnerability.get('fix_versions', [])) or 'no version'}"
        for package in audited
        for vulnerability in package.get("vulns", [])
    ]
    return Audit(lock, len(audited), len(packages) - len(audited), found, "" if packages else "no package was read")


def of_npm(npm: str | None) -> Audit:
    if not npm:
        return Audit(NPM, fault="npm is not installed")
    command = [npm, "audit", "--json", "--package-lock-only"]
    done = subprocess.run(command, cwd=(ROOT / NPM).parent, capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)
        number, found = report["metadata"]["dependencies"]["total"], report["vulnerabilities"]
    except (ValueError, KeyError):
        return Audit(NPM, fault="the registry answers no audit")
    return Audit(NPM, number, 0, [f"{name}: {package['severity']}" for name, package in found.items()])


def verdict(audits: Sequence[Audit]) -> int:
    if any(audit.vulnerable for audit in audits):
        return VULNERABLE
    return NOT_AUDITED if any(audit.skipped or audit.fault or not audit.audited for audit in audits) else CLEAN


def main(options: Sequence[str], pip_audit: Path = PIP_AUDIT, npm: str | None = which("npm")) -> int:
    audits = [*(of_python(lock, pip_audit, options) for lock in LOCKS), of_npm(npm)]
    for audit in audits:
        print("\n  ".join([audit.line(), *audit.vulnerable]))
    status = verdict(audits)
    if status == NOT_AUDITED:
        print(
            "NOT AUDITED: the source of vulnerabilities does not know these packages. This says nothing about them.\n"
            "See infra/README.md, Supply chain.",
            file=sys.stderr,
        )
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
