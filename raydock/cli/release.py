"""`release`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from raydock.cli.facts import read_unknown
from raydock.cli.images import ca_bundle
from raydock.cli.options import CommandRequest, option_group, shared, trace, variants, width
from raydock.cli.output import describe_slowest, end, warn_of_unused_indexes
from raydock.cli.publish import allow_unscanned, dry_run, refuse_shared_repository, registries, warn_if_unsigned
from raydock.cli.registries import insecure, release_repository
from raydock.cli.scan import db, db_repository
from raydock.core import texttable
from raydock.core.steps import Step
from raydock.core.steps import document as step_entries
from raydock.plan.output import count

if TYPE_CHECKING:
    from raydock.core.events import Listener
    from raydock.publish.options import PublishOptions
    from raydock.publish.output import PublishResult
    from raydock.publish.store import ReleaseStore
    from raydock.release.release import ReleaseOutcome, Releaser


@dataclass(frozen=True, kw_only=True)
class ReleaseOptions:
    """The values of this command's own options.

    Attributes:
        registries: where images are published; empty: matrix.yaml's registry.
        release_repository: the repository of the release; empty: next to the images.
        insecure: whether plain HTTP and certificates of unknown authorities are allowed.
        allow_unscanned: whether images that were not scanned are also published.
        db: a folder with a vulnerability database.
        db_repository: the repository of the database; empty: trivy's.
        ca_bundle: certificates that builds trust.
        dry_run: whether the steps are only listed.
        trace: the file for the steps.
    """

    registries: tuple[str, ...]
    release_repository: str
    insecure: bool
    allow_unscanned: bool
    db: Path | None
    db_repository: str
    ca_bundle: Path | None
    dry_run: bool
    trace: Path | None

    def publish_options(self, jobs: int) -> "PublishOptions":
        """How images are published."""
        from raydock.publish.options import PublishOptions
        from raydock.publish.sign import find_signer

        return PublishOptions(
            jobs=jobs,
            signer=find_signer(),
            insecure=self.insecure,
            allow_unscanned=self.allow_unscanned,
            release_repository=self.release_repository,
        )


_own_options = option_group(
    "options",
    ReleaseOptions,
    registries,
    release_repository,
    insecure,
    allow_unscanned,
    db,
    db_repository,
    ca_bundle,
    dry_run,
    trace,
)


@click.command()
@shared
@variants
@_own_options
def release(request: CommandRequest, options: ReleaseOptions) -> None:
    """Does all steps from matrix.yaml to published images.

    Reads missing facts; locks, renders, builds and smoke-tests the selected variants; checks KubeRay's contract; scans
    and publishes. Steps that are done are skipped: run it again after an interruption. A registry on loopback is
    enough to try it: docs/how-to/publish.md.

    \b
    Example: ./build.py release --group quickstart --dry-run
             ./build.py release --select ray=2.61.0 --registry registry.example/ml/raydock
    """
    from raydock.release.release import refuse_unreachable

    refuse_shared_repository(options.release_repository, options.registries)
    read_unknown(request.project, quiet=request.quiet)
    chosen, addresses = request.chosen, options.registries or (request.project.matrix.registry,)
    warn_of_unused_indexes()
    with request.writing(options.trace) as recorder:
        refuse_unreachable(_stores(options, addresses))
        releaser = _releaser(request, options, addresses, recorder)
        if options.dry_run:
            todo = releaser.todo(chosen)
        else:
            outcome = releaser.run(chosen)
    if options.dry_run:
        request.show({"schema": 1, "dry_run": True, "steps": todo}, "\n".join(_todo_lines(todo)))
        return
    _report(request, outcome, recorder.steps)


def _stores(options: ReleaseOptions, addresses: Sequence[str]) -> "list[ReleaseStore]":
    from raydock.publish.store import release_store
    from raydock.registry.repository import repository

    images = [repository(address, insecure=options.insecure) for address in addresses]
    return [release_store(each, options.release_repository, insecure=options.insecure) for each in images]


def _releaser(
    request: CommandRequest, options: ReleaseOptions, addresses: Sequence[str], listener: "Listener"
) -> "Releaser":
    from raydock.pipeline.create import create_pipeline, create_scanner
    from raydock.publish.assemble import create_gate, create_publishers
    from raydock.publish.gate import Eligibility
    from raydock.release.release import Releaser
    from raydock.scan import trivy

    project = request.project
    if not options.dry_run:
        trivy.find()  # before anything is built
    pipeline = create_pipeline(project, listener, request.jobs, options.ca_bundle)
    endpoint, publish_options = pipeline.builder.client.endpoint, options.publish_options(request.jobs)
    warn_if_unsigned(publish_options)
    gate = create_gate(project.checkout, allow_unscanned=options.allow_unscanned)
    return Releaser(
        pipeline=pipeline,
        scanner=partial(create_scanner, project, listener, endpoint, options.db, options.db_repository),
        eligibility=Eligibility(builder=pipeline.builder, gate=gate),
        publishers=lambda chosen: create_publishers(project, chosen, addresses, listener, publish_options),
    )


def _todo_lines(todo: Mapping[str, list[str]]) -> list[str]:
    """A line for each variant with the steps that a run would do."""
    columns = width()
    lines = [
        line
        for name, steps in todo.items()
        for line in texttable.wrap(f"{name}: {', '.join(steps) or 'done'}", columns)
    ]
    left = sum(bool(steps) for steps in todo.values())
    return [*lines, f"{count(left, 'variant')} to do, {len(todo) - left} done. Nothing was changed."]


def _report(request: CommandRequest, outcome: "ReleaseOutcome", steps: Sequence[Step]) -> NoReturn:
    """Prints what is published, with tags to copy, and exits."""
    from raydock.core.outcomes import split
    from raydock.publish import output

    published, refused = split(outcome.registries)
    lines = [line for result in published.values() for line in _registry_lines(outcome, result)]
    document = {
        "schema": 1,
        "variants": [result.document() for result in outcome.results],
        "registries": output.document(outcome.registries, dry_run=False)["registries"],
        "steps": step_entries(steps),
    }
    request.show(document, "\n".join([*lines, *describe_slowest(steps)]))
    end({**outcome.errors, **refused})


def _registry_lines(outcome: "ReleaseOutcome", result: "PublishResult") -> list[str]:
    """What a registry has now: its release, the immutable tags, and the next command."""
    from raydock.publish.output import summary
    from raydock.publish.release import immutable_tag

    done = [each for each in outcome.results if each.name not in outcome.errors]
    lines = [f"{result.registry}: {summary(result)}"]
    for each in done:
        checks = f"  ({each.report.counts})" if each.report else ""
        lines.append(f"  {result.registry}:{immutable_tag(each.name, each.fingerprint)}{checks}")
    if done:
        lines.append(f"Next: `./build.py deploy kuberay {done[-1].name}`, or `deploy docker`.")
    return lines
