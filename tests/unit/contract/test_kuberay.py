from pathlib import Path

import pytest

from raydock.contract.kuberay import DATA, KubeRayRelease, fill, known, load
from raydock.core.errors import ConfigurationError

OLD, NEW = known().releases[0], known().releases[-1]


def _file(folder: Path, old: str, new: str) -> Path:
    text = DATA.read_text()
    assert old in text
    path = folder / "kuberay.yaml"
    path.write_text(text.replace(old, new, 1))
    return path


def test_the_shells_are_those_of_kuberay() -> None:
    assert (OLD.version, OLD.shell) == ("v1.3.0", ("/bin/bash", "-lc", "--"))
    assert (NEW.version, NEW.shell) == ("v1.7.0", ("/bin/bash", "-c", "--"))


def test_the_limits_are_those_of_kuberay() -> None:
    kuberay = known()
    assert (kuberay.limits.init.cpus, kuberay.limits.init.memory) == (0.2, 256 * 2**20)
    assert (kuberay.limits.submitter.cpus, kuberay.limits.submitter.memory) == (1, 2**30)
    assert (kuberay.limits.autoscaler.memory, kuberay.limits.cleanup.memory) == (512 * 2**20, 256 * 2**20)


@pytest.mark.parametrize("release", known().releases, ids=lambda release: release.version)
def test_no_placeholder_is_left(release: KubeRayRelease) -> None:
    for script in (release.head, release.worker, release.init, release.submitter):
        assert "@" not in fill(script, head="head", job="job", entrypoint="python job.py")


def test_a_command_is_a_shell_and_one_script() -> None:
    *shell, script = NEW.command(NEW.worker, "10.0.0.1")
    assert shell == ["/bin/bash", "-c", "--"]
    assert "ray start --address=10.0.0.1:6379 --block" in script
    assert "\n" not in script


def test_the_address_of_a_head_is_localhost() -> None:
    assert known().variables()["RAY_ADDRESS"] == "127.0.0.1:6379"
    assert known().variables("head")["RAY_ADDRESS"] == "head:6379"


def test_only_newer_releases_probe_by_http() -> None:
    assert OLD.http_probe is None
    assert NEW.http_probe
    assert (NEW.http_probe.path, NEW.http_probe.since) == ("/api/healthz", "2.53.0")


def test_a_new_release_needs_only_data(tmp_path: Path) -> None:
    head, _, rest = DATA.read_text().partition("  - version: v1.7.0\n")
    path = tmp_path / "kuberay.yaml"
    new = rest.replace("*init", "x").replace("[/bin/bash, -c, --]", "[sh]")
    path.write_text(f"{head}  - version: v1.7.0\n{rest}  - version: v1.8.0\n{new}")
    assert [release.version for release in load(path).releases] == ["v1.3.0", "v1.7.0", "v1.8.0"]
    assert load(path).releases[-1].shell == ("sh",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    head-probe:", "    head-prob:", "has no key 'head-prob'"),
        ("    shell: [/bin/bash, -lc, --]\n", "", "lacks the key 'shell'"),
        ("cpus: 0.2", "cpus: 200m", "'200m' is not a number"),
        ("memory: 256", "memory: 256Mi", "'256Mi' is not a whole number"),
    ],
)
def test_an_error_names_the_file_and_the_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = _file(tmp_path, old, new)
    with pytest.raises(ConfigurationError, match=rf"kuberay.yaml:\d+: .*{message}"):
        load(path)
