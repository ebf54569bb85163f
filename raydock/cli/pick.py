"""`pick`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from raydock.cli.options import CommandRequest, forward_compat, shared
from raydock.cli.output import end
from raydock.cli.registries import RegistryOptions, registry_options
from raydock.core.errors import ConfigurationError, OutOfReachError

if TYPE_CHECKING:
    from raydock.publish.variant_image import VariantImage


@click.command()
@shared
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--driver", metavar="VERSION", help="The host's driver, such as 535.104.05, instead of FILES.")
@click.option("--gpu", "gpus", multiple=True, metavar="X.Y", help="A GPU's compute capability, or none. Repeatable.")
@forward_compat
@registry_options()
def pick(
    request: CommandRequest,
    *,
    files: tuple[Path, ...],
    driver: str | None,
    gpus: tuple[str, ...],
    forward_compat: bool,
    registry: RegistryOptions,
) -> None:
    """Shows the newest image that a host can run, and why newer ones cannot.

    FILES (- is stdin) contain the output of nvidia-smi: of one host each, or lines `host: output` for several hosts.
    For several hosts, it also shows the newest image that all of them can run. With --registry, only published images
    are considered.

    \b
    Example: ./build.py pick --driver 535.104.05 --gpu 8.0
      ./build.py pick --gpu none --registry registry.example/ml/raydock
      ssh gpu01 nvidia-smi --query-gpu=driver_version,compute_cap,name --format=csv,noheader | ./build.py pick -
    """
    from raydock.hosts import names
    from raydock.pick import nvidia_smi, output
    from raydock.pick.pick import pick_each

    stated = bool(gpus) and (bool(driver) or gpus == ("none",))
    if bool(files) == stated or (files and (driver or gpus)):
        raise ConfigurationError(
            "pick needs exactly one of: FILES, --driver with --gpu, or --gpu none.",
            todo=f"`ssh HOST {nvidia_smi.QUERY} | ./build.py pick -`,"
            " or `./build.py pick --driver 535.104.05 --gpu 8.0`.",
        )
    hosts = nvidia_smi.read(files) if files else {"host": nvidia_smi.stated("host", driver or "", gpus)}
    accepting = names.accepting_hosts(request.project.checkout.hosts)
    hosts = {
        name: nvidia_smi.with_forward_compat(host, forward_compat or name in accepting) for name, host in hosts.items()
    }
    images = _published(request, registry) if registry.address else _built(request)
    each, together = pick_each(hosts, images)
    picks = [*each.values(), *([together] if together else [])]
    texts = [output.text(host_pick) for host_pick in picks if host_pick.candidate or host_pick.rejected]
    request.show(output.document(each, together), *texts)
    end({host_pick.host: host_pick.error for host_pick in picks if host_pick.error})


def _built(request: CommandRequest) -> "tuple[VariantImage, ...]":
    """The images that are built on this engine, and the images of the plan."""
    from raydock.pick.candidate import on_engine

    images, engine = on_engine(request.chosen, request.project.matrix.registry)
    if isinstance(engine, OutOfReachError):
        click.echo(f"raydock: {engine.what} Built images are unknown, so images of the plan are shown.", err=True)
    return images


def _published(request: CommandRequest, registry: RegistryOptions) -> "tuple[VariantImage, ...]":
    """The images that were published to a registry."""
    from raydock.pick.candidate import published
    from raydock.plan.select import select

    release = registry.releases().newest()
    return published(release, select(release, request.groups, request.selectors), registry.address)
