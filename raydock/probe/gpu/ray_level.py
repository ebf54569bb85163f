"""The check `gpu-ray`: Ray counts the GPUs, and gives each task its own."""

import os
import shutil
import tempfile
from importlib import import_module
from pathlib import Path
from typing import List

from ..answer import CheckError
from ..image import Image
from ..process import start_script
from .cuda import Driver, explain

TASKS = Path(__file__).with_name("ray_tasks.py")


def ray_level(image: Image) -> str:
    """Check that each task with num_gpus=1 sees a different GPU."""
    del image
    shown = _list_gpus()
    folder = tempfile.mkdtemp(prefix="rd", dir="/tmp")  # a short name, as Ray's sockets need
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    try:
        answer = start_script("tasks with num_gpus=1", TASKS, folder, env=environment).answer()
    except CheckError as error:
        raise CheckError(explain(str(error))) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return judge(answer["counted"], answer["seen"], shown)


def judge(counted: int, seen: "List[List[str]]", shown: "List[str]") -> str:
    """Compare Ray's count and its tasks' GPUs with the driver's; by UUID.

    Raises CheckError if they differ.
    """
    if counted != len(shown):
        hint = "" if counted else ": it reads libnvidia-ml.so.1, which needs `utility` in NVIDIA_DRIVER_CAPABILITIES"
        raise CheckError(f"Ray counts {counted} GPUs, and the driver shows {len(shown)}{hint}")
    wrong = [gpus for gpus in seen if len(gpus) != 1]
    if wrong:
        raise CheckError(f"a task with num_gpus=1 sees {len(wrong[0])} GPUs in place of one")
    different = {gpu for gpus in seen for gpu in gpus}
    if different != set(shown):
        count = len(different)
        raise CheckError(f"{counted} tasks with num_gpus=1 see {count} different GPUs in place of {len(shown)}")
    version = import_module("importlib.metadata").version("ray")
    tasks = "each task sees a different one" if counted > 1 else "a task with num_gpus=1 sees only it"
    return f"Ray {version} counts {counted} GPU{'s' if counted > 1 else ''}; {tasks}"


def _list_gpus() -> "List[str]":
    """The UUIDs of the GPUs that the driver shows."""
    driver = Driver()
    driver.call("cuInit", 0)
    return [device.uuid for device in driver.devices()]
