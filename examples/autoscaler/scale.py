"""Start more actors than a cluster has CPUs, and wait until the autoscaler has added workers for them.

python scale.py [--actors 3]: actors of one CPU each, until all run. They end with the job; their workers end after a
minute without work.
"""

import argparse
import time

import ray


@ray.remote(num_cpus=1)
class Holder:
    """An actor that uses one CPU."""

    def node(self) -> str:
        return ray.get_runtime_context().get_node_id()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--actors", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=300)
    options = parser.parse_args()
    ray.init()
    print(
        f"the cluster has {ray.cluster_resources().get('CPU', 0):g} CPUs; starting {options.actors} actors", flush=True
    )
    started = time.monotonic()
    holders = [Holder.remote() for _ in range(options.actors)]
    nodes = ray.get([holder.node.remote() for holder in holders], timeout=options.seconds)
    seconds = time.monotonic() - started
    print(f"{options.actors} actors run on {len(set(nodes))} nodes after {seconds:.1f} s")


if __name__ == "__main__":
    main()
