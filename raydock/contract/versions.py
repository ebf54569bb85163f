"""Clause 13: the running versions are those of the tag and the labels."""

import json
import re

from packaging.version import InvalidVersion, Version

from raydock.contract.answer import BrokenError, NotCheckedError
from raydock.contract.bench import Bench, require_success
from raydock.core.errors import ConfigurationError
from raydock.engine import channel
from raydock.model.labels import Label
from raydock.model.variant import parse_name

_WRITE_VERSIONS = (
    "import json, platform, ray;"
    f" open('{channel.PATH}', 'w').write(json.dumps([ray.__version__, platform.python_version()]))"
)
# The grammar of rayproject/ray's tags: 2.60.0, 2.60.0-py311, 2.60.0-py311-cu130.
_RAY_TAG = re.compile(r"(?P<ray>\d+\.\d+\.\d+)(?:\.[0-9a-f]+)?(?:-py(?P<major>\d)(?P<minor>\d+))?(?:-.*)?")
_REFUSED = "Ray accepts workers and jobs only with its own versions of Ray and Python, so pods refuse each other"


def as_promised(bench: Bench) -> str:
    """Ray's version and Python's patch are the tag's and the labels'."""
    ray, python = _running(bench)
    promised = [(f"the tag {bench.tag} says", *version) for version in of_tag(bench.tag).items()]
    labels = bench.image.labels
    promised += [
        (f"the label {label} says", what, value)
        for what, label, value in (("Ray", Label.RAY, labels.ray), ("Python", Label.PYTHON, labels.python))
        if value
    ]
    if not promised:
        raise NotCheckedError(f"Ray {ray} and Python {python} run, but neither the tag nor a label names versions")
    running = {"Ray": ray, "Python": python}
    wrong = [f"{source} {what} {value}" for source, what, value in promised if not _is(running[what], value)]
    if wrong:
        raise BrokenError(f"Ray {ray} and Python {python} run, but {', '.join(wrong)}: {_REFUSED}")
    return f"Ray {ray} and Python {python}, as tag and labels say"


def of_tag(reference: str) -> dict[str, str]:
    """The versions of Ray and Python in an image's reference, if it has them."""
    tag = reference.rpartition("/")[2].partition("@")[0].rpartition(":")[2]
    try:
        variant = parse_name(tag)
        return {"Ray": variant.ray, "Python": variant.python}
    except ConfigurationError:
        match = _RAY_TAG.fullmatch(tag)
    if not match:
        return {}
    python = {"Python": f"{match['major']}.{match['minor']}"} if match["major"] else {}
    return {"Ray": match["ray"], **python}


def ray_version(bench: Bench) -> Version:
    """The Ray of the image, by its label or as it runs.

    Raises NotCheckedError if it is not a version.
    """
    text = bench.image.labels.ray or _running(bench)[0]
    try:
        return Version(text)
    except InvalidVersion:
        raise NotCheckedError(f"the image reports Ray {text!r}, which is not a version") from None


def _running(bench: Bench) -> tuple[str, str]:
    """The versions of Ray and Python that run in the image.

    Raises BrokenError if they do not run.
    """
    ended, text = bench.run_for_answer(["/bin/bash", "-c", f'python -c "{_WRITE_VERSIONS}"'])
    command, consequence = '`python -c "import ray"`', "KubeRay starts Ray with this Python, and it does not run"
    require_success(ended, command, consequence)
    try:
        ray, python = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        raise BrokenError(f"{command} succeeds but runs no program: {consequence}") from None
    return str(ray), str(python)


def _is(running: str, promised: str) -> bool:
    return running == promised or (promised.count(".") == 1 and running.startswith(f"{promised}."))
