"""The package indexes in the environment and the files of pip and uv, and their credentials."""

import os
import stat
import sys
from pathlib import Path

import pytest

from raydock.core.errors import ConfigurationError, OutOfReachError
from raydock.index import addresses
from raydock.index.addresses import Address
from raydock.index.client import from_environment
from tests.support.index import Site, serving

PIP, UV = "http://pip.example/simple", "http://uv.example/simple"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without settings, which is the working directory too."""
    folder = tmp_path / "home"
    (folder / ".config").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def environment(home: Path, **variables: str) -> dict[str, str]:
    return {"HOME": str(home), "PATH": os.defpath, "XDG_CONFIG_DIRS": str(home / "etc"), **variables}


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def default_index(home: Path, **variables: str) -> Address:
    address = addresses.default(environment(home, **variables))
    assert address is not None
    return address


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (".config/pip/pip.conf", f"[global]\nindex-url = {PIP}\n"),
        (".pip/pip.conf", f"[global]\nindex_url = {PIP}\n"),
        ("etc/pip/pip.conf", f"[install]\nindex-url={PIP}\n[global]\nindex-url = http://other.example/simple\n"),
        (".config/uv/uv.toml", f'[[index]]\nurl = "{PIP}"\ndefault = true\n'),
        (".config/uv/uv.toml", f'index-url = "{PIP}"\n'),
        (".config/uv/uv.toml", f'[pip]\nindex-url = "{PIP}"\n'),
        ("etc/uv/uv.toml", f'[[index]]\nurl = "{PIP}"\ndefault = true\n'),
        ("uv.toml", f'[[index]]\nurl = "{PIP}"\ndefault = true\n'),
        ("pyproject.toml", f'[[tool.uv.index]]\nurl = "{PIP}"\ndefault = true\n'),
    ],
)
def test_each_file_replaces_the_default_index(home: Path, place: str, text: str) -> None:
    path = write(home / place, text)
    address = default_index(home)
    assert (address.url, address.source) == (PIP, str(path))
    assert str(path) in address.label


@pytest.mark.parametrize("variable", ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"])
def test_each_variable_replaces_the_default_index(home: Path, variable: str) -> None:
    assert default_index(home, **{variable: UV}).url == UV
    assert addresses.default(environment(home, **{variable: ""})) is None


def test_the_files_of_a_tool_are_merged_as_in_the_tool(home: Path) -> None:
    write(home / "etc/pip/pip.conf", "[global]\nindex-url = http://site.example/simple\n")
    write(home / ".config/pip/pip.conf", f"[global]\nindex-url = {PIP}\n")
    assert default_index(home).url == PIP
    own = write(home / "own.conf", f"[global]\nindex-url = {UV}\n")
    assert default_index(home, PIP_CONFIG_FILE=str(own)).url == UV
    write(home / "etc/uv/uv.toml", f'index-url = "{UV}"\n')
    write(home / ".config/uv/uv.toml", f'index-url = "{PIP}"\n')
    assert default_index(home).url == PIP


def test_variables_that_disable_the_files_apply_here_too(home: Path) -> None:
    write(home / ".config/pip/pip.conf", f"[global]\nindex-url = {PIP}\n")
    write(home / ".config/uv/uv.toml", f'index-url = "{UV}"\n')
    assert default_index(home, UV_NO_CONFIG="1").url == PIP
    assert default_index(home, PIP_CONFIG_FILE=os.devnull).url == UV
    own = write(home / "own.toml", f'index-url = "{PIP}"\n')
    assert default_index(home, UV_CONFIG_FILE=str(own)).url == PIP


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("UV_DEFAULT_INDEX", "PIP_INDEX_URL"),
        ("UV_DEFAULT_INDEX", "UV_INDEX_URL"),
        ("PIP_INDEX_URL", "pip.conf"),
        ("UV_DEFAULT_INDEX", "uv.toml"),
        ("pip.conf", "uv.toml"),
    ],
)
def test_the_error_names_both_conflicting_settings(home: Path, first: str, second: str) -> None:
    values = {first: "http://me:secret@one.example/simple", second: "http://two.example/simple"}
    for name, text in {"pip.conf": "[global]\nindex-url = {}\n", "uv.toml": 'index-url = "{}"\n'}.items():
        if name in values:
            write(home / f".config/{name.split('.')[0]}/{name}", text.format(values.pop(name)))
    with pytest.raises(ConfigurationError) as caught:
        addresses.default(environment(home, **values))
    assert first in caught.value.what
    assert second in caught.value.what
    assert "one.example" in caught.value.what
    assert "two.example" in caught.value.what
    assert "secret" not in str(caught.value)


def test_credentials_come_from_any_setting_of_the_same_index(home: Path) -> None:
    write(home / ".config/pip/pip.conf", "[global]\nindex-url = http://me:p%40ss@one.example/simple/\n")
    address = default_index(home, UV_DEFAULT_INDEX="corp=http://ONE.example:80/simple")
    assert address.login is not None
    assert (address.login.user, address.login.password) == ("me", "p@ss")
    assert address.full == "http://me:p%40ss@ONE.example:80/simple"
    # A refused login is fixed in the file that has it.
    assert address.source == "UV_DEFAULT_INDEX"
    assert address.login.source == str(home / ".config/pip/pip.conf")


@pytest.mark.parametrize("variable", ["UV_DEFAULT_INDEX", "PIP_INDEX_URL", ""])
@pytest.mark.parametrize("place", [".config/pip/pip.conf", ".config/uv/uv.toml"])
def test_a_refused_login_is_fixed_where_it_is(home: Path, place: str, variable: str) -> None:
    with serving(Site(login="me:other")) as url:
        full = url.replace("//", "//me:secret@")
        text = f'index-url = "{full}"\n' if place.endswith("toml") else f"[global]\nindex-url = {full}\n"
        path = write(home / place, text)
        index = from_environment(environment(home, **({variable: url} if variable else {})))
        with pytest.raises(OutOfReachError, match="it answered 401 Unauthorized") as caught:
            index.page("ray")
    assert f"fix the credentials from {path}" in caught.value.todo
    assert caught.value.todo.endswith(f"name a different index in {variable or path}.")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("value", ["mirror.example/simple", "file:///srv/wheels", "http://", "http://h:port/", "x=y"])
def test_an_invalid_address(home: Path, value: str) -> None:
    with pytest.raises(ConfigurationError, match="PIP_INDEX_URL is not set to an http or https address"):
        default_index(home, PIP_INDEX_URL=value)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (".config/pip/pip.conf", "index-url = x\n"),
        (".config/uv/uv.toml", "index-url = x\n"),
        ("pyproject.toml", "[tool.uv\n"),
    ],
)
def test_the_error_names_an_invalid_file(home: Path, place: str, text: str) -> None:
    path = write(home / place, text)
    with pytest.raises(ConfigurationError, match=str(path)):
        addresses.default(environment(home))


URL = "https://mirror.example/simple"
INVALID_TOML = {
    '[[index]]\nname = "corp"\n': ("index[0]", "it lacks the key `url`"),
    f'[[index]]\nurl = "{URL}"\n[[index]]\ndefault = true\n': ("index[1]", "it lacks the key `url`"),
    f'index = ["{URL}"]\n': ("index[0]", "expected a table, got text"),
    f'index = "{URL}"\n': ("index", "expected a list, got text"),
    f'[index]\nurl = "{URL}"\n': ("index", "expected a list, got a table"),
    "[[index]]\nurl = 5\n": ("index[0].url", "expected text, got a number"),
    f'[[index]]\nurl = ["{URL}"]\n': ("index[0].url", "expected text, got a list"),
    f'[[index]]\nurl = "{URL}"\nname = 1.5\n': ("index[0].name", "expected text, got a number"),
    f'[[index]]\nurl = "{URL}"\ndefault = "yes"\n': ("index[0].default", "expected true or false, got text"),
    "index-url = 5\n": ("index-url", "expected text, got a number"),
    f'index-url = ["{URL}"]\n': ("index-url", "expected text, got a list"),
    f'extra-index-url = "{URL}"\n': ("extra-index-url", "expected a list, got text"),
    "extra-index-url = [5]\n": ("extra-index-url[0]", "expected text, got a number"),
    "keyring-provider = true\n": ("keyring-provider", "expected text, got true or false"),
    'pip = "x"\n': ("pip", "expected a table, got text"),
    "[pip]\nindex-url = 5\n": ("pip.index-url", "expected text, got a number"),
}


@pytest.mark.parametrize(("text", "problem"), INVALID_TOML.items())
def test_a_key_of_uv_with_a_wrong_form(home: Path, text: str, problem: tuple[str, str]) -> None:
    path = write(home / ".config/uv/uv.toml", text)
    key, reason = problem
    for read in (addresses.default, addresses.unused):
        with pytest.raises(ConfigurationError) as caught:
            read(environment(home))
        assert caught.value.what == f"{path}: the value of `{key}` is invalid: {reason}."
    option = key.rpartition(".")[2].partition("[")[0]
    assert option in {"url", "name", "default"} or option in caught.value.todo


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[tool]\nuv = "x"\n', "tool.uv"),
        ('tool = "uv"\n', "tool"),
        ("[tool.uv]\nindex-url = 5\n", "tool.uv.index-url"),
        ('[[tool.uv.index]]\nname = "corp"\n', "tool.uv.index[0]"),
        ('[tool.uv]\npip = "x"\n', "tool.uv.pip"),
    ],
)
def test_a_key_of_pyproject_with_a_wrong_form(home: Path, text: str, key: str) -> None:
    path = write(home / "pyproject.toml", text)
    with pytest.raises(ConfigurationError) as caught:
        default_index(home)
    assert caught.value.what.startswith(f"{path}: the value of `{key}` is invalid: ")
    assert caught.value.todo.startswith("write it as ")


def test_other_keys_of_uv_are_not_checked(home: Path) -> None:
    write(home / "uv.toml", f'future = 5\nindex-url = "{UV}"\n[[index]]\nurl = "{PIP}"\nfuture = 5\n')
    assert default_index(home).url == UV
    write(home / "uv.toml", "")
    write(home / "pyproject.toml", '[project]\nname = "x"\n[tool.ruff]\nline-length = 88\n')
    assert addresses.default(environment(home)) is None


@pytest.mark.parametrize(
    "text",
    [
        f"[global]\nindex-url = {PIP}\nindex-url = {UV}\n",
        "[global]\nindex-url\n",
        "[global]\n[global]\n",
        f"[global]\nindex-url = {PIP}\n    {UV}\n",
        "[global]\nindex-url = 5\n",
        "[global]\nindex-url = %(home)s\n",
    ],
)
def test_a_pip_conf_with_a_wrong_form(home: Path, text: str) -> None:
    path = write(home / ".config/pip/pip.conf", text)
    with pytest.raises(ConfigurationError, match=str(path)):
        addresses.default(environment(home))


def test_places_of_files_that_cannot_have_files(home: Path) -> None:
    write(home / ".pip", "a file")
    write(home / ".config/uv", "a file")
    assert addresses.default(environment(home)) is None
    (home / ".config/pip/pip.conf").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match=r"pip\.conf cannot be read"):
        addresses.default(environment(home))


@pytest.mark.parametrize(
    "text",
    [
        b"machine",
        b"machine uv.example login",
        b"login x",
        b"\xff\xfe",
        b"machine uv.example",
        b"machine uv.example x y",
    ],
)
def test_an_invalid_netrc_has_no_credentials_as_in_pip_and_uv(home: Path, text: bytes) -> None:
    (home / ".netrc").write_bytes(text)
    (home / ".netrc").chmod(0o600)
    assert default_index(home, UV_DEFAULT_INDEX=UV).login is None


def test_extra_indexes_are_listed_as_unused(home: Path) -> None:
    conf = write(home / ".config/pip/pip.conf", "[global]\nextra-index-url = http://me:secret@x.example\n")
    toml = write(home / ".config/uv/uv.toml", '[[index]]\nname = "cu118"\nurl = "http://me:secret@y.example"\n')
    given = environment(home, UV_INDEX="http://z.example", PIP_EXTRA_INDEX_URL="http://me:secret@w.example")
    assert addresses.default(given) is None
    assert addresses.unused(given) == (
        "UV_INDEX",
        "PIP_EXTRA_INDEX_URL",
        f"extra-index-url in {conf}",
        f"[[index]] cu118 in {toml}",
    )


def password(address: Address) -> str:
    return address.login.password if address.login else ""


def test_credentials_by_the_name_of_the_index(home: Path) -> None:
    login = {"UV_INDEX_MY_CORP_USERNAME": "me", "UV_INDEX_MY_CORP_PASSWORD": "secret"}
    assert password(default_index(home, UV_DEFAULT_INDEX=f"my-corp={UV}", **login)) == "secret"
    assert password(default_index(home, UV_DEFAULT_INDEX=UV, **login)) == ""
    own = {"UV_INDEX_DEFAULT_USERNAME": "me", "UV_INDEX_DEFAULT_PASSWORD": "default"}
    assert password(default_index(home, UV_DEFAULT_INDEX=UV, **own)) == "default"
    write(home / "uv.toml", f'[[index]]\nname = "my.corp"\nurl = "{UV}/"\ndefault = true\n')
    assert password(default_index(home, UV_DEFAULT_INDEX=UV, **login)) == "secret"
    extra = {"UV_INDEX_CU118_USERNAME": "me", "UV_INDEX_CU118_PASSWORD": "extra"}
    assert password(addresses.for_cuda("cu118", PIP, environment(home, **extra))) == "extra"


def test_credentials_of_netrc(home: Path, tmp_path: Path) -> None:
    write(home / ".netrc", "machine uv.example login me password secret\n").chmod(0o600)
    assert password(default_index(home, UV_DEFAULT_INDEX=UV)) == "secret"
    assert password(default_index(home, UV_DEFAULT_INDEX=UV.replace("//", "//me@"))) == "secret"
    assert password(default_index(home, UV_DEFAULT_INDEX=UV.replace("//", "//you@"))) == ""
    assert password(default_index(home, UV_DEFAULT_INDEX=UV.replace("//", "//me:mine@"))) == "mine"
    assert password(default_index(home, UV_DEFAULT_INDEX=PIP)) == ""
    other = write(tmp_path / "netrc", "default login all password other\n")
    assert password(default_index(home, UV_DEFAULT_INDEX=PIP, NETRC=str(other))) == "other"
    assert default_index(home, UV_DEFAULT_INDEX=UV).login == addresses.for_cuda("cpu", UV, environment(home)).login


@pytest.fixture
def keyring(tmp_path: Path) -> Path:
    """A folder with a command that behaves as keyring 25.7 and logs its arguments."""
    folder = tmp_path / "bin"
    script = f"""#!{sys.executable}
