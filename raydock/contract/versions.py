"""Clause 13: the versions that run are the versions that tag and labels promise."""

import json
import re

from packaging.version import InvalidVersion, Version

from raydock.contract.answer import BrokenError, UnaskedError
from raydock.contract.bench import Bench, require
from raydock.core.errors import ConfigurationError
from raydock.engine import channel
from raydock.model.labels import Label
from raydock.model.variant import parse_name

_ASK = (
    "import json, platform, ray;"
    f" open('{channel.PATH}', 'w').write(json.dumps([ray.__version__, platform.python_version()]))"
)
# The grammar of rayproject/ray's tags: 2.60.0, 2.60.0-py311, 2.60.0-py311-cu130.
_THEIRS = re.compile(r"(?P<ray>\d+\.\d+\.\d+)(?:\.[0-9a-f]+)?(?:-py(?P<major>\d)(?P<minor>\d+))?(?:-.*)?")
_REFUSED = "Ray takes a worker or a job only of its own Ray and Python, down to the patch, so pods refuse each other"


def as_promised(bench: Bench) -> str:
    """`ray.__version__` and Python's version are those of the tag and of the labels."""
    ray, python = _running(bench)
    promised = [(f"the tag {bench.tag} says", *item) for item in of_tag(bench.tag).items()]
    labels = bench.image.labels
    promised += [
        (f"the label {label} says", what, value)
        for what, label, value in (("Ray", Label.RAY, labels.ray), ("Python", Label.PYTHON, labels.python))
        if value
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


def ray_version(bench: Bench) -> Version:
    """The Ray of the image, by its label or as it runs.

    Raises UnaskedError if that is not a version.
    """
    text = bench.image.labels.ray or _running(bench)[0]
    try:
        return Version(text)
    except InvalidVersion:
        raise UnaskedError(f"the image says that its Ray is {text!r}, which is not a version") from None


def _running(bench: Bench) -> tuple[str, str]:
    """The versions of Ray and Python that run in the image.

    Raises BrokenError if they do not run.
    """
    reply = bench.ask(["/bin/bash", "-c", f'python -c "{_ASK}"'])
    command, consequence = '`python -c "import ray"`', "KubeRay starts Ray with this Python, and it does not run"
    require(reply.ended, command, consequence)
    try:
        ray, python = json.loads(reply.text)
    except (ValueError, TypeError, RecursionError):
        raise BrokenError(f"{command} ends well and runs no program: {consequence}") from None
    return str(ray), str(python)


def _is(found: str, promised: str) -> bool:
    return found == promised or (promised.count(".") == 1 and found.startswith(f"{promised}."))
