"""Refreshers that read pages and files, with parts of these documents."""

import json
from datetime import date, timedelta
from types import ModuleType

import pytest

from raydock.core.errors import ConfigurationError
from tests.unit.tools.conftest import Put
from tools import (
    refresh_build_failures,
    refresh_cards,
    refresh_driver_errors,
    refresh_drivers,
    refresh_gpus,
    refresh_optional_libs,
    refresh_refusals,
    refresh_smi_failures,
    refresh_tegra,
    refresh_uv_platforms,
    refresh_xids,
)


def page(*tables: list[list[str]]) -> str:
    """Return an HTML page with tables in the markup of Sphinx; the first row of each is its head."""
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
    """Return the removed lines with a minus sign and the added lines with a plus sign."""
    old, new = before.splitlines(), text.splitlines()
    return [f"-{line}" for line in old if line not in new] + [f"+{line}" for line in new if line not in old]


HEAD = "source: a page\ndate: 2026-11-22\n\n"
DRIVERS = (
    f'{HEAD}floors:\n  "11": 450.80.02\n  "13": 580.65.06\n\ntoolkits:\n  "11.7": 515.43.04\n  "13.2": 595.45.04\n'
)
GPUS = f"""{HEAD}data-centre:
  - "NVIDIA H100 *"
  - "NVIDIA H800 *"
  - "NVIDIA GH200*"

# Full names.
products:
  - "NVIDIA H100 PCIe"

branches: [535, 570, 580, 590, 595, 610]

arm:
  - "NVIDIA GH200*"
"""
TEGRA = f"{HEAD}sm: [32, 87, 110]\n"
XIDS = f'{HEAD}program:\n  "13": a fault\n  "63": remapped\n\ngpu:\n  "79": off the bus\n  "95": uncontained\n'


@pytest.fixture(autouse=True)
def tables(put: Put) -> None:
    put(refresh_drivers.TABLE, DRIVERS)
    put(refresh_gpus.TABLE, GPUS)
    put(refresh_tegra.TABLE, TEGRA)
    put(refresh_xids.TABLE, XIDS)


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


def test_release_notes_add_toolkits_newer_than_the_oldest_known() -> None:
    proposal = refresh_drivers.propose(page(FAMILIES, TOOLKITS))
    assert changed(proposal.text, DRIVERS) == ['+  "11.8": 520.61.05', '+  "12.8": 570.26']
    assert proposal.open == ()


def test_a_new_major_version() -> None:
    rows = [["CUDA 14.1 GA", ">=700.2.3", "N/A"], ["CUDA 14.0 GA", ">=690.10", "N/A"], TOOLKITS[3]]
    proposal = refresh_drivers.propose(page([*FAMILIES, ["14.x", ">= 690", "N/A"]], rows))
    assert changed(proposal.text, DRIVERS) == ['+  "14": 690.10', '+  "14.0": 690.10', '+  "14.1": 700.2.3']
    assert proposal.open == ()


def test_a_floor_in_a_different_branch_must_be_decided() -> None:
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


def test_branches_are_those_with_a_compat_package() -> None:
    assert refresh_gpus.branches(page(BRANCHES)) == [535, 570, 580, 590, 595, 610]
    proposal = refresh_gpus.propose(gpus(chip("NVIDIA H200", "kernelopen")), page(BRANCHES))
    assert proposal.text == GPUS


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
    proposal = refresh_gpus.propose(listed, page(BRANCHES))
    assert changed(proposal.text, GPUS) == ['+  - "NVIDIA H800 PCIe"']


CAPABILITIES = [
    ["Compute Capability", "Data Center", "Workstation/Consumer", "Jetson"],
    ["12.1", "", "NVIDIA GB10 (DGX Spark)", ""],
    ["11.0", "", "", "Jetson T5000 Jetson T4000"],
    ["10.0", "NVIDIA GB200 NVIDIA B200", "", ""],
    ["8.7", "", "", "Jetson AGX Orin Jetson Orin NX Jetson Orin Nano"],
]


def test_numbers_of_jetson_are_added_and_old_numbers_are_kept() -> None:
    assert refresh_tegra.numbers(page(CAPABILITIES)) == {110, 87}
    assert refresh_tegra.propose(page(CAPABILITIES)).text == TEGRA
    newer = page([*CAPABILITIES, ["13.1", "", "", "Jetson Next"]])
    assert refresh_tegra.propose(newer).text == TEGRA.replace("110]", "110, 131]")


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


def test_a_catalogue_that_agrees() -> None:
    proposal = refresh_xids.propose(page(CATALOGUE))
    assert (proposal.text, proposal.open) == (XIDS, ())


def test_an_xid_that_resets_a_gpu_is_added() -> None:
    link = ["XID", "155", "SW_DEFINED", "NVLINK: SW Defined Error", "NO", "NO", *["YES"] * 2, "RESET_GPU", "", "", ""]
    codes = [["Xid", "Subcode"], ["149", "RESET_GPU"]]
    proposal = refresh_xids.propose(page([*CATALOGUE, TIMEOUT, link], codes))
    assert changed(proposal.text, XIDS) == [
        '+  "109": Context Switch Timeout Error',
        '+  "155": "NVLINK: SW Defined Error"',
    ]


