"""`try-sets`."""

from datetime import UTC, datetime
from pathlib import Path

import click

from raydock.cli.images import ca_bundle
from raydock.cli.options import CommandRequest, shared
from raydock.cli.output import end
from raydock.core.errors import RaydockError, VariantError
from raydock.core.models import plain


@click.command("try-sets")
@shared
@click.option("--newest", type=click.IntRange(1, 5), default=2, show_default=True, help="Releases of Ray.")
@ca_bundle
def try_sets(request: CommandRequest, newest: int, ca_bundle: Path | None) -> None:
    """Builds and smoke-tests the newest sets for the CPU, and writes the results to lockfiles/tested-sets.yaml.

    A set has a release of Ray, a Python of a base, and the newest packages of this day. `suggest` shows the results.
    The images are removed afterwards.

    \b
    Example: ./build.py try-sets --newest 3
    """
    from raydock.core.files import write_whole
    from raydock.model import tested
    from raydock.try_sets.try_sets import SetTester

    project = request.project
    with request.writing() as recorder:
        today = datetime.now(UTC).date()
        tester = SetTester(project=project, listener=recorder, jobs=request.jobs, bundle=ca_bundle, today=today)
        results = tester.run(tester.newest(newest))
        path = project.checkout.tested
        write_whole(path, tested.dump({**tested.load([path]), **results}))
    lines = [f"{name}: {result}" for name, result in results.items()]
    request.show({"schema": 1, "sets": {name: plain(result) for name, result in results.items()}}, "\n".join(lines))
    errors: dict[str, RaydockError] = {
        name: VariantError(f"{name}: {result.failure}.", todo=f"see .raydock/try-sets/.raydock/logs/{name}.log.")
        for name, result in results.items()
        if result.failure
    }
    end(errors)
