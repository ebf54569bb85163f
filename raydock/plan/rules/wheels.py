"""Rules about single parts of a variant: whether a wheel can be installed."""

from raydock.compat.wheels import compatible_wheels, lowest_glibc, newest_patch, requirements, without_wheels
from raydock.core.program import localize
from raydock.model.facts import ProjectRelease
from raydock.model.variant import NONE, Variant
from raydock.model.versions import closest
from raydock.plan.rules.verdict import ABSENT, RuleInputs, RuleVerdict, extras_of, source


def known(project: str, point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """The facts contain every release of the variant."""
    version = getattr(point, project)
    if version == NONE or rule_inputs.release(project, point):
        return RuleVerdict(True, f"{project} {version}: known")
    near = closest(version, rule_inputs.facts.versions[project])
    evidence = localize(f"not in facts.json{f', which has {near}' if near else ''}: run `./build.py facts`")
    return RuleVerdict(False, f"the facts do not contain {project} {version}", evidence)


def requires_python(release: ProjectRelease, point: Variant, _: RuleInputs) -> RuleVerdict:
    """The Requires-Python of a release accepts the variant's Python.

    Both the lower and the upper bound count.
    """
    ok = newest_patch(point.python) in release.pythons
    reason = f"{release} {'accepts' if ok else 'refuses'} Python {point.python}"
    return RuleVerdict(ok, reason, source(release, f"Requires-Python {release.requires_python}"))


def sdist_only(release: ProjectRelease, _: Variant, __: RuleInputs) -> RuleVerdict:
    """A release has wheels.

    Without them, an installer would compile it from source, for hours or without success.
    """
    if release.wheels or not release.sdist:
        return RuleVerdict(True, f"{release} is not only offered as source")
    return RuleVerdict(False, f"{release} is only offered as source on Linux", source(release, release.sdist))


def sdist_required(release: ProjectRelease, point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """A release requires no package that is only offered as source.

    The requirements of the extras that the variant installs count too.
    """
    wheelless = without_wheels() & set(release.required_projects)
    for requirement in requirements(release, point, extras_of(release, point, rule_inputs), wheelless):
        reason = f"{release} requires {requirement.name}, which is only offered as source"
        return RuleVerdict(False, reason, source(release, f"requires {requirement}"))
    return RuleVerdict(True, f"{release} requires no package that is known to be only offered as source")


def python_wheel(release: ProjectRelease, point: Variant, _: RuleInputs) -> RuleVerdict:
    """A release has a wheel for the variant's Python and architecture.

    Ray's Requires-Python has no upper bound, so only its wheels show which Pythons it supports.
    """
    if wheels := compatible_wheels(release, point.python, point.arch):
        reason = f"{release} has a wheel for Python {point.python}"
        return RuleVerdict(True, reason, source(release, wheels[0].filename))
    has = sorted({tag.interpreter for wheel in release.wheels for tag in wheel.tags}) or ["no wheel at all"]
    reason = f"{release} has no wheel for Python {point.python} on Linux {point.arch}"
    return RuleVerdict(False, reason, source(release, f"wheels: {', '.join(has)}"))


def yanked(release: ProjectRelease, point: Variant, _: RuleInputs) -> RuleVerdict:
    """At least one compatible wheel is not yanked (PEP 592)."""
    wheels = compatible_wheels(release, point.python, point.arch)
    if not wheels:
        return ABSENT
    if all(wheel.yanked for wheel in wheels):
        evidence = source(release, f"{wheels[0].filename} is yanked")
        return RuleVerdict(False, f"{release} was yanked by its author", evidence)
    return RuleVerdict(True, f"{release} is not yanked")


def glibc(release: ProjectRelease, point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """A wheel of the release runs on the glibc of the variant's base."""
    base, lowest = rule_inputs.matrix.base(point.python), lowest_glibc(release, point.python, point.arch)
    if base is None or lowest is None:
        return ABSENT
    major, minor = (int(part) for part in base.glibc.split("."))
    needs = f"{release} for Python {point.python} needs glibc {lowest[0]}.{lowest[1]}"
    evidence = source(release, f"platform tags of its wheels; base {base.name} has glibc {base.glibc}")
    return RuleVerdict(lowest <= (major, minor), needs, evidence)
