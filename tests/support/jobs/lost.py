"""A driver whose tasks and actors stand on the node with address argv[1], which somebody is about to kill.

Prints `ready` when they run, then one JSON object: what became of each, and when (Unix time).
"""

import json
import sys
import time

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

LASTS = 4.0


@ray.remote(num_cpus=0.1)
def task() -> str:
    time.sleep(LASTS)
    return str(ray.util.get_node_ip_address())


@ray.remote(num_cpus=0.1)
class Actor:
    def where(self, seconds: float) -> str:
        time.sleep(seconds)
        return str(ray.util.get_node_ip_address())


def main() -> None:
    ray.init("auto", log_to_driver=False)
    [node] = [node["NodeID"] for node in ray.nodes() if node["Alive"] and node["NodeManagerAddress"] == sys.argv[1]]
    there = NodeAffinitySchedulingStrategy(node, soft=True)
    actors = {
        "actor with restarts": Actor.options(max_restarts=1, max_task_retries=-1, scheduling_strategy=there).remote(),
        "actor without": Actor.options(scheduling_strategy=there).remote(),
    }
    assert ray.get([actor.where.remote(0) for actor in actors.values()]) == [sys.argv[1]] * 2
    pending = {
        "task with retries": task.options(max_retries=3, scheduling_strategy=there).remote(),
        "task without": task.options(max_retries=0, scheduling_strategy=there).remote(),
        **{name: actor.where.remote(LASTS) for name, actor in actors.items()},
    }
    time.sleep(1)
    print("ready", flush=True)
    print(json.dumps(outcomes(pending)))


def outcomes(pending: "dict[str, ray.ObjectRef[str]]") -> "dict[str, list[str | float]]":
    """By name, where it ran or the error's class, and when it ended."""
    names = {ref: name for name, ref in pending.items()}
    found: dict[str, list[str | float]] = {}
    while names:
        [done], _ = ray.wait(list(names), num_returns=1)
        try:
            found[names.pop(done)] = [ray.get(done), time.time()]
        except ray.exceptions.RayError as error:
            found[names.pop(done, "")] = [type(error).__name__, time.time()]
    return found


main()
