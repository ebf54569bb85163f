"""Checks of the Python environment: versions, the lock, imports."""

import platform
import re
import sys
import sysconfig
from importlib import import_module
from importlib.metadata import distributions
from typing import Dict, List, Tuple

from .answer import verdict
from .image import Image
from .process import finish, start


def versions(image: Image) -> str:
    """Python's, Ray's, torch's, CUDA's and vllm's versions, as they say themselves, are the variant's."""
    found = {"python": ".".join(platform.python_version_tuple()[:2])}
    for package in ("ray", "torch", "vllm"):
        if image.has(package):
            found[package] = str(import_module(package).__version__).split("+")[0]
    if image.has("torch"):
        found["cuda"] = str(import_module("torch").version.cuda or "cpu")
    problems = [
        f"{axis} is {value}, but the image is named for {image.axes[axis]}"
        for axis, value in found.items()
        if value != image.axes[axis]
    ]
    return verdict(problems, ", ".join([f"Python {platform.python_version()}", *_words(found)]))


def _words(found: Dict[str, str]) -> List[str]:
    return [f"{name} {value}" for name, value in found.items() if name != "python"]


def lock(image: Image) -> str:
    """The installed set is the locked set exactly, and `pip check` finds no broken requirement."""
    checking = start([sys.executable, "-m", "pip", "check", "--disable-pip-version-check"])
    problems = differences(image.packages, installed())
    out, _ = checking.communicate()
    if checking.returncode:
        problems += [f"pip check: {line}" for line in out.strip().splitlines()]
    return verdict(problems, f"{len(image.packages)} packages, as locked; pip check finds nothing broken")


def installed() -> Dict[str, str]:
    """The version of every package in this environment, by canonical name (PEP 503)."""
    paths = sysconfig.get_paths()
    found = distributions(path=list({paths["purelib"], paths["platlib"]}))
    return {re.sub(r"[-_.]+", "-", dist.metadata["Name"]).lower(): dist.version for dist in found}


def differences(locked: Dict[str, str], present: Dict[str, str]) -> List[str]:
    """What is locked and not installed, installed and not locked, or of another version."""
    problems = [f"{name} {locked[name]} is locked but not installed" for name in sorted(locked.keys() - present.keys())]
    problems += [
        f"{name} {present[name]} is installed but not locked" for name in sorted(present.keys() - locked.keys())
    ]
    both = sorted(locked.keys() & present.keys())
    problems += [f"{name} is {present[name]}, locked {locked[name]}" for name in both if present[name] != locked[name]]
    return problems


def imports(image: Image) -> str:
    """Every package that the variant names imports, and `python -m` starts what Ray's runtime_env uses."""
    tools = [("pip", start([sys.executable, "-m", "pip", "--version"]))]
    tools += [("virtualenv", start([sys.executable, "-m", "virtualenv", "--version"]))]
    names = import_names(image)
    problems = []
    for name in names:
        try:
            import_module(name)
        except BaseException as error:  # whatever an import does, it is the image's fault
            problems.append(f"import {name}: {type(error).__name__}: {error}")
    for tool, process in tools:
        finish(process, f"python -m {tool} --version")
    return verdict(problems, f"import {', '.join(names)}; python -m pip, virtualenv")


def import_names(image: Image) -> Tuple[str, ...]:
    """The modules that the variant's users import first; vllm's need no GPU until they load a model."""
    names: Tuple[str, ...] = ("ray", "ray.serve", "ray.job_submission", "ray.util.state")
    names += ("torch",) if image.has("torch") else ()
    return names + (("vllm", "vllm.entrypoints.llm", "vllm.entrypoints.openai.api_server") if image.has("vllm") else ())
