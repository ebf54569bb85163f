"""Smoke: a built image asked by its own probe, and from outside what only its engine can say."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from docker import DockerClient

from raydock.core.errors import ConfigurationError, nearest
from raydock.core.events import Listener, silent
from raydock.engine.client import reaching
from raydock.engine.container import ContainerOptions, Grant, Limits
from raydock.engine.inspect import inspect
from raydock.model.image import ContainerImage
from raydock.model.labels import Label
from raydock.model.report import Check, Report, Status
from raydock.model.variant import Variant, parse_name
from raydock.probe.catalogue import checks_of_variant
from raydock.smoke import gpus, outside_checks, plain, probe_client
from raydock.smoke.gpus import AUTO, GpuRequest

LIMITS = Limits()


def check_ids(variant: Variant) -> tuple[str, ...]:
    """The checks that a smoke of this variant makes, in their order."""
    return (*(check.id for check in checks_of_variant(variant.axes)), outside_checks.ID)


def smoke(
    client: DockerClient,
    image: str,
    *,
    name: str,
    fingerprint: str,
    checks: Sequence[str] | None = None,
    on_event: Listener = silent,
    limits: Limits = LIMITS,
    wish: GpuRequest = AUTO,
    outputs: Path | None = None,
) -> Report:
    """Tests the image `image` (a tag or an id) of the variant `name` and reports every check, or those of `checks`.

    What needs a GPU is asked in a container that has those of `wish`; all else in one that has none.

    The output of checks that fail is copied to the folder `outputs`.

    Its containers have no network, and none is left over. Raises VariantError where the image or its probe is not
    there or the probe dies, ConfigurationError for an unknown check, OutOfReachError where the engine goes away.
    """
    variant = parse_name(name)
    wanted = _wanted(variant, checks)
    found: dict[str, Check] = {}
    with reaching(f"testing {name}"):
        configuration = inspect(client, image)
        tell = partial(on_event, name)
        if not configuration.labels.kuberay:
            found = plain.checks(client, image, wanted, tell, limits)
        if asked := [check for check in wanted if check not in (outside_checks.ID, *gpus.CHECKS, *found)]:
            answers = probe_client.ask(client, image, asked, tell, limits, outputs=_below(outputs, "image"))
            found |= with_outside(answers, configuration, variant)
        if levels := [check for check in wanted if check in gpus.CHECKS]:
            on_gpus = partial(_on_gpus, client, image, levels, tell=tell, outputs=_below(outputs, "gpu"))
            found |= gpus.ask(client, wish, levels, on_gpus)
        if outside_checks.ID in wanted and outside_checks.ID not in found:
            on_event(name, "starting a Ray head in a fresh container")
            found[outside_checks.ID] = outside_checks.cold(client, image, limits)
    answered = tuple(found.get(check) or _unanswered(check) for check in wanted)
    return Report(
        name=name, image_id=configuration.id, content=configuration.content, fingerprint=fingerprint, checks=answered
    )


def _on_gpus(
    client: DockerClient,
    image: str,
    checks: Sequence[str],
    grant: Grant,
    *,
    tell: Callable[[str], None],
    outputs: Path | None,
) -> dict[str, Check]:
    return probe_client.ask(
        client, image, checks, tell, gpus.LIMITS, options=ContainerOptions(grant=grant), outputs=outputs
    ).checks


def _below(folder: Path | None, name: str) -> Path | None:
    """A folder of its own for each container, since each replaces what was in it."""
    return folder / name if folder else None


def with_outside(answers: probe_client.Answers, configuration: ContainerImage, variant: Variant) -> dict[str, Check]:
    """The probe's checks, with what the engine says of the image added to `user` and `versions`."""
    problems = {"user": _user_problems(configuration), "versions": _label_problems(answers, configuration, variant)}
    return {check.id: _blame(check, problems.get(check.id, [])) for check in answers.checks.values()}


def _wanted(variant: Variant, checks: Sequence[str] | None) -> tuple[str, ...]:
    known = check_ids(variant)
    for check in checks or ():
        if check not in known:
            raise ConfigurationError(f"{variant} has no check {check!r}.", todo=nearest(check, known))
    return tuple(check for check in known if checks is None or check in checks)


def _user_problems(configuration: ContainerImage) -> list[str]:
    problems = [f"{name} is set in the image's environment" for name in configuration.foreign]
    if not configuration.is_non_root:
        user = configuration.user or "root"
        problems.append(f"the image's user is {user!r}, and Kubernetes' runAsNonRoot asks for a number that is not 0")
    return problems


def _label_problems(answers: probe_client.Answers, configuration: ContainerImage, variant: Variant) -> list[str]:
    labels = configuration.labels
    expected = ((Label.RAY, labels.ray, variant.ray), (Label.PYTHON, labels.python, answers.python))
    problems = [f"the image calls itself {answers.name}"] if answers.name != variant.name else []
    return problems + [
        f"the label {label} says {stated!r}, but it is {value!r}"
        for label, stated, value in expected
        if stated != value
    ]


def _blame(check: Check, problems: Sequence[str]) -> Check:
    """The check, failed where there are problems; what it had failed for already stays."""
    if not problems:
        return check
    said = [check.detail] if check.status is Status.FAILED else []
    return replace(check, status=Status.FAILED, detail="; ".join([*said, *problems]))


def _unanswered(check: str) -> Check:
    return Check(id=check, status=Status.FAILED, detail="the image's probe did not answer this check", seconds=0.0)
