"""The transport by NCCL's log, and the warning about unused InfiniBand."""

from pathlib import Path

import pytest

from raydock.probe.gpu import transport
from raydock.probe.gpu.transport import NcclTransport, read
from raydock.probe.rdma import Port

# Lines of NCCL 2.18 to 2.30, with changed host names.
OVER_IB = """\
gpu1:41:41 [0] NCCL INFO NET/Plugin: Using internal network plugin.
gpu1:41:90 [0] NCCL INFO NET/IB : Using [0]mlx5_0:1/IB [1]mlx5_1:1/IB [RO]; OOB eth0:10.0.0.1<0>
gpu1:41:90 [0] NCCL INFO Using network IB
gpu1:41:90 [0] NCCL INFO Channel 00/0 : 0[0] -> 1[1] via P2P/CUMEM/read
gpu1:41:90 [0] NCCL INFO Channel 01/0 : 0[0] -> 1[1] via P2P/CUMEM/read
gpu1:41:90 [0] NCCL INFO Channel 00/0 : 1[1] -> 2[0] [send] via NET/IB/0
"""
OVER_TCP = """\
gpu1:41:90 [0] NCCL INFO NET/IB : No device found.
gpu1:41:90 [0] NCCL INFO NET/Socket : Using [0]eth0:10.0.0.1<0>
gpu1:41:90 [0] NCCL INFO Using network Socket
gpu1:41:90 [0] NCCL INFO Channel 00 : 0[0] -> 1[1] via SHM/direct/direct
"""
UP, DOWN = Port("mlx5_0:1", True, "InfiniBand"), Port("mlx5_1:1", False, "Ethernet")


def test_the_log_names_the_network_and_the_links() -> None:
    assert read(OVER_IB).network == "IB"
    assert read(OVER_IB).text == "transport: between the GPUs here P2P/CUMEM; between hosts IB"
    assert read(OVER_TCP).text == "transport: between the GPUs here SHM/direct; between hosts Socket (TCP)"
    assert read("").text == "transport: between hosts not reported"


def test_there_is_no_warning_if_infiniband_is_used_absent_or_down() -> None:
    assert read(OVER_IB).unused([UP]) == ""
    assert read(OVER_TCP).unused([]) == ""
    assert read(OVER_TCP).unused([DOWN]) == ""


@pytest.mark.parametrize(
    ("error", "has_device", "cause"),
    [
        ("libibverbs.so.1: cannot open", True, "install libibverbs1 and ibverbs-providers"),
        ("", False, "start it with --device"),
        ("", True, "NET/IB : No device found."),
    ],
)
def test_infiniband_that_is_unused_is_a_warning_with_its_cause(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: str, has_device: bool, cause: str
) -> None:
    monkeypatch.setattr(transport, "load_error", lambda _: error)
    monkeypatch.setattr(transport, "DEVICES", tmp_path if has_device else tmp_path / "none")
    warning = read(OVER_TCP).unused([DOWN, UP])
    assert warning.startswith("mlx5_0:1 (InfiniBand): active and unused, NCCL uses TCP between hosts: ")
    assert cause in warning


def test_a_plug_in_counts_as_a_network() -> None:
    assert NcclTransport("IBext_v8").unused([UP]) == ""
