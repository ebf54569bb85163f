"""What nvidia-smi says on real hosts, and what ssh and the shell say in its place."""

from pathlib import Path

import pytest

from raydock.core.errors import ConfigurationError, HostError
from raydock.pick.nvidia_smi import Gpu, GpuHost, parse, read, stated

T4 = "470.256.02, 7.5, Tesla T4\n"
A100 = "535.104.05, 8.0, NVIDIA A100-SXM4-80GB\n"


def one(text: str) -> GpuHost:
    found = parse(text, "gpu01")["gpu01"]
    assert isinstance(found, GpuHost), found
    return found


def refused(text: str) -> str:
    found = parse(text, "gpu01")["gpu01"]
    assert isinstance(found, HostError), found
    assert found.exit_code == 1
    return str(found)


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
def test_rows_of_real_cards(text: str, driver: str, gpus: list[Gpu]) -> None:
    assert one(text) == GpuHost(name="gpu01", driver=driver, gpus=tuple(gpus))


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
def test_what_is_around_the_rows_does_not_matter(text: str) -> None:
    assert one(text) == one(A100)


def test_no_devices_is_a_host_without_a_gpu_and_a_remark() -> None:
    found = one("No devices were found\n")
    assert found.gpus == ()
    assert "dmesg" in found.remark


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "--gpu none"),
        ("\r\n", "said nothing"),
        ("driver_version, compute_cap, name\n", "said nothing"),
        (
            "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest "
            "NVIDIA driver is installed and running.\n\n",
            "modprobe nvidia",
        ),
        ("Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 535.183\n", "reboot"),
        ("Unable to determine the device handle for GPU 0000:03:00.0: Unknown Error\n", "reset that GPU"),
        ('Field "compute_cap" is not a valid field to query.\n\n', "too old to know compute capabilities"),
        ("bash: line 1: nvidia-smi: command not found\n", "full path"),
        ("ssh: connect to host gpu01 port 22: Connection refused\n", "is not understood"),
        ("535.104.05, [N/A], NVIDIA A100-SXM4-80GB\n", "'[N/A]' is not a compute capability"),
        ("[N/A], 8.0, NVIDIA A100-SXM4-80GB\n", "'[N/A]' is not a driver version"),
        ("535.104.05, [Unknown Error], NVIDIA A100-SXM4-80GB\n", "not a compute capability"),
        ("NVIDIA A100-SXM4-80GB, 535.104.05, 8.0\n", "is not understood"),
        ("535.104.05, 8.0\n", "is not understood"),
        (A100 + "No devices were found\n", "is not understood"),
        (A100 + T4, "one host has one driver"),
        ("\x00\x01garbage\x7f\n", "is not understood"),
    ],
)
def test_what_is_not_understood_is_refused_with_what_to_do(text: str, words: str) -> None:
    told = refused(text)
    assert words in told
    assert "gpu01" in told
    assert "Next: " in told


def test_a_long_line_of_garbage_is_quoted_in_part() -> None:
    assert len(refused("x" * 10_000)) < 500


def test_lines_of_several_hosts() -> None:
    found = parse(f"gpu01: {A100}gpu02: {T4}gpu01: {A100}cpu-1.example: No devices were found\n", "stdin")
    assert list(found) == ["gpu01", "gpu02", "cpu-1.example"]
    assert found["gpu01"] == GpuHost(name="gpu01", driver="535.104.05", gpus=(Gpu(80, "NVIDIA A100-SXM4-80GB"),) * 2)
    assert isinstance(found["cpu-1.example"], GpuHost)


def test_one_host_that_fails_leaves_the_others() -> None:
    found = parse(f"gpu01: {A100}gpu02: bash: line 1: nvidia-smi: command not found\n", "stdin")
    assert isinstance(found["gpu01"], GpuHost)
    assert isinstance(found["gpu02"], HostError)
    assert "gpu02: nvidia-smi's answer is not understood" in str(found["gpu02"])


def test_files_name_hosts(tmp_path: Path) -> None:
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
def test_a_statement_that_cannot_be_understood(driver: str, gpus: list[str]) -> None:
    with pytest.raises(ConfigurationError, match=r"is not an? |is no "):
        stated("host", driver, gpus)


def test_a_host_in_words() -> None:
    assert str(one(A100 * 2)) == "gpu01: 2 x NVIDIA A100-SXM4-80GB (sm_80), driver 535.104.05"
    assert str(stated("host", "", ["none"])) == "host: no GPU"
