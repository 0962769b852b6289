"""The image without AWS: the HTTP service, the command line, compose.yaml, and the unit for systemd."""

import configparser
import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from shutil import copy, which

import httpx
import pytest
import yaml
from moto.server import ThreadedMotoServer

from ecg_core.cli import _parser
from ecg_core.model.classifier import classify
from functions.s3_drop.settings import Settings
from tests.s3_drop.cloud import Cloud, furnished
from tests.sam.conftest import ROOT, output_of, run
from tests.test_locks import pins

HARDENED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
NORMAL = ROOT / "examples/normal.zip"
UNIT = ROOT / "infra/ekg-watch.service"
WAIT_SECONDS = 60
# The name of this machine inside a container.
HOST = "host.docker.internal"


def _expected() -> bytes:
    return classify({NORMAL.name: NORMAL.read_bytes()}).to_json()


def _wait_for(reached: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not reached():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def serving(image: str) -> Iterator[tuple[str, str]]:
    """The id of a container with the service, and its address."""
    options = ["--detach", *HARDENED, "-p", "127.0.0.1:0:8000", "--health-interval", "1s"]
    container = output_of(["docker", "run", *options, image, "serve"]).strip()
    try:
        address = f"http://127.0.0.1:{output_of(['docker', 'port', container, '8000']).strip().rpartition(':')[2]}"
        _wait_for(lambda: _answers(address), "the service does not start")
        yield container, address
    finally:
        run(["docker", "rm", "--force", container])


def test_the_image_serves_without_root_on_a_read_only_root(serving: tuple[str, str]) -> None:
    container, address = serving
    answer = httpx.post(f"{address}/diagnosis?filename=normal.zip", content=NORMAL.read_bytes(), timeout=30)
    assert answer.content == _expected()
    assert 'ekg_requests_total{route="/diagnosis",status="200"} 1' in httpx.get(f"{address}/metrics").text
    assert output_of(["docker", "exec", container, "id", "-u"]).strip() == "65534"
    assert output_of(["docker", "diff", container]) == ""


def test_the_health_check_finds_the_service(serving: tuple[str, str]) -> None:
    state = ["docker", "inspect", "-f", "{{.State.Health.Status}}", serving[0]]
    _wait_for(lambda: output_of(state).strip() == "healthy", "the container does not become healthy")


def test_the_health_check_notices_that_nothing_is_served(image: str) -> None:
    assert run(["docker", "run", "--rm", *HARDENED, image, "health"]).returncode == 1


def test_a_service_that_is_stopped_ends_by_itself(image: str) -> None:
    container = output_of(["docker", "run", "--detach", *HARDENED, image, "serve"]).strip()
    try:
        _wait_for(lambda: "running on" in run(["docker", "logs", container]).stderr, "the service does not start")
        output_of(["docker", "stop", "--time", "30", container])
        # 137 would mean that it was killed.
        assert output_of(["docker", "inspect", "-f", "{{.State.ExitCode}}", container]).strip() == "0"
    finally:
        run(["docker", "rm", "--force", container])


def test_the_image_is_the_command_line_too(image: str) -> None:
    data = ["-v", f"{ROOT / 'examples'}:/data:ro"]
    shown = output_of(["docker", "run", "--rm", *HARDENED, *data, image, "classify", "/data/normal.zip", "--json"])
    assert json.loads(shown) == json.loads(_expected())
    # A folder is read by several processes.
    done = run(["docker", "run", "--rm", *HARDENED, *data, image, "classify", "/data"])
    assert "normal.zip" in done.stdout
    assert "missing" not in done.stderr


def test_the_image_lists_what_is_in_it(image: str) -> None:
    components = json.loads(output_of(["docker", "run", "--rm", *HARDENED, image, "sbom"]))["components"]
    listed = {each["name"]: each["version"] for each in components if each.get("purl", "").startswith("pkg:pypi/")}
    assert listed == pins(ROOT / "functions/requirements.lock")
    assert any(each.get("purl", "").startswith("pkg:deb/debian/libc6@") for each in components)


@pytest.fixture(scope="session")
def compose() -> Sequence[str]:
    """The command, of either version."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if which(command[0]) and run([*command, "version"]).returncode == 0:
            return command
    pytest.skip("docker compose is not installed")


def test_compose_runs_the_service_and_the_watched_folder(image: str, compose: Sequence[str], tmp_path: Path) -> None:
    inbox, results = tmp_path / "inbox", tmp_path / "results"
    inbox.mkdir()
    results.mkdir()
    results.chmod(0o777)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    user = f"{os.getuid()}:{os.getgid()}" if os.getuid() else "65534:65534"
    variables = {"EKG_IMAGE": image, "EKG_PORT": str(port), "EKG_INBOX": str(inbox), "EKG_RESULTS": str(results)}
    environment = {**os.environ, **variables, "EKG_USER": user}

    def composed(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [*compose, "-p", f"ekg-test-{port}", "-f", str(ROOT / "compose.yaml"), *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)

    try:
        up = composed("up", "-d", "--no-build")
        assert up.returncode == 0, up.stderr
        copy(NORMAL, inbox / "normal.zip")
        _wait_for((results / "normal.zip.json").exists, "the watched folder is not answered")
        assert (results / "normal.zip.json").read_bytes() == _expected()
        _wait_for(lambda: _answers(f"http://127.0.0.1:{port}"), "the service does not answer")
        for container in composed("ps", "-q").stdout.split():
            found = json.loads(output_of(["docker", "inspect", container]))[0]
            assert found["HostConfig"]["ReadonlyRootfs"]
            assert found["HostConfig"]["CapDrop"] == ["ALL"]
            assert found["Config"]["User"] not in ("", "0", "root")
    finally:
        composed("down", "--timeout", "5")


@pytest.fixture
def store() -> Iterator[Cloud]:
    """An S3 server that containers reach under HOST. Its buckets are empty."""
    server = ThreadedMotoServer(ip_address="0.0.0.0", port=0, verbose=False)
    server.start()
    try:
        yield furnished(f"http://127.0.0.1:{server.get_host_and_port()[1]}", notified=False)
    finally:
        server.stop()


def test_the_image_is_the_drop_of_a_store_without_events_and_stops_by_itself(image: str, store: Cloud) -> None:
    variables = {**store.environment, "AWS_ENDPOINT_URL": store.endpoint.replace("127.0.0.1", HOST)}
    options = [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
    command = ["docker", "run", "--detach", *HARDENED, "--add-host", f"{HOST}:host-gateway", *options, image, "drop"]
    container = output_of(command).strip()
    try:
        store.drop({NORMAL.name: NORMAL.read_bytes()})
        _wait_for(lambda: f"{NORMAL.name}.json" in store.outcomes(), "the bucket is not answered")
        assert store.outcomes()[f"{NORMAL.name}.json"] == _expected()
        output_of(["docker", "stop", "--time", "30", container])
        assert output_of(["docker", "inspect", "-f", "{{.State.ExitCode}}", container]).strip() == "0"
        assert output_of(["docker", "diff", container]) == ""
    finally:
        run(["docker", "rm", "--force", container])


def test_the_drop_s_services_have_what_it_reads_and_no_key_is_built_in() -> None:
    text = (ROOT / "compose.s3.yaml").read_text()
    services = yaml.safe_load(text)["services"]
    variables = services["drop"]["environment"]
    settings = Settings.of({name: value for name, value in variables.items() if name != "FORMS"})
    assert (settings.inbox, settings.results) == ("ekg-inbox", "ekg-results")
    assert set(variables) >= {"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "FORMS"}
    for service in services.values():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            # Compose ends with this message if the variable is missing.
            assert re.fullmatch(r"\$\{EKG_S3_(KEY|SECRET):\?[^}]+\}", service["environment"][name])
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    name, tag = re.findall(r":-([^}]+)", services["store"]["image"])[0].split(":")
    assert (name, bool(re.fullmatch(r"\d+\.\d+", tag))) == ("chrislusf/seaweedfs", True)


def test_compose_reads_the_file_of_the_store(compose: Sequence[str]) -> None:
    command = [*compose, "-f", str(ROOT / "compose.s3.yaml"), "config"]
    keys = {"EKG_S3_KEY": "any", "EKG_S3_SECRET": "any"}
    assert subprocess.run(command, env={**os.environ, **keys}, capture_output=True, timeout=60).returncode == 0
    missing = subprocess.run(
        command, env={**os.environ, "EKG_S3_KEY": "any"}, capture_output=True, text=True, timeout=60
    )
    assert missing.returncode != 0
    assert "EKG_S3_SECRET" in missing.stderr


def test_the_unit_starts_a_command_that_exists() -> None:
    unit = _unit()
    program, *arguments = unit["Service"]["ExecStart"].split()
    assert program.endswith("/.venv-run/bin/ekg")
    options = _parser().parse_args(arguments)
    assert unit["Service"]["ReadOnlyPaths"] == str(options.inbox)
    assert unit["Service"]["ReadWritePaths"] == str(options.results)
    assert set(unit["Unit"]["RequiresMountsFor"].split()) == {str(options.inbox), str(options.results)}


def test_systemd_understands_the_unit_and_finds_it_confined(tmp_path: Path) -> None:
    if not which("systemd-analyze"):
        pytest.skip("systemd is not installed")
    # Only the program is not there on this machine.
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/ekg/.venv-run/bin/ekg", "/bin/true"))
    checked = run(["systemd-analyze", "verify", unit])
    assert UNIT.name not in checked.stderr, checked.stderr
    # Exposure from 0 to 100 of systemd's own scale from 0 to 10.
    output_of(["systemd-analyze", "security", "--offline=yes", "--threshold=10", unit])


def _unit() -> configparser.ConfigParser:
    # A key may come twice: its last value is kept.
    parser = configparser.ConfigParser(strict=False, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(UNIT.read_text())
    return parser
