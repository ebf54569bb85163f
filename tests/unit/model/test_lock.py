from hashlib import sha256
from pathlib import Path

import pytest

from raydock.core.errors import ConfigurationError
from raydock.model.lock import load, parse

LOCK = """\
# variant: ray2.60.0-py311-cpu
# resolver: uv 0.13.9
# a remark that is not a header
click==8.3.0 \\
    --hash=sha256:aaaa \\
    --hash=sha256:bbbb
    # via
    #   ray
    #   uvicorn
Ray[default, serve]==2.60.0 \\
    --hash=sha256:cccc
    # via -r requirements.in
typing_extensions==4.15.0 \\
    --hash=sha256:dddd
    # via pydantic-core[extra]
torch==2.8.0+cu128 ; python_version >= "3.9" \\
    --hash=sha256:eeee
"""


def test_header_and_pins() -> None:
    lock = parse(LOCK)
    assert lock.header == {"variant": "ray2.60.0-py311-cpu", "resolver": "uv 0.13.9"}
    assert {name: pin.version for name, pin in lock.pins.items()} == {
        "click": "8.3.0",
        "ray": "2.60.0",
        "typing-extensions": "4.15.0",
        "torch": "2.8.0+cu128",
    }
    assert lock.version("ray") == "2.60.0"
    assert lock.version("numpy") is None


def test_pins_keep_their_lines() -> None:
    lock = parse(LOCK)
    assert "".join(pin.text for pin in lock.pins.values()) == LOCK[LOCK.index("click==") :]
    assert lock.pins["click"].text.count("--hash") == 2


def test_via_names_packages_only() -> None:
    pins = parse(LOCK).pins
    assert pins["click"].via == ("ray", "uvicorn")
    assert pins["ray"].via == ()
    assert pins["typing-extensions"].via == ("pydantic-core",)


def test_sha256_is_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "some.txt"
    path.write_text(LOCK)
    assert load(path).sha256 == sha256(path.read_bytes()).hexdigest()


def test_missing_and_empty(tmp_path: Path) -> None:
    path = tmp_path / "some.txt"
    with pytest.raises(ConfigurationError, match="does not exist"):
        load(path)
    path.write_text("# variant: some\n")
    with pytest.raises(ConfigurationError, match="has no package"):
        load(path)
