"""The rules that decide which points of the matrix can exist. Each says why, and which fact proves it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import NamedTuple

from packaging.version import Version

from raydock.model.facts import Facts, Release
from raydock.model.matrix import Matrix
from raydock.model.variant import CPU, NONE, Axis, Variant
from raydock.plan.wheels import cuda_pin, fitting, lowest_glibc, newest_patch, requirement_of


class Verdict(NamedTuple):
    """A rule's answer for one point: whether it may exist, why in words, and the fact behind it."""

    ok: bool
    reason: str
    evidence: str = ""
    rule: str = ""


@dataclass(frozen=True)
class Ground:
    """What the rules judge by."""

    matrix: Matrix
    facts: Facts

    def release(self, project: str, point: Variant) -> Release | None:
        """The release of a project (which names its axis) that a point has; None without one or without facts.

        Where the point's CUDA has an index of its own that offers the version as a build for that CUDA, such as
        torch 2.3.1+cu118, it is that build (PEP 440: a local version is newer than the same without).
        """
        version = getattr(point, project)
        own = self.facts.get(project, f"{version}+{point.label}") if point.label in self.matrix.indexes else None
        return own or self.facts.get(project, version)


Check = Callable[[Variant, Ground], Verdict]

_ABSENT = Verdict(True, "nothing to check")


def base(point: Variant, ground: Ground) -> Verdict:
    """Some base offers the variant's Python."""
    if found := ground.matrix.base(point.python):
        return Verdict(True, f"the base {found.name} has Python {point.python}")
    offered = ", ".join(sorted({item.python for item in ground.matrix.bases})) or "none"
    return Verdict(False, f"no base has Python {point.python}", f"bases of {ground.matrix.path.name} offer: {offered}")


def known(project: str, point: Variant, ground: Ground) -> Verdict:
    """The facts hold every release that the variant names."""
    version = getattr(point, project)
    if version == NONE or ground.release(project, point):
        return Verdict(True, f"{project} {version}: known")
    return Verdict(False, f"nothing is known of {project} {version}", "not in facts.json: run `./build.py facts`")


def vllm_torch(point: Variant, ground: Ground) -> Verdict:
    """vLLM runs with the torch that it pins."""
    return _requires("vllm", "torch", point, ground)


def vllm_ray(point: Variant, ground: Ground) -> Verdict:
    """vLLM runs with a Ray that it accepts (from 0.18 on it names none)."""
    return _requires("vllm", "ray", point, ground)


def torch_cuda(point: Variant, ground: Ground) -> Verdict:
    """A torch brings the CUDA that its wheel pins."""
    torch = ground.release("torch", point)
    if torch is None:
        return _ABSENT
    if Version(torch.version).local:
        return Verdict(True, f"{torch} is built for {point.label}", _source(torch, "its local version"))
    pin = cuda_pin(torch, point)
    if pin is None:
        return Verdict(
            False, f"{torch} does not say which CUDA it needs", _source(torch, "no CUDA among Requires-Dist")
        )
    cuda, requirement = pin
    return Verdict(
        cuda == point.cuda,
        f"{torch} is built for CUDA {cuda}",
        _source(torch, f"requires {requirement.name}{requirement.specifier}"),
    )


def vllm_cuda(point: Variant, ground: Ground) -> Verdict:
    """A vLLM of the default index is built for the CUDA of the torch that stands beside it there."""
    vllm, torch = ground.release("vllm", point), ground.facts.get("torch", point.torch)
    pin = cuda_pin(torch, point) if torch else None
    if vllm is None or torch is None or pin is None:
        return _ABSENT
    cuda, requirement = pin
    evidence = _source(torch, f"requires {requirement.name}{requirement.specifier}")
    return Verdict(cuda == point.cuda, f"{vllm} is built for CUDA {cuda}, as the {torch} of its index", evidence)


def cuda_used(point: Variant, ground: Ground) -> Verdict:  # noqa: ARG001 - the form of every rule
    """A CUDA user space comes with torch: an image where nothing uses it is the cpu image."""
    if point.cuda == CPU or point.torch != NONE:
        return _ABSENT
    return Verdict(False, f"nothing would use CUDA {point.cuda} without torch", "ray brings no CUDA of its own")


def requires_python(project: str, point: Variant, ground: Ground) -> Verdict:
    """A release accepts the variant's Python, by the lower and the upper bound of its Requires-Python."""
    release = ground.release(project, point)
    if release is None:
        return _ABSENT
    ok = newest_patch(point.python) in release.pythons
    words = "accepts" if ok else "refuses"
    return Verdict(
        ok, f"{release} {words} Python {point.python}", _source(release, f"Requires-Python {release.requires_python}")
    )


