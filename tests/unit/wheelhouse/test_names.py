"""Every kind of file that a folder of wheels can have, each in its own folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from raydock.model.facts import Facts
from raydock.model.matrix import Matrix
from raydock.wheelhouse.advice import by_findings
from raydock.wheelhouse.analysis import Analysis, analyze_folder
from raydock.wheelhouse.check import WheelFinding, findings
from tests.support.wheels import wheel

CLICK = "click-8.1.7-py3-none-any.whl"
NUMPY = "numpy-1.26.4-cp311-cp311-manylinux1_x86_64.whl"
TORCH = "torch-2.3.0+cu121-cp311-cp311-linux_x86_64.whl"


def folder_of(tmp_path: Path, files: dict[str, bytes]) -> Path:
    """A folder with a wheel that names a Python, and some files."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name, body in {NUMPY: wheel("numpy", "1.26.4"), **files}.items():
        (folder / name).write_bytes(body)
    return folder


def checked(folder: Path, matrix: Matrix) -> tuple[Analysis, tuple[WheelFinding, ...]]:
    analysis = analyze_folder(folder, matrix)
    return analysis, findings(analysis)


@pytest.mark.parametrize(
    "ending",
    [
        *("metadata", "asc", "sig", "sha256", "sha512", "md5", "blake2b", "provenance", "attestation"),
        *("publish.attestation", "sigstore", "sigstore.json", "cert.pem", "metadata.sha256", "json", "html"),
    ],
)
def test_files_that_mirrors_store_next_to_a_wheel_are_ignored(tmp_path: Path, matrix: Matrix, ending: str) -> None:
    text = b"Metadata-Version: 2.1\nName: click\nVersion: 8.1.7\n"
    folder = folder_of(tmp_path, {CLICK: wheel("click", "8.1.7"), f"{CLICK}.{ending}": text})
    analysis, problems = checked(folder, matrix)
    assert problems == ()
    assert len(analysis.folder.wheels) == 2


def test_the_attributes_that_macos_writes_next_to_a_wheel_are_ignored(tmp_path: Path, matrix: Matrix) -> None:
    double = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X"
    folder = folder_of(tmp_path, {CLICK: wheel("click", "8.1.7"), f"._{CLICK}": double})
    assert checked(folder, matrix)[1] == ()


@pytest.mark.parametrize("name", ["index.html", "SHA256SUMS", "requirements.txt", ".DS_Store", "Thumbs.db", "x.zip"])
def test_other_files_are_ignored(tmp_path: Path, matrix: Matrix, name: str) -> None:
    assert checked(folder_of(tmp_path, {name: b"PK\3\4 text"}), matrix)[1] == ()


@pytest.mark.parametrize(
    "name",
    [
        *(
            f"{CLICK}.{ending}"
            for ending in ("part", "crdownload", "download", "partial", "opdownload", "aria2", "tmp")
        ),
        *(f"{CLICK}.{ending}" for ending in ("filepart", "PART", "current", "Xy3aZ9", "0", "!qB", "!ut", "bc!")),
        "Unconfirmed 448112.crdownload",
        f".{CLICK}.aB3dE9",
    ],
)
def test_an_incomplete_download_is_reported(tmp_path: Path, matrix: Matrix, name: str) -> None:
    folder = folder_of(tmp_path, {name: wheel("click", "8.1.7")[:200]})
    analysis, problems = checked(folder, matrix)
    assert {finding.kind for finding in problems} <= {"partial-download", "broken"}
    assert [finding.drop for finding in problems] == [(name,)]
    assert list(by_findings(analysis, problems).drop) == [name]


def test_a_download_folder_of_safari_is_reported(tmp_path: Path, matrix: Matrix) -> None:
    folder = folder_of(tmp_path, {})
    (folder / f"{CLICK}.download").mkdir()
    assert [finding.kind for finding in checked(folder, matrix)[1]] == ["partial-download"]


