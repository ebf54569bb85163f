"""`smoke`: tests images on this engine or on other Docker hosts."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from raydock.cli.options import CommandRequest, completed, option_group, shared, trace, variants, width
from raydock.cli.output import check_table, end, report
from raydock.core.errors import ConfigurationError, OutOfReachError
from raydock.core.models import plain
from raydock.plan.output import count

if TYPE_CHECKING:
    from raydock.model.report import SetReport
    from raydock.model.result import VariantResult
    from raydock.smoke.gpus import GpuRequest

host = click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="HOST",
    shell_complete=completed("hosts"),
    help="Use this engine instead: ssh://USER@HOST, a host or label of hosts.yaml, or a docker context. Repeatable.",
)


@dataclass(frozen=True, kw_only=True)
class SmokeOptions:
    """The values of this command's own options.

    Attributes:
        gpu: the policy: auto, require or off.
        gpus: the names of the GPUs, or `all`.
        checks: the ids of the checks to run; empty for all.
        python: with --image, the path of its Python.
        volumes: with --image, HOST:PATH of folders to mount.
        trace: the file for the steps.
    """

    gpu: str
    gpus: str
    checks: tuple[str, ...]
    python: str | None
    volumes: tuple[str, ...]
    trace: Path | None

    @property
    def gpu_request(self) -> "GpuRequest":
        """The policy and the names of the GPUs.

        Raises ConfigurationError if a name is invalid.
        """
        from raydock.smoke.gpus import GpuPolicy, GpuRequest, names

        return GpuRequest(policy=GpuPolicy(self.gpu), names=names(self.gpus))

    @property
    def mounts(self) -> dict[str, str]:
        """The host's folders by their path in the container.

        Raises ConfigurationError if a volume is invalid.
        """
        mounts = {}
        for volume in self.volumes:
            folder, _, path = volume.partition(":")
            if not (folder.startswith("/") and path.startswith("/")) or ":" in path:
                raise ConfigurationError(
                    f"--volume {volume} is not HOST:PATH.", todo="write it like /data/model:/model."
                )
            mounts[path] = folder
        return mounts


_own_options = option_group(
    "options",
    SmokeOptions,
    click.option(
        "--gpu",
        type=click.Choice(["auto", "require", "off"]),
        default="auto",
        show_default=True,
        help="auto: skip GPU checks that cannot run; require: they fail (exit 1); off: run no GPU checks.",
    ),
    click.option(
        "--gpus",
        metavar="NAMES",
        default="all",
        show_default=True,
        help="The GPUs to use: numbers (0,2), MIG slices (0:1), UUIDs.",
    ),
    click.option(
        "--check", "checks", multiple=True, metavar="ID", help="Run only this check, such as gpu-driver. Repeatable."
    ),
    click.option("--python", metavar="PATH", help="With --image: the Python to use. Default: python3 on its PATH."),
    click.option(
        "--volume",
        "volumes",
        multiple=True,
        metavar="HOST:PATH",
        help="With --image: mount a folder of the engine's host at PATH, read-only. Repeatable.",
    ),
    trace,
)


@click.command()
@shared
@variants
@click.option("--contract", is_flag=True, help="Check KubeRay's requirements of an image instead of running Ray in it.")
@click.option("--image", metavar="REF", help="Any image on the engine: runs the GPU checks, or --contract.")
@host
@_own_options
def smoke(
    request: CommandRequest, contract: bool, image: str | None, hosts: tuple[str, ...], options: SmokeOptions
) -> None:
    """Tests the built images of the selected variants by running Ray in them.

    Images that were tested before are tested again. If this engine provides GPUs, the GPU checks run too:
    docs/how-to/gpu.md.

    \b
    Example: ./build.py smoke ray2.60.0-py311-cpu
             ./build.py smoke --gpu require --gpus 0,1 --select 'cuda=13.0'
             ./build.py smoke --gpu require --image pytorch/pytorch:2.9.0-cuda12.8-cudnn9-runtime --python python
             ./build.py smoke --contract --image rayproject/ray:2.49.1-py311-cpu
             ./build.py smoke --group quickstart --host ssh://ray@gpu1 --host ssh://ray@gpu2
    """
    from raydock.pipeline.create import create_pipeline

    if hosts and (contract or image is not None):
        raise ConfigurationError(
            "--host tests variants of matrix.yaml and cannot be combined with --contract or --image.",
            todo="remove one of these options.",
        )
    if image is not None and request.selects:
        raise ConfigurationError("--image cannot be combined with a selection of variants.", todo="remove one of them.")
    if contract:
        _check_contract(request, image, options.trace)
    if image is not None:
        _smoke_any_image(request, image, options)
    if options.python or options.volumes:
        raise ConfigurationError(
            "--python and --volume work only with --image.", todo="add --image REF, or remove them."
        )
    if hosts:
        _smoke_on_hosts(request, hosts, options)
    gpus, chosen = options.gpu_request, request.chosen
    with request.writing(options.trace) as recorder:
        pipeline = create_pipeline(request.project, recorder, request.jobs)
        results = pipeline.smoke_all(pipeline.builder.find(chosen), gpus, options.checks)
    report(request, results, steps=recorder.steps)


def _smoke_on_hosts(request: CommandRequest, host_names: tuple[str, ...], options: SmokeOptions) -> NoReturn:
    """Tests the selected variants on every host, prints the results and exits."""
    from raydock.hosts import names, output
    from raydock.hosts.smoke import HostTester
    from raydock.pick.candidate import on_engine

    project = request.project
    hosts = names.resolve(host_names, project.checkout.hosts)
    images, engine = on_engine(request.chosen, project.matrix.registry)
    source = None if isinstance(engine, OutOfReachError) else engine
    with request.recording(options.trace) as recorder:
        tester = HostTester(listener=recorder, gpus=options.gpu_request, checks=options.checks, source=source)
        outcomes = tester.run(hosts, images)
    request.show(output.document(outcomes), output.table(outcomes, [image.name for image in images], width()))
    errors = {host: error for outcome in outcomes for host, error in outcome.errors.items()}
    end(errors, failed=not all(outcome.passed for outcome in outcomes))


def _smoke_any_image(request: CommandRequest, image: str, options: SmokeOptions) -> NoReturn:
    """Runs the GPU checks in any image on the engine, prints the results and exits."""
    from raydock.model.result import VariantResult
    from raydock.smoke.foreign_image import smoke

    if options.gpu == "off":
        raise ConfigurationError(
            "--image runs only the GPU checks, and --gpu off disables them.",
            todo=f"./build.py smoke --gpu require --image {image}, or --contract.",
        )
    gpus, mounts = options.gpu_request, options.mounts
    with request.swept_engine(options.trace) as (client, recorder):
        tested = smoke(
            client, image, request=gpus, python=options.python, volumes=mounts, checks=options.checks, on_event=recorder
        )
    report(request, [VariantResult(name=image, tested=True, report=tested)], check_table(tested.checks, width()))


def _check_contract(request: CommandRequest, image: str | None, trace: Path | None) -> NoReturn:
    """Checks KubeRay's contract in any image, or in the selected ones, each and as a set, and exits."""
    from raydock.contract.run import contract
    from raydock.model.result import VariantResult
    from raydock.pipeline.create import create_pipeline

    if image is not None:
        with request.swept_engine(trace) as (client, recorder):
            tested = contract(client, image, name=image, fingerprint="", jobs=request.jobs, on_event=recorder)
        _report_contract(request, [VariantResult(name=image, tested=True, report=tested)], None)
    chosen = request.chosen
    with request.writing(trace) as recorder:
        pipeline = create_pipeline(request.project, recorder, request.jobs)
        results = pipeline.contract(pipeline.builder.find(chosen))
        whole = pipeline.check_set(results)
    _report_contract(request, results, whole)


def _report_contract(request: CommandRequest, results: "list[VariantResult]", whole: "SetReport | None") -> NoReturn:
    sections = {result.name: result.report.checks for result in results if result.report}
    if whole:
        sections[f"The {len(whole.images)} images as a set"] = whole.checks
    texts = [text for title, checks in sections.items() for text in (f"{title}\n", check_table(checks, width()), "")]
    document = {"schema": 1, "variants": [result.document() for result in results]}
    set_document = {"set": plain(whole)} if whole else {}
    request.show(document | set_document, *texts, _summarize_contract(results, whole))
    failed = not all(result.passed for result in results) or bool(whole and not whole.passed)
    end({result.name: result.error for result in results if result.error}, failed=failed)


def _summarize_contract(results: "list[VariantResult]", whole: "SetReport | None") -> str:
    passed = sum(result.report is not None and result.passed for result in results)
    failed = [result.name for result in results if result.report and not result.passed]
    parts = [f"{count(passed, 'image')} passed"] if passed else []
    parts += [f"failed: {', '.join(failed)}"] if failed else []
    parts += ["the images as a set failed"] if whole and not whole.passed else []
    return f"KubeRay's contract: {'; '.join(parts) or 'not checked'}."
