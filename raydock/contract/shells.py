"""Clauses 1, 2 and 14: what a shell of KubeRay's finds in the image."""

import re
from dataclasses import dataclass

from raydock.contract.answer import BrokenError
from raydock.contract.bench import Bench, how, require
from raydock.engine import channel
from raydock.engine.streams import last_line

_PLAIN, _LOGIN = "-c", "-lc"
_FIND = "command -v ray python && ray --version"
_ANSWER_FIND = _FIND.replace("&&", f"> {channel.PATH} &&")
_RAY_VERSION = re.compile(r"ray, version (\S+)")
_WGET = re.compile(r"GNU Wget \S+")
_END = "done"
# The version of the package that its first argument names, as the image's Python has it.
_PACKAGE = f"import importlib.metadata, sys; open('{channel.PATH}', 'w').write(importlib.metadata.version(sys.argv[1]))"


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What a shell finds: the paths of Ray and of Python, and Ray's version."""

    paths: tuple[str, ...]
    version: str

    def __str__(self) -> str:
        return f"{', '.join(self.paths)}, Ray {self.version}"


def agree(bench: Bench) -> str:
    """`bash -c` and `bash -lc` find the same Ray and Python."""
    plain, login = (_find(bench, flag) for flag in (_PLAIN, _LOGIN))
    if plain != login:
        raise BrokenError(
            f"`bash -c` finds {plain}, but `bash -lc` finds {login}: which Ray a pod runs depends on KubeRay's version,"
            " and head and worker may refuse each other"
        )
    return f"-c and -lc find {plain}"


def _find(bench: Bench, flag: str) -> _Found:
    """What `bash` with a flag finds.

    Raises BrokenError if it finds no Ray or no Python.
    """
    reply = bench.ask(["/bin/bash", flag, "--", _ANSWER_FIND])
    command = f"`bash {flag} -- '{_FIND}'`"
    users = ", ".join(release.version for release in bench.kuberay.releases if flag in release.shell)
    hint = "a login shell sets PATH again; " if flag == _LOGIN else ""
    consequence = f"{hint}KubeRay {users} starts Ray by this shell, so its head ends at once, again and again"
    require(reply.ended, command, consequence)
    paths = tuple(reply.text.splitlines())
    versions = _RAY_VERSION.findall(reply.ended.out)
    if len(paths) != len(("ray", "python")) or not versions:
        found = f"finds {', '.join(paths) or 'nothing'}, and no version of Ray"
        raise BrokenError(f"{command} {found} ({last_line(reply.ended.out) or 'no output'}): {consequence}")
    return _Found(paths=paths, version=versions[-1])


def tools(bench: Bench) -> str:
    """The tools that KubeRay's commands call are on PATH, and wget is GNU Wget."""
    names = bench.kuberay.tools
    loop = f"for tool in {' '.join(names)}; do command -v $tool > /dev/null || echo $tool; done"
    reply = bench.ask(["sh", "-c", f"{{ {loop}; echo {_END}; }} > {channel.PATH}"])
    consequence = "KubeRay's containers need a shell"
    require(reply.ended, "`sh -c`", consequence)
    *missing, end = reply.text.split() or [""]
    if end != _END:
        raise BrokenError(
            f"`sh -c` does not run its command ({last_line(reply.ended.out) or 'no output'}): {consequence}"
        )
    if missing:
        raise BrokenError(f"not on PATH: {', '.join(missing)}: {_without(missing)}")
    ended = bench.run(["sh", "-c", "wget --version"])
    wget = _WGET.search(ended.out)
    if not wget:
        raise BrokenError(
            f"wget is not GNU Wget ({last_line(ended.out, ended.err) or how(ended)}), and KubeRay's probes use its"
            " options: they fail, and the kubelet restarts the pod every 10 minutes"
        )
    return f"{len(names)} tools on PATH, {wget[0]}"


def runtime_env(bench: Bench) -> str:
    """Python has pip and virtualenv, which Ray's runtime_env calls."""
    return ", ".join(f"{module} {_module(bench, module)}" for module in ("virtualenv", "pip"))


def _module(bench: Bench, module: str) -> str:
    """The version of a module that `python -m` starts.

    Raises BrokenError if it does not start.
    """
    command = f"python -m {module} --version"
    consequence = "a RayJob or RayService whose runtime_env has `pip` fails before its first line runs"
    reply = bench.ask(["/bin/bash", "-c", f'{command} && python -c "{_PACKAGE}" {module}'])
    require(reply.ended, f"`{command}`", consequence)
    if not reply.text:
        raise BrokenError(f"`{command}` ends well, but `python -c` runs no program: {consequence}")
    return reply.text


def _without(missing: list[str]) -> str:
    if "wget" in missing:
        return "KubeRay's liveness and readiness probes fail, and the kubelet restarts the pod every 10 minutes"
    if {"ray", "python", "bash"} & set(missing):
        return "KubeRay's head command fails at once, and its pod is restarted for ever"
    return "a probe, an init container or the mTLS set-up of KubeRay fails"
