"""The settings of a pulled base that are kept and that are reset."""

import json
from typing import Any

import pytest

from raydock.builder.pulled import Pulled

IMAGE = f"registry.example/cuda@sha256:{'0' * 64}"


def pulled(**config: Any) -> Pulled:
    document = {
        "Os": "linux",
        "Architecture": "amd64",
        "Config": config,
        "RootFS": {"Layers": ["sha256:a", "sha256:b"]},
    }
    return Pulled(image=IMAGE, document=document)


@pytest.mark.parametrize(
    "name",
    [
        "LD_LIBRARY_PATH",
        "LD_PRELOAD",
        "PYTHONPATH",
        "PYTHONHOME",
        "PYTHONDONTWRITEBYTECODE",
        "PIP_INDEX_URL",
        "PIP_CONSTRAINT",
        "UV_OFFLINE",
        "UV_SYSTEM_PYTHON",
        "NVIDIA_VISIBLE_DEVICES",
        "NVIDIA_REQUIRE_CUDA",
        "CUDA_VISIBLE_DEVICES",
        "http_proxy",
        "HTTPS_PROXY",
        "no_proxy",
        "ALL_PROXY",
        "VIRTUAL_ENV",
        "CONDA_PREFIX",
        "BASH_ENV",
        "RAY_ADDRESS",
    ],
)
def test_a_variable_that_is_reset(name: str) -> None:
    image = pulled(Env=["PATH=/usr/bin", f"{name}=x=y"])
    assert image.reset == (name,)
    assert image.plain()["config"]["Env"] == ["PATH=/usr/bin"]


@pytest.mark.parametrize(
    "name", ["PATH", "TZ", "LANG", "SSL_CERT_FILE", "CUDA_VERSION", "NV_CUDA_LIB_VERSION", "OMP_NUM_THREADS"]
)
def test_a_variable_that_stays(name: str) -> None:
    image = pulled(Env=[f"{name}=x=y"])
    assert image.reset == ()
    assert image.plain()["config"]["Env"] == [f"{name}=x=y"]


@pytest.mark.parametrize(
    ("instruction", "config"),
    [
        ("ENTRYPOINT", {"Entrypoint": ["/entry.sh"]}),
        ("CMD", {"Cmd": ["nginx"]}),
        ("USER", {"User": "app"}),
        ("WORKDIR", {"WorkingDir": "/app"}),
        ("VOLUME", {"Volumes": {"/data": {}}}),
        ("EXPOSE", {"ExposedPorts": {"80/tcp": {}}}),
        ("HEALTHCHECK", {"Healthcheck": {"Test": ["CMD", "true"]}}),
        ("STOPSIGNAL", {"StopSignal": "SIGQUIT"}),
        ("SHELL", {"Shell": ["/bin/fish", "-c"]}),
        ("ONBUILD", {"OnBuild": ["COPY . /app"]}),
    ],
)
def test_every_instruction_is_reset(instruction: str, config: dict[str, Any]) -> None:
    image = pulled(**config)
    assert image.reset == (instruction,)
    assert image.plain()["config"].keys() == {"Env", "Labels"}


def test_labels_that_describe_the_base_are_reset() -> None:
    image = pulled(Labels={"maintainer": "them", "org.opencontainers.image.source": "x", "raydock.kuberay": "false"})
    assert image.reset == ("label org.opencontainers.image.source", "label raydock.kuberay")
    assert image.plain()["config"]["Labels"] == {"maintainer": "them"}


def test_an_image_without_any_configuration() -> None:
    image = Pulled(image=IMAGE, document={**pulled().document, "Config": None})
    assert image.reset == ()
    assert image.library_path == ""


def test_the_layers_stay() -> None:
    plain = pulled(Cmd=["x"]).plain()
    assert plain["rootfs"] == {"type": "layers", "diff_ids": ["sha256:a", "sha256:b"]}
    assert len(plain["history"]) == 2
    assert json.loads(json.dumps(plain)) == plain
