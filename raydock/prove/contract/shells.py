"""Clauses 1, 2 and 14: what a shell of KubeRay's finds in the image."""

from raydock.prove.contract.answer import BrokenError
from raydock.prove.contract.bench import Bench, how, require

_PLAIN, _LOGIN = "-c", "-lc"
_FIND = "command -v ray python && ray --version"


def agree(bench: Bench) -> str:
    """`bash -c` and `bash -lc` find the same Ray and Python."""
    found = {flag: bench.run(["/bin/bash", flag, "--", _FIND]) for flag in (_PLAIN, _LOGIN)}
    for flag, ended in found.items():
        users = ", ".join(release.version for release in bench.kuberay.releases if flag in release.shell)
        hint = "a login shell sets PATH anew; " if flag == _LOGIN else ""
        consequence = f"{hint}KubeRay {users} starts Ray by this shell, so its head ends at once, again and again"
        require(ended, f"`bash {flag} -- '{_FIND}'`", consequence)
    plain, login = (found[flag].out.split() for flag in (_PLAIN, _LOGIN))
    if plain != login:
        raise BrokenError(
            f"`bash -c` finds {' '.join(plain)}, but `bash -lc` finds {' '.join(login)}: which Ray a pod runs depends"
            " on KubeRay's version, and head and worker may refuse each other"
        )
    return f"-c and -lc find {', '.join(plain[:2])}, Ray {plain[-1]}"


def tools(bench: Bench) -> str:
    """The tools that KubeRay's commands call are on PATH, and wget is GNU Wget."""
    names = bench.kuberay.tools
    loop = f"for tool in {' '.join(names)}; do command -v $tool > /dev/null || echo $tool; done"
    missing = require(bench.run(["sh", "-c", loop]), "`sh -c`", "KubeRay's containers need a shell").split()
    if missing:
        raise BrokenError(f"not on PATH: {', '.join(missing)}: {_without(missing)}")
    ended = bench.run(["sh", "-c", "wget --version"])
    if "GNU Wget" not in ended.out:
        said = (ended.out or ended.err).strip().splitlines() or [how(ended)]
        raise BrokenError(
            f"wget is not GNU Wget ({said[0]}), and KubeRay's probes use its options: they fail, and the kubelet"
            " restarts the pod every 10 minutes"
        )
    return f"{len(names)} tools on PATH, {' '.join(ended.out.split()[:3])}"


def runtime_env(bench: Bench) -> str:
    """Python has pip and virtualenv, which Ray's runtime_env calls."""
    said = [
        require(
            bench.run(["/bin/bash", "-c", f"python -m {module} --version"]),
            f"`python -m {module} --version`",
            "a RayJob or RayService whose runtime_env has `pip` fails before its first line runs",
        ).split()
        for module in ("virtualenv", "pip")
    ]
    return f"virtualenv {said[0][1]}, pip {said[1][1]}"


def _without(missing: list[str]) -> str:
    if "wget" in missing:
        return "KubeRay's liveness and readiness probes fail, and the kubelet restarts the pod every 10 minutes"
    if {"ray", "python", "bash"} & set(missing):
        return "KubeRay's head command fails at once, and its pod is restarted for ever"
    return "a probe, an init container or the mTLS set-up of KubeRay fails"
