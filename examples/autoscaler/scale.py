"""Asks for more than a cluster has, and waits until the autoscaler has brought it.

python scale.py [--actors 3]: actors of one CPU each, until all run. They end with the job, and the workers that they
came on after a minute of idleness.
"""

import argparse
import time

import ray


@ray.remote(num_cpus=1)
class Holder:
    """Holds a CPU."""

    def node(self) -> str:
        return ray.get_runtime_context().get_node_id()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--actors", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=300)
    asked = parser.parse_args()
    ray.init()
    print(f"the cluster has {ray.cluster_resources().get('CPU', 0):g} CPUs; asking for {asked.actors}", flush=True)
    started = time.monotonic()
    holders = [Holder.remote() for _ in range(asked.actors)]
    nodes = ray.get([holder.node.remote() for holder in holders], timeout=asked.seconds)
    seconds = time.monotonic() - started
    print(f"{asked.actors} actors run on {len(set(nodes))} nodes after {seconds:.1f} s")


if __name__ == "__main__":
    main()
