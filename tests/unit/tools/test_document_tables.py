"""Refreshers that read pages and files, on parts of them."""

import json
from datetime import date

import pytest

from raydock.core.errors import ConfigurationError
from raydock.doctor import xids
from tools import (
    refresh_cards,
    refresh_driver_errors,
    refresh_drivers,
    refresh_gpus,
    refresh_optional_libs,
    refresh_refusals,
    refresh_tegra,
    refresh_uv_platforms,
    refresh_xids,
)


def page(*tables: list[list[str]]) -> str:
    """An HTML page with tables in the markup of Sphinx; the first row of each is its head."""
    return f"<html><body>{''.join(map(_table, tables))}</body></html>"


def _table(lines: list[list[str]]) -> str:
    head, *body = lines
    text = f"<thead>{_row(head, 'th class=head')}</thead><tbody>{''.join(_row(line, 'td') for line in body)}</tbody>"
    return f'<table class="docutils align-default">{text}</table>'


def _row(cells: list[str], tag: str) -> str:
    name = tag.split(maxsplit=1)[0]
    texts = (cell.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;") for cell in cells)
    return f'<tr class="row-odd">{"".join(f"<{tag}><p>{text}</p></{name}>" for text in texts)}</tr>'


def changed(text: str, before: str) -> list[str]:
    """The lines of a text that were not there before, and those that are gone, with a sign."""
    old, new = before.splitlines(), text.splitlines()
    return [f"-{line}" for line in old if line not in new] + [f"+{line}" for line in new if line not in old]


FAMILIES = [
    ["CTK Version", "Driver Range for Minor Version Compatibility"],
    ["", "Min", "Max"],
    ["13.x", ">= 580", "N/A"],
    ["12.x", ">= 525", "< 580"],
    ["11.x", ">= 450", "< 525"],
]
TOOLKITS = [
    ["CUDA Toolkit", "Toolkit Driver Version"],
    ["", "Linux x86_64 Driver Version", "Windows x86_64 Driver Version"],
    ["CUDA 13.2 Update 2", ">=595.71.05", "N/A"],
    ["CUDA 13.2 GA", ">=595.45.04", "N/A"],
    ["CUDA 12.8 Update 1", ">=570.124.06", ">=572.61"],
    ["CUDA 12.8 GA", ">=570.26", ">=570.65"],
    ["CUDA 11.8 GA", ">=520.61.05", ">=520.06"],
    ["CUDA 11.4.0 GA", ">=470.42.01", ">=471.11"],
    ["CUDA 11.0.3 Update 1", ">= 450.51.06", ">= 451.82"],
    ["CUDA 9.2 (9.2.88)", ">= 396.26", ">= 397.44"],
]


def test_the_release_notes_agree_with_the_committed_drivers() -> None:
    proposal = refresh_drivers.propose(page(FAMILIES, TOOLKITS))
    assert (proposal.text, proposal.open) == (refresh_drivers.TABLE.read(), ())


def test_a_new_toolkit_and_a_new_major_version() -> None:
    rows = [["CUDA 14.1 GA", ">=700.2.3", "N/A"], ["CUDA 14.0 GA", ">=690.10", "N/A"]]
    proposal = refresh_drivers.propose(page([*FAMILIES, ["14.x", ">= 690", "N/A"]], [*TOOLKITS, *rows]))
    before = refresh_drivers.TABLE.read()
    assert changed(proposal.text, before) == ['+  "14": 690.10', '+  "14.0": 690.10', '+  "14.1": 700.2.3']
    assert proposal.open == ()


def test_a_floor_of_another_branch_is_a_persons_to_decide() -> None:
    (line,) = refresh_drivers.propose(page([["13.x", ">= 590", "N/A"]], TOOLKITS)).open
    assert line == "the floor of CUDA 13 is 580.65.06, and the page has 590."


BRANCHES = [
    ["CUDA forward compatibility package", "NVIDIA driver"],
    [f"{branch}+ (CUDA {cuda})" for branch, cuda in ((535, 12.2), (570, 12.8), (580, 13.0), (590, 13.1), (595, 13.2))]
    + ["610+ (CUDA 13.3)", "615+ (CUDA 13.4)"],
    ["cuda-compat-13-4", "C", "C", "C", "C", "C", "C", "N/A"],
    ["cuda-compat-13-3", "C", "C", "C", "C", "C", "N/A", "X"],
    ["cuda-compat-12-2", "N/A", "X", "X", "X", "X", "X", "X"],
]


def chip(name: str, *features: str) -> dict[str, object]:
    return {"devid": "0x2330", "subdevid": "0x16C0", "subvendorid": "0x10DE", "name": name, "features": features}


def gpus(*chips: dict[str, object]) -> str:
    return json.dumps({"chips": chips})


def test_branches_are_those_that_take_a_package() -> None:
    assert refresh_gpus.branches(page(BRANCHES)) == [535, 570, 580, 590, 595, 610]
    proposal = refresh_gpus.propose(gpus(chip("NVIDIA H200", "kernelopen")), page(BRANCHES))
    assert proposal.text == refresh_gpus.TABLE.read()


def test_names_of_new_data_centre_gpus_are_added() -> None:
    listed = gpus(
        {"devid": "0x0020", "name": "RIVA TNT", "legacybranch": "71.86.xx", "features": []},
        chip("Tesla V100-SXM2-32GB"),
        chip("NVIDIA H800 PCIe", "kernelopen"),
        chip("NVIDIA H800 PCIe", "kernelopen"),
        chip("NVIDIA GH200 120GB", "kernelopen"),
        chip("NVIDIA GeForce RTX 4090", "kernelopen"),
        chip("NVIDIA H100 PCIe", "kernelopen"),
    )
    proposal = refresh_gpus.propose(listed, page(BRANCHES[:2], [BRANCHES[2][:1], *BRANCHES[2:3]]))
    assert changed(proposal.text, refresh_gpus.TABLE.read()) == ['+  - "NVIDIA H800 PCIe"']


CAPABILITIES = [
    ["Compute Capability", "Data Center", "Workstation/Consumer", "Jetson"],
    ["12.1", "", "NVIDIA GB10 (DGX Spark)", ""],
    ["11.0", "", "", "Jetson T5000 Jetson T4000"],
    ["10.0", "NVIDIA GB200 NVIDIA B200", "", ""],
    ["8.7", "", "", "Jetson AGX Orin Jetson Orin NX Jetson Orin Nano"],
]


def test_the_pages_agree_with_the_committed_tegra() -> None:
    assert refresh_tegra.numbers(page(CAPABILITIES)) == {110, 87}
    assert refresh_tegra.propose(page(CAPABILITIES)).text == refresh_tegra.TABLE.read()


def test_a_new_jetson() -> None:
    proposal = refresh_tegra.propose(page([*CAPABILITIES, ["13.1", "", "", "Jetson Next"]]))
    assert changed(proposal.text, refresh_tegra.TABLE.read())[1] == "+sm: [32, 53, 62, 72, 87, 101, 110, 131]"


HEADS = [
    "Type (XID)",
    "Code",
    "Mnemonic",
    "Description",
    *(f"Applies to {name}" for name in ("A100", "H100", "B100", "GB200")),
    "Resolution Bucket (Immediate Action)",
    "Resolution Bucket (Investigatory Action)",
    "Xid 154 linkage",
    "Trigger Conditions",
]
CATALOGUE = [
    HEADS,
    ["XID", "1", "FIFO_ERROR", "Unused", "NO", "NO", "NO", "NO", "", "CONTACT_SUPPORT", "N/A; Unused", ""],
    ["XID", "13", "GR_EXCEPTION", "Graphics Engine Exception", *["YES"] * 4, "RESTART_APP", "WORKFLOW_XID_13", "", ""],
    ["XID", "63", "DRAM_RETIREMENT", "GPU memory remapping event", *["YES"] * 4, "IGNORE", "IGNORE", "", ""],
    ["XID", "95", "UNCONTAINED_ERROR", "Uncontained memory error", *["YES"] * 4, "RESET_GPU", "IGNORE", "", ""],
]
TIMEOUT = ["XID", "109", "CTXSW_TIMEOUT", "Context Switch Timeout Error", *["YES"] * 4, "RESET_GPU", "", "", ""]


def test_the_catalogue_agrees_with_the_committed_xids() -> None:
    proposal = refresh_xids.propose(page(CATALOGUE))
    assert (proposal.text, proposal.open) == (refresh_xids.TABLE.read(), ())


def test_an_xid_that_resets_a_gpu_is_added() -> None:
    link = ["XID", "155", "SW_DEFINED", "NVLINK: SW Defined Error", "NO", "NO", *["YES"] * 2, "RESET_GPU", "", "", ""]
    codes = [["Xid", "Subcode"], ["149", "RESET_GPU"]]
    proposal = refresh_xids.propose(page([*CATALOGUE, TIMEOUT, link], codes))
    assert changed(proposal.text, refresh_xids.TABLE.read()) == [
        '+  "109": Context Switch Timeout Error',
        '+  "155": "NVLINK: SW Defined Error"',
    ]


def test_an_xid_whose_fault_is_elsewhere_is_a_persons_to_decide() -> None:
    program, gpu = xids.known()
    assert "13" in program
    assert "79" in gpu
    ours = [*CATALOGUE[2][:8], "RESET_GPU", "", "", ""]
    theirs = ["XID", "79", "OFF_THE_BUS", "GPU has fallen off the bus", *["YES"] * 4, "RESTART_APP", "", "", ""]
    first, second = refresh_xids.propose(page([HEADS, ours, theirs])).open
    assert first.startswith("Xid 13 is a program's fault here, and the catalogue says RESET_GPU")
    assert second.startswith("Xid 79 is the GPU's fault here, and the catalogue says RESTART_APP")


@pytest.mark.parametrize(
    "propose",
    [
        refresh_drivers.propose,
        refresh_tegra.propose,
        refresh_xids.propose,
        lambda text: refresh_gpus.propose(text, page(BRANCHES)),
        lambda text: refresh_gpus.propose(gpus(), text),
    ],
)
def test_a_page_that_is_something_else_is_refused(propose) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigurationError):
        propose("<html><body><table><tr><td>Log in</td></tr></table></body></html>")


