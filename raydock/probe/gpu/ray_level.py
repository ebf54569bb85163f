"""The check `gpu-ray`: Ray counts the GPUs that the driver shows, and gives each of as many tasks one of its own."""

import os
import shutil
import tempfile
from importlib import import_module
from pathlib import Path
from typing import List

from ..answer import CheckError
from ..image import Image
from ..process import script
from .cuda import Driver, explain

TASKS = Path(__file__).with_name("ray_tasks.py")


def ray_level(image: Image) -> str:
    """A task with num_gpus=1 sees one GPU, and as many tasks as there are GPUs see all of them."""
    del image
    shown = _shown()
    folder = tempfile.mkdtemp(prefix="rd", dir="/tmp")  # a short name, as Ray's sockets need
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    try:
        found = script("tasks with num_gpus=1", TASKS, folder, env=environment).answer()
    except CheckError as error:
        raise CheckError(explain(str(error))) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return verdict_of(found["counted"], found["seen"], shown)


def verdict_of(counted: int, seen: "List[List[str]]", shown: "List[str]") -> str:
    """The answer to what Ray counted and which GPUs its tasks saw, where the driver shows these (all by UUID)."""
    if counted != len(shown):
        hint = "" if counted else ": it asks libnvidia-ml.so.1, which needs `utility` in NVIDIA_DRIVER_CAPABILITIES"
        raise CheckError(f"Ray counts {counted} GPUs, and the driver shows {len(shown)}{hint}")
    many = [gpus for gpus in seen if len(gpus) != 1]
    if many:
        raise CheckError(f"a task with num_gpus=1 sees {len(many[0])} GPUs in place of one")
    found = {gpu for gpus in seen for gpu in gpus}
    if found != set(shown):
        raise CheckError(f"{counted} tasks with num_gpus=1 see {len(found)} different GPUs in place of {len(shown)}")
    version = import_module("importlib.metadata").version("ray")
    each = "each task sees its own" if counted > 1 else "a task with num_gpus=1 sees it alone"
    return f"Ray {version} counts {counted} GPU{'s' if counted > 1 else ''}; {each}"


def _shown() -> "List[str]":
    driver = Driver()
    driver.call("cuInit", 0)
    return [device.uuid for device in driver.devices()]
