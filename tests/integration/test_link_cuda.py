"""templates/installer/link-cuda with the compiler of this host, on a CUDA package of three files."""

import shutil
from pathlib import Path

import docker
import pytest

ROOT = Path(__file__).parents[2]
HEADER = (
    "typedef int CUresult;\nCUresult cuInit(unsigned int flags);\nCUresult  cuDeviceGet (int *device, int ordinal);\n"
)
EPOCH = 1794700800
# Prints the times below /usr/local, then whatever changed on the image's own file system.
MEASURE = """
mkdir /usr/local/bin && touch /run/start && sleep 0.1 && /run/installer/link-cuda || exit
find /usr/local -printf '%T@ %p\\n'
find / -xdev -cnewer /run/start ! -path /run -printf 'changed %p\\n'
"""

pytestmark = [
    pytest.mark.engine,
    pytest.mark.timeout(120),
    pytest.mark.skipif(not shutil.which("gcc"), reason="no gcc: `scripts/engine cc`, as root, installs it"),
]


def test_two_builds_give_the_same_layer(client: docker.DockerClient, base: str, tmp_path: Path) -> None:
    for name, text in {"bin/nvcc": "", "include/cuda.h": HEADER, "lib/libcudart.so.13": "", "nvvm/x": ""}.items():
        path = tmp_path / "cu13" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    mounts = {
        "/usr": "/usr",  # this host's compiler, with what it needs
        str(tmp_path): "/opt/venv/lib/python3.11/site-packages/nvidia",
        str(ROOT / "templates" / "installer"): "/run/installer",
    }
    container = client.containers.create(
        base,
        ["bash", "-c", MEASURE],
        user="root",
        network_mode="none",
        environment={"SOURCE_DATE_EPOCH": str(EPOCH)},
        volumes=[f"{source}:{target}:ro" for source, target in mounts.items()],
        tmpfs={"/run": "exec", "/usr/local": "exec"},
    )
    try:
        container.start()
        assert container.wait()["StatusCode"] == 0, container.logs().decode()
        lines = [line.split(" ", 1) for line in container.logs().decode().splitlines()]
    finally:
        container.remove(force=True, v=True)
    times = {path: float(time) for time, path in lines if time != "changed"}
    assert "/usr/local/cuda/lib64/stubs/libcuda.so" in times
    assert set(times.values()) == {EPOCH}
    # A changed folder would have the time of the build in the layer.
    assert [path for time, path in lines if time == "changed"] == []
