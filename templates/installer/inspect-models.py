"""Fill vLLM's cache of model classes in an image: what each model class supports.

    inspect-models.py FOLDER    (vLLM's cache folder of every user)

Without the cache, the first start of vLLM in a container imports the class of its model in one more process, only to
read this. vLLM writes the cache itself; it uses an entry only if the class's source file still has the same hash. Here
the classes are imported without a GPU, all in this process. Classes that need a GPU or a package that is not installed
stay out, and so do those outside SAME: they are different classes on different hardware. All files get the time
SOURCE_DATE_EPOCH.
"""

import logging
import os
import shutil
import sys
from pathlib import Path

SAME = "vllm.model_executor.models."
WRITABLE = 0o1777  # for any user, as /home/ray is


def inspect_all():
    """Let vLLM write its cache. Returns the architectures without an entry, each with the reason."""
    from vllm.model_executor.models import registry

    if not hasattr(registry, "_run_in_subprocess"):
        return ["all: this vLLM inspects classes in a different way"]
    registry._run_in_subprocess = lambda inspect: inspect()
    missing = []
    for name, model in registry.ModelRegistry.models.items():
        if not model.module_name.startswith(SAME):
            missing.append(f"{name}: depends on the hardware")
            continue
        try:
            model.inspect_model_cls()
        except Exception as error:
            missing.append(f"{name}: {type(error).__name__}: {error}")
    return missing


def place(source, target, epoch):
    """Copy a cache folder into the image, owned as the folder above it that exists, with each new folder writable."""
    home = next(folder for folder in target.parents if folder.exists())
    shutil.copytree(source, target)
    created = [*target.rglob("*"), target, *(folder for folder in target.parents if home in folder.parents)]
    for path in created:
        os.chown(path, home.stat().st_uid, home.stat().st_gid)
        path.chmod(WRITABLE if path.is_dir() else 0o644)
    for path in [*created, home]:
        os.utime(path, (epoch, epoch))


if __name__ == "__main__":
    # What the imports write stays in /run, which is a tmpfs. Without its variable, numba opens files next to modules.
    os.environ.update(HOME="/run/home", TMPDIR="/run", NUMBA_CACHE_DIR="/run/numba", VLLM_CACHE_ROOT="/run/vllm")
    logging.disable(logging.WARNING)
    missing, cache = inspect_all(), Path("/run/vllm")
    files = sum(path.is_file() for path in cache.rglob("*"))
    print(f"vllm's cache has {files} model classes; architectures without an entry: {'; '.join(missing) or 'none'}")
    if files:
        place(cache, Path(sys.argv[1]), int(os.environ["SOURCE_DATE_EPOCH"]))
