"""The commands of `deploy` without an engine."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from raydock.__main__ import cli
from raydock.core.errors import ConfigurationError, OutOfReachError
from tests.support.crds import problems

ROOT = Path(__file__).parents[3]
CPU = "ray2.60.0-py311-cpu"
HOSTS = ("--head", "10.0.0.1", "--worker", "10.0.0.2")
IMAGE = f"--image=localhost:5000/raydock@sha256:{'ab' * 32}"


def deploy(monkeypatch: pytest.MonkeyPatch, *arguments: str, root: Path = ROOT) -> Result:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    monkeypatch.setenv("RAYDOCK_ROOT", str(root))
    return CliRunner().invoke(cli, ["deploy", "kuberay", *arguments], standalone_mode=False)


def test_stdout_is_only_yaml_and_stderr_has_the_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    code = ("--code", str(ROOT / "examples" / "job"))
    entrypoint = "python /home/ray/samples/sample_code.py --note 'a: b' # \"c\""
    done = deploy(monkeypatch, CPU, IMAGE, "--kind", "rayjob", "--entrypoint", entrypoint, *code)
    assert done.exception is None
    config, job = yaml.safe_load_all(done.stdout)
    assert job["spec"]["entrypoint"] == entrypoint
    assert problems(job, "1.7") == []
    assert config["data"]["sample_code.py"] == (ROOT / "examples" / "job" / "sample_code.py").read_text()
    assert "no engine here has that image" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "terms", "note"),
    [
        ((), "preferredDuringSchedulingIgnoredDuringExecution", "GPU workers prefer nodes"),
        (("--driver-affinity", "preferred"), "preferredDuringSchedulingIgnoredDuringExecution", "GPU workers prefer"),
        (("--driver-affinity", "required"), "requiredDuringSchedulingIgnoredDuringExecution", "GPU workers start only"),
        (("--driver-affinity", "none"), "", "GPU workers start on any node"),
    ],
)
@pytest.mark.parametrize("format", ["yaml", "helm"])
def test_the_driver_affinity_and_its_note(
    *, monkeypatch: pytest.MonkeyPatch, format: str, arguments: tuple[str, ...], terms: str, note: str
) -> None:
    done = deploy(monkeypatch, "ray2.60.0-torch2.13.0-py311-cu130", IMAGE, "--format", format, *arguments)
    assert done.exception is None
    assert ("IgnoredDuringExecution" in done.stdout) is bool(terms)
    assert terms in done.stdout
    assert note in done.stderr


def test_a_file_is_written_only_if_the_manifest_is_complete(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "kustomization.yaml"
    target = ("--format", "kustomize", "--output", str(file))
    refused = deploy(monkeypatch, CPU, IMAGE, *target, "--name", "mine")
    assert isinstance(refused.exception, ConfigurationError)
    assert not file.exists()
    printed = deploy(monkeypatch, CPU, IMAGE, "--format", "kustomize").stdout
    done = deploy(monkeypatch, CPU, IMAGE, *target)
    assert (done.exception, done.stdout) == (None, "")
    assert file.read_text() == printed
    assert f"wrote {file}" in done.stderr


@pytest.mark.parametrize("format", ["helm", "kustomize"])
def test_other_formats_are_one_document(monkeypatch: pytest.MonkeyPatch, format: str) -> None:
    done = deploy(monkeypatch, CPU, IMAGE, "--format", format)
    assert isinstance(yaml.safe_load(done.stdout), dict)


def test_without_an_engine_the_image_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    done = deploy(monkeypatch, CPU)
    assert isinstance(done.exception, OutOfReachError)
    assert done.stdout == ""


def test_an_image_that_is_not_for_kuberay_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("lockfiles", "templates"):
        (tmp_path / name).symlink_to(ROOT / name)
    text = (ROOT / "matrix.yaml").read_text()
    group = "  bare: {ray: 2.60*, cuda: cpu, ray-extras: [], kuberay: false}\n"
    (tmp_path / "matrix.yaml").write_text(text.replace("  all: {}\n", f"  all: {{}}\n{group}"))
    for variant, refused in ((f"{CPU}-bare", True), (CPU, False)):
        done = deploy(monkeypatch, variant, IMAGE, root=tmp_path)
        assert isinstance(done.exception, ConfigurationError) is refused
        assert (f"{CPU}-bare is not for KubeRay: raydock.kuberay is false." in str(done.exception)) is refused


def test_a_pattern_must_match_one_variant(monkeypatch: pytest.MonkeyPatch) -> None:
    done = deploy(monkeypatch, "ray2.60.0-*", IMAGE)
    assert isinstance(done.exception, ConfigurationError)
    assert "matches 12 variants" in str(done.exception)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("applications: {}", "serve.yaml:1: 'applications' must be a list"),
        ("applications:\n  - name: a", "serve.yaml:2: 'applications' lacks the key 'import_path'"),
        ("http_options: {}", "lacks the key 'applications'"),
        ("a: [", "not readable as YAML"),
    ],
)
def test_an_invalid_serve_config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "serve.yaml").write_text(text)
    done = deploy(monkeypatch, CPU, IMAGE, "--kind", "rayservice", "--serve-config", str(tmp_path / "serve.yaml"))
    assert isinstance(done.exception, ConfigurationError)
    assert message in str(done.exception)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("ray2.60.0-py311-cpv", *HOSTS), 2, "'ray2.60.0-py311-cpu'"),
        (("ray2.60.0-*", *HOSTS), 2, "variants, but exactly one is required."),
        ((CPU, "--head", "localhost", "--worker", "gpu02"), 2, "other hosts cannot reach it"),
        (("ray2.60.0-torch2.13.0-py311-cu130", *HOSTS), 2, "--gpus is missing"),
        ((CPU, "--head", "gpu01"), 2, "workers"),
        ((CPU, *HOSTS), 4, "no Docker engine answers"),
    ],
)
def test_what_cannot_be_deployed_with_docker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, message: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    output = tmp_path / "cluster"
    done = CliRunner().invoke(cli, ["deploy", "docker", *arguments, "--output", str(output)], standalone_mode=False)
    assert getattr(done.exception, "exit_code", None) == code
    assert message in str(done.exception)
    assert not output.exists()
