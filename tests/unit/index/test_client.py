"""The settings of the package index in the environment."""

from pathlib import Path

import pytest

from raydock.core.errors import ConfigurationError
from raydock.index.client import Index, from_environment


@pytest.mark.parametrize(
    ("environment", "endpoint"),
    [
        ({"PIP_INDEX_URL": "http://pip/simple"}, "http://pip/simple"),
        ({"PIP_INDEX_URL": "http://a/simple/", "UV_DEFAULT_INDEX": "http://a:80/simple"}, "http://a:80/simple"),
        ({"PIP_INDEX_URL": "", "UV_INDEX_URL": "http://old/simple"}, "http://old/simple"),
        ({}, Index().address.url),
    ],
)
def test_the_environment_names_the_index(environment: dict[str, str], endpoint: str) -> None:
    assert from_environment(environment).address.url == endpoint


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "PIP_CERT"])
def test_the_environment_names_the_ca_bundle(tmp_path: Path, variable: str) -> None:
    bundle = tmp_path / "ca.pem"
    with pytest.raises(ConfigurationError, match=f"{variable} names .* does not exist"):
        from_environment({variable: str(bundle)})
    bundle.touch()
    assert from_environment({variable: str(bundle)}).ca_bundle == str(bundle)


@pytest.mark.parametrize(("seconds", "timeout"), [("", Index().timeout), ("45", 45.0), ("0.5", 0.5)])
def test_the_environment_sets_the_timeout(seconds: str, timeout: float) -> None:
    assert from_environment({"UV_HTTP_TIMEOUT": seconds}).timeout == timeout


@pytest.mark.parametrize("seconds", ["soon", "0", "-1", "1e9"])
def test_an_invalid_timeout(seconds: str) -> None:
    with pytest.raises(ConfigurationError, match="UV_HTTP_TIMEOUT"):
        from_environment({"UV_HTTP_TIMEOUT": seconds})


def test_an_invalid_address() -> None:
    with pytest.raises(ConfigurationError, match="PIP_INDEX_URL"):
        from_environment({"PIP_INDEX_URL": "mirror.local/simple"})
