"""A job that needs only Ray: tasks count words, an actor adds the counts, and the result is checked.

python sample_code.py
"""

from collections import Counter

import ray

LINES = ["a cluster is some nodes", "a node is some cores", "some cores are idle"]


@ray.remote(num_cpus=1)
class Tally:
    """An actor that adds the counts of tasks."""

    def __init__(self) -> None:
        self.words: Counter[str] = Counter()

    def add(self, counted: "Counter[str]") -> "Counter[str]":
        self.words += counted
        return self.words


@ray.remote(num_cpus=0.1)
def count(line: str) -> "Counter[str]":
    return Counter(line.split())


def main() -> None:
    ray.init()
    tally = Tally.remote()
    for line in LINES:
        words = ray.get(tally.add.remote(count.remote(line)))
        print(f"tally after {line!r}: {words.most_common(3)}", flush=True)
    if words["some"] != 3:
        raise SystemExit(f"'some' is in the text 3 times, but the count is {words['some']}")
    nodes = [node for node in ray.nodes() if node["Alive"]]
    print(f"done: {sum(words.values())} words, {len(nodes)} nodes alive, Ray {ray.__version__}")


if __name__ == "__main__":
    main()
