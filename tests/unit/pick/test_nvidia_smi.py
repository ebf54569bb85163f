"""The output of nvidia-smi on real hosts, and the messages of ssh and the shell."""

from pathlib import Path

import pytest

from raydock.core.errors import ConfigurationError, HostError
from raydock.pick.nvidia_smi import Gpu, GpuHost, parse, read, stated

T4 = "470.256.02, 7.5, Tesla T4\n"
A100 = "535.104.05, 8.0, NVIDIA A100-SXM4-80GB\n"
# The table of nvidia-smi without options: the rows of a server's GPU and of a desktop's.
TABLE = """
Tue Dec  1 07:50:00 2026
+-----------------------------------------------------------------------------------------+
| NVIDIA-SMI 580.159.04             Driver Version: 580.159.04     CUDA Version: 13.0     |
+-----------------------------------------+------------------------+----------------------+
| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |
|=========================================+========================+======================|
|   0  NVIDIA H200                    On  |   00000000:8D:00.0 Off |                    0 |
| N/A   31C    P0             76W /  700W |       1MiB / 143771MiB |      0%      Default |
|   1  NVIDIA GeForce RTX 3090 Ti     Off |   00000000:01:00.0  On |                  N/A |
+-----------------------------------------+------------------------+----------------------+
"""


def parse_host(text: str) -> GpuHost:
    host = parse(text, "gpu01")["gpu01"]
    assert isinstance(host, GpuHost), host
    return host


def refusal(text: str) -> str:
    error = parse(text, "gpu01")["gpu01"]
    assert isinstance(error, HostError), error
    assert error.exit_code == 1
    return str(error)


@pytest.mark.parametrize(
    ("text", "driver", "gpus"),
    [
        (T4, "470.256.02", [Gpu(75, "Tesla T4")]),
        ("550.54.15, 7.0, Tesla V100-SXM2-16GB\n" * 2, "550.54.15", [Gpu(70, "Tesla V100-SXM2-16GB")] * 2),
        ("550.90.07, 8.9, NVIDIA L4\n", "550.90.07", [Gpu(89, "NVIDIA L4")]),
        ("580.159.04, 9.0, NVIDIA H100 80GB HBM3\n", "580.159.04", [Gpu(90, "NVIDIA H100 80GB HBM3")]),
        ("570.26, 10.0, NVIDIA B200\n", "570.26", [Gpu(100, "NVIDIA B200")]),
        (
            "565.57.01, 8.9, NVIDIA GeForce RTX 4090\n565.57.01, 7.5, NVIDIA GeForce RTX 2080 Ti\n",
            "565.57.01",
            [Gpu(89, "NVIDIA GeForce RTX 4090"), Gpu(75, "NVIDIA GeForce RTX 2080 Ti")],
        ),
        (
            "535.104.05, 8.0, NVIDIA A100-SXM4-40GB MIG 1g.5gb",
            "535.104.05",
            [Gpu(80, "NVIDIA A100-SXM4-40GB MIG 1g.5gb")],
        ),
    ],
)
def test_rows_of_real_gpus(text: str, driver: str, gpus: list[Gpu]) -> None:
    assert parse_host(text) == GpuHost(name="gpu01", driver=driver, gpus=tuple(gpus))


@pytest.mark.parametrize(
    "text",
    [
        A100.replace("\n", "\r\n"),
        "\ufeff" + A100,
        "\n" + A100 + "\n\n",
        "driver_version, compute_cap, name\n" + A100,
        A100 + "WARNING: infoROM is corrupted at gpu 0000:00:1E.0\n",
        A100.replace(", ", ","),
    ],
    ids=["crlf", "byte order mark", "blank lines", "header", "warning", "no spaces"],
)
def test_text_around_the_rows_is_ignored(text: str) -> None:
    assert parse_host(text) == parse_host(A100)


