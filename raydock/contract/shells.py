"""Clauses 1, 2 and 14: what a shell of KubeRay finds in the image."""

from raydock.contract.answer import BrokenError
from raydock.contract.bench import Bench, describe_failure, require_success
from raydock.engine import channel
from raydock.engine.streams import last_line
from raydock.probe.shells import FIND, LOGIN, MISSING, PLAIN, TOOLS, WGET, find, gnu_wget, read

_END = "done"
# Writes the version of a package, the first argument, as the image's Python reports it.
_PACKAGE = f"import importlib.metadata, sys; open('{channel.PATH}', 'w').write(importlib.metadata.version(sys.argv[1]))"


def agree(bench: Bench) -> str:
    """`bash -c` and `bash -lc` find the same tools."""
    plain, login = (_find(bench, flag) for flag in (PLAIN, LOGIN))
    if plain != login:
        raise BrokenError(
            f"`bash -c` finds {plain}, but `bash -lc` finds {login}: which Ray a pod runs depends on KubeRay's version,"
            " and head and worker may refuse each other"
        )
    return f"-c and -lc find {plain}"


def _find(bench: Bench, flag: str) -> str:
    """Ray and Python by `bash` with a flag.

    Raises BrokenError if it does not find both.
    """
    ended, text = bench.run_for_answer(["/bin/bash", flag, "--", find(channel.PATH)])
    command = f"`bash {flag} -- '{FIND}'`"
    users = ", ".join(release.version for release in bench.kuberay.releases if flag in release.shell)
    hint = "a login shell sets PATH again; " if flag == LOGIN else ""
    consequence = f"{hint}KubeRay {users} starts Ray with this shell, so its head ends at once, on every restart"
    require_success(ended, command, consequence)
    try:
        return read(text, ended.out)
    except ValueError as problem:
        raise BrokenError(f"{command} {problem}: {consequence}") from None


def tools(bench: Bench) -> str:
    """The tools that KubeRay calls are on PATH under `sh -c`, and wget is GNU Wget."""
    ended, text = bench.run_for_answer(["sh", "-c", f"{{ {MISSING}; echo {_END}; }} > {channel.PATH}"])
    consequence = "KubeRay's containers need a shell"
    require_success(ended, "`sh -c`", consequence)
    *missing, end = text.split() or [""]
    if end != _END:
        raise BrokenError(f"`sh -c` does not run its command ({last_line(ended.out) or 'no output'}): {consequence}")
    if missing:
        raise BrokenError(f"not on PATH: {', '.join(missing)}: {_consequence(missing)}")
    ended = bench.run(["sh", "-c", " ".join(WGET)])
    wget = gnu_wget(ended.out)
    if not wget:
        raise BrokenError(
            f"wget is not GNU Wget ({last_line(ended.out, ended.err) or describe_failure(ended)}), and KubeRay's probes"
            " use its options: they fail, and the kubelet restarts the pod every 10 minutes"
        )
    return f"{len(TOOLS)} tools on PATH, {wget}"


def runtime_env(bench: Bench) -> str:
    """`python -m virtualenv` and `python -m pip` work."""
    return ", ".join(f"{module} {_module(bench, module)}" for module in ("virtualenv", "pip"))


def _module(bench: Bench, module: str) -> str:
    """The version of a module that `python -m` starts.

    Raises BrokenError if it does not start.
    """
    command = f"python -m {module} --version"
    consequence = "a RayJob or RayService whose runtime_env has `pip` fails before its first line runs"
    ended, text = bench.run_for_answer(["/bin/bash", "-c", f'{command} && python -c "{_PACKAGE}" {module}'])
    require_success(ended, f"`{command}`", consequence)
    if not text:
        raise BrokenError(f"`{command}` succeeds, but `python -c` runs no program: {consequence}")
    return text


def _consequence(missing: list[str]) -> str:
    """What KubeRay would do without these tools."""
    if "wget" in missing:
        return "KubeRay's liveness and readiness probes fail, and the kubelet restarts the pod every 10 minutes"
    if {"ray", "python", "bash"} & set(missing):
        return "KubeRay's head command fails at once, and its pod is restarted forever"
    return "a probe, an init container or the mTLS set-up of KubeRay fails"
