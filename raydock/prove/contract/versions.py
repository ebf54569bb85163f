"""Clause 13: the versions that run are the versions that tag and labels promise."""

import re

from raydock.errors import ConfigurationError
from raydock.model.variant import parse_name
from raydock.prove.contract.answer import BrokenError, UnaskedError
from raydock.prove.contract.bench import Bench, require

_RAY_LABEL, PYTHON_LABEL = "io.ray.ray-version", "raydock.python"
_ASK = "import platform, ray; print(ray.__version__, platform.python_version())"
# The grammar of rayproject/ray's tags: 2.60.0, 2.60.0-py311, 2.60.0-py311-cu130.
_THEIRS = re.compile(r"(?P<ray>\d+\.\d+\.\d+)(?:\.[0-9a-f]+)?(?:-py(?P<major>\d)(?P<minor>\d+))?(?:-.*)?")
_REFUSED = "Ray takes a worker or a job only of its own Ray and Python, down to the patch, so pods refuse each other"


def as_promised(bench: Bench) -> str:
    """`ray.__version__` and Python's version are those of the tag and of the labels."""
    ray, python = _running(bench)
    promised = [(f"the tag {bench.tag} says", *item) for item in of_tag(bench.tag).items()]
    labels = bench.configuration.labels
    promised += [
        (f"the label {label} says", what, labels[label])
        for what, label in (("Ray", _RAY_LABEL), ("Python", PYTHON_LABEL))
        if labels.get(label)
    ]
    if not promised:
        raise UnaskedError(f"Ray {ray} and Python {python} run, but neither the tag nor a label says which should")
    found = {"Ray": ray, "Python": python}
    wrong = [f"{who} {what} {value}" for who, what, value in promised if not _is(found[what], value)]
    if wrong:
        raise BrokenError(f"Ray {ray} and Python {python} run, but {', '.join(wrong)}: {_REFUSED}")
    return f"Ray {ray} and Python {python}, as tag and labels say"


def of_tag(reference: str) -> dict[str, str]:
    """The Ray and the Python that an image's reference promises, as far as it does."""
    tag = reference.rpartition("/")[2].partition("@")[0].rpartition(":")[2]
    try:
        variant = parse_name(tag)
        return {"Ray": variant.ray, "Python": variant.python}
    except ConfigurationError:
        match = _THEIRS.fullmatch(tag)
    if not match:
        return {}
    python = {"Python": f"{match['major']}.{match['minor']}"} if match["major"] else {}
    return {"Ray": match["ray"], **python}


def ray_version(bench: Bench) -> str:
    """The Ray that runs in the image."""
    return bench.configuration.labels.get(_RAY_LABEL) or _running(bench)[0]


def _running(bench: Bench) -> tuple[str, str]:
    command = ["/bin/bash", "-c", f'python -c "{_ASK}"']
    said = require(
        bench.run(command), f'`python -c "{_ASK}"`', "KubeRay starts Ray with this Python, and it does not run"
    )
    ray, python = said.split()
    return ray, python


def _is(found: str, promised: str) -> bool:
    return found == promised or (promised.count(".") == 1 and found.startswith(f"{promised}."))
