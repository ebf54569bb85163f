"""The 54 wheels that an engineer carried to his hosts by hand, and what was wrong with them."""

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from raydock.model.lock import parse
from raydock.model.matrix import Matrix
from raydock.wheelhouse import relock
from raydock.wheelhouse.advice import by_findings
from raydock.wheelhouse.analysis import survey
from raydock.wheelhouse.check import WheelFinding, findings
from raydock.wheelhouse.relock import Locked
from tests.support.index import Site, serving
from tests.support.recorded import Recorded
from tests.support.wheels import sdist, wheel

# The set that works, as the engineer's colleagues found it out later; huggingface-hub is the folder's own.
RIGHT = {
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


def said(folder: Path, matrix: Matrix) -> dict[str, list[WheelFinding]]:
    """The findings by kind."""
    found: dict[str, list[WheelFinding]] = {}
    for finding in findings(survey(folder, matrix)):
        found.setdefault(finding.kind, []).append(finding)
    return found


def test_what_is_wrong_is_found(notes: Path, matrix: Matrix) -> None:
    analysis = survey(notes, matrix)
    assert (analysis.target.python, analysis.cuda, len(analysis.folder.wheels)) == ("3.10", "12.1", 54)
    found = said(notes, matrix)
    assert set(found) == {"partial-download", "two-versions", "known-breakage", "missing"}
    assert [finding.files[0].rpartition(".")[2] for finding in found["partial-download"]] == ["current"]
    assert [finding.what for finding in found["two-versions"]] == [
        "nvidia-cublas-cu12 is there as 12.1.3.1 and 12.9.1.4",
        "nvidia-cusparse-cu12 is there as 12.1.0.106 and 12.5.10.65",
    ]
    assert [finding.drop[0].split("-")[1] for finding in found["two-versions"]] == ["12.9.1.4", "12.5.10.65"]
    assert "torch 2.1.2 wants ==12.1.3.1" in found["two-versions"][0].meaning
    assert {finding.what for finding in found["known-breakage"]} == {
        "transformers 4.56.1 does not go with vllm 0.3.0, which needs transformers<4.40",
        "transformers 4.56.1 does not go with torch 2.1.2, which needs transformers<4.56",
        "tokenizers 0.22.0 does not go with vllm 0.3.0, which needs tokenizers<0.19",
        "numpy 2.2.6 does not go with torch 2.1.2, which needs numpy<2",
    }
    assert "quantile-python is missing: aioprometheus 23.12.0 wants >=1.1" in [item.what for item in found["missing"]]


def test_what_to_drop_and_fetch_without_an_index(notes: Path, matrix: Matrix) -> None:
    analysis = survey(notes, matrix)
    advice = by_findings(analysis, findings(analysis))
    fetch = {item.project: item.versions for item in advice.fetch}
    assert fetch["transformers"] == ">=4.37.0,<4.40"
    assert fetch["tokenizers"] == "<0.19"
    assert fetch["numpy"] == "<2"
    assert fetch["quantile-python"] == ">=1.1"
    assert not any(name.startswith("nvidia-cu") for name in fetch)
    assert [item.filename.split("-")[0] for item in advice.drop] == [
        *("numpy", "nvidia_cublas_cu12", "nvidia_cusparse_cu12", "nvidia_cusparse_cu12", "tokenizers", "transformers")
    ]


def test_mended_by_hand_tokenizers_is_still_wrong(notes: Path, matrix: Matrix, recorded: Wheels) -> None:
    """As the notes fixed it: numpy<2 and transformers<4.40."""
    for name in ("numpy", "transformers"):
        next(notes.glob(f"{name}-*")).unlink()
        (item,) = (item for item in recorded["index"] if item.project == name)
        (notes / item.filename).write_bytes(item.body)
    (refused,) = said(notes, matrix)["refused"]
    assert refused.what == "tokenizers 0.22.0 is refused: transformers 4.39.3 wants <0.19,>=0.14"


@pytest.fixture
def site(recorded: Wheels) -> Site:
    """An index with the folder's wheels, the right set's, and some that appeared in the week after."""
    site = Site()
    for item in (*recorded["folder"], *recorded["index"]):
        item.publish(site)
    body = sdist("quantile-python", "1.1")
    site.add("quantile-python", "quantile-python-1.1.tar.gz", body, **{"upload-time": "2018-01-01T00:00:00Z"})
    return site


def locked(folder: Path, matrix: Matrix, cutoff: date | None = None) -> Locked:
    analysis = survey(folder, matrix)
    return relock.lock(analysis, findings(analysis), os.environ, cutoff)


def test_its_lock_is_the_right_set_and_makes_the_folder_right(
    notes: Path, matrix: Matrix, site: Site, own_caches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(site) as address:
        monkeypatch.setenv("UV_DEFAULT_INDEX", address)
        first = locked(notes, matrix)
        pins = {name: pin.version for name, pin in parse(first.text).pins.items()}
        assert RIGHT.items() <= pins.items()
        assert len(pins) == 71
        assert pins["protobuf"] == "6.32.0"
        assert first.cutoff == date(2025, 9, 4)
        assert sorted(item.filename.split("-")[0] for item in first.advice.drop) == [
            *("numpy", "nvidia_cublas_cu12", "nvidia_cusparse_cu12", "nvidia_cusparse_cu12"),
            *("tokenizers", "transformers"),
        ]
        for dropped in first.advice.drop:
            (notes / dropped.filename).unlink()
        for fetched in first.advice.fetch:
            if fetched.filename.endswith(".whl"):
                (notes / fetched.filename).write_bytes(site.files[fetched.filename])
        (notes / "quantile_python-1.1-py3-none-any.whl").write_bytes(wheel("quantile-python", "1.1"))
        assert findings(survey(notes, matrix)) == ()
        again = locked(notes, matrix)
    assert (again.advice.drop, again.advice.fetch) == ((), ())
    assert set(parse(again.text).pins) == set(pins)
