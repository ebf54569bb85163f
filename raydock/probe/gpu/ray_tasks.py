"""Asks Ray for its GPUs: `ray_tasks.py FOLDER`; answers how many it counts and which of them each task saw, as JSON."""

import ctypes
import json
import os
import sys
import time
from pathlib import Path
from typing import List

import ray  # type: ignore[import-not-found]

MEETING_SECONDS = 60


def visible() -> List[str]:
    """The UUIDs of the GPUs that this process sees, as the driver says them."""
    driver = ctypes.CDLL("libcuda.so.1")
    count, handle, uuid = ctypes.c_int(), ctypes.c_int(), ctypes.create_string_buffer(16)
    code = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count))
    if code:
        raise RuntimeError(f"CUDA error: {code} in a task with num_gpus=1")
    found = []
    for number in range(count.value):
        driver.cuDeviceGet(ctypes.byref(handle), number)
        driver.cuDeviceGetUuid(uuid, handle)
        found.append(uuid.raw.hex())
    return found


def meet(folder: str, count: int) -> List[str]:
    """What a task sees, once `count` of them run at the same time."""
    Path(folder, f"{os.getpid()}.here").touch()
    deadline = time.monotonic() + MEETING_SECONDS
    while len(list(Path(folder).glob("*.here"))) < count:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{count} tasks with num_gpus=1 do not run at the same time")
        time.sleep(0.05)
    return visible()


def main(folder: str) -> None:
    # Ray finds the GPUs itself: whether it can is part of the question.
    ray.init(_temp_dir=folder, include_dashboard=False, object_store_memory=10**8)
    counted = int(ray.cluster_resources().get("GPU", 0))
    task = ray.remote(num_gpus=1, num_cpus=0)(meet)
    seen = ray.get([task.remote(folder, counted) for _ in range(counted)], timeout=MEETING_SECONDS + 20)
    ray.shutdown()
    Path(os.environ["RAYDOCK_ANSWER"]).write_text(json.dumps({"counted": counted, "seen": seen}))


main(sys.argv[1])
