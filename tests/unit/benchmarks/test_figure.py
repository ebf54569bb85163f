from pathlib import Path

import pytest

from benchmarks.figure import HEADINGS, Bound, Figure, Reference, Result, Target, load
from benchmarks.limits import Rates

FIGURE = Figure(
    what="cpu, built cold",
    unit="s",
    measured=8.0,
    peer=12.0,
    peer_way="uv's Dockerfile",
    second=Reference(value=17.5, how="pip"),
    limit=Reference(value=2.5, how="250 MB by network at 100 MB/s"),
    target=Target(Bound.FASTER, 1.5),
)


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    plain = Figure(what="x", unit="MB", measured=1.0)
    result = Result(bench="build", figures=[FIGURE, plain], machine={"cores": "2"}, when="2026", seconds=1.0)
    assert load(result.save(tmp_path)) == result


def test_a_row_has_a_cell_for_each_heading() -> None:
    row = ("cpu, built cold", *FIGURE.cells)
    assert len(row) == len(HEADINGS)
    assert row[1:] == (
        "8.00 s",
        "12.00 s (uv's Dockerfile)",
        "1.50",
        "17.50 s (pip)",
        "2.50 s (250 MB by network at 100 MB/s)",
        "at least 1.5 x faster",
        "yes",
    )


@pytest.mark.parametrize(
    ("downloaded", "expected"),
    [
        (0, Reference(value=2.0, how="800 MB by sha256 at 400 MB/s")),
        (600_000_000, Reference(value=6.0, how="600 MB by network at 100 MB/s")),
    ],
)
def test_the_slowest_part_of_the_machine_is_the_limit(downloaded: int, expected: Reference) -> None:
    rates = Rates(disk=1e9, hash=4e8, network=1e8)
    assert rates.limit(downloaded=downloaded, unpacked=800_000_000) == expected
