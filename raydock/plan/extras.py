"""Ray's extras, and whether those in matrix.yaml are sufficient for KubeRay."""

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

# The extras that KubeRay needs, and what fails without them (`smoke --contract` tests this in built images).
FLOOR = {
    "default": (
        "nothing answers on 8265 and 52365, so that the kubelet restarts the pods, and no job can be submitted"
        " (clauses 4 and 8 of the contract)"
    ),
    "serve": "Serve's status answers 501, so that no RayService ever becomes ready (clause 9 of the contract)",
}

_EXTRA = re.compile(r"""\bextra\s*==\s*["']([^"']+)["']""")


def known(release: ProjectRelease) -> tuple[str, ...]:
    """The canonical names of a release's extras, sorted.

    Extras without requirements are not included.
    """
    extras = {extra for line in release.requires_dist for extra in _EXTRA.findall(line)}
    return tuple(sorted(map(canonicalize_name, extras)))


def lacking(release: ProjectRelease, point: Variant, chosen: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The extras of FLOOR that `chosen` does not cover.

    Each comes with its missing packages.
    """
    chosen = tuple(chosen)
    absent = [extra for extra in FLOOR if extra not in chosen]
    installed = _names(release, point, chosen) if absent else set()
    for extra in absent:
        if missing := _names(release, point, (extra,)) - installed:
            yield extra, tuple(sorted(missing))


def refuse(rule_inputs: RuleInputs) -> None:
    """Refuses invalid extras in matrix.yaml with a ConfigurationError.

    Extras are invalid if a Ray of matrix.yaml does not have them, or if they are not sufficient for KubeRay and
    `kuberay` is not false. A Ray without facts is left to the rules.
    """
    matrix = rule_inputs.matrix
    python = matrix.axes[Axis.PYTHON][0]
    for flavor, packages in {"": matrix.packages, **matrix.flavors}.items():
        pattern = matrix.groups.get(flavor, {}).get(Axis.RAY, "*")
        for version in matrix.values(Axis.RAY) if not flavor else matrix.axes[Axis.RAY]:
            point = Variant(ray=version, python=python, flavor=flavor)
            release = rule_inputs.release("ray", point)
            if release and matches(pattern, version):
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
            f"{packages.place}: {packages.ray} is not sufficient for KubeRay:"
            f" without {', '.join(missing)} {FLOOR[extra]}.",
            todo=f"add {extra!r} to its `ray-extras`, or write `kuberay: false` next to them: the images get that as a"
            " label, and `deploy kuberay` refuses them.",
        )


def _names(release: ProjectRelease, point: Variant, chosen: tuple[str, ...]) -> set[str]:
    return {canonicalize_name(requirement.name) for requirement in requirements(release, point, chosen)}
