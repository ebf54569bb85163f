"""A small user program: join the cluster at an address, run a task and an actor."""

import json
import os
import sys
from pathlib import Path

import ray  # type: ignore[import-not-found]


def double(number: int) -> int:
    return number * 2


class Counter:
    def __init__(self) -> None:
        self.total = 0

    def add(self, number: int) -> int:
        self.total += number
        return self.total


ray.init(address=sys.argv[1], log_to_driver=False, logging_level="ERROR")
assert ray.get(ray.remote(double).remote(21), timeout=45) == 42
counter = ray.remote(Counter).remote()
assert ray.get([counter.add.remote(1), counter.add.remote(2)], timeout=45) == [1, 3]
ray.shutdown()
Path(os.environ["RAYDOCK_ANSWER"]).write_text(json.dumps({"version": ray.__version__}))
