"""Asks raydock-probe on every worker of the Ray cluster that this job runs on; ends with 1 unless each of them passes.

  python probe_workers.py --workers 3 --gpus 1 [--seconds 600] [-- ARGUMENTS OF raydock-probe]

It runs by the image's own Python and Ray, as a RayJob that `deploy kuberay --probe` wrote.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from typing import Any

import ray  # type: ignore[import-not-found]
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # type: ignore[import-not-found]

HEAD = "node:__internal_head__"  # a resource that a Ray head alone has
FOREIGN = ("RAY_", "OMP_NUM_THREADS")  # what KubeRay and Ray set in a worker, beside the image's own


def probe(arguments: list[str]) -> Any:
    """raydock-probe's document, or its words where it gave none."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    command = ["raydock-probe", "--json", *arguments]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return json.loads(done.stdout)
    except OSError as error:
        return f"raydock-probe cannot be run: {error}"
    except ValueError:
        return f"raydock-probe ended with exit status {done.returncode} and no answer: {done.stderr.strip()[-500:]}"


def workers(gpus: int) -> list[dict[str, Any]]:
    """The nodes that are alive, have that many GPUs, and are no head."""
    return [
        node
        for node in ray.nodes()
        if node["Alive"] and HEAD not in node["Resources"] and node["Resources"].get("GPU", 0) >= gpus
    ]


def await_workers(count: int, gpus: int, seconds: float) -> list[dict[str, Any]]:
    """Waits for the workers. Ends the job where fewer come."""
    deadline = time.monotonic() + seconds
    while len(found := workers(gpus)) < count:
        if time.monotonic() > deadline:
            each = f" with {gpus} GPUs each" if gpus else ""
            sys.exit(f"raydock-probe: {len(found)} of {count} workers{each} came within {seconds:g} s; see their pods.")
        time.sleep(1)
    return found


def problems(answer: Any, gpus: int) -> list[str]:
    """What is wrong on a worker: a line a check. On one with GPUs a GPU's check that was skipped is wrong too."""
    if isinstance(answer, str):
        return [answer]
    if not answer["checks"]:
        return ["no check was asked"]
    return [
        f"{check['id']} {check['status']}: {check['detail']}"
        for check in answer["checks"]
        if check["status"] == "failed" or (gpus and check["id"].startswith("gpu") and check["status"] != "passed")
    ]


def ask(node: dict[str, Any], gpus: int, arguments: list[str]) -> Any:
    """Starts the probe on one node, with all its GPUs."""
    place = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
    task = ray.remote(probe).options(num_cpus=0, num_gpus=gpus, max_retries=0, scheduling_strategy=place)
    return task.remote(arguments)


def result(answer: Any, gpus: int) -> list[str]:
    """What is wrong on a worker once its probe has ended."""
    try:
        return problems(ray.get(answer), gpus)
    except ray.exceptions.RayError as error:  # the worker, or its node, is gone
        return [f"it was lost meanwhile: {str(error).strip().splitlines()[0]}"]


def _name(node: dict[str, Any]) -> str:
    """A worker's host, which is its pod, and the beginning of Ray's name for it."""
    return f"{node['NodeManagerHostname']} (node {node['NodeID'][:8]})"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--gpus", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_args()
    ray.init()
    nodes = await_workers(options.workers, options.gpus, options.seconds)
    names = {ask(node, options.gpus, options.arguments): _name(node) for node in nodes}
    failed: list[str] = []
    waiting = list(names)
    while waiting:
        (ended,), waiting = ray.wait(waiting)
        wrong = result(ended, options.gpus)
        print(f"worker {names[ended]}: {'; '.join(wrong) or 'passed'}", flush=True)
        failed += [names[ended]] if wrong else []
    if failed:
        sys.exit(f"raydock-probe: it failed on {len(failed)} of {len(names)} workers: {', '.join(failed)}.")
    print(f"raydock-probe: it passed on all {len(names)} workers.")


if __name__ == "__main__":
    main()
