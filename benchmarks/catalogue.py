"""The benches by name, in the order in which all of them run."""

from benchmarks import build, bump, contents, noop, publish, scale, sharing, size
from benchmarks.bench import Bench

BENCHES = {
    bench.name: bench
    for bench in (
        Bench(
            name="scale",
            summary="plan, checks and fingerprints of 100 to 10,000 variants, without an engine or network",
            minutes=3,
            disk="1 GB",
            run=scale.run,
        ),
        Bench(
            name="noop",
            summary="`images` over 12 built variants, when nothing changed",
            minutes=1,
            disk="1 GB",
            run=noop.run,
        ),
        Bench(
            name="publish",
            summary="`publish` of 100 published variants, when nothing changed",
            minutes=1,
            disk="1 GB",
            run=publish.run,
        ),
        Bench(
            name="sharing",
            summary="bytes stored once, compared with the sum of the images",
            minutes=1,
            disk="none",
            run=sharing.run,
        ),
        Bench(
            name="size",
            summary="compressed bytes of the cpu and the torch image, as pushed",
            minutes=5,
            disk="4 GB",
            run=size.run,
        ),
        Bench(
            name="contents",
            summary="what the cpu, torch and vllm images leave out of their wheels, by rule",
            minutes=8,
            disk="16 GB",
            run=lambda setting: list(contents.run(setting)),
        ),
        Bench(
            name="build",
            summary="the cpu image built cold and warm, compared with uv's Dockerfile and with pip",
            minutes=3,
            disk="5 GB",
            run=build.cpu,
        ),
        Bench(
            name="torch",
            summary="the torch image built cold and warm, compared with uv's Dockerfile and with pip",
            minutes=9,
            disk="17 GB",
            run=build.torch,
        ),
        Bench(
            name="bump",
            summary="a new Ray in the torch image, built and pushed, compared with uv's Dockerfile and pip",
            minutes=12,
            disk="16 GB",
            run=bump.run,
        ),
    )
}
