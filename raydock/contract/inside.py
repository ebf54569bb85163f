"""Clauses 10, 11, 16 and 17: imports, user, environment, GPU."""

from raydock.contract.answer import BrokenError, NotCheckedError
from raydock.contract.bench import Bench, require_success


def imports(bench: Bench) -> str:
    """The autoscaler's module imports in 512 MiB, the Redis cleanup's in 256 MiB."""
    kuberay = bench.kuberay
    for release in kuberay.releases:
        require_success(
            bench.run(release.command(release.autoscaler), kuberay.limits.autoscaler),
            f"KubeRay {release.version}: the autoscaler's import within 512 MiB",
            "the autoscaler in the head pod restarts forever, and no worker is added or removed",
        )
        require_success(
            bench.run(release.command(release.cleanup), kuberay.limits.cleanup),
            f"KubeRay {release.version}: the Redis cleanup's import within 256 MiB",
            "a RayCluster with GCS fault tolerance is not deleted until its finalizer is removed by hand",
        )
    return "the autoscaler's imports fit 512 MiB, the Redis cleanup's 256 MiB"


def user(bench: Bench) -> str:
    """The image's user is a number and not 0."""
    image = bench.image
    if not image.is_non_root:
        raise BrokenError(
            f"the image's user is {image.user or 'root'!r}: the kubelet refuses a pod with runAsNonRoot, with"
            " CreateContainerConfigError; it accepts only a number that is not 0"
        )
    return f"the user is {image.user}"


def environment(bench: Bench) -> str:
    """No RAY_ADDRESS, RAY_PORT or PYTHONDONTWRITEBYTECODE in the image's environment."""
    if foreign := bench.image.foreign:
        raise BrokenError(
            f"{', '.join(foreign)} is set by the image: KubeRay does not replace a variable that is already set, so"
            " Ray connects to a different cluster, or compiles all its modules at every start"
        )
    return "no variable misleads Ray"


def gpu(bench: Bench) -> str:
    """A Ray task computes on the GPU.

    It is not checked here: the image's own probe checks it, on a host with a GPU.
    """
    if bench.image.labels.min_driver == "":
        raise NotCheckedError("the image is for CPU")
    raise NotCheckedError("needs a GPU, which these containers do not have; check it with `smoke --gpu require`")