HEADERS = """\
typedef enum cudaError_enum {
    CUDA_SUCCESS                              = 0,
    CUDA_ERROR_OUT_OF_MEMORY                  = 2,
enum __device_builtin__ cudaError {
    cudaErrorInsufficientDriver           =     35,
"""


def test_error_codes_are_compared_with_the_headers() -> None:
    names = {code: name for code, (name, _) in json.loads(refresh_driver_errors.TABLE.read())["errors"].items()}
    whole = HEADERS + "".join(f"    {name} = {code},\n" for code, name in names.items())
    assert refresh_driver_errors.propose(whole).open == ()
    lines = refresh_driver_errors.propose(HEADERS.replace("OUT_OF_MEMORY", "NO_MEMORY")).open
    assert "2 is not CUDA_ERROR_OUT_OF_MEMORY: the headers have CUDA_ERROR_NO_MEMORY." in lines
    assert "999 is not CUDA_ERROR_UNKNOWN: the headers have no such code." in lines
    assert not any(line.startswith("35 ") for line in lines)


def test_entries_of_plug_ins_that_are_gone() -> None:
    patterns = [entry["file"] for entry in json.loads(refresh_optional_libs.TABLE.read())["optional"]]
    paths = [pattern.replace("*", "/").replace("[Pp]y[Nn]v[Vv]ideo[Cc]odec", "PyNvVideoCodec") for pattern in patterns]
    assert refresh_optional_libs.propose(paths).open == ()
    (line,) = refresh_optional_libs.propose(path for path in paths if "tbbpool" not in path).open
    assert line.startswith("no wheel of the locks has a file */numba/np/ufunc/tbbpool.*")


