"""Clauses 10, 11, 16 and 17: what KubeRay imports, the user, the environment, the GPU."""

from raydock.contract.answer import BrokenError, UnaskedError
from raydock.contract.bench import Bench, require


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
    image = bench.image
    if not image.is_non_root:
        raise BrokenError(
            f"the image's user is {image.user or 'root'!r}: where a pod says runAsNonRoot, the kubelet"
            " refuses it with CreateContainerConfigError; it takes only a number that is not 0"
        )
    return f"the user is {image.user}"


def environment(bench: Bench) -> str:
    """The image sets no variable that misleads Ray."""
    if foreign := bench.image.foreign:
        raise BrokenError(
            f"{', '.join(foreign)} is set by the image: KubeRay leaves a variable that is there already as it is, so"
            " Ray looks for another cluster, or compiles all it imports at every start"
        )
    return "nothing in the environment misleads Ray"


def gpu(bench: Bench) -> str:
    """Ray computes on a GPU: asked by the image's own probe on a host that has one."""
    if bench.image.labels.min_driver == "":
        raise UnaskedError("the image is for CPU")
    raise UnaskedError("needs a GPU, which containers here are not given; on a GPU host `smoke --gpu require` asks it")