import pathlib, sys
with open({str(tmp_path / "calls")!r}, "a") as file:
    print(*sys.argv[1:], file=file)
known = {{"me": "secret"}}
match sys.argv[1:]:
    case ["get", "{UV}/", user] if user in known:
        print(known[user])
    case ["--mode", "creds", "get", "uv.example"]:
        print("me", "secret", sep="\\n")
    case _:
        sys.exit(1)
"""
    path = write(folder / "keyring", script)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return folder


def test_credentials_of_keyring(home: Path, keyring: Path, tmp_path: Path) -> None:
    path = os.pathsep.join((str(keyring), os.defpath))
    assert password(default_index(home, PATH=path, UV_DEFAULT_INDEX=UV.replace("//", "//me@"))) == "secret"
    assert password(default_index(home, PATH=path, UV_DEFAULT_INDEX=UV.replace("//", "//you@"))) == ""
    assert password(default_index(home, PATH=path, UV_DEFAULT_INDEX=UV, UV_INDEX_DEFAULT_USERNAME="me")) == "secret"
    assert password(default_index(home, PATH=path, UV_DEFAULT_INDEX=UV, UV_KEYRING_PROVIDER="subprocess")) == "secret"
    off = {"PATH": path, "UV_DEFAULT_INDEX": UV.replace("//", "//me@"), "UV_KEYRING_PROVIDER": "disabled"}
    (tmp_path / "calls").unlink()
    assert password(default_index(home, **off)) == ""
    assert not (tmp_path / "calls").exists()


def test_keyring_is_used_if_the_index_requires_credentials(home: Path, keyring: Path, tmp_path: Path) -> None:
    path, site = os.pathsep.join((str(keyring), os.defpath)), Site()
    with serving(site) as url:
        assert default_index(home, PATH=path, UV_DEFAULT_INDEX=url).login is None
        assert not (tmp_path / "calls").exists()
        site.login = "me:secret"
        assert default_index(home, PATH=path, UV_DEFAULT_INDEX=url).login is None
    assert f"--mode creds get {url}" in (tmp_path / "calls").read_text()
