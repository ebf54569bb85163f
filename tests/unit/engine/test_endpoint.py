"""The selection of an engine, which must be the docker command line's."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from raydock.core.errors import ConfigurationError
from raydock.engine.dockerconfig import context_names, resolve
from raydock.engine.endpoint import VARIABLES, Endpoint, Tls

CONTEXTS = {
    "plain": "host=tcp://10.0.0.9:2375",
    "secure": "host=tcp://10.0.0.9:2376,ca={pem}/ca.pem,cert={pem}/cert.pem,key={pem}/key.pem",
    "authority": "host=tcp://10.0.0.9:2376,ca={pem}/ca.pem",
    "trusting": "host=tcp://10.0.0.9:2376,skip-tls-verify=true",
    "rootless": "host=unix:///run/user/1000/docker.sock",
    "far": "host=ssh://ray@gpu1:2222",
}
# Variables, with the context in use ("" for none).
PLACES: list[tuple[dict[str, str], str]] = [
    ({}, ""),
    ({}, "plain"),
    ({}, "secure"),
    ({}, "authority"),
    ({}, "trusting"),
    ({}, "rootless"),
    ({}, "far"),
    ({"DOCKER_HOST": ""}, "plain"),
    ({"DOCKER_CONTEXT": ""}, "plain"),
    ({"DOCKER_CONTEXT": "default"}, "plain"),
    ({"DOCKER_CONTEXT": "far"}, "plain"),
    ({"DOCKER_CONTEXT": "far", "DOCKER_HOST": "tcp://10.0.0.1:1"}, "plain"),
    ({"DOCKER_HOST": "unix:///run/user/1000/docker.sock"}, ""),
    ({"DOCKER_HOST": "unix://"}, ""),
    ({"DOCKER_HOST": "tcp://gpu1"}, ""),
    ({"DOCKER_HOST": "gpu1:2375"}, ""),
    ({"DOCKER_HOST": "gpu1"}, ""),
    ({"DOCKER_HOST": " tcp://gpu1:1 "}, ""),
    ({"DOCKER_HOST": "tcp://[fd00::1]:2375"}, ""),
    ({"DOCKER_HOST": "ssh://ray@gpu1"}, ""),
    ({"DOCKER_CERT_PATH": "{pem}"}, ""),
    ({"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "{pem}"}, ""),
    ({"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "{pem}", "DOCKER_HOST": "tcp://gpu1:2376"}, ""),
    ({"DOCKER_TLS": "1", "DOCKER_CERT_PATH": "{pem}", "DOCKER_HOST": "tcp://gpu1:2376"}, ""),
    ({"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "{pem}"}, "plain"),
]


@pytest.fixture(scope="module")
def docker() -> str:
    program = shutil.which("docker")
    if not program:
        pytest.skip("the docker command line is not installed, and this test compares with it")
    return program


@pytest.fixture(scope="module")
def folder(docker: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Docker's configuration, CONTEXTS, and certificates in pem/."""
    found = tmp_path_factory.mktemp("docker")
    pem = found / "pem"
    pem.mkdir()
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=gpu1", "-keyout", f"{pem}/key.pem"]
    subprocess.run([*new, "-out", f"{pem}/cert.pem"], check=True, capture_output=True)
    shutil.copy(pem / "cert.pem", pem / "ca.pem")
    for name, options in CONTEXTS.items():
        command = [docker, "context", "create", name, "--docker", options.format(pem=pem)]
        subprocess.run(command, check=True, capture_output=True, env=_environment(found, {}))
    return found


def _environment(folder: Path, more: dict[str, str]) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in VARIABLES}
    variables = {key: value.format(pem=folder / "pem") for key, value in more.items()}
    return kept | variables | {"DOCKER_CONFIG": str(folder)}


def _use(monkeypatch: pytest.MonkeyPatch, folder: Path, variables: dict[str, str], current: str) -> dict[str, str]:
    """Set variables and the current context, and return the environment."""
    (folder / "config.json").write_text(json.dumps({"currentContext": current} if current else {}))
    environment = _environment(folder, variables)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment


