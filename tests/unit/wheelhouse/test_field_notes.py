"""The 54 wheels that an engineer copied to hosts by hand, and what was wrong with them."""

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from raydock.model.lock import parse
from raydock.model.matrix import Matrix
from raydock.wheelhouse import relock
from raydock.wheelhouse.advice import by_findings
from raydock.wheelhouse.analysis import analyze_folder
from raydock.wheelhouse.check import WheelFinding, findings
from raydock.wheelhouse.relock import FolderLock
from tests.support.index import Site, serving
from tests.support.recorded import Recorded
from tests.support.wheels import sdist, wheel

# The set that works, as the engineer's colleagues found later; huggingface-hub is from the folder.
CORRECT = {
    "vllm": "0.3.0",
    "torch": "2.1.2",
    "xformers": "0.0.23.post1",
    "triton": "2.1.0",
    "ray": "2.49.1",
    "transformers": "4.39.3",
    "tokenizers": "0.15.2",
    "huggingface-hub": "0.34.4",
    "numpy": "1.26.4",
    "pydantic": "2.11.7",
    "nvidia-cublas-cu12": "12.1.3.1",
    "nvidia-cudnn-cu12": "8.9.2.26",
    "nvidia-nccl-cu12": "2.18.1",
    "quantile-python": "1.1",
}
Wheels = Mapping[str, tuple[Recorded, ...]]


def findings_by_kind(folder: Path, matrix: Matrix) -> dict[str, list[WheelFinding]]:
    """The findings by kind."""
    by_kind: dict[str, list[WheelFinding]] = {}
    for finding in findings(analyze_folder(folder, matrix)):
        by_kind.setdefault(finding.kind, []).append(finding)
    return by_kind


def test_all_problems_are_found(notes: Path, matrix: Matrix) -> None:
    analysis = analyze_folder(notes, matrix)
    assert (analysis.target.python, analysis.cuda, len(analysis.folder.wheels)) == ("3.10", "12.1", 54)
    by_kind = findings_by_kind(notes, matrix)
    assert set(by_kind) == {"partial-download", "two-versions", "known-breakage", "missing"}
    assert [finding.files[0].rpartition(".")[2] for finding in by_kind["partial-download"]] == ["current"]
    assert [finding.what for finding in by_kind["two-versions"]] == [
        "nvidia-cublas-cu12 has 2 versions: 12.1.3.1, 12.9.1.4",
        "nvidia-cusparse-cu12 has 2 versions: 12.1.0.106, 12.5.10.65",
    ]
    assert [finding.drop[0].split("-")[1] for finding in by_kind["two-versions"]] == ["12.9.1.4", "12.5.10.65"]
    assert "torch 2.1.2 requires ==12.1.3.1" in by_kind["two-versions"][0].meaning
    assert {finding.what for finding in by_kind["known-breakage"]} == {
        "transformers 4.56.1 is incompatible with vllm 0.3.0, which requires transformers<4.40",
        "transformers 4.56.1 is incompatible with torch 2.1.2, which requires transformers<4.56",
        "tokenizers 0.22.0 is incompatible with vllm 0.3.0, which requires tokenizers<0.19",
        "numpy 2.2.6 is incompatible with torch 2.1.2, which requires numpy<2",
    }
    assert "quantile-python is missing: aioprometheus 23.12.0 requires >=1.1" in [
        finding.what for finding in by_kind["missing"]
    ]


def test_what_to_drop_and_fetch_without_an_index(notes: Path, matrix: Matrix) -> None:
    analysis = analyze_folder(notes, matrix)
    advice = by_findings(analysis, findings(analysis))
    fetch = {fetch.project: fetch.versions for fetch in advice.fetch}
    assert fetch["transformers"] == ">=4.37.0,<4.40"
    assert fetch["tokenizers"] == "<0.19"
    assert fetch["numpy"] == "<2"
    assert fetch["quantile-python"] == ">=1.1"
    assert not any(name.startswith("nvidia-cu") for name in fetch)
    assert [name.split("-")[0] for name in advice.drop] == [
        *("numpy", "nvidia_cublas_cu12", "nvidia_cusparse_cu12", "nvidia_cusparse_cu12", "tokenizers", "transformers")
    ]


def test_after_the_engineers_fix_tokenizers_is_still_wrong(notes: Path, matrix: Matrix, recorded: Wheels) -> None:
    """The fix of the notes: numpy<2 and transformers<4.40."""
    for name in ("numpy", "transformers"):
        next(notes.glob(f"{name}-*")).unlink()
        (record,) = (record for record in recorded["index"] if record.project == name)
        (notes / record.filename).write_bytes(record.body)
    (refused,) = findings_by_kind(notes, matrix)["refused"]
    assert refused.what == "tokenizers 0.22.0 is refused: transformers 4.39.3 requires <0.19,>=0.14"


@pytest.fixture
def site(recorded: Wheels) -> Site:
    """An index with the wheels of the folder and of the correct set, and some of the following week."""
    site = Site()
    for record in (*recorded["folder"], *recorded["index"]):
        record.publish(site)
    body = sdist("quantile-python", "1.1")
    site.add("quantile-python", "quantile-python-1.1.tar.gz", body, **{"upload-time": "2018-01-01T00:00:00Z"})
    return site


def locked(folder: Path, matrix: Matrix, cutoff: date | None = None) -> FolderLock:
    analysis = analyze_folder(folder, matrix)
    return relock.lock(analysis, findings(analysis), os.environ, cutoff)


def test_its_lock_is_the_correct_set_and_fixes_the_folder(
    notes: Path, matrix: Matrix, site: Site, own_caches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(site) as address:
        monkeypatch.setenv("UV_DEFAULT_INDEX", address)
        first = locked(notes, matrix)
        pins = {name: pin.version for name, pin in parse(first.text).pins.items()}
        assert CORRECT.items() <= pins.items()
        assert len(pins) == 71
        assert pins["protobuf"] == "6.32.0"
        assert first.cutoff == date(2025, 9, 4)
        assert sorted(name.split("-")[0] for name in first.advice.drop) == [
            *("numpy", "nvidia_cublas_cu12", "nvidia_cusparse_cu12", "nvidia_cusparse_cu12"),
            *("tokenizers", "transformers"),
        ]
        for dropped in first.advice.drop:
            (notes / dropped).unlink()
        for fetched in first.advice.fetch:
            if fetched.filename.endswith(".whl"):
                (notes / fetched.filename).write_bytes(site.files[fetched.filename])
        (notes / "quantile_python-1.1-py3-none-any.whl").write_bytes(wheel("quantile-python", "1.1"))
        assert findings(analyze_folder(notes, matrix)) == ()
        again = locked(notes, matrix)
    assert (again.advice.drop, again.advice.fetch) == ({}, ())
    assert set(parse(again.text).pins) == set(pins)