@pytest.mark.parametrize(
    ("name", "proper"),
    [
        ("click-8.1.7-py3-none-any (1).whl", CLICK),
        ("click-8.1.7-py3-none-any(2).whl", CLICK),
        ("click-8.1.7-py3-none-any - Copy.whl", CLICK),
        ("click-8.1.7-py3-none-any copy 2.whl", CLICK),
        ("click-8.1.7-py3-none-any.whl.1", CLICK),
        ("click-8.1.7-py3-none-any_1.whl", CLICK),
        *((f"{CLICK}.{ending}", CLICK) for ending in ("txt", "bin", "bak", "gz", "st", "old.2", "1~", "orig")),
        ("download", CLICK),
        ("ae74fa5d3a2e9fb0f6f27dd5e0ec5e2c", CLICK),
        ("click-8.1.7-py3-none-any.WHL", CLICK),
        ("click-8.1.7-py3-none-any.zip", CLICK),
        ("click-8.1.7-py3-none-any.whl.zip", CLICK),
        ("click-8.1.7-py3-none-any.whl?sha256=0f1a", CLICK),
        ("click-8.1.7-py3-none-any.whl#sha256=0f1a", CLICK),
        ("click-8.1.7-py3-none-any.whl%23sha256=0f1a", CLICK),
        ("click-8.1.7-py3-none-any.whl@X-Amz-Date=2026&X=1", CLICK),
        ("click.whl", CLICK),
        ("torch-2.3.0%2Bcu121-cp311-cp311-linux_x86_64.whl", TORCH),
        ("torch-2.3.0%252Bcu121-cp311-cp311-linux_x86_64.whl", TORCH),
        ("torch-2.3.0%2bcu121-cp311-cp311-linux_x86_64 (1).whl", TORCH),
        ("torch-2.3.0 cu121-cp311-cp311-linux_x86_64.whl", TORCH),
        ("torch-2.3.0+cu121-cp311-cp311-linux_x86_64_2.whl", TORCH),
    ],
)
def test_misnamed_wheels_of_browsers_and_mirrors(tmp_path: Path, matrix: Matrix, name: str, proper: str) -> None:
    project, version = proper.split("-")[:2]
    folder = folder_of(tmp_path, {name: wheel(project, version)})
    analysis, problems = checked(folder, matrix)
    (finding,) = problems
    assert (finding.kind, finding.files, finding.drop) == ("misnamed", (name,), ())
    assert finding.todo.endswith(f" {proper}")
    advice = by_findings(analysis, problems)
    assert (advice.rename, advice.drop, advice.fetch) == ({name: proper}, {}, ())
    (folder / name).rename(folder / proper)
    assert checked(folder, matrix)[1] == ()


@pytest.mark.parametrize(
    "name",
    [
        "Click-8.1.7-py3-none-any.whl",
        "click-8.1.7-1-py3-none-any.whl",
        "click-8.1.7-2abc-py3-none-any.whl",
        "click-8.1.7-py2.py3-none-any.whl",
        "CLICK-8.1.7-PY3-none-any.whl",
    ],
)
def test_unusual_names_that_pip_accepts(tmp_path: Path, matrix: Matrix, name: str) -> None:
    analysis, problems = checked(folder_of(tmp_path, {name: wheel("click", "8.1.7")}), matrix)
    assert problems == ()
    assert {wheel.project for wheel in analysis.folder.wheels} == {"click", "numpy"}


def is_accepted_by_pip(folder: Path, requirement: str) -> bool:
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", "--find-links", str(folder)]
    target = ["--target", str(folder / "target"), "--no-deps", requirement]
    return subprocess.run([*command, *target], check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("name", "proper", "accepted"),
    [
        ("Click-8.1.7-1-py3-none-any.whl", "click-8.1.7-py3-none-any.whl", True),
        ("click-8.1.7-py3-none-any (1).whl", "click-8.1.7-py3-none-any.whl", False),
        ("click-8.1.7-py3-none-any.WHL", "click-8.1.7-py3-none-any.whl", False),
        ("click-8.1.7%2Bcpu-py3-none-any.whl", "click-8.1.7+cpu-py3-none-any.whl", False),
    ],
)
def test_pip_ignores_misnamed_wheels(tmp_path: Path, name: str, proper: str, accepted: bool) -> None:
    version = proper.split("-")[1]
    folder = folder_of(tmp_path, {name: wheel("click", version)})
    assert is_accepted_by_pip(folder, f"click=={version}") is accepted
    (folder / name).rename(folder / proper)
    assert is_accepted_by_pip(folder, f"click=={version}")


