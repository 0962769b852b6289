"""What the service sends for the page."""

import gzip
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from functions.api.page import files
from tests.conftest import ROOT

PAGE = ROOT / "functions/api/page"
LOADED = ("app.js", "app.css", "icon.svg")
MAX_COMPRESSED_BYTES = 120_000


def test_the_built_files_are_those_of_the_sources(tmp_path: Path) -> None:
    if not shutil.which("node") or not (PAGE / "node_modules/esbuild").is_dir():
        pytest.skip("no Node or no esbuild here: make page-tools")
    subprocess.run(["node", "build.mjs", tmp_path], cwd=PAGE, check=True, capture_output=True)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_bytes() for path in (PAGE / "built").iterdir()}
    assert made == kept, "build the page again: make page"


def test_the_sources_are_typed() -> None:
    if not shutil.which("node") or not (PAGE / "node_modules/typescript").is_dir():
        pytest.skip("no Node or no TypeScript here: make page-tools")
    checked = subprocess.run(["npx", "tsc", "--noEmit"], cwd=PAGE, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_the_tools_are_pinned_and_the_lock_names_no_registry() -> None:
    wanted = json.loads((PAGE / "package.json").read_text())["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    assert "resolved" not in (PAGE / "package-lock.json").read_text()


def test_no_source_is_longer_than_250_lines() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in (PAGE / "src").iterdir()}
    # The style is one table of rules.
    assert {name: length for name, length in lengths.items() if length > 250 and name != "app.css"} == {}


def test_the_page_and_what_it_loads_are_small(service: str) -> None:
    packed = sum(len(files.asset(name).packed) for name in LOADED)
    assert packed + len(gzip.compress(files.page().encode())) < MAX_COMPRESSED_BYTES


def test_assets_are_compressed_and_kept_for_ever_at_their_address(service: str) -> None:
    page = httpx.get(f"{service}/ui")
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert {address.partition("?")[0] for address in addresses} == {f"ui/{name}" for name in LOADED}
    for address in addresses:
        answer = httpx.get(f"{service}/{address}")
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        known = httpx.get(f"{service}/{address}", headers={"if-none-match": answer.headers["etag"]})
        assert known.status_code == 304


def test_the_page_is_asked_for_again_each_time(service: str) -> None:
    assert httpx.get(f"{service}/ui").headers["cache-control"] == "no-cache"


def test_the_policy_allows_nothing_inline_and_nobody_else(service: str) -> None:
    answer = httpx.get(f"{service}/ui")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert (parts["default-src"], parts["script-src"], parts["style-src"]) == ("'none'", "'self'", "'self'")
    assert (parts["frame-ancestors"], parts["base-uri"], parts["form-action"]) == ("'none'",) * 3
    assert not re.search(r"<style|style=|<script>|\son\w+=", answer.text)


def test_a_slash_at_the_end_leads_to_the_page(service: str, prefixed: str) -> None:
    for address in (service, prefixed):
        answer = httpx.get(f"{address}/ui/", follow_redirects=True)
        assert (answer.status_code, str(answer.url)) == (200, f"{address}/ui")


@pytest.mark.parametrize("name", ["main.ts", "..%2ffiles.py", "built/app.js", "index.html"])
def test_no_other_file_is_served(service: str, name: str) -> None:
    assert httpx.get(f"{service}/ui/{name}").status_code == 404


@pytest.mark.parametrize(
    "name", ["normal.zip", "left_bundle_branch_block.zip", "st_depression.csv", "watch_lead_i.csv"]
)
def test_the_try_out_ecgs_are_those_of_the_examples(service: str, name: str) -> None:
    assert httpx.get(f"{service}/ui/{name}").content == (ROOT / "examples" / name).read_bytes()


def test_the_greeting_stays_json_for_browsers_too(service: str) -> None:
    answer = httpx.get(f"{service}/", headers={"accept": "text/html"})
    assert answer.json() == {"message": "EKG-Klassifikations-API läuft"}


def test_files_of_the_page_are_read_at_its_first_request() -> None:
    code = "import functions.api.app, sys; sys.exit('functions.api.page.files' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
