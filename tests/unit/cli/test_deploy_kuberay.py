"""`deploy kuberay` as a user meets it, where no engine answers."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from raydock.__main__ import cli
from raydock.core.errors import ConfigurationError, OutOfReachError
from tests.support.crds import problems

ROOT = Path(__file__).parents[3]
CPU = "ray2.60.0-py311-cpu"
IMAGE = f"--image=localhost:5000/raydock@sha256:{'ab' * 32}"


def deploy(monkeypatch: pytest.MonkeyPatch, *words: str, root: Path = ROOT) -> Result:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    monkeypatch.setenv("RAYDOCK_ROOT", str(root))
    return CliRunner().invoke(cli, ["deploy", "kuberay", *words], standalone_mode=False)


def test_stdout_is_yaml_alone_and_stderr_says_what_was_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    code = ("--code", str(ROOT / "examples" / "job"))
    entrypoint = "python /home/ray/samples/sample_code.py --note 'a: b' # \"c\""
    done = deploy(monkeypatch, CPU, IMAGE, "--kind", "rayjob", "--entrypoint", entrypoint, *code)
    assert done.exception is None
    config, job = yaml.safe_load_all(done.stdout)
    assert job["spec"]["entrypoint"] == entrypoint
    assert problems(job, "1.7") == []
    assert config["data"]["sample_code.py"] == (ROOT / "examples" / "job" / "sample_code.py").read_text()
    assert "no engine here holds that image" in done.stderr


@pytest.mark.parametrize(
    ("words", "terms", "said"),
    [
        ((), "preferredDuringSchedulingIgnoredDuringExecution", "GPU workers prefer nodes"),
        (("--driver-affinity", "preferred"), "preferredDuringSchedulingIgnoredDuringExecution", "GPU workers prefer"),
        (("--driver-affinity", "required"), "requiredDuringSchedulingIgnoredDuringExecution", "GPU workers start only"),
        (("--driver-affinity", "none"), "", "GPU workers start on any node"),
    ],
)
@pytest.mark.parametrize("format", ["yaml", "helm"])
def test_the_affinity_and_what_follows_from_it(
    *, monkeypatch: pytest.MonkeyPatch, format: str, words: tuple[str, ...], terms: str, said: str
) -> None:
    done = deploy(monkeypatch, "ray2.60.0-torch2.13.0-py311-cu130", IMAGE, "--format", format, *words)
    assert done.exception is None
    assert ("IgnoredDuringExecution" in done.stdout) is bool(terms)
    assert terms in done.stdout
    assert said in done.stderr


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


def test_a_pattern_names_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    done = deploy(monkeypatch, "ray2.60.0-*", IMAGE)
    assert isinstance(done.exception, ConfigurationError)
    assert "names 12 variants" in str(done.exception)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("applications: {}", "serve.yaml:1: 'applications' must be a list"),
        ("applications:\n  - name: a", "serve.yaml:2: 'applications' lacks the key 'import_path'"),
        ("http_options: {}", "lacks the key 'applications'"),
        ("a: [", "not readable as YAML"),
    ],
)
def test_a_serve_config_that_serves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "serve.yaml").write_text(text)
    done = deploy(monkeypatch, CPU, IMAGE, "--kind", "rayservice", "--serve-config", str(tmp_path / "serve.yaml"))
    assert isinstance(done.exception, ConfigurationError)
    assert words in str(done.exception)