def test_an_xid_with_a_different_cause_must_be_decided() -> None:
    ours = [*CATALOGUE[2][:8], "RESET_GPU", "", "", ""]
    theirs = ["XID", "79", "OFF_THE_BUS", "GPU has fallen off the bus", *["YES"] * 4, "RESTART_APP", "", "", ""]
    first, second = refresh_xids.propose(page([HEADS, ours, theirs])).open
    assert first.startswith("Xid 13 is a program's fault here, but RESET_GPU in the catalogue")
    assert second.startswith("Xid 79 is the GPU's fault here, but RESTART_APP in the catalogue")


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
def test_a_different_page_is_refused(propose) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigurationError):
        propose("<html><body><table><tr><td>Log in</td></tr></table></body></html>")


HEADERS = """\
typedef enum cudaError_enum {
    CUDA_SUCCESS                              = 0,
    CUDA_ERROR_OUT_OF_MEMORY                  = 2,
enum __device_builtin__ cudaError {
    cudaErrorInsufficientDriver           =     35,
"""


def test_error_codes_are_compared_with_the_headers(put: Put) -> None:
    errors = {"2": ["CUDA_ERROR_OUT_OF_MEMORY", "full"], "35": ["cudaErrorInsufficientDriver", "old"]}
    put(refresh_driver_errors.TABLE, json.dumps({"errors": errors}))
    assert refresh_driver_errors.propose(HEADERS).open == ()
    put(refresh_driver_errors.TABLE, json.dumps({"errors": errors | {"999": ["CUDA_ERROR_UNKNOWN", "unknown"]}}))
    assert refresh_driver_errors.propose(HEADERS.replace("OUT_OF_MEMORY", "NO_MEMORY")).open == (
        "2 is not CUDA_ERROR_OUT_OF_MEMORY: the headers have CUDA_ERROR_NO_MEMORY.",
        "999 is not CUDA_ERROR_UNKNOWN: the headers have no such code.",
    )


def test_entries_of_removed_plug_ins_are_listed(put: Put) -> None:
    put(refresh_optional_libs.TABLE, json.dumps({"optional": [{"file": "*/a/pool.*"}, {"file": "*/lib/[Aa]b*"}]}))
    assert refresh_optional_libs.propose(["/a/pool.cpython.so", "/x/lib/Abc"]).open == ()
    assert refresh_optional_libs.propose(["/a/pool/x", "/x/lib/abc"]).open == (
        "no wheel of the locks has a file */a/pool.*: remove or fix the entry.",
    )


@pytest.mark.parametrize(
    ("refresher", "entry", "place"),
    [
        (refresh_refusals, "cause: quota\n  status: [413]\n  text: quota\n  todo: delete", "refusals.yaml:1: quota"),
        (refresh_smi_failures, "text: mismatch\n  meaning: old\n  todo: reboot", "nvidia-smi.yaml:1: mismatch"),
    ],
    ids=["refusals of registries", "messages of nvidia-smi"],
)
def test_entries_are_reviewed_each_year(put: Put, refresher: ModuleType, entry: str, place: str) -> None:
    put(refresher.TABLE, f"- {entry}\n  source: an issue\n  date: 2026-11-29\n")
    year = date(2026, 11, 29) + timedelta(365)
    assert refresher.propose(year).open == ()
    (line,) = refresher.propose(year + timedelta(1)).open
    assert f"{place} of 2026-11-29" in line


def test_messages_of_builds_are_reviewed_each_year(put: Put) -> None:
    entry = "{kind: engine, text: a, meaning: b, todo: c}"
    put(refresh_build_failures.TABLE, f"failures: [{entry}]\nsource: uv\ndate: 2026-11-29\n")
    year = date(2026, 11, 29) + timedelta(365)
    assert refresh_build_failures.propose(year).open == ()
    (line,) = refresh_build_failures.propose(year + timedelta(1)).open
    assert "check whether this is still true: the table of 2026-11-29" in line


def test_gpus_without_rates(put: Put) -> None:
    put(refresh_cards.TABLE, json.dumps({"date": "2026-11-25", "cards": [{"name": "NVIDIA H200*"}]}))
    assert refresh_cards.propose(["NVIDIA H200 NVL", "NVIDIA Next"]).open == (
        "no entry matches NVIDIA Next: add it from its datasheet.",
    )


USAGE = """\
          - x86_64-manylinux2014:         An x86 Linux target compatible with manylinux2014
          - x86_64-manylinux_2_17:        An x86 Linux target
          - x86_64-manylinux_2_41:        An x86 Linux target
          - aarch64-manylinux_2_45:       An Arm Linux target
"""


def test_platforms_of_a_newer_uv(put: Put) -> None:
    comment = "# The glibc minors (2.NN) of uv (uv {}, `uv pip compile --help`; read 2026-11-22).\nUV_GLIBC = ({})\n"
    put(refresh_uv_platforms.TABLE, comment.format("0.13.9", "17, 28"))
    assert refresh_uv_platforms.propose(USAGE, "0.99.1").text == comment.format("0.99.1", "17, 41")
