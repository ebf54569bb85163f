import ast
import ctypes.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from raydock.probe import catalogue, cli
from raydock.probe.answer import ProbeAnswer
from raydock.probe.image import Image, ImageFileError, load

PROBE = Path(cli.__file__).parent
GPU_AXES = {"arch": "amd64", "python": "3.11", "cuda": "13.0", "torch": "none", "vllm": "none", "ray": "2.60.0"}
no_driver = pytest.mark.skipif(bool(ctypes.util.find_library("cuda")), reason="this machine has a GPU's driver")


@pytest.fixture
def image_file(tmp_path: Path) -> Path:
    return _write(tmp_path / "image.json", axes=GPU_AXES)


def _write(path: Path, **changes: Any) -> Path:
    document = {"schema": 1, "name": "ray2.60.0-py311-cu130", "packages": {"ray": "2.60.0"}, "sm": ["9.0"], **changes}
    path.write_text(json.dumps(document))
    return path


@no_driver
def test_json_is_one_document_and_progress_goes_to_stderr(image_file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--json", "--check", "gpu-driver"], image_file) == cli.DONE
    printed = capfd.readouterr()
    document = json.loads(printed.out)
    [check] = document.pop("checks")
    assert document == {
        "schema": 1,
        "name": "ray2.60.0-py311-cu130",
        "axes": GPU_AXES,
        "python": ".".join(str(part) for part in sys.version_info[:3]),
    }
    assert (check["id"], check["status"]) == ("gpu-driver", "skipped")
    assert check["detail"].startswith("no GPU: libcuda.so.1 is missing: this container has no GPU")
    assert printed.err == "running gpu-driver, at most 60 s\n"


def test_a_failed_check_is_exit_1_and_a_row(
    image_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", "/nowhere")
    assert cli.main(["--check", "user"], image_file) == cli.A_CHECK_FAILED
    row = capsys.readouterr().out
    assert row.startswith("user       failed ")
    assert "HOME is '/nowhere'" in row


def test_rows_line_up() -> None:
    answers = [ProbeAnswer("ray", "passed", "up", 9.5), ProbeAnswer("gpu-driver", "skipped", "why", 120.0)]
    assert [cli.row(answer) for answer in answers] == [
        "ray        passed      9.5 s  up",
        "gpu-driver skipped   120.0 s  why",
    ]


def test_a_row_has_the_warnings() -> None:
    row = cli.row(ProbeAnswer("gpu-torch", "passed", "right", 9.5, ("copy is low",)))
    assert row == "gpu-torch  passed      9.5 s  right; warning: copy is low"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--check", "vresions"], "did you mean 'versions'?"),
        (["--check", "zzz"], "its checks are ray, shells"),
        (["--jsn"], "unrecognized arguments"),
    ],
)
def test_bad_usage_is_exit_2(
    image_file: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments, image_file)
    assert caught.value.code == cli.BAD_USAGE
    assert message in capsys.readouterr().err


def test_an_image_without_image_json_is_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([], tmp_path / "image.json")
    assert caught.value.code == cli.BAD_USAGE
    assert "cannot be read: No such file" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 9}', '{"schema": 1, "name": "x"}'])
def test_a_damaged_image_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "image.json"
    path.write_text(text)
    with pytest.raises(ImageFileError, match=r"image\.json"):
        load(path)


def test_a_valid_image_file_is_read(image_file: Path) -> None:
    assert load(image_file) == Image("ray2.60.0-py311-cu130", GPU_AXES, {"ray": "2.60.0"}, "", ("9.0",))


def test_checks_keep_their_order() -> None:
    cpu = catalogue.checks_of_variant({**GPU_AXES, "cuda": "cpu"})
    assert [check.id for check in cli.choose(["shells", "ray"], cpu)] == ["ray", "shells"]
    with pytest.raises(ValueError, match="no check 'gpu-driver'"):
        cli.choose(["gpu-driver"], cpu)


@pytest.mark.parametrize(
    ("axes", "levels"),
    [
        ({"cuda": "cpu"}, []),
        ({"cuda": "cpu", "torch": "2.13.0"}, []),
        ({"torch": "2.13.0"}, ["driver", "torch", "triton", "nccl", "ray"]),
        ({"torch": "2.13.0", "vllm": "0.32.0"}, ["driver", "torch", "triton", "nccl", "ray", "vllm"]),
    ],
)
def test_a_variant_has_the_gpu_checks_of_its_parts(axes: dict[str, str], levels: list[str]) -> None:
    checks = [check.id for check in catalogue.checks_of_variant({**GPU_AXES, **axes})]
    assert [check.removeprefix("gpu-") for check in checks if check.startswith("gpu-")] == levels


def test_a_foreign_image_has_the_gpu_checks_of_its_parts_and_always_gpu_driver() -> None:
    empty = Image("x", {"python": "3.12"}, {}, foreign=True)
    torch = Image("x", {"python": "3.12", "cuda": "13.0", "torch": "2.11.0", "triton": "3.6.0"}, {}, foreign=True)
    assert [check.id for check in catalogue.checks_of_image(empty)] == ["gpu-driver"]
    names = ["gpu-driver", "gpu-torch", "gpu-triton", "gpu-nccl"]
    assert [check.id for check in catalogue.checks_of_image(torch)] == names


@no_driver
def test_a_gpu_check_is_skipped_if_gpu_driver_did_not_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image_file = _write(tmp_path / "image.json", axes={**GPU_AXES, "torch": "2.13.0"})
    assert cli.main(["--check", "gpu-torch", "--check", "gpu-driver"], image_file) == cli.DONE
    rows = capsys.readouterr().out.splitlines()
    assert rows[1] == "gpu-torch  skipped     0.0 s  not run, because gpu-driver did not pass"


def test_it_runs_as_a_folder_next_to_image_json(tmp_path: Path) -> None:
    shutil.copytree(PROBE, tmp_path / "probe", ignore=shutil.ignore_patterns("__pycache__"))
    _write(tmp_path / "image.json", axes=GPU_AXES)
    command = [sys.executable, "-I", str(tmp_path / "probe"), "--json", "--check", "gpu-driver"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert json.loads(done.stdout)["checks"][0]["id"] == "gpu-driver", done.stderr


def test_help_has_an_example() -> None:
    command = [sys.executable, "-I", str(PROBE), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "raydock-probe --json --check ray" in done.stdout


# Programs and kernels that a check runs import the packages that they test.
IMPORTED = {
    "compiler_module.py": {"flashinfer"},
    "downloads_start.py": {"flashinfer", "transformers", "triton", "vllm"},
    "driver.py": {"ray"},
    "nccl_rank.py": {"torch"},
    "ray_tasks.py": {"ray"},
    "triton_kernel.py": {"torch", "triton"},
    "vllm_offline.py": {"vllm"},
    "vllm_serve.py": {"ray", "vllm"},
}


@pytest.mark.parametrize("path", sorted(PROBE.rglob("*.py")), ids=lambda path: path.name)
def test_it_is_python_3_9_and_standard_library_only(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
    allowed = sys.stdlib_module_names | IMPORTED.get(path.name, set())
    assert {name.split(".")[0] for name in names} <= allowed