@pytest.mark.parametrize(
    ("same", "relation"), [(True, "is a copy of"), (False, "is a wheel with different content than")]
)
def test_the_same_wheel_twice(tmp_path: Path, matrix: Matrix, same: bool, relation: str) -> None:
    again = "click-8.1.7-py3-none-any (1).whl"
    other = wheel("click", "8.1.7") if same else wheel("click", "8.1.7", files={"click/__init__.py": b"x = 1\n"})
    folder = folder_of(tmp_path, {CLICK: wheel("click", "8.1.7"), again: other})
    (finding,) = checked(folder, matrix)[1]
    assert (finding.kind, finding.what, finding.drop) == ("copy", f"{again} {relation} {CLICK}", (again,))


def test_a_second_download_replaces_a_broken_first(tmp_path: Path, matrix: Matrix) -> None:
    again = "click-8.1.7-py3-none-any (1).whl"
    folder = folder_of(tmp_path, {CLICK: b"", again: wheel("click", "8.1.7")})
    analysis, problems = checked(folder, matrix)
    assert [(finding.kind, finding.files) for finding in problems] == [("broken", (CLICK,)), ("misnamed", (again,))]
    advice = by_findings(analysis, problems)
    assert list(advice.drop) == [CLICK]
    assert (advice.rename, advice.fetch) == ({again: CLICK}, ())


BUILDS = {
    "torchvision for a different CUDA": (
        {"torch": "2.3.0+cpu", "torchvision": "0.18.0+cu118"},
        ["torchvision 0.18.0+cu118 is built for CUDA 11.8, and torch 2.3.0+cpu is for cpu"],
    ),
    "torchaudio of the same major": (
        {"torch": "2.5.1+cu121", "torchaudio": "2.5.1+cu124"},
        ["torchaudio 2.5.1+cu124 is built for CUDA 12.4, and torch 2.5.1+cu121 is for CUDA 12.1"],
    ),
    "a CPU build next to CUDA": (
        {"torch": "2.3.0+cu121", "torchvision": "0.18.0+cpu"},
        ["torchvision 0.18.0+cpu is built for cpu, and torch 2.3.0+cu121 is for CUDA 12.1"],
    ),
    "vllm of the releases page": (
        {"torch": "2.3.0+cu121", "vllm": "0.5.0+cu118"},
        ["vllm 0.5.0+cu118 is built for CUDA 11.8, and torch 2.3.0+cu121 is for CUDA 12.1"],
    ),
    "vllm of the default index": (
        {"torch": "2.3.0+cu118", "vllm": "0.5.0"},
        [
            "vllm 0.5.0 has no local version: it is the default index's build for CUDA 12.1; "
            "torch 2.3.0+cu118 is for CUDA 11.8"
        ],
    ),
    "torchvision next to the default index's torch": (
        {"torch": "2.3.0", "torchvision": "0.18.0+cu118"},
        [
            "torchvision 0.18.0+cu118 is built for CUDA 11.8, and torch 2.3.0 does not name a CUDA; "
            "the default index's torch 2.3.0 is for CUDA 12.1"
        ],
    ),
    "a CPU build next to the default index's torch": (
        {"torch": "2.3.0", "torchaudio": "2.3.0+cpu"},
        [
            "torchaudio 2.3.0+cpu is built for cpu, and torch 2.3.0 does not name a CUDA; "
            "the default index's torch 2.3.0 is for CUDA 12.1"
        ],
    ),
    "vllm next to a torch that no index knows": (
        {"torch": "1.99.0", "vllm": "0.5.0+cu118"},
        ["vllm 0.5.0+cu118 is built for CUDA 11.8, and torch 1.99.0 does not name a CUDA"],
    ),
    "the CUDA of the default index's torch": ({"torch": "2.3.0", "torchvision": "0.18.0+cu121"}, []),
    "flash-attn for a different torch": (
        {"torch": "2.6.0+cu124", "flash_attn": "2.7.4+cu12torch2.5cxx11abiFALSE"},
        ["flash-attn 2.7.4+cu12torch2.5cxx11abifalse is built for torch 2.5, and torch is 2.6.0+cu124"],
    ),
    "flash-attn for a different CUDA major": (
        {"torch": "2.6.0+cu118", "flash_attn": "2.7.4+cu12torch2.6cxx11abiFALSE"},
        ["flash-attn 2.7.4+cu12torch2.6cxx11abifalse is built for CUDA 12, and torch 2.6.0+cu118 is for CUDA 11.8"],
    ),
    "PyG's label": (
        {"torch": "2.5.1+cu124", "torch_scatter": "2.1.2+pt24cu121"},
        [
            "torch-scatter 2.1.2+pt24cu121 is built for CUDA 12.1, and torch 2.5.1+cu124 is for CUDA 12.4",
            "torch-scatter 2.1.2+pt24cu121 is built for torch 2.4, and torch is 2.5.1+cu124",
        ],
    ),
    "ROCm": (
        {"torch": "2.3.0+cu121", "torchvision": "0.18.0+rocm6.0"},
        ["torchvision 0.18.0+rocm6.0 is built for rocm6.0, and torch 2.3.0+cu121 is for CUDA 12.1"],
    ),
    "all for the same CUDA": ({"torch": "2.3.0+cu118", "torchvision": "0.18.0+cu118", "vllm": "0.5.0+cu118"}, []),
    "the label of the default index's CUDA": ({"torch": "2.3.0+cu121", "torchvision": "0.18.0", "vllm": "0.5.0"}, []),
    "the same CUDA major": ({"torch": "2.6.0+cu124", "flash_attn": "2.7.4+cu12torch2.6cxx11abiFALSE"}, []),
    "other local versions": ({"torch": "2.3.0+cpu", "thing": "1.0+local.7"}, []),
}