def test_refusals_of_registries_are_looked_at_each_year() -> None:
    assert refresh_refusals.propose(date(2026, 12, 1)).open == ()
    old = refresh_refusals.propose(date(2028, 1, 1)).open
    assert "refusals.yaml:" in old[0]
    assert "look whether this still holds: body-limit of 2026-11-29" in old[0]


def test_gpus_without_rates() -> None:
    assert refresh_cards.propose(["NVIDIA H200", "NVIDIA Next"]).open == (
        "no entry fits NVIDIA Next: add it from its datasheet.",
    )


USAGE = """\
          - x86_64-manylinux2014:         An x86 Linux target compatible with manylinux2014
          - x86_64-manylinux_2_17:        An x86 Linux target
          - x86_64-manylinux_2_41:        An x86 Linux target
          - aarch64-manylinux_2_45:       An Arm Linux target
"""


def test_platforms_of_a_newer_uv() -> None:
    proposal = refresh_uv_platforms.propose(USAGE, "0.99.1")
    old, older, comment, numbers = changed(proposal.text, refresh_uv_platforms.TABLE.read())
    assert old.startswith("-# The glibc minors")
    assert older.startswith("-UV_GLIBC = (17, ")
    assert "(uv 0.99.1, `uv pip compile --help`; read " in comment
    assert numbers == "+UV_GLIBC = (17, 41)"
