"""The steps of a build in words."""

import re

import pytest

from raydock.builder.steps import in_words, shorten
from tests.support.toy import ROOT


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (
            "[stage-0 4/6] RUN --mount=type=tmpfs,target=/run --mount=type=secret,id=ca /run/install /run/ray.txt",
            "[stage-0 4/6] RUN /run/install /run/ray.txt",
        ),
        ("[5/6] RUN --mount=type=tmpfs,target=/run <<'PROBE' (touch /run/start...)", "[5/6] RUN <<'PROBE'"),
        ("exporting to image", "exporting to image"),
    ],
)
def test_the_title_of_a_step_is_shortened(step: str, expected: str) -> None:
    assert shorten(step) == expected


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (
            "[base 1/1] FROM docker.io/library/raydock-base:debian-py311-9d8e27e13d32",
            "the base debian-py311-9d8e27e13d32",
        ),
        (
            "[tree-ray 1/1] RUN --mount=type=tmpfs,target=/run /run/installer/make-tree /run/ray.txt",
            "downloading and preparing ray",
        ),
        ("[packages 3/4] RUN --network=none /run/installer/place-tree ray-packages", "installing ray-packages"),
        ("[internal] load build context", "sending the files of the build"),
        ("exporting to image", "writing the image"),
        ("[stage-3 2/3] RUN my-own-program", "[stage-3 2/3] RUN my-own-program"),
        ("[stage-3 2/3] RUN echo {name}", "[stage-3 2/3] RUN echo {name}"),
    ],
)
def test_a_step_in_words(step: str, words: str) -> None:
    assert in_words(step) == words


def test_every_step_of_our_images_is_known() -> None:
    """Of the committed Dockerfiles: a template with a new step needs an entry in steps.yaml."""
    for dockerfile in (ROOT / "images").glob("*/Dockerfile"):
        text = dockerfile.read_text(encoding="utf-8").replace("\\\n", " ")
        for line in re.findall(r"^(?:RUN|ADD) .*", text, re.MULTILINE):
            step = f"[stage-3 1/1] {' '.join(line.split())}"
            assert in_words(step) != shorten(step), (dockerfile, step)
