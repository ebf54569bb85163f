"""Run raydock-probe on every worker of a Ray cluster.

Exits with status 1 unless it passes on all workers.

  python probe_workers.py --workers 3 --gpus 1 [--seconds 600] [-- ARGUMENTS OF raydock-probe]

`deploy kuberay --probe` writes a RayJob that runs this script with the image's Python and Ray.
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
FOREIGN = ("RAY_", "OMP_NUM_THREADS")  # variables that KubeRay and Ray set in a worker, not the image


def probe(arguments: list[str]) -> Any:
    """Run raydock-probe; return its JSON document, or an error message."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    command = ["raydock-probe", "--json", *arguments]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return json.loads(done.stdout)
    except OSError as error:
        return f"cannot run raydock-probe: {error}"
    except ValueError:
        return f"raydock-probe exited with status {done.returncode} and printed no JSON: {done.stderr.strip()[-500:]}"


def workers(gpus: int) -> list[dict[str, Any]]:
    """Return the live nodes with at least `gpus` GPUs, except the head."""
    return [
        node
        for node in ray.nodes()
        if node["Alive"] and HEAD not in node["Resources"] and node["Resources"].get("GPU", 0) >= gpus
    ]


def await_workers(count: int, gpus: int, seconds: float) -> list[dict[str, Any]]:
    """Wait for the workers; end the job if fewer than `count` join within `seconds`."""
    deadline = time.monotonic() + seconds
    while len(found := workers(gpus)) < count:
        if time.monotonic() > deadline:
            size = f" with {gpus} GPUs each" if gpus else ""
            sys.exit(f"raydock-probe: {len(found)} of {count} workers{size} joined in {seconds:g} s; check their pods.")
        time.sleep(1)
    return found


def problems(answer: Any, gpus: int) -> list[str]:
    """Return a line for each failed check of a worker.

    On a worker with GPUs, a skipped GPU check counts as failed.
    """
    if isinstance(answer, str):
        return [answer]
    if not answer["checks"]:
        return ["no check was requested"]
    return [
        f"{check['id']} {check['status']}: {check['detail']}"
        for check in answer["checks"]
        if check["status"] == "failed" or (gpus and check["id"].startswith("gpu") and check["status"] != "passed")
    ]


def start_probe(node: dict[str, Any], gpus: int, arguments: list[str]) -> Any:
    """Start the probe on a node, with `gpus` GPUs."""
    strategy = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
    task = ray.remote(probe).options(num_cpus=0, num_gpus=gpus, max_retries=0, scheduling_strategy=strategy)
    return task.remote(arguments)


def collect_problems(answer: Any, gpus: int) -> list[str]:
    """Return the problems of a worker whose probe has ended."""
    try:
        return problems(ray.get(answer), gpus)
    except ray.exceptions.RayError as error:  # the worker, or its node, is gone
        return [f"the worker was lost during the probe: {str(error).strip().splitlines()[0]}"]


def _name(node: dict[str, Any]) -> str:
    """Return a worker's host name (its pod's) and the start of its Ray node ID."""
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
    names = {start_probe(node, options.gpus, options.arguments): _name(node) for node in nodes}
    failed: list[str] = []
    waiting = list(names)
    while waiting:
        (ended,), waiting = ray.wait(waiting)
        messages = collect_problems(ended, options.gpus)
        print(f"worker {names[ended]}: {'; '.join(messages) or 'passed'}", flush=True)
        failed += [names[ended]] if messages else []
    if failed:
        sys.exit(f"raydock-probe: failed on {len(failed)} of {len(names)} workers: {', '.join(failed)}.")
    print(f"raydock-probe: passed on all {len(names)} workers.")


if __name__ == "__main__":
    main()
