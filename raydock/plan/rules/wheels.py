"""Rules about single parts of a variant: whether a wheel can be installed."""

from raydock.compat.wheels import compatible_wheels, lowest_glibc, newest_patch, requirements, without_wheels
from raydock.core.program import localize
from raydock.model.variant import NONE, Variant
from raydock.model.versions import closest
from raydock.plan.rules.verdict import ABSENT, RuleInputs, RuleVerdict, ray_extras, source


def known(project: str, point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """The facts contain every release of the variant."""
    version = getattr(point, project)
    if version == NONE or rule_inputs.release(project, point):
        return RuleVerdict(True, f"{project} {version}: known")
    near = closest(version, rule_inputs.facts.versions[project])
    evidence = localize(f"not in facts.json{f', which has {near}' if near else ''}: run `./build.py facts`")
    return RuleVerdict(False, f"the facts do not contain {project} {version}", evidence)


def requires_python(project: str, point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """The Requires-Python of a release accepts the variant's Python.

    Both the lower and the upper bound count.
    """
    release = rule_inputs.release(project, point)
    if release is None:
        return ABSENT
    ok = newest_patch(point.python) in release.pythons
    verb = "accepts" if ok else "refuses"
    return RuleVerdict(
        ok, f"{release} {verb} Python {point.python}", source(release, f"Requires-Python {release.requires_python}")
    )


def sdist_only(project: str, point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """A release has wheels.

    Without them, an installer would compile it from source, for hours or without success.
    """
    release = rule_inputs.release(project, point)
    if release is None:
        return ABSENT
    if release.wheels or not release.sdist:
        return RuleVerdict(True, f"{release} is not only offered as source")
    return RuleVerdict(False, f"{release} is only offered as source on Linux", source(release, release.sdist))


def sdist_required(project: str, point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """A release requires no package that is only offered as source.

    The requirements of the extras that the variant installs count too.
    """
    release = rule_inputs.release(project, point)
    if release is None:
        return ABSENT
    extras = ray_extras(point, rule_inputs) if project == "ray" else ()
    for requirement in requirements(release, point, extras, without_wheels() & set(release.required_projects)):
        reason = f"{release} requires {requirement.name}, which is only offered as source"
        return RuleVerdict(False, reason, source(release, f"requires {requirement}"))
    return RuleVerdict(True, f"{release} requires no package that is known to be only offered as source")


def python_wheel(project: str, point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """A release has a wheel for the variant's Python and architecture."""
    release = rule_inputs.release(project, point)
    if release is None:
        return ABSENT
    wheels = compatible_wheels(release, point.python, point.arch)
    if wheels:
        return RuleVerdict(
            True, f"{release} has a wheel for Python {point.python}", source(release, wheels[0].filename)
        )
    has = sorted({tag.interpreter for wheel in release.wheels for tag in wheel.tags}) or ["no wheel at all"]
    reason = f"{release} has no wheel for Python {point.python} on Linux {point.arch}"
    return RuleVerdict(False, reason, source(release, f"wheels: {', '.join(has)}"))


def ray_python(point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """Ray has a wheel for the variant's Python.

    Its Requires-Python has no upper bound, so only wheels show this.
    """
    return python_wheel("ray", point, rule_inputs)


def yanked(project: str, point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """At least one compatible wheel is not yanked (PEP 592)."""
    release = rule_inputs.release(project, point)
    wheels = compatible_wheels(release, point.python, point.arch) if release else ()
    if release is None or not wheels:
        return ABSENT
    if all(wheel.yanked for wheel in wheels):
        return RuleVerdict(
            False, f"{release} was yanked by its author", source(release, f"{wheels[0].filename} is yanked")
        )
    return RuleVerdict(True, f"{release} is not yanked")


def glibc(project: str, point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """A wheel of the release runs on the glibc of the variant's base."""
    release, base = rule_inputs.release(project, point), rule_inputs.matrix.base(point.python)
    lowest = lowest_glibc(release, point.python, point.arch) if release else None
    if release is None or base is None or lowest is None:
        return ABSENT
    major, minor = (int(part) for part in base.glibc.split("."))
    needs = f"{release} for Python {point.python} needs glibc {lowest[0]}.{lowest[1]}"
    evidence = source(release, f"platform tags of its wheels; base {base.name} has glibc {base.glibc}")
    return RuleVerdict(lowest <= (major, minor), needs, evidence)
