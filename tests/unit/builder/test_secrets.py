import os
import tomllib
from pathlib import Path

import pytest

from raydock.builder.secrets import PROXY_VARIABLES, PYTHON_VARIABLES, gather, proxies
from raydock.core.cabundle import CA_VARIABLES
from raydock.core.errors import ConfigurationError
from raydock.index import addresses
from raydock.index.addresses import DEFAULT_VARIABLES


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*CA_VARIABLES, *DEFAULT_VARIABLES, *PROXY_VARIABLES, *PYTHON_VARIABLES.values()):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("NETRC", os.devnull)


def test_a_machine_without_settings_needs_no_option(tmp_path: Path) -> None:
    assert gather().options(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_the_option_has_precedence_over_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own, other = tmp_path / "own.pem", tmp_path / "other.pem"
    own.touch()
    other.touch()
    monkeypatch.setenv("PIP_CERT", str(other))
    assert gather().options(tmp_path) == [f"--secret=id=ca,src={other}"]
    assert gather(own).options(tmp_path) == [f"--secret=id=ca,src={own}"]


def test_a_variable_with_a_missing_file_is_skipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    assert gather().bundle == bundle


def test_a_bundle_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"--ca-bundle .* is not a file"):
        gather(tmp_path / "missing.pem")


def test_netrc_goes_to_a_build_only_if_an_index_is_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    logins = tmp_path / "netrc"
    logins.write_text("machine files.example login me password secret\n")
    monkeypatch.setenv("NETRC", str(logins))
    assert gather().options(tmp_path) == []
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://mirror.example/simple")
    assert f"--secret=id=netrc,src={logins}" in gather().options(tmp_path)


def test_an_index_is_written_to_a_file_that_only_its_owner_can_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", 'https://user:pass"word@mirror.example/simple')
    options = gather().options(tmp_path)
    assert options == [f"--secret=id=uv,src={tmp_path / 'uv.toml'}"]
    assert "pass" not in " ".join(options)
    assert (tmp_path / "uv.toml").stat().st_mode & 0o777 == 0o600
    text = (tmp_path / "uv.toml").read_text()
    assert tomllib.loads(text)["index"] == [
        {"url": "https://user:pass%22word@mirror.example/simple", "ignore-error-codes": [403], "default": True}
    ]


def test_only_indexes_of_the_matrix_are_added_to_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_INDEX", "https://one.example/simple")
    urls = ("https://two.example/simple", "https://three.example/simple")
    text = gather().with_indexes(tuple(addresses.for_cuda("cpu", url, os.environ) for url in urls)).uv
    assert text.count("[[index]]") == 2
    assert "one.example" not in text
    assert "default" not in text
    assert 'index-strategy = "unsafe-best-match"' in text


def test_a_mirror_of_pythons_and_its_list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UV_PYTHON_INSTALL_MIRROR", "https://user:secret@mirror.example/pythons")
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS_JSON_URL", "http://127.0.0.1:8080/pythons.json")
    options = gather().options(tmp_path)
    assert options == [f"--secret=id=uv,src={tmp_path / 'uv.toml'}", "--network=host"]
    assert tomllib.loads((tmp_path / "uv.toml").read_text()) == {
        "python-install-mirror": "https://user:secret@mirror.example/pythons",
        "python-downloads-json-url": "http://127.0.0.1:8080/pythons.json",
    }


def test_options_have_the_names_of_proxies_and_not_their_values(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy.example:3128")
    assert gather().options(tmp_path) == ["--build-arg=HTTPS_PROXY"]


def test_proxies_have_the_lower_case_names_for_apt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://one.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://two.example:3128")
    monkeypatch.setenv("http_proxy", "http://three.example:3128")
    monkeypatch.setenv("NO_PROXY", "")
    assert proxies() == {
        "HTTPS_PROXY": "http://one.example:3128",
        "https_proxy": "http://one.example:3128",
        "HTTP_PROXY": "http://two.example:3128",
        "http_proxy": "http://three.example:3128",
    }


@pytest.mark.parametrize("address", ["http://127.0.0.1:8080/simple", "http://user:x@localhost:3141/simple"])
def test_a_loopback_index_needs_the_network_of_the_host(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", address)
    assert "--network=host" in gather().options(tmp_path)


def test_loopback_in_no_proxy_is_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    assert "--network=host" not in gather().options(tmp_path)
    assert "NO_PROXY" in os.environ
