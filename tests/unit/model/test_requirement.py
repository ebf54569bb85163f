import time
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import pytest
from packaging.requirements import InvalidRequirement, Requirement

import raydock.model.requirement
from raydock.model.requirement import requirement


def test_threads_parse_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = Lock()

    def parse(line: str) -> Requirement:
        assert alone.acquire(blocking=False), "two threads parse at once"
        time.sleep(0.001)
        alone.release()
        return Requirement(line)

    monkeypatch.setattr(raydock.model.requirement, "Requirement", parse)
    lines = [f'numpy<2; extra == "one-at-a-time-{number}"' for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        assert [str(item) for item in pool.map(requirement, lines)] == lines


def test_an_invalid_requirement_is_refused() -> None:
    with pytest.raises(InvalidRequirement):
        requirement("numpy<<2")
