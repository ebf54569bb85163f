"""raydock as a package: its wheel in a new environment, in a folder with only a matrix.yaml."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
import uv

from tests.support.toy import ROOT

pytestmark = pytest.mark.timeout(900)

NAME = "ray2.60.0-py311-cpu"
REGISTRY = "localhost:5000/raydock-installed"
MATRIX = f"""\
registry: {REGISTRY}
cutoff: 2026-11-15
bases: {{debian: {{source: bootstrap, python: {{"3.11": bookworm}}}}}}
axes: {{python: ["3.11"], ray: ["2.60.0"]}}
packages: {{ray-extras: [default, serve], always: [pip, virtualenv]}}
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, timeout=300)
    [path] = folder.glob("raydock-*.whl")
    return path


@pytest.fixture(scope="module")
def raydock(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The console script of an environment with the wheel and its dependencies, as requirements.txt pins them."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=120)
    install = [uv.find_uv_bin(), "pip", "install", "--quiet", "--python", str(folder / "bin" / "python")]
    subprocess.run([*install, "--constraints", str(ROOT / "requirements.txt"), str(wheel)], check=True, timeout=600)
    return folder / "bin" / "raydock"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "matrix.yaml").write_text(MATRIX)
    return tmp_path


@pytest.fixture
def emptied(client: docker.DockerClient) -> Iterator[None]:
    """Removes the images of the test afterwards."""
    yield
    for image in client.images.list(REGISTRY):
        client.images.remove(image.id, force=True)


def run(raydock: Path, folder: Path, *arguments: str, code: int = 0) -> str:
    """Run a command and return its output; it must end with `code` and not name a command of a checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAYDOCK_")}
    done = subprocess.run(
        [raydock, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=800
    )
    printed = done.stdout + done.stderr
    assert done.returncode == code, printed
    assert "build.py" not in printed
    assert "scripts/" not in printed
    return printed


def test_a_folder_with_only_a_matrix_is_planned(raydock: Path, folder: Path) -> None:
    assert NAME in run(raydock, folder, "plan", "-o", "name")
    assert (folder / "lockfiles" / "facts.json").is_file()


@pytest.mark.engine
@pytest.mark.usefixtures("emptied")
def test_a_project_builds_an_image_at_once(raydock: Path, tmp_path: Path, client: docker.DockerClient) -> None:
    """From the installed command and an empty folder to a built image; its own template replaces one of raydock's."""
    folder = tmp_path / "raydock-installed"
    made = run(raydock, tmp_path, "init", folder.name, "--python", "3.11", "--ci", "github")
    assert f"Next: `raydock -C {folder.name} images`" in made
    [name] = run(raydock, folder / "lockfiles", "plan", "-o", "name").split()
    template = ROOT / "templates" / "metadata.j2"
    (folder / "templates").mkdir()
    (folder / "templates" / template.name).write_text(f"{template.read_text()}LABEL own.label=own\n")
    assert "1 locked" in run(raydock, folder, "lock")
    assert "1 Dockerfiles written" in run(raydock, folder, "render")
    assert "1 built" in run(raydock, tmp_path, "-C", folder.name, "build")
    labels = client.images.get(f"{REGISTRY}:{name}").labels
    assert labels["own.label"] == "own"
    assert labels["io.ray.ray-version"] in name
    assert "is up to date" in run(raydock, folder, "ci", "github", "--check")
    run(raydock, folder, "deploy", "docker", name, "--head", "10.0.0.1", "--worker", "10.0.0.2", "--output", "cluster")
    written = [path for path in (*(folder / "images").rglob("*"), *(folder / "cluster").iterdir()) if path.is_file()]
    assert len(written) == 7
    assert [path for path in written if "build.py" in path.read_text()] == []


@pytest.mark.parametrize("arguments", [["--help"], ["plan", "--help"], ["deploy", "kuberay", "--help"]])
def test_help_names_the_installed_command(raydock: Path, tmp_path: Path, arguments: list[str]) -> None:
    assert "raydock" in run(raydock, tmp_path, *arguments)


def test_bash_completes_the_name_of_a_variant(raydock: Path, folder: Path) -> None:
    run(raydock, folder, "facts")
    script = """
    eval "$(_RAYDOCK_COMPLETE=bash_source raydock)"
    COMP_WORDS=(raydock images ray2.60) COMP_CWORD=2
    _raydock_completion raydock
    echo "${COMPREPLY[@]}"
    """
    environment = {**os.environ, "PATH": f"{raydock.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout.strip(), done.stderr) == (NAME, "")


def test_a_folder_without_a_matrix(raydock: Path, tmp_path: Path) -> None:
    assert "matrix.yaml" in run(raydock, tmp_path, "plan", code=2)
