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
from typing import Any, TypeVar

from raydock.core.errors import ConfigurationError

Environment = Mapping[str, str]
_Content = TypeVar("_Content")

# In pip, an option in the section of the command has precedence over one in [global].
_SECTIONS = ("install", "global")
_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)=(\w+://.*)")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A package index that a variable or a file names.

    Attributes:
        url: its address.
        source: the variable or file, for error messages.
        name: uv's name of the index; may be empty.
    """

    url: str
    source: str
    name: str = ""


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
    for path, table in _uv_tables(environment):
        indexes = [index for index in table.get("index", ()) if index.get("default")]
        if url := _of_pip(table, "index-url"):
            indexes.append({"url": url})
        if indexes:
            return _setting(indexes[0], path)
    return None


def uv_indexes(environment: Environment) -> list[Setting]:
    """Every `[[index]]` of uv's files that is not the default one."""
    return [
        _setting(index, path)
        for path, table in _uv_tables(environment)
        for index in table.get("index", ())
        if not index.get("default")
    ]


def uv_extra(environment: Environment) -> list[str]:
    """The settings in uv's files that name extra indexes."""
    names = [f"[[index]] {index.name or 'without a name'} in {index.source}" for index in uv_indexes(environment)]
    extra = (path for path, table in _uv_tables(environment) if _of_pip(table, "extra-index-url"))
    return [*names, *(f"extra-index-url in {path}" for path in extra)]


def _setting(index: dict[str, Any], path: Path) -> Setting:
    return Setting(url=str(index["url"]), source=str(path), name=str(index.get("name", "")))


def _of_pip(table: dict[str, Any], key: str) -> Any:
    """The value of a key that uv has for compatibility with pip; None if it is not set."""
    return table.get(key) or table.get("pip", {}).get(key)


def keyring_provider(environment: Environment) -> str:
    """The keyring provider in the settings of uv or pip; empty if unset.

    It is `disabled`, `subprocess`, `import` or `auto`.
    """
    variable = environment.get("UV_KEYRING_PROVIDER") or environment.get("PIP_KEYRING_PROVIDER")
    if variable:
        return variable
    tables = [table for _, table in _uv_tables(environment)]
    uv = next((str(table["keyring-provider"]) for table in tables if table.get("keyring-provider")), "")
    pip = _pip_values("keyring-provider", environment)
    return uv or (pip[0][0] if pip else "")


def _pip_values(option: str, environment: Environment) -> list[tuple[str, Path]]:
    """The values of an option in pip's files, the one that pip uses first."""
    files = [(path, _read(path, _pip_options)) for path in reversed(_pip_files(environment))]
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


def _uv_tables(environment: Environment) -> Iterator[tuple[Path, dict[str, Any]]]:
    """uv's files with their content, the most important first."""
    if environment.get("UV_NO_CONFIG", "").lower() in {"1", "true", "yes", "on"}:
        return
    for path in _uv_files(environment):
        table = _read(path, tomllib.loads)
        if path.name == "pyproject.toml":
            table = table.get("tool", {}).get("uv", {})
        if table:
            yield path, table


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
        if "uv" in _read(parent / "pyproject.toml", tomllib.loads).get("tool", {}):
            return [parent / "pyproject.toml"]
    return []


def _read(path: Path, parse_text: Callable[[str], _Content]) -> _Content:
    """The content of a file; that of an empty file if it does not exist."""
    try:
        return parse_text(path.read_text(encoding="utf-8") if path.exists() else "")
    except (ConfigParserError, tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigurationError(
            f"{path} cannot be read: {' '.join(str(error).split())}.",
            meaning="It can name the package index for locks and builds.",
            todo="fix the file.",
        ) from None


def _home(environment: Environment) -> Path:
    return Path(environment.get("HOME") or Path.home())


def _user(environment: Environment) -> Path:
    return Path(environment.get("XDG_CONFIG_HOME") or _home(environment) / ".config")


def _directories(environment: Environment) -> list[Path]:
    return [Path(folder) for folder in (environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":") if folder]
