"""Fit a line by gradient descent: each worker, on its own node, has a part of the data; the driver has the mean.

The job's runtime_env must install torch and torchvision on every node; they are imported but not used.
"""

import importlib
import os

import numpy as np
import ray

WORKERS, CPUS = int(os.environ["NUM_WORKERS"]), int(os.environ["CPUS_PER_WORKER"])


@ray.remote(num_cpus=CPUS)
class Worker:
    def __init__(self, rank: int) -> None:
        for package in ("torch", "torchvision"):
            importlib.import_module(package)
        self.x = np.linspace(-1, 1, 100)[rank::WORKERS]
        self.y = 3 * self.x + 1

    def gradient(self, slope: float, offset: float) -> tuple[float, float]:
        error = slope * self.x + offset - self.y
        return float(2 * (error * self.x).mean()), float(2 * error.mean())

    def node(self) -> str:
        return ray.get_runtime_context().get_node_id()


ray.init()
workers = [Worker.remote(rank) for rank in range(WORKERS)]
assert len(set(ray.get([worker.node.remote() for worker in workers]))) == WORKERS
slope = offset = 0.0
for _ in range(200):
    gradients = np.array(ray.get([worker.gradient.remote(slope, offset) for worker in workers]))
    slope, offset = np.array([slope, offset]) - 0.3 * gradients.mean(axis=0)
print(f"trained: {slope:.2f} x + {offset:.2f}")
