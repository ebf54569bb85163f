"""A driver whose tasks and actors run on the node with address argv[1], which the test kills.

Prints `ready` when they run, then one JSON object: the outcome of each, and when (Unix time).
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
    on_node = NodeAffinitySchedulingStrategy(node, soft=True)
    actors = {
        "actor with restarts": Actor.options(max_restarts=1, max_task_retries=-1, scheduling_strategy=on_node).remote(),
        "actor without": Actor.options(scheduling_strategy=on_node).remote(),
    }
    assert ray.get([actor.where.remote(0) for actor in actors.values()]) == [sys.argv[1]] * 2
    pending = {
        "task with retries": task.options(max_retries=3, scheduling_strategy=on_node).remote(),
        "task without": task.options(max_retries=0, scheduling_strategy=on_node).remote(),
        **{name: actor.where.remote(LASTS) for name, actor in actors.items()},
    }
    time.sleep(1)
    print("ready", flush=True)
    print(json.dumps(outcomes(pending)))


def outcomes(pending: "dict[str, ray.ObjectRef[str]]") -> "dict[str, list[str | float]]":
    """Return the node or the error's class, and the end, of each result by name."""
    names = {ref: name for name, ref in pending.items()}
    outcomes_by_name: dict[str, list[str | float]] = {}
    while names:
        [done], _ = ray.wait(list(names), num_returns=1)
        try:
            outcomes_by_name[names.pop(done)] = [ray.get(done), time.time()]
        except ray.exceptions.RayError as error:
            outcomes_by_name[names.pop(done, "")] = [type(error).__name__, time.time()]
    return outcomes_by_name


main()