@pytest.mark.parametrize("name", BUILDS)
def test_builds_for_one_cuda_and_torch(tmp_path: Path, matrix: Matrix, facts: Facts, name: str) -> None:
    wheels, expected = BUILDS[name]
    files = {
        f"{project}-{version}-cp311-cp311-linux_x86_64.whl": wheel(project, version)
        for project, version in wheels.items()
    }
    analysis = analyze_folder(folder_of(tmp_path, files), matrix, facts=facts)
    assert [finding.what for finding in findings(analysis)] == expected


@pytest.mark.parametrize(
    ("torch", "cuda"),
    [("2.3.0+cu118", "11.8"), ("2.9.0+cu130", "13.0"), ("2.3.0+cpu", "cpu"), ("2.3.0", "cpu")],
)
def test_torchs_local_version_is_the_cuda_of_the_folder(tmp_path: Path, matrix: Matrix, torch: str, cuda: str) -> None:
    name = f"torch-{torch}-cp311-cp311-linux_x86_64.whl"
    assert analyze_folder(folder_of(tmp_path, {name: wheel("torch", torch)}), matrix).cuda == cuda


def test_the_advice_names_the_build_to_fetch(tmp_path: Path, matrix: Matrix, facts: Facts) -> None:
    wheels = {"torch": "2.3.0+cu118", "torchvision": "0.18.0+cu121", "vllm": "0.5.0", "cupy_cuda12x": "13.0"}
    files = {
        f"{project}-{version}-cp311-cp311-linux_x86_64.whl": wheel(project, version)
        for project, version in wheels.items()
    }
    analysis = analyze_folder(folder_of(tmp_path, files), matrix, facts=facts)
    advice = by_findings(analysis, findings(analysis))
    assert [(fetch.project, fetch.versions) for fetch in advice.fetch] == [
        ("torchvision", "==0.18.0+cu118"),
        ("vllm", "==0.5.0+cu118"),
    ]
    assert len(advice.drop) == 3
