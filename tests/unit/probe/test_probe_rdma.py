"""The check `rdma` and the ports, with a folder like /sys/class/infiniband."""

from pathlib import Path

import pytest

from raydock.probe import catalogue, rdma
from raydock.probe.answer import CheckError
from raydock.probe.image import Image

IMAGE = Image("x", {"cuda": "13.0"}, {})


def add_port(folder: Path, card: str, state: str, layer: str = "InfiniBand") -> None:
    port = folder / card / "ports" / "1"
    port.mkdir(parents=True)
    (port / "state").write_text(f"{state}\n")
    (port / "link_layer").write_text(f"{layer}\n")


def test_ports_are_read_with_their_state_and_link_layer(tmp_path: Path) -> None:
    add_port(tmp_path, "mlx5_0", "4: ACTIVE")
    add_port(tmp_path, "mlx5_1", "1: DOWN", "Ethernet")
    assert rdma.ports(tmp_path) == [
        rdma.Port("mlx5_0:1", True, "InfiniBand"),
        rdma.Port("mlx5_1:1", False, "Ethernet"),
    ]
    assert rdma.ports(tmp_path / "none") == []


def test_a_library_that_is_missing_fails_with_the_linkers_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rdma, "LIBRARIES", ("libc.so.6", "libraydock-none.so.1"))
    with pytest.raises(CheckError, match=r"libraydock-none\.so\.1: cannot open shared object file"):
        rdma.rdma(IMAGE)


def test_libraries_without_a_provider_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rdma, "LIBRARIES", ("libc.so.6",))
    monkeypatch.setattr(rdma, "loaded_libraries", set)
    with pytest.raises(CheckError, match="ibverbs-providers is not installed"):
        rdma.rdma(IMAGE)


def test_only_cuda_images_are_checked() -> None:
    checks = {cuda: {check.id for check in catalogue.checks_of_variant({"cuda": cuda})} for cuda in ("cpu", "13.0")}
    assert "rdma" in checks["13.0"]
    assert "rdma" not in checks["cpu"]
