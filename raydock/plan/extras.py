"""Ray's extras: which a release has, and whether those that matrix.yaml names are enough for KubeRay."""

import re
from collections.abc import Iterable, Iterator

from packaging.utils import canonicalize_name

from raydock.compat.wheels import requirements
from raydock.core.errors import ConfigurationError, nearest
from raydock.model.facts import ProjectRelease
from raydock.model.packages import Packages
from raydock.model.pattern import matches
from raydock.model.variant import Axis, Variant
from raydock.plan.rules.verdict import RuleInputs

# What KubeRay needs, and what becomes of its pods without (see `smoke --contract`, which asks built images).
FLOOR = {
    "default": (
        "nothing answers on 8265 and 52365, so that the kubelet restarts the pods, and no job can be submitted"
        " (clauses 4 and 8 of the contract)"
    ),
    "serve": "Serve's status answers 501, so that no RayService ever becomes ready (clause 9 of the contract)",
}

_EXTRA = re.compile(r"""\bextra\s*==\s*["']([^"']+)["']""")


def known(release: ProjectRelease) -> tuple[str, ...]:
    """The extras of a release by canonical name, sorted; one that requires nothing is not seen."""
    found = {extra for line in release.requires_dist for extra in _EXTRA.findall(line)}
    return tuple(sorted(map(canonicalize_name, found)))


def lacking(release: ProjectRelease, point: Variant, chosen: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The extras of the floor that `chosen` do not make up for, each with the packages that are missing."""
    chosen = tuple(chosen)
    absent = [extra for extra in FLOOR if extra not in chosen]
    there = _names(release, point, chosen) if absent else set()
    for extra in absent:
        if missing := _names(release, point, (extra,)) - there:
            yield extra, tuple(sorted(missing))


def refuse(rule_inputs: RuleInputs) -> None:
    """Raises ConfigurationError, with its place, for an extra that a Ray of matrix.yaml lacks, and for extras that are
    too few for KubeRay where it shall run the images. A Ray without facts is left to the rules."""
    matrix = rule_inputs.matrix
    python = matrix.axes[Axis.PYTHON][0]
    for flavor, packages in {"": matrix.packages, **matrix.flavors}.items():
        wanted = matrix.groups.get(flavor, {}).get(Axis.RAY, "*")
        for version in matrix.values(Axis.RAY) if not flavor else matrix.axes[Axis.RAY]:
            point = Variant(ray=version, python=python, flavor=flavor)
            release = rule_inputs.release("ray", point)
            if release and matches(wanted, version):
                _refuse_unknown(release, packages)
                _refuse_too_few(release, point, packages)


def _refuse_unknown(release: ProjectRelease, packages: Packages) -> None:
    names = known(release)
    for extra in packages.ray_extras:
        if extra not in names:
            raise ConfigurationError(f"{packages.place}: {release} has no extra {extra!r}.", todo=nearest(extra, names))


def _refuse_too_few(release: ProjectRelease, point: Variant, packages: Packages) -> None:
    if not packages.kuberay:
        return
    for extra, missing in lacking(release, point, packages.ray_extras):
        raise ConfigurationError(
            f"{packages.place}: {packages.ray} is too little for KubeRay: without {', '.join(missing)} {FLOOR[extra]}.",
            todo=f"add {extra!r} to its `ray-extras`, or write `kuberay: false` beside them: the images bear that as a"
            " label, and `deploy kuberay` refuses them.",
        )


def _names(release: ProjectRelease, point: Variant, chosen: tuple[str, ...]) -> set[str]:
    return {canonicalize_name(item.name) for item in requirements(release, point, chosen)}
