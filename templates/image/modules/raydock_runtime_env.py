"""Layers over /opt/venv as environments of Ray's runtime_env `pip` and `uv`.

Ray copies the virtual environment in which it runs, gigabytes with torch, for each set of packages on each node. A
layer is an empty virtual environment that finds the packages of /opt/venv after its own. Ray's runtime env agent loads
`Layers` because RAY_RUNTIME_ENV_PLUGINS names it.

Source: ray/_private/runtime_env/virtualenv_utils.py and plugin.py of ray 2.49.1 and 2.60.0, read on 2026-11-29.
"""

import asyncio
import sys
import sysconfig
import venv
from importlib.util import find_spec
from pathlib import Path

from ray._private.runtime_env import virtualenv_utils
from ray._private.runtime_env.plugin import RuntimeEnvPlugin
from ray._private.runtime_env.uv import UvProcessor

_PARENT = "_raydock_parent.pth"


class Layers(RuntimeEnvPlugin):
    """A plug-in that replaces two functions with which Ray makes environments.

    No field of a runtime_env has its name.
    """

    name = "raydock-layers"

    def __init__(self):
        virtualenv_utils.create_or_get_virtualenv = _create
        UvProcessor._check_uv_existence = _has_uv


async def _has_uv(*_):
    """Whether layers find uv.

    Ray 2.49 runs `uv version`, which new versions of uv refuse outside of a project, and then downloads uv.
    """
    return find_spec("uv") is not None


async def _create(path, cwd, logger):  # noqa: ARG001 - Ray's parameters
    """Create the environment in the folder `path`.

    It has the parameters of Ray's function.
    """
    target = virtualenv_utils.get_virtualenv_path(path)
    logger.info("Creating %s over the packages of %s", target, sys.prefix)
    await asyncio.get_running_loop().run_in_executor(None, create_layer, Path(target))


def create_layer(target: Path) -> None:
    """Create a virtual environment in `target` over the packages of this Python."""
    venv.EnvBuilder(symlinks=True).create(target)
    packages = Path(sysconfig.get_path("purelib"))
    layer = target / packages.relative_to(sys.prefix)
    lines = f"import site; site.PREFIXES.append({sys.prefix!r}); site.addsitedir({str(packages)!r})\n"
    (layer / _PARENT).write_text(lines)
    _link_metadata(packages, layer)
    _copy_scripts(Path(sys.prefix, "bin"), target / "bin")


def _link_metadata(packages: Path, layer: Path) -> None:
    """Make the packages known to uv, which does not read *.pth files.

    pip and uv remove only these links when they replace a package.
    """
    for file in packages.glob("*.dist-info/**/*"):
        if file.is_file():
            link = layer / file.relative_to(packages)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)


def _copy_scripts(scripts: Path, layer: Path) -> None:
    """Copy the commands of this Python, such as `serve`, for the layer's Python."""
    shebang, own = f"#!{scripts}/python".encode(), f"#!{layer}/python".encode()
    for script in scripts.iterdir():
        if script.is_file() and not (layer / script.name).exists() and _starts_with(script, shebang):
            (layer / script.name).write_bytes(script.read_bytes().replace(shebang, own, 1))
            (layer / script.name).chmod(0o755)


def _starts_with(file: Path, text: bytes) -> bool:
    with file.open("rb") as opened:
        return opened.read(len(text)) == text
