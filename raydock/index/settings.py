"""The package indexes in the configuration files of pip and uv.

Source: pip's "Configuration" and uv's "Configuration files" and "Package indexes" pages, read 2026-11-29. Both tools
merge their files, so this module returns the value that the tool itself would use.
"""

import os
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from configparser import Error as ConfigParserError
from configparser import RawConfigParser
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from raydock.core.errors import ConfigurationError
from raydock.core.models import Model

Environment = Mapping[str, str]
_Content = TypeVar("_Content")

# In pip, an option in the section of the command has precedence over one in [global].
_SECTIONS = ("install", "global")
_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)=(\w+://.*)")
_PLACE = re.compile(r" - at `\$\.?(.*)`$")
# The form of each key of uv's files, for errors.
_FORMS = {
    "index": '`[[{table}index]]` with `url = "https://mirror.example/simple"` (`name`: text, `default`: true or false)',
    "index-url": '`index-url = "https://mirror.example/simple"`',
    "extra-index-url": '`extra-index-url = ["https://mirror.example/simple"]`',
    "keyring-provider": '`keyring-provider = "subprocess"`',
    "pip": 'a table `[{table}pip]`, such as one with `index-url = "https://mirror.example/simple"`',
}
_TYPES = {"str": "text", "int": "a number", "float": "a number", "bool": "true or false", "array": "a list"}


class UvIndex(msgspec.Struct, frozen=True, kw_only=True):
    """A table `[[index]]` in uv's files."""

    url: str
    name: str = ""
    default: bool = False


class UvPipOptions(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """The table `[pip]` in uv's files."""

    index_url: str = ""
    extra_index_url: tuple[str, ...] = ()


class UvOptions(UvPipOptions, frozen=True, kw_only=True, rename="kebab"):
    """The keys of uv.toml, or of `[tool.uv]` in pyproject.toml, that raydock reads."""

    keyring_provider: str = ""
    index: tuple[UvIndex, ...] = ()
    pip: UvPipOptions = UvPipOptions()


class ToolTables(msgspec.Struct, frozen=True, kw_only=True):
    """The table `[tool]` in pyproject.toml."""

    uv: UvOptions | None = None


class Pyproject(msgspec.Struct, frozen=True, kw_only=True):
    """The part of pyproject.toml that raydock reads."""

    tool: ToolTables = ToolTables()


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A package index that a variable or a file names.

    Attributes:
        url: its address.
        source: the variable or file, for error messages.
        name: uv's name of the index; may be empty.
        extra: whether the index is in addition to the default one.
    """

    url: str
    source: str
    name: str = ""
    extra: bool = False


def parse(text: str, source: str) -> Setting:
    """The index that a text names, as ADDRESS or, as in uv, NAME=ADDRESS."""
    match = _NAMED.fullmatch(text)
    return Setting(name=match[1], url=match[2], source=source) if match else Setting(url=text, source=source)


def of_variable(variable: str, environment: Environment) -> Setting | None:
    """The index that a variable names; None if it is not set."""
    value = environment.get(variable, "").strip()
    return parse(value, variable) if value else None


def pip_default(environment: Environment) -> Setting | None:
    """The `index-url` that pip takes from its files.

    Raises ConfigurationError if one cannot be read.
    """
    values = _pip_values("index-url", environment)
    return Setting(url=values[0][0], source=str(values[0][1])) if values else None


def pip_extra(environment: Environment) -> list[str]:
    """The files of pip that name extra indexes."""
    return [f"extra-index-url in {path}" for _, path in _pip_values("extra-index-url", environment)]


def uv_default(environment: Environment) -> Setting | None:
    """The default index that uv takes from its files.

    Raises ConfigurationError if one cannot be read.
    """
    return next((setting for setting in _uv_settings(environment) if not setting.extra), None)


def uv_indexes(environment: Environment) -> list[Setting]:
    """Every `[[index]]` of uv's files that is not the default one."""
    return [setting for setting in _uv_settings(environment) if setting.extra]


def uv_extra(environment: Environment) -> list[str]:
    """The settings in uv's files that name extra indexes."""
    names = [f"[[index]] {index.name or 'without a name'} in {index.source}" for index in uv_indexes(environment)]
    for path, options in _uv_options(environment):
        if options.extra_index_url or options.pip.extra_index_url:
            names.append(f"extra-index-url in {path}")
    return names


def keyring_provider(environment: Environment) -> str:
    """The keyring provider in the settings of uv or pip; empty if unset.

    It is `disabled`, `subprocess`, `import` or `auto`.
    """
    variable = environment.get("UV_KEYRING_PROVIDER") or environment.get("PIP_KEYRING_PROVIDER")
    if variable:
        return variable
    providers = (options.keyring_provider for _, options in _uv_options(environment))
    uv = next(filter(None, providers), "")
    pip = _pip_values("keyring-provider", environment)
    return uv or (pip[0][0] if pip else "")


def _uv_settings(environment: Environment) -> Iterator[Setting]:
    """The indexes in uv's files, the most important first."""
    for path, options in _uv_options(environment):
        for index in options.index:
            yield Setting(url=index.url, source=str(path), name=index.name, extra=not index.default)
        if url := options.index_url or options.pip.index_url:
            yield Setting(url=url, source=str(path))


def _pip_values(option: str, environment: Environment) -> list[tuple[str, Path]]:
    """The values of an option in pip's files, the one that pip uses first."""
    files = [(path, _read(path, _pip_options) or {}) for path in reversed(_pip_files(environment))]
    values = ((options.get((section, option), ""), path) for section in _SECTIONS for path, options in files)
    return [(value, path) for value, path in values if value]


def _pip_options(text: str) -> dict[tuple[str, str], str]:
    """The options in a file of pip, by section and name."""
    parser = RawConfigParser()
    parser.read_string(text)
    return {
        (section, key.replace("_", "-").removeprefix("--")): value.strip()
        for section in parser.sections()
        for key, value in parser.items(section)
    }


def _pip_files(environment: Environment) -> list[Path]:
    """pip's files, the least important first."""
    own = environment.get("PIP_CONFIG_FILE", "")
    if own == os.devnull:
        return []
    home = _home(environment)
    shared = [*_directories(environment), Path("/Library/Application Support")]
    files = [*(folder / "pip/pip.conf" for folder in shared), Path("/etc/pip.conf")]
    if not (own and Path(own).exists()):
        mac = home / "Library/Application Support/pip"
        user = mac if mac.is_dir() else _user(environment) / "pip"
        files += [home / ".pip/pip.conf", user / "pip.conf"]
    return [*files, Path(sys.prefix) / "pip.conf", *([Path(own)] if own else [])]


def _uv_options(environment: Environment) -> Iterator[tuple[Path, UvOptions]]:
    """uv's files with their content, the most important first.

    Raises ConfigurationError if one cannot be read, or a key has a wrong form.
    """
    if environment.get("UV_NO_CONFIG", "").lower() in {"1", "true", "yes", "on"}:
        return
    for path in _uv_files(environment):
        options = _pyproject(path) if path.name == "pyproject.toml" else _toml(path, UvOptions)
        if options:
            yield path, options


def _uv_files(environment: Environment) -> list[Path]:
    if own := environment.get("UV_CONFIG_FILE"):
        return [Path(own)]
    systems = [folder / "uv/uv.toml" for folder in _directories(environment)]
    system = next((path for path in systems if path.is_file()), Path("/etc/uv/uv.toml"))
    return [*_project(Path.cwd()), _user(environment) / "uv/uv.toml", system]


def _project(folder: Path) -> list[Path]:
    """The uv.toml, or the pyproject.toml with a table for uv, that is nearest.

    It is in the folder or in one of its parents.
    """
    for parent in (folder, *folder.parents):
        if (parent / "uv.toml").is_file():
            return [parent / "uv.toml"]
        if _pyproject(parent / "pyproject.toml"):
            return [parent / "pyproject.toml"]
    return []


def _pyproject(path: Path) -> UvOptions | None:
    content = _toml(path, Pyproject)
    return content.tool.uv if content else None


def _toml(path: Path, model: type[Model]) -> Model | None:
    return _read(path, lambda text: msgspec.convert(tomllib.loads(text), model))


def _read(path: Path, parse_text: Callable[[str], _Content]) -> _Content | None:
    """The content of a file; None if the file does not exist."""
    try:
        return parse_text(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except msgspec.ValidationError as error:
        raise _malformed(path, str(error)) from None
    except (ConfigParserError, tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigurationError(
            f"{path} cannot be read: {' '.join(str(error).split())}.",
            meaning="It can name the package index for locks and builds.",
            todo="fix the file.",
        ) from None


def _malformed(path: Path, error: str) -> ConfigurationError:
    """The error for a key with a wrong form, from msgspec's message."""
    place = _PLACE.search(error)
    key = place[1] if place else ""
    problem = _PLACE.sub("", error).replace("Object missing required field", "it lacks the key")
    for name, text in {**_TYPES, "object": "a table"}.items():
        problem = problem.replace(f"`{name}`", text)
    table = "tool.uv." if path.name == "pyproject.toml" else ""
    option = re.split(r"[.\[]", key.removeprefix(table))[0]
    form = _FORMS.get(key.rpartition(".")[2], _FORMS.get(option, "a table, `[tool.uv]`")).format(table=table)
    return ConfigurationError(
        f"{path}: the value of `{key}` is invalid: {problem[:1].lower()}{problem[1:]}.",
        meaning="uv's files can name the package index for locks and builds.",
        todo=f"write it as {form}; or set UV_NO_CONFIG=1, with which raydock and uv ignore uv's files.",
    )


def _home(environment: Environment) -> Path:
    return Path(environment.get("HOME") or Path.home())


def _user(environment: Environment) -> Path:
    return Path(environment.get("XDG_CONFIG_HOME") or _home(environment) / ".config")


def _directories(environment: Environment) -> list[Path]:
    return [Path(folder) for folder in (environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":") if folder]
