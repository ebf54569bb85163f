"""Smoke-test a built image, with its own probe and with what its engine reports."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from docker import DockerClient
from msgspec import structs

from raydock.core.errors import ConfigurationError, nearest
from raydock.core.events import Listener, Span, silent
from raydock.engine.client import reaching
from raydock.engine.container import ContainerOptions, Limits
from raydock.engine.localimage import inspect
from raydock.model.image import ContainerImage
from raydock.model.labels import Label
from raydock.model.report import Check, Report, Status
from raydock.model.variant import Variant, parse_name
from raydock.probe.catalogue import checks_of_variant
from raydock.smoke import cold, gpus, plain, probe_client
from raydock.smoke.gpus import AUTO, GpuRequest

LIMITS = Limits()


def check_ids(variant: Variant) -> tuple[str, ...]:
    """The ids of the checks of a variant, in their order."""
    return (*(check.id for check in checks_of_variant(variant.axes)), cold.ID)


def smoke(
    client: DockerClient,
    image: str,
    *,
    name: str,
    fingerprint: str,
    checks: Sequence[str] | None = None,
    on_event: Listener = silent,
    limits: Limits = LIMITS,
    request: GpuRequest = AUTO,
    outputs: Path | None = None,
) -> Report:
    """Run all checks, or those of `checks`, on an image (a tag or an id).

    Checks that need a GPU run in a container with the GPUs of `request`, all others in one without a GPU. The output of
    checks that fail is copied to the folder `outputs`.

    The containers have no network, and are all removed. Raises VariantError if the engine lacks the image, the image
    lacks the probe, or the probe fails; ConfigurationError if a check is unknown; OutOfReachError if the engine stops
    answering.
    """
    variant = parse_name(name)
    requested = _select(variant, checks)
    results: dict[str, Check] = {}
    with reaching(f"testing {name}"):
        configuration = inspect(client, image)
        on_line = partial(on_event, name)
        levels = [check for check in requested if check in gpus.CHECKS]
        # An unknown GPU is an error before the first check, not after all others.
        grant = gpus.find_grant(client, request) if levels else ""
        if not configuration.labels.kuberay:
            results = plain.checks(client, image, requested, on_line, limits)
        if probed := [check for check in requested if check not in (*gpus.CHECKS, *results)]:
            run = partial(probe_client.run_probe, client, image, limits=limits, outputs=_below(outputs, "image"))
            answers = cold.measure(probed, on_line, run)
            _report_ends([check for check in answers.checks.values() if check.id != cold.ID], name, on_event)
            results |= with_outside(answers, configuration, variant)
        if levels:
            run = partial(probe_client.run_probe, client, image, limits=gpus.LIMITS, outputs=_below(outputs, "gpu"))
            results |= gpus.run_on_gpus(
                grant,
                request,
                levels,
                lambda granted: run(levels, on_line, options=ContainerOptions(grant=granted)).checks,
            )
            _report_ends([results[check] for check in levels if check in results], name, on_event)
    all_checks = tuple(results.get(check) or _unanswered(check) for check in requested)
    return Report(
        name=name, image_id=configuration.id, content=configuration.content, fingerprint=fingerprint, checks=all_checks
    )


def _report_ends(checks: Sequence[Check], name: str, listener: Listener) -> None:
    """Reports when the checks of a probe that has just ended ran, one after the other."""
    began = time.time() - sum(check.seconds for check in checks)
    for check in checks:
        listener(name, f"check {check.id}", ran=Span(began=began, seconds=check.seconds))
        began += check.seconds


def _below(folder: Path | None, name: str) -> Path | None:
    """A separate folder for each container, which replaces its content."""
    return folder / name if folder else None


def with_outside(answers: probe_client.Answers, configuration: ContainerImage, variant: Variant) -> dict[str, Check]:
    """The probe's checks, with what the engine reports of the image."""
    problems = {"user": _user_problems(configuration), "versions": _label_problems(answers, configuration, variant)}
    return {check.id: _add_problems(check, problems.get(check.id, [])) for check in answers.checks.values()}


def _select(variant: Variant, checks: Sequence[str] | None) -> tuple[str, ...]:
    known = check_ids(variant)
    for check in checks or ():
        if check not in known:
            raise ConfigurationError(f"{variant} has no check {check!r}.", todo=nearest(check, known))
    return tuple(check for check in known if checks is None or check in checks)


def _user_problems(configuration: ContainerImage) -> list[str]:
    problems = [f"{name} is set in the image's environment" for name in configuration.foreign]
    if not configuration.is_non_root:
        user = configuration.user or "root"
        problems.append(f"the image's user is {user!r}, and Kubernetes' runAsNonRoot requires a number that is not 0")
    return problems


def _label_problems(answers: probe_client.Answers, configuration: ContainerImage, variant: Variant) -> list[str]:
    labels = configuration.labels
    expected = ((Label.RAY, labels.ray, variant.ray), (Label.PYTHON, labels.python, answers.python))
    problems = [f"the image's own name is {answers.name}"] if answers.name != variant.name else []
    return problems + [
        f"the label {label} says {stated!r}, but it is {value!r}"
        for label, stated, value in expected
        if stated != value
    ]


def _add_problems(check: Check, problems: Sequence[str]) -> Check:
    """The check, failed if it has more problems."""
    if not problems:
        return check
    earlier = [check.detail] if check.status is Status.FAILED else []
    return structs.replace(check, status=Status.FAILED, detail="; ".join([*earlier, *problems]))


def _unanswered(check: str) -> Check:
    return Check(id=check, status=Status.FAILED, detail="the image's probe did not answer this check", seconds=0.0)
