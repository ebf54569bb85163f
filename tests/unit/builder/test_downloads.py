"""What uv's own messages mean: each was written by uv 0.13.9 against a server that gives that answer."""

import pytest

from raydock.builder.downloads import cause

STEP = "[tree-ray 1/1] RUN /run/installer/make-tree /run/ray.txt"
MISSING = "Because click was not found in the package registry and you require click==8.1, we can conclude that"
HINT = (
    "hint: An index URL (http://a:40221/simple/) could not be queried due to a lack of valid authentication credentials"
)


@pytest.mark.parametrize(
    ("output", "meaning", "todo"),
    [
        (
            f"{MISSING}\n\n{HINT} credentials (401 Unauthorized)",
            "The package index a:40221 answered 401 Unauthorized",
            "UV_INDEX_NAME_PASSWORD",
        ),
        (MISSING, "or it answered 403 Forbidden", "lock again"),
        ("Because there is no version of click==8.1 and", "has the version that the lock pins", "lock again"),
        (
            "cause: HTTP status client error (403 Forbidden) for url (https://me@b/files/x.whl)",
            "The package index b answered 403 Forbidden",
            "credentials",
        ),
        (
            "cause: HTTP status client error (429 Too Many Requests) for url (http://c:1/simple/click/)",
            "The package index c:1 answered 429",
            "run this again",
        ),
        (
            "cause: HTTP status client error (404 Not Found) for url (http://c:1/files/click-8.1-py3-none-any.whl)",
            "The package index c:1 lists a file that it does not have",
            "lock again",
        ),
        (
            "cause: HTTP status server error (502 Bad Gateway) for url (http://c:1/simple/click/)",
            "The package index c:1 has trouble",
            "run this again",
        ),
        (
            "error: Received some unexpected JSON from `http://c:1/simple/click/`",
            "The package index c:1 answered with something that is not a list of packages",
            "run this again",
        ),
    ],
)
def test_each_answer_is_named(output: str, meaning: str, todo: str) -> None:
    found = cause(output, STEP)
    assert found is not None
    assert meaning in found.meaning
    assert todo in found.todo
    assert "me@" not in found.meaning


def test_other_failures_are_not_the_indexs() -> None:
    assert cause("error: Failed to extract archive: click-8.1-py3-none-any.whl", STEP) is None


@pytest.mark.parametrize(
    "output",
    [
        "failed to authorize: unexpected status from GET request to https://r.example/v2/: 401 Unauthorized",
        "E: Failed to fetch http://deb.example/x.deb  404  Not Found",
        "HTTP status client error (401 Unauthorized) for url (https://pythons.example/x.tar.gz)",
    ],
)
def test_other_servers_refusals_are_not_the_indexs(output: str) -> None:
    assert cause(output, "[base 1/1] FROM r.example/base") is None


def test_a_python_is_not_downloaded_from_the_package_index() -> None:
    found = cause("error sending request for url (https://pythons.example/x.tar.gz)", "[stage-0 2/3] RUN <<'PYTHON'")
    assert found is not None
    assert found.meaning.startswith("The server pythons.example does not answer")
