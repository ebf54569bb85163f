"""The values of `--host`."""

import hashlib
import json
from pathlib import Path

import pytest

from raydock.core.errors import ConfigurationError
from raydock.hosts.names import accepting_hosts, resolve

HOSTS = """\
hosts:
  gpu1: {engine: "ssh://ray@gpu1", labels: [a100, rack-2]}
  gpu2: {engine: "ssh://ray@gpu2:2222", labels: [a100]}
  lab: {engine: lab-engine}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hosts.yaml, with one docker context on the machine."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    # The form in which `docker context create lab-engine --docker host=tcp://10.0.0.9:2375` writes it.
    meta = tmp_path / "docker" / "contexts" / "meta" / hashlib.sha256(b"lab-engine").hexdigest() / "meta.json"
    meta.parent.mkdir(parents=True)
    endpoints = {"docker": {"Host": "tcp://10.0.0.9:2375", "SkipTLSVerify": False}}
    meta.write_text(json.dumps({"Name": "lab-engine", "Metadata": {}, "Endpoints": endpoints}))
    (tmp_path / "docker" / "config.json").write_text("{}")
    path = tmp_path / "hosts.yaml"
    path.write_text(HOSTS)
    return path


def addresses(file: Path, *values: str) -> dict[str, str]:
    return {host.name: host.address for host in resolve(values, file)}


def test_addresses_need_no_file(file: Path) -> None:
    file.unlink()
    for value in ("ssh://gpu1", "ssh://ray@[fd00::1]:22/run/docker.sock", "tcp://10.0.0.1:2375", "unix:///run/d.sock"):
        assert addresses(file, value) == {value: value}


def test_a_label_selects_all_its_hosts_and_each_host_is_used_once(file: Path) -> None:
    assert addresses(file, "a100") == {"gpu1": "ssh://ray@gpu1", "gpu2": "ssh://ray@gpu2:2222"}
    assert addresses(file, "gpu2", "a100", "ssh://ray@gpu1") == addresses(file, "gpu2", "gpu1")


def test_docker_contexts_by_name_and_through_the_file(file: Path) -> None:
    assert addresses(file, "lab-engine") == {"lab-engine": "tcp://10.0.0.9:2375"}
    assert addresses(file, "lab") == {"lab": "tcp://10.0.0.9:2375"}
    assert addresses(file, "default") == {"default": "unix:///var/run/docker.sock"}


def test_a_context_needs_no_config_json(file: Path, tmp_path: Path) -> None:
    (tmp_path / "docker" / "config.json").unlink()
    assert addresses(file, "lab-engine") == {"lab-engine": "tcp://10.0.0.9:2375"}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("gpu11", "Did you mean 'gpu1'?"),
        ("a10", "Did you mean 'a100'?"),
        ("lab-engin", "Did you mean 'lab-engine'?"),
        ("ssj://gpu1", "Did you mean 'ssh'?"),
        ("ssh://", "names no host"),
        ("ssh://ray:secret@gpu1", "use a key"),
        ("ssh://gpu1:port", "is not an address"),
        ("ssh://-oProxyCommand=x", "names no host"),
    ],
)
def test_an_unknown_value_is_refused(file: Path, value: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        resolve([value], file)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hosts: {a: {engine: ssh://a, label: [x]}}", "hosts.yaml:1: 'hosts.a' has no key 'label'"),
        ("hosts:\n  a: {labels: [x]}", "hosts.yaml:2: 'hosts.a' lacks the key 'engine'"),
        (
            "hosts:\n  a: {engine: ssh://a}\n  b: {engine: ssh://b, labels: [a]}",
            "the label 'a' is also the name of a host",
        ),
        ("hosts:\n  a: {engine: lab-engin}", "hosts.yaml:2: 'lab-engin' is neither an address nor a docker context"),
        ("machines: {}", "has no key 'machines'"),
    ],
)
def test_an_invalid_file_is_refused_with_the_line(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        resolve(["a"], file)
    assert message in str(refused.value)


def test_a_host_that_accepts_forward_compatibility(file: Path) -> None:
    assert accepting_hosts(file) == frozenset()
    file.write_text(HOSTS.replace("labels: [a100]}", "labels: [a100], forward-compat: true}"))
    assert accepting_hosts(file) == {"gpu2"}
    assert [(host.name, host.forward_compat) for host in resolve(["a100"], file)] == [("gpu1", False), ("gpu2", True)]
    file.write_text('hosts:\n  old: {engine: "ssh://ray@10.0.0.7:2222", forward-compat: true}\n')
    assert accepting_hosts(file) == {"old", "10.0.0.7"}
    file.unlink()
    assert accepting_hosts(file) == frozenset()


@pytest.mark.parametrize("value", ["yes", "1", "TRUE", "[true]"])
def test_forward_compatibility_is_true_or_false(file: Path, value: str) -> None:
    file.write_text(f'hosts:\n  gpu1: {{engine: "ssh://gpu1", forward-compat: {value}}}\n')
    with pytest.raises(ConfigurationError, match=r"hosts\.yaml:2: "):
        accepting_hosts(file)