@pytest.mark.parametrize(("variables", "current"), PLACES)
def test_raydock_and_docker_select_the_same_engine(
    docker: str, folder: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], current: str
) -> None:
    environment = _use(monkeypatch, folder, variables, current)
    found = resolve()
    child = {key: value for key, value in found.environment().items() if key != "DOCKER_CONFIG"}
    for used in (environment, child | {"DOCKER_CONFIG": str(folder)}):
        answer = subprocess.run([docker, "context", "inspect"], env=used, check=True, capture_output=True, text=True)
        [document] = json.loads(answer.stdout)
        [endpoint] = document["Endpoints"].values()
        assert endpoint["Host"] == found.address
        if found.scheme == "tcp":
            assert endpoint["SkipTLSVerify"] == bool(found.tls and not found.tls.verify)
            files = {"ca": found.tls.ca, "cert": found.tls.cert, "key": found.tls.key} if found.tls else {}
            material = document["TLSMaterial"].get("docker", [])
            assert sorted(material) == sorted(f"{name}.pem" for name, file in files.items() if file)


def test_the_source_of_the_address_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variables, current, text in [
        ({}, "", "unix:///var/run/docker.sock (the default)"),
        ({}, "rootless", "unix:///run/user/1000/docker.sock (the current context 'rootless')"),
        ({"DOCKER_CONTEXT": "plain"}, "", "tcp://10.0.0.9:2375 (DOCKER_CONTEXT 'plain')"),
        ({"DOCKER_HOST": "ssh://gpu1"}, "", "ssh://gpu1 (DOCKER_HOST)"),
    ]:
        _use(monkeypatch, folder, variables, current)
        assert str(resolve()) == text


@pytest.mark.parametrize(
    ("variables", "current", "message"),
    [
        ({"DOCKER_HOST": "foo://gpu1"}, "", "DOCKER_HOST: 'foo://gpu1' is not an engine's address"),
        ({"DOCKER_HOST": "ssh://ray:secret@gpu1"}, "", "use a key"),
        ({"DOCKER_HOST": "tcp://gpu1:port"}, "", "is not an address"),
        ({"DOCKER_CONTEXT": "rotless"}, "", "Did you mean 'rootless'?"),
        ({}, "gone", "the current context names the docker context 'gone', which does not exist"),
        ({"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/nowhere"}, "", "/nowhere/ca.pem is missing"),
    ],
)
def test_an_invalid_address_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], current: str, message: str
) -> None:
    _use(monkeypatch, folder, variables, current)
    with pytest.raises(ConfigurationError) as refused:
        resolve()
    assert message in str(refused.value)
    assert "Next: " in str(refused.value)


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"Name": "plain"}', '{"Endpoints": {"docker": 5}}'])
def test_a_broken_context_is_named_with_its_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "docker"))
    _use(monkeypatch, copy, {"DOCKER_CONTEXT": "plain"}, "")
    [meta] = [path for path in copy.glob("contexts/meta/*/meta.json") if '"plain"' in path.read_text()]
    meta.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        resolve()
    assert str(meta) in str(refused.value)
    assert "Next: `docker context rm --force plain`" in str(refused.value)
    assert context_names()[0] == "default"


@pytest.mark.parametrize(
    "text",
    ["nonsense", "[]", "5", '{"auths": 5}', '{"auths": {"a": 5}}', '{"auths": {"a": {"auth": "%"}}}', '{"proxies": 5}'],
)
def test_a_broken_config_json_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    _use(monkeypatch, tmp_path, {}, "")
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ConfigurationError, match=r"config\.json is invalid"):
        resolve()
    (tmp_path / "config.json").write_text("")  # the command line accepts this
    assert resolve().address == "unix:///var/run/docker.sock"


def test_a_child_process_gets_one_engine_and_no_builder(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "other")
    found = Endpoint(address="ssh://gpu1", source="DOCKER_HOST", context="far", socket="/tmp/rd1/docker.sock")
    assert found.builder == "default"
    for child in (found.environment(), found.client_environment()):
        assert {key: child[key] for key in VARIABLES if key in child} == {"DOCKER_HOST": "unix:///tmp/rd1/docker.sock"}
    tls = Tls(ca=Path("/pem/ca.pem"), cert=Path("/pem/cert.pem"), key=Path("/pem/key.pem"))
    found = Endpoint(address="tcp://gpu1:2376", source="DOCKER_CONTEXT", context="far", tls=tls)
    assert found.builder == "far"
    child = found.environment()
    assert {key: child[key] for key in VARIABLES if key in child} == {"DOCKER_CONTEXT": "far"}
    child = found.client_environment()
    assert {key: child[key] for key in VARIABLES if key in child} == {
        "DOCKER_HOST": "tcp://gpu1:2376",
        "DOCKER_CERT_PATH": "/pem",
        "DOCKER_TLS_VERIFY": "1",
    }
