import pytest
import requests
from docker.errors import APIError

from raydock.build.engine import reaching
from raydock.errors import OutOfReachError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            APIError("400 Client Error", explanation="invalid reference format"),
            "refused while asking: invalid reference",
        ),
        (requests.ConnectionError("connection reset"), "went away while asking: connection reset"),
    ],
)
def test_an_engine_that_refuses_did_not_go_away(error: Exception, said: str) -> None:
    with pytest.raises(OutOfReachError, match=said), reaching("asking"):
        raise error
