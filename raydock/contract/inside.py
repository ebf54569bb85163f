"""Clauses 10, 11, 16 and 17: what KubeRay imports, the user, the environment, the GPU."""

from raydock.contract.answer import BrokenError, UnaskedError
from raydock.contract.bench import Bench, require

# Empty where an image of raydock's needs no NVIDIA driver.
_MIN_DRIVER_LABEL = "raydock.min-driver"


def imports(bench: Bench) -> str:
    """The autoscaler's and the Redis cleanup's modules import within their shares of a node."""
    kuberay = bench.kuberay
    for release in kuberay.releases:
        require(
            bench.run(release.command(release.autoscaler), kuberay.limits.autoscaler),
            f"KubeRay {release.version}: the autoscaler's import within 512 MiB",
            "the autoscaler in the head pod restarts for ever, and no worker is added or removed",
        )
        require(
            bench.run(release.command(release.cleanup), kuberay.limits.cleanup),
            f"KubeRay {release.version}: the Redis cleanup's import within 256 MiB",
            "a RayCluster with GCS fault tolerance is not deleted until its finalizer is taken off by hand",
        )
    return "the autoscaler's imports fit 512 MiB, the Redis cleanup's 256 MiB"


def user(bench: Bench) -> str:
    """The image names its user by a number that is not 0."""
    configuration = bench.configuration
    if not configuration.is_non_root:
        raise BrokenError(
            f"the image's user is {configuration.user or 'root'!r}: where a pod says runAsNonRoot, the kubelet"
            " refuses it with CreateContainerConfigError; it takes only a number that is not 0"
        )
    return f"the user is {configuration.user}"


def environment(bench: Bench) -> str:
    """The image sets no variable that misleads Ray."""
    if foreign := bench.configuration.foreign:
        raise BrokenError(
            f"{', '.join(foreign)} is set by the image: KubeRay leaves a variable that is there already as it is, so"
            " Ray looks for another cluster, or compiles all it imports at every start"
        )
    return "nothing in the environment misleads Ray"


def gpu(bench: Bench) -> str:
    """Ray computes on a GPU: asked by the image's own probe on a host that has one."""
    if bench.configuration.labels.get(_MIN_DRIVER_LABEL) == "":
        raise UnaskedError("the image is for CPU")
    raise UnaskedError("needs a GPU, which containers here are not given; on a GPU host `smoke --gpu require` asks it")
