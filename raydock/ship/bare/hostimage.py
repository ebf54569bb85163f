"""A built image by all the names that a host may know it by."""

from dataclasses import dataclass

from raydock.build.builder import FINGERPRINT, held
from raydock.build.engine import LocalImage, connect
from raydock.errors import VariantError
from raydock.plan.planner import Planned


@dataclass(frozen=True, kw_only=True)
class HostImage:
    """A built image. `tag` and `digest` are full names (`digest` is empty where no registry has it); `id` is the
    engine's; `min_driver` is empty for cpu."""

    tag: str
    id: str
    digest: str
    fingerprint: str
    min_driver: str


def find(planned: Planned, registry: str) -> HostImage:
    """A variant's newest image on the engine.

    Raises OutOfReachError where no engine answers, VariantError where it holds no such image.
    """
    for (name, _), image in held(connect(), registry).items():
        if name == planned.name:
            return of_image(image, planned.name, registry)
    todo = f"`./build.py build --select 'name={planned.name}'`."
    raise VariantError(f"{planned.name} is not built on this engine.", todo=todo)


def of_image(image: LocalImage, name: str, registry: str) -> HostImage:
    """What pins an image that bears a variant's tag."""
    return HostImage(
        tag=f"{registry}:{name}",
        id=image.id,
        digest=next((digest for digest in image.digests if digest.startswith(f"{registry}@")), ""),
        fingerprint=image.labels[FINGERPRINT],
        min_driver=image.labels.get("raydock.min-driver", ""),
    )
