"""The causes in messages that uv 0.13.9, with a server that gives the answer, and Docker 26.1.5 printed."""

import pytest

from raydock.builder.failures import cause

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
            "The package index c:1 answered with a server error",
            "run this again",
        ),
        (
            "error: Received some unexpected JSON from `http://c:1/simple/click/`",
            "The package index c:1 answered with something that is not a list of packages",
            "run this again",
        ),
        (
            "failed to create endpoint bjk1vmw25d83mu5x9f6851ypm on network bridge: adding interface vethe873f06 to"
            " bridge docker0 failed: Device does not exist",
            "The network bridge of the engine's containers does not exist any more",
            "systemctl restart docker",
        ),
    ],
)
def test_each_cause(output: str, meaning: str, todo: str) -> None:
    failure = cause(output, STEP)
    assert failure is not None
    assert meaning in failure.meaning
    assert todo in failure.todo
    assert "me@" not in failure.meaning


def test_other_failures_are_not_blamed_on_the_index() -> None:
    assert cause("error: Failed to extract archive: click-8.1-py3-none-any.whl", STEP) is None


@pytest.mark.parametrize(
    "output",
    [
        "failed to authorize: unexpected status from GET request to https://r.example/v2/: 401 Unauthorized",
        "E: Failed to fetch http://deb.example/x.deb  404  Not Found",
        "HTTP status client error (401 Unauthorized) for url (https://pythons.example/x.tar.gz)",
    ],
)
def test_the_answers_of_other_servers_are_not_blamed_on_the_index(output: str) -> None:
    assert cause(output, "[base 1/1] FROM r.example/base") is None


def test_the_error_of_a_python_download_does_not_name_the_package_index() -> None:
    failure = cause("error sending request for url (https://pythons.example/x.tar.gz)", "[stage-0 2/3] RUN <<'PYTHON'")
    assert failure is not None
    assert failure.meaning.startswith("The server pythons.example does not answer")
