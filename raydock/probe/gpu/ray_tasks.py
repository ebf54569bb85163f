"""Run a Ray task for each GPU: `ray_tasks.py FOLDER`.

The answer has the number of GPUs that Ray counts, and the GPUs that each task saw.
"""

import ctypes
import json
import os
import sys
import time
from pathlib import Path
from typing import List

import ray  # type: ignore[import-not-found]

_WAIT_SECONDS = 60


def visible() -> List[str]:
    """The UUIDs of the GPUs that the driver shows to this process."""
    driver = ctypes.CDLL("libcuda.so.1")
    count, handle, uuid = ctypes.c_int(), ctypes.c_int(), ctypes.create_string_buffer(16)
    code = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count))
    if code:
        raise RuntimeError(f"CUDA error: {code} in a task with num_gpus=1")
    uuids = []
    for number in range(count.value):
        driver.cuDeviceGet(ctypes.byref(handle), number)
        driver.cuDeviceGetUuid(uuid, handle)
        uuids.append(uuid.raw.hex())
    return uuids


def wait_and_look(folder: str, count: int) -> List[str]:
    """The GPUs that a task sees while `count` tasks run at the same time."""
    Path(folder, f"{os.getpid()}.started").touch()
    deadline = time.monotonic() + _WAIT_SECONDS
    while len(list(Path(folder).glob("*.started"))) < count:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{count} tasks with num_gpus=1 do not run at the same time")
        time.sleep(0.05)
    return visible()


def main(folder: str) -> None:
    # No num_gpus: that Ray finds the GPUs itself is part of the check.
    ray.init(_temp_dir=folder, include_dashboard=False, object_store_memory=10**8)
    counted = int(ray.cluster_resources().get("GPU", 0))
    task = ray.remote(num_gpus=1, num_cpus=0)(wait_and_look)
    seen = ray.get([task.remote(folder, counted) for _ in range(counted)], timeout=_WAIT_SECONDS + 20)
    ray.shutdown()
    Path(os.environ["RAYDOCK_ANSWER"]).write_text(json.dumps({"counted": counted, "seen": seen}))


main(sys.argv[1])
