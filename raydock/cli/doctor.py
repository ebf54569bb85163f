"""`doctor`."""

import click

from raydock.cli.options import CommandRequest, shared, variants, width
from raydock.cli.output import end
from raydock.cli.smoke import host


@click.command()
@shared
@variants
@host
def doctor(request: CommandRequest, hosts: tuple[str, ...]) -> None:
    """Checks a Docker host, and shows how to fix what is wrong with it.

    It also shows which of the selected variants run on the host. Without --host: this machine. Nothing is built, pulled
    or changed. The checks: docs/reference/doctor.md. Exit codes: 0 no check failed; 1 a check failed; 4 a host cannot
    be reached.

    \b
    Example: ./build.py doctor
             ./build.py doctor --host ssh://ray@gpu1 --host ssh://ray@gpu2 --group serve --json
    """
    from raydock.doctor import output
    from raydock.doctor.examine import Examiner
    from raydock.hosts.names import current_host, resolve
    from raydock.pick.candidate import candidates

    project, chosen = request.project, request.chosen
    registry = project.matrix.registry
    docker_hosts = resolve(hosts, project.checkout.hosts) if hosts else (current_host(),)
    sizes = project.download_bytes(chosen).values()
    with request.progress() as progress:
        reports = Examiner(
            candidates=candidates(chosen, {}, registry),
            registry=f"{registry}:{chosen[-1].name}",
            needed=max((size for size in sizes if size), default=0),
            listener=progress,
        ).run(docker_hosts)
    texts = [text for report in reports if not report.error for text in (output.text(report, width()), "")]
    request.show(output.document(reports), *texts)
    errors = {report.host.name: report.error for report in reports if report.error}
    end(errors, failed=not all(report.passed for report in reports))