def python_wheel(project: str, point: Variant, ground: Ground) -> Verdict:
    """A release has a wheel for the variant's Python and architecture."""
    release = ground.release(project, point)
    if release is None:
        return _ABSENT
    wheels = fitting(release, point.python, point.arch)
    if wheels:
        return Verdict(True, f"{release} has a wheel for Python {point.python}", _source(release, wheels[0].filename))
    has = sorted({tag.interpreter for wheel in release.wheels for tag in wheel.tags}) or ["no wheel at all"]
    reason = f"{release} has no wheel for Python {point.python} on Linux {point.arch}"
    return Verdict(False, reason, _source(release, f"wheels: {', '.join(has)}"))


def glibc(project: str, point: Variant, ground: Ground) -> Verdict:
    """A release's wheel runs on the glibc of the variant's base."""
    release, stand = ground.release(project, point), ground.matrix.base(point.python)
    lowest = lowest_glibc(release, point.python, point.arch) if release else None
    if release is None or stand is None or lowest is None:
        return _ABSENT
    major, minor = (int(part) for part in stand.glibc.split("."))
    needs = f"{release} for Python {point.python} needs glibc {lowest[0]}.{lowest[1]}"
    evidence = _source(release, f"platform tags of its wheels; base {stand.name} has glibc {stand.glibc}")
    return Verdict(lowest <= (major, minor), needs, evidence)


def _requires(project: str, other: str, point: Variant, ground: Ground) -> Verdict:
    """Whether the other project's version is one that a release's requirement accepts."""
    release = ground.release(project, point)
    requirement = requirement_of(release, other, point) if release else None
    if release is None or requirement is None:
        return _ABSENT
    version = getattr(point, other)
    ok = version != NONE and requirement.specifier.contains(version, prereleases=True)
    return Verdict(ok, f"{release} needs {other} {requirement.specifier}", _source(release, f"requires {requirement}"))


def _source(release: Release, fact: str) -> str:
    return f"{release}: {fact} ({release.source}, read {release.read})"


@dataclass(frozen=True)
class Rule:
    """A rule by name, with the axes that its check looks at: points that agree on those get one verdict."""

    name: str
    axes: tuple[Axis, ...]
    check: Check


def _of_parts(name: str, check: Callable[[str, Variant, Ground], Verdict], *axes: Axis) -> tuple[Rule, ...]:
    """A rule that asks each part of a variant on its own; a torch may have one build for each CUDA."""
    parts = ((Axis.VLLM,), (Axis.TORCH, Axis.CUDA), (Axis.RAY,))
    return tuple(Rule(name, (*part, *axes), partial(check, part[0].value)) for part in parts)


# In the order in which a reader wants to hear of them: a point's exclusion gives the first that fails.
RULES: tuple[Rule, ...] = (
    Rule("base", (Axis.PYTHON, Axis.ARCH), base),
    *_of_parts("known", known),
    Rule("vllm-torch", (Axis.VLLM, Axis.TORCH, Axis.PYTHON, Axis.ARCH), vllm_torch),
    Rule("torch-cuda", (Axis.TORCH, Axis.CUDA, Axis.PYTHON, Axis.ARCH), torch_cuda),
    Rule("vllm-cuda", (Axis.VLLM, Axis.TORCH, Axis.CUDA, Axis.PYTHON, Axis.ARCH), vllm_cuda),
    Rule("cuda-used", (Axis.CUDA, Axis.TORCH), cuda_used),
    Rule("vllm-ray", (Axis.VLLM, Axis.RAY, Axis.PYTHON, Axis.ARCH), vllm_ray),
    *_of_parts("requires-python", requires_python, Axis.PYTHON),
    *_of_parts("python-wheel", python_wheel, Axis.PYTHON, Axis.ARCH),
    *_of_parts("glibc", glibc, Axis.PYTHON, Axis.ARCH),
)


class Judge:
    """The rules applied to points, each verdict worked out once for the axes that it depends on."""

    def __init__(self, ground: Ground, rules: tuple[Rule, ...] = RULES) -> None:
        self._ground = ground
        self._rules = [(rule, attrgetter(*rule.axes), dict[object, Verdict]()) for rule in rules]

    def verdicts(self, point: Variant) -> list[Verdict]:
        """Every rule's verdict on a point, in the rules' order."""
        found = []
        for rule, key_of, memory in self._rules:
            key = key_of(point)
            verdict = memory.get(key)
            if verdict is None:
                verdict = memory[key] = rule.check(point, self._ground)._replace(rule=rule.name)
            found.append(verdict)
        return found

    def objection(self, point: Variant) -> Verdict | None:
        """The first verdict against a point; None where it may exist."""
        return next((verdict for verdict in self.verdicts(point) if not verdict.ok), None)