def test_no_devices_is_a_host_without_a_gpu_and_a_remark() -> None:
    found = parse_host("No devices were found\n")
    assert found.gpus == ()
    assert "dmesg" in found.remark


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "--gpu none"),
        ("\r\n", "printed nothing"),
        ("driver_version, compute_cap, name\n", "printed nothing"),
        (
            "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest "
            "NVIDIA driver is installed and running.\n\n",
            "modprobe nvidia",
        ),
        ("Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 535.183\n", "reboot"),
        ("Unable to determine the device handle for GPU 0000:03:00.0: Unknown Error\n", "reset that GPU"),
        ('Field "compute_cap" is not a valid field to query.\n\n', "too old to report compute capabilities"),
        ("bash: line 1: nvidia-smi: command not found\n", "full path"),
        ("ssh: connect to host gpu01 port 22: Connection refused\n", "is not valid"),
        ("535.104.05, [N/A], NVIDIA A100-SXM4-80GB\n", "'[N/A]' is not a compute capability"),
        ("[N/A], 8.0, NVIDIA A100-SXM4-80GB\n", "'[N/A]' is not a driver version"),
        ("535.104.05, [Unknown Error], NVIDIA A100-SXM4-80GB\n", "not a compute capability"),
        (TABLE, "no compute capability (driver 580.159.04, NVIDIA H200, NVIDIA GeForce RTX 3090 Ti)"),
        (TABLE, "`./build.py pick --driver 580.159.04 --gpu X.Y`"),
        ("NVIDIA A100-SXM4-80GB, 535.104.05, 8.0\n", "is not valid"),
        ("535.104.05, 8.0\n", "is not valid"),
        (A100 + "No devices were found\n", "is not valid"),
        (A100 + T4, "a host has one driver"),
        ("\x00\x01garbage\x7f\n", "is not valid"),
    ],
)
def test_invalid_output_is_refused_with_the_next_step(text: str, message: str) -> None:
    error = refusal(text)
    assert message in error
    assert "gpu01" in error
    assert "Next: " in error


def test_a_long_invalid_line_is_shortened() -> None:
    assert len(refusal("x" * 10_000)) < 500


def test_lines_of_several_hosts() -> None:
    found = parse(f"gpu01: {A100}gpu02: {T4}gpu01: {A100}cpu-1.example: No devices were found\n", "stdin")
    assert list(found) == ["gpu01", "gpu02", "cpu-1.example"]
    assert found["gpu01"] == GpuHost(name="gpu01", driver="535.104.05", gpus=(Gpu(80, "NVIDIA A100-SXM4-80GB"),) * 2)
    assert isinstance(found["cpu-1.example"], GpuHost)


def test_a_host_with_invalid_output_does_not_affect_the_others() -> None:
    found = parse(f"gpu01: {A100}gpu02: bash: line 1: nvidia-smi: command not found\n", "stdin")
    assert isinstance(found["gpu01"], GpuHost)
    assert isinstance(found["gpu02"], HostError)
    assert "gpu02: nvidia-smi's output is not valid" in str(found["gpu02"])


def test_hosts_have_the_names_of_their_files(tmp_path: Path) -> None:
    for name in ("gpu01.csv", "gpu02.example.com", "gpu03.txt"):
        (tmp_path / name).write_text(A100)
    assert list(read(sorted(tmp_path.iterdir()))) == ["gpu01", "gpu02.example.com", "gpu03"]


def test_two_files_of_one_host(tmp_path: Path) -> None:
    (tmp_path / "gpu01.csv").write_text(A100)
    (tmp_path / "all.txt").write_text(f"gpu01: {A100}")
    with pytest.raises(ConfigurationError, match="gpu01"):
        read(tmp_path.iterdir())


def test_stated() -> None:
    assert stated("host", "535.104.05", ["8.0", "9.0"]).gpus == (Gpu(80), Gpu(90))
    assert stated("host", "", ["none"]) == GpuHost(name="host")


@pytest.mark.parametrize(
    ("driver", "gpus"),
    [
        ("535", ["8.0"]),
        ("new", ["8.0"]),
        ("535.104.05", ["80"]),
        ("535.104.05", ["A100"]),
        ("535.104.05", ["8.0", "none"]),
    ],
)
def test_invalid_options_are_refused(driver: str, gpus: list[str]) -> None:
    with pytest.raises(ConfigurationError, match=r"is not an? "):
        stated("host", driver, gpus)


def test_a_host_as_text() -> None:
    assert str(parse_host(A100 * 2)) == "gpu01: 2 x NVIDIA A100-SXM4-80GB (sm_80), driver 535.104.05"
    assert str(stated("host", "", ["none"])) == "host: no GPU"
