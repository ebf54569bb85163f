"""Checks of the Python environment: versions, the lock, imports."""

import platform
import re
import sys
import sysconfig
from importlib import import_module
from importlib.metadata import distributions
from typing import Dict, List, Tuple

from .answer import conclude
from .image import Image
from .process import finish, start


def versions(image: Image) -> str:
    """Check that Python, Ray, torch, CUDA and vllm report the variant's versions."""
    running = {"python": ".".join(platform.python_version_tuple()[:2])}
    for package in ("ray", "torch", "vllm"):
        if image.has(package):
            running[package] = str(import_module(package).__version__).split("+")[0]
    if image.has("torch"):
        running["cuda"] = str(import_module("torch").version.cuda or "cpu")
    problems = [
        f"{axis} is {version}, but the image's name says {image.axes[axis]}"
        for axis, version in running.items()
        if version != image.axes[axis]
    ]
    packages = [f"{name} {version}" for name, version in running.items() if name != "python"]
    return conclude(problems, ", ".join([f"Python {platform.python_version()}", *packages]))


def lock(image: Image) -> str:
    """Check that the locked packages are installed, and that `pip check` passes."""
    pip_check = start([sys.executable, "-m", "pip", "check", "--disable-pip-version-check"])
    problems = differences(image.packages, installed())
    out, _ = pip_check.communicate()
    if pip_check.returncode:
        problems += [f"pip check: {line}" for line in out.strip().splitlines()]
    return conclude(problems, f"{len(image.packages)} packages, as locked; pip check passes")


def installed() -> Dict[str, str]:
    """The version of every package in this environment, by canonical name (PEP 503)."""
    paths = sysconfig.get_paths()
    packages = distributions(path=list({paths["purelib"], paths["platlib"]}))
    return {re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower(): package.version for package in packages}


def differences(locked: Dict[str, str], present: Dict[str, str]) -> List[str]:
    """Packages that are only locked, only installed, or of different versions."""
    problems = [f"{name} {locked[name]} is locked but not installed" for name in sorted(locked.keys() - present.keys())]
    problems += [
        f"{name} {present[name]} is installed but not locked" for name in sorted(present.keys() - locked.keys())
    ]
    both = sorted(locked.keys() & present.keys())
    problems += [f"{name} is {present[name]}, locked {locked[name]}" for name in both if present[name] != locked[name]]
    return problems


def imports(image: Image) -> str:
    """Import the variant's packages, and run the tools of Ray's runtime_env."""
    tools = [(tool, start([sys.executable, "-m", tool, "--version"])) for tool in ("pip", "virtualenv")]
    names = import_names(image)
    problems = []
    for name in names:
        try:
            import_module(name)
        except BaseException as error:  # whatever an import raises, the image is wrong
            problems.append(f"import {name}: {type(error).__name__}: {error}")
    for tool, process in tools:
        finish(process, f"python -m {tool} --version")
    return conclude(problems, f"import {', '.join(names)}; python -m pip, virtualenv")


def import_names(image: Image) -> Tuple[str, ...]:
    """The modules that users of the variant import first.

    vllm's need no GPU until they load a model.
    """
    names: Tuple[str, ...] = ("ray", "ray.serve", "ray.job_submission", "ray.util.state")
    names += ("torch",) if image.has("torch") else ()
    return names + (("vllm", "vllm.entrypoints.llm", "vllm.entrypoints.openai.api_server") if image.has("vllm") else ())
