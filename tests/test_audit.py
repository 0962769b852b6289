"""`make audit` never says that nothing is vulnerable when it could not look."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.audit import CLEAN, LOCKS, NOT_AUDITED, VULNERABLE, main
from tests.conftest import ROOT
from tests.test_locks import LOCKS as FILES

GOOD = {"name": "h11", "version": "0.16.0", "vulns": []}
BAD = {"name": "jinja2", "version": "2.10", "vulns": [{"id": "PYSEC-2019-217", "fix_versions": ["2.10.1"]}]}
UNKNOWN = {"name": "six", "skip_reason": "Dependency not found on PyPI and could not be audited: six (1.17.0)"}
NPM_CLEAN = {"metadata": {"dependencies": {"total": 23}}, "vulnerabilities": {}}
NPM_BAD = {"metadata": {"dependencies": {"total": 23}}, "vulnerabilities": {"yaml": {"severity": "high"}}}
# What npm prints where a mirror refuses the question.
NPM_REFUSED = {"message": "405 Method Not Allowed", "error": {"summary": "", "detail": ""}}


def _program(path: Path, prints: object, status: int = 0) -> Path:
    text = prints if isinstance(prints, str) else json.dumps(prints)
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\nexit {status}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("packages", "npm", "status"),
    [
        ([GOOD], NPM_CLEAN, CLEAN),
        ([GOOD, BAD], NPM_CLEAN, VULNERABLE),
        ([GOOD], NPM_BAD, VULNERABLE),
        ([BAD, UNKNOWN], NPM_REFUSED, VULNERABLE),
        ([UNKNOWN], NPM_CLEAN, NOT_AUDITED),
        ([GOOD, UNKNOWN], NPM_CLEAN, NOT_AUDITED),
        ([], NPM_CLEAN, NOT_AUDITED),
        ([GOOD], NPM_REFUSED, NOT_AUDITED),
        ([GOOD], None, NOT_AUDITED),
    ],
)
def test_only_packages_that_were_looked_up_are_clean(
    packages: list[dict[str, Any]], npm: object, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pip_audit = _program(tmp_path / "pip-audit", {"dependencies": packages, "fixes": []})
    found = main([], pip_audit, str(_program(tmp_path / "npm", npm, 1)) if npm else None)
    shown = capsys.readouterr()
    assert found == status
    assert ("NOT AUDITED" in shown.err) == (status == NOT_AUDITED)
    assert ("PYSEC-2019-217, repaired in 2.10.1" in shown.out) == (BAD in packages)


def test_a_tool_that_fails_is_not_a_clean_audit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pip_audit = _program(tmp_path / "pip-audit", "no network", 1)
    assert main([], pip_audit, str(_program(tmp_path / "npm", NPM_CLEAN))) == NOT_AUDITED
    assert "0 packages audited" in capsys.readouterr().out


def test_every_lock_file_is_audited() -> None:
    """Those that are left out hold nothing that the others do not hold (tests/test_locks.py)."""
    there = {path.relative_to(ROOT).as_posix() for path in FILES}
    assert there - set(LOCKS) == {"functions/requirements-local.lock", "functions/requirements-demo.lock"}
