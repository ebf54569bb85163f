"""Requests to a registry that fails now and then, by what raydock reports in the end."""

from collections.abc import Iterator

import pytest

from raydock.core.errors import OutOfReachError
from raydock.core.http import RetryPolicy
from raydock.registry.errors import RefusedError
from raydock.registry.name import Name
from raydock.registry.transport import RegistryTransport
from tests.support.faults import Answer, Front, front

HASTY = RetryPolicy(connect=1.0, read=0.3, pauses=(0.01, 0.01))


@pytest.fixture
def fronted() -> Iterator[Front]:
    """A registry without TLS that answers 200 to everything."""
    with front("127.0.0.1:9") as found:
        found.fault = lambda _method, _path: 200
        yield found


def send(found: Front, method: str = "GET") -> int:
    transport = RegistryTransport(name=Name(host=found.address, path="ml"), patience=HASTY)
    return transport.request(method, "ml/tags/list", doing="listing tags", repository="ml").status_code


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_every_request_is_sent_again_if_the_registry_is_busy(fronted: Front, method: str) -> None:
    fronted.fault = lambda _method, _path: 503 if len(fronted.requests) % 2 else 200
    assert send(fronted, method) == 200
    assert [path for _, path in fronted.requests] == ["/v2/", "/v2/", "/v2/ml/tags/list", "/v2/ml/tags/list"]


def test_a_request_for_a_token_is_sent_again_too(fronted: Front) -> None:
    codes = iter((500, 429))

    def fault(_method: str, path: str) -> Answer | int:
        if path.startswith("/token"):
            return next(codes, None) or Answer(code=200, body=b'{"token": "t"}')
        if fronted.authorizations[-1] == "Bearer t":
            return 200
        realm = f'Bearer realm="http://{fronted.address}/token",service="s"'
        return Answer(code=401, headers={"WWW-Authenticate": realm})

    fronted.fault = fault
    assert send(fronted) == 200
    assert len([path for _, path in fronted.requests if path.startswith("/token")]) == 3


def test_a_token_server_that_stays_busy_is_out_of_reach(fronted: Front) -> None:
    realm = f'Bearer realm="http://{fronted.address}/token"'
    fronted.fault = lambda _method, path: (
        503 if path.startswith("/token") else Answer(code=401, headers={"WWW-Authenticate": realm})
    )
    with pytest.raises(OutOfReachError, match=r"cannot be reached: ConnectionError while listing tags"):
        send(fronted)


def test_a_registry_that_stays_busy_is_reported_with_what_was_done(fronted: Front) -> None:
    fronted.fault = lambda _method, path: 200 if path == "/v2/" else 500
    with pytest.raises(RefusedError, match="failed while listing tags: 500"):
        send(fronted)
    assert len(fronted.requests) == 4


def test_a_registry_that_is_not_there_is_out_of_reach() -> None:
    with pytest.raises(OutOfReachError, match="Connection refused while checking that it answers"):
        RegistryTransport(name=Name(host="127.0.0.1:9", path="ml"), patience=HASTY).connect()
