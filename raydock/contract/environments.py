"""Clauses 18 to 20: packages of a job, by runtime_env and by `uv run`.

The checks are offline, with one small wheel in a folder, as in a cluster without a package index.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from raydock.contract.answer import BrokenError, NotCheckedError
from raydock.contract.bench import Bench, describe_failure
from raydock.core.archive import wheel
from raydock.engine import channel
from raydock.engine.container import CommandResult
from raydock.engine.streams import last_line

PROJECT, MODULE, VERSION = "raydock-sample", "raydock_sample", "1.0"
_FOLDER = channel.FOLDER
# pip and uv install packages only from the folder.
_OFFLINE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": _FOLDER, "UV_OFFLINE": "1", "UV_FIND_LINKS": _FOLDER}
# From KubeRay's sample ray-cluster.uv.yaml.
_HOOK = {"RAY_RUNTIME_ENV_HOOK": "ray._private.runtime_env.uv_runtime_env_hook.hook"}
_MOST_MEGABYTES = 64.0
_TASK = f"""
import json, os, sys, time
import ray

@ray.remote
def version():
    import {MODULE}
    return {MODULE}.__version__

def answer(values):
    with open({channel.PATH!r}, "w") as file:
        json.dump(values, file)

ray.init(num_cpus=1, include_dashboard=False)
began = time.monotonic()
"""
_RUNTIME_ENV = f"""{_TASK}
kind = sys.argv[1]
installed = ray.get(version.options(runtime_env={{kind: [{PROJECT!r}]}}).remote())
seconds = time.monotonic() - began
folders = os.walk(f"/tmp/ray/session_latest/runtime_resources/{{kind}}")
files = [os.lstat(os.path.join(folder, name)) for folder, *names in folders for name in names[0] + names[1]]
answer([installed, seconds, sum(file.st_blocks for file in files) * 512 / 1e6])
"""
_UV_RUN = f"""{_TASK}
answer([ray.get(version.remote()), time.monotonic() - began])
"""


def uv_run(bench: Bench) -> str:
    """KubeRay's sample for `uv run` works offline.

    Script and tasks need the package.
    """
    command = ["uv", "run", "--with", PROJECT, f"{_FOLDER}/sample.py"]
    with _unless_python_prints(bench):
        ended, text = _run(bench, command, _UV_RUN, {**_OFFLINE, **_HOOK})
        version, seconds = _read_answer(
            ended, text, f"`{' '.join(command[:3])}`", "a job that `uv run` starts, as KubeRay's sample, fails"
        )
    return f"script and task have {PROJECT} {version} by `uv run --with`, the task after {float(seconds):.1f} s"


@contextmanager
def _unless_python_prints(bench: Bench) -> Iterator[None]:
    """Raises NotCheckedError for a failure of uv if the image's Python prints text on stdout as it starts.

    uv starts a Python to learn its properties, and reads them from its stdout. It refuses other text there (uv 0.13.9,
    run on 2026-11-30). Nothing else that the contract checks reads stdout.
    """
    try:
        yield
    except BrokenError:
        ended = bench.run(["python", "-I", "-c", ""])
        text = last_line(ended.out)
        if ended.status or not text:
            raise
        raise NotCheckedError(
            f"uv cannot use this image's Python, which prints text on stdout as it starts ({text}): jobs with"
            " runtime_env `uv` and jobs that `uv run` starts fail, those without uv do not"
        ) from None


def uv(bench: Bench) -> str:
    """A task's runtime_env `uv` works offline and costs megabytes."""
    with _unless_python_prints(bench):
        return _run_task(bench, "uv")


def pip(bench: Bench) -> str:
    """A task's runtime_env `pip` works offline and costs megabytes."""
    return _run_task(bench, "pip")


def _run_task(bench: Bench, kind: str) -> str:
    consequence = f"each job, task or Serve application whose runtime_env has `{kind}` fails"
    ended, text = _run(bench, ["python", f"{_FOLDER}/sample.py", kind], _RUNTIME_ENV, _OFFLINE)
    version, seconds, megabytes = _read_answer(ended, text, f"a task with runtime_env `{kind}`", consequence)
    cost = f"{float(megabytes):.1f} MB and {float(seconds):.1f} s for a wheel of 1 kB"
    if float(megabytes) > _MOST_MEGABYTES:
        raise BrokenError(
            f"runtime_env `{kind}` costs {cost}: Ray copies the image's virtual environment on each node, again for"
            " each set of packages"
        )
    return f"a task has {PROJECT} {version}, {cost}"


def _run(bench: Bench, command: list[str], script: str, environment: dict[str, str]) -> tuple[CommandResult, str]:
    files = {"sample.py": script.encode(), f"{MODULE}-{VERSION}-py3-none-any.whl": _wheel()}
    return bench.run_for_answer(command, bench.timeouts.job, files=files, environment=environment)


def _read_answer(ended: CommandResult, text: str, what: str, consequence: str) -> list[str]:
    """What the script wrote.

    Raises BrokenError if it failed, or if the version is different.
    """
    if ended.status or not ended.in_time or not text:
        raise BrokenError(f"{what} {describe_failure(ended)}: {consequence}")
    values = [str(value) for value in json.loads(text)]
    if values[0] != VERSION:
        raise BrokenError(f"{what} has {PROJECT} {values[0]}, not {VERSION}: {consequence}")
    return values


def _wheel() -> bytes:
    """A wheel of PROJECT with one module."""
    metadata = f"Metadata-Version: 2.1\nName: {PROJECT}\nVersion: {VERSION}\n"
    return wheel(MODULE, VERSION, metadata.encode(), {f"{MODULE}.py": f"__version__ = {VERSION!r}\n".encode()})
