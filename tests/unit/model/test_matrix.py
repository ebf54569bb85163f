from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from raydock.core.errors import ConfigurationError
from raydock.model.matrix import Matrix, load
from raydock.model.packages import Packages
from raydock.model.variant import Axis, Variant

MATRIX = """\
registry: localhost:5000/raydock
cutoff: 2026-11-15
bases:
  debian:
    source: bootstrap
    python: {"3.11": bookworm}
axes:
  python: ["3.11"]
  cuda: [cpu, "12.8", "13.0"]
  torch: [none, 2.8.0]
  ray: [2.60.0]
packages:
  ray-extras: [default]
exclude:
  - {python: "3.11", cuda: "13.0", reason: too new, until: 2027-03-01}
groups:
  gpu: {cuda: "!cpu"}
"""
DIGEST = "sha256:" + "0" * 64


def refusal(tmp_path: Path, old: str, new: str) -> ConfigurationError:
    """The error of load after one change in the text; its line must be the changed one."""
    assert old in MATRIX
    path = tmp_path / "matrix.yaml"
    path.write_text(MATRIX.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert caught.value.what.startswith(f"{path}:")
    return caught.value


def line(error: ConfigurationError) -> int:
    return int(error.what.split("matrix.yaml:")[1].split(":")[0])


def test_read(tmp_path: Path) -> None:
    path = tmp_path / "matrix.yaml"
    path.write_text(MATRIX)
    matrix = load(path)
    assert matrix.axes[Axis.TORCH] == ("none", "2.8.0")
    assert matrix.axes[Axis.VLLM] == ("none",)
    assert matrix.axes[Axis.ARCH] == ("amd64",)
    assert matrix.cutoff == date(2026, 11, 15)
    assert matrix.epoch == 1794700800
    assert matrix.packages == Packages(ray_extras=("default",), always=("pip", "virtualenv"))
    assert [base.glibc for base in matrix.bases] == ["2.36"]
    assert matrix.base("3.11") == matrix.bases[0]
    assert matrix.base("3.12") is None
    assert matrix.excludes[0].axes == {"python": "3.11", "cuda": "13.0"}
    assert matrix.excludes[0].until == date(2027, 3, 1)
    assert matrix.excludes[0].place == f"{path}:15"
    assert matrix.groups == {"gpu": {"cuda": "!cpu"}}


@pytest.mark.parametrize(
    ("old", "new", "at", "near"),
    [
        ("registry:", "registri:", 1, "'registry'"),
        ("source:", "sauce:", 5, "'source'"),
        ("  torch:", "  troch:", 10, "'torch'"),
        ("ray-extras:", "rayextras:", 13, "'ray-extras'"),
        ("reason:", "raison:", 15, "'reason'"),
        ('{cuda: "!cpu"}', '{coda: "!cpu"}', 17, "'cuda'"),
        ("bookworm", "bookwrm", 6, "'bookworm'"),
        ("bootstrap", "bootstrp", 5, "'bootstrap'"),
        ("[cpu,", "[cpuu,", 9, "'cpu'"),
        ("[none,", "[non,", 10, "'none'"),
        ('cuda: "13.0", reason', 'cuda: "13.1", reason', 15, "'13.0'"),
        ('"!cpu"', '"!cpuu"', 17, "'cpu'"),
    ],
)
def test_misspelt_words_get_the_nearest(tmp_path: Path, old: str, new: str, at: int, near: str) -> None:
    error = refusal(tmp_path, old, new)
    assert line(error) == at
    assert near in error.todo


@pytest.mark.parametrize(
    "version", ["2.x", "latest", '"2.60.0+cu118"', "v2.60.0", '"2.60.0-rc1"', "02.60.0", "2.60.*", '""', "~"]
)
def test_versions_are_pep_440_in_normal_form(tmp_path: Path, version: str) -> None:
    error = refusal(tmp_path, "ray: [2.60.0]", f"ray: [{version}]")
    assert line(error) == 11
    assert "PEP 440" in error.todo


@pytest.mark.parametrize(
    "value", [r'"2.60.0\n"', '"2.60.0 "', '"2 .60.0"', "'2.60.0\"'", r"'2.60.0\'", "'$HOME'", "'2.60.0;id'", "'`id`'"]
)
@pytest.mark.parametrize("axis", ["python", "cuda", "torch", "vllm", "ray", "arch"])
def test_values_that_are_unsafe_in_a_dockerfile_line_are_refused(tmp_path: Path, axis: str, value: str) -> None:
    text = "".join(row + "\n" for row in MATRIX.splitlines() if not row.startswith(f"  {axis}: ["))
    path = tmp_path / "matrix.yaml"
    path.write_text(text.replace("axes:\n", f"axes:\n  {axis}: [{value}]\n"))
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert line(caught.value) == 8


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ("localhost:5000/raydock", r'"localhost:5000/raydock\nRUN id"', 1),
        ("localhost:5000/raydock", "localhost:5000/Ray Dock", 1),
        ("2026-11-15", "15.11.2026", 2),
        ("2026-11-15", "2026-11-31", 2),
        ("2026-11-15", "9999-01-01", 2),
        ("  debian:", r'  "deb\nian":', 4),
        ('"3.11": bookworm', r'"3.11\nRUN id": bookworm', 6),
        ('"3.11": bookworm', '"3": bookworm', 6),
        ("[default]", "['default]']", 13),
        ("[default]", r'["default\n"]', 13),
        ('python: ["3.11"]', "python: []", 8),
        ('python: ["3.11"]', "python: 3.11", 8),
        ('"12.8", "13.0"]', '"12.8", "12.8"]', 9),
        ('"12.8"', '"12.8.1"', 9),
        ("until: 2027-03-01", "until: soon", 15),
        ('python: "3.11", cuda: "13.0", ', "", 15),
        ("groups:\n", "groups:\n  gpu: {}\n", 18),
        ("axes:\n", "registry: again/raydock\naxes:\n", 7),
    ],
)
def test_what_is_not_as_documented_is_refused_with_its_line(tmp_path: Path, old: str, new: str, at: int) -> None:
    assert line(refusal(tmp_path, old, new)) == at


@pytest.mark.parametrize("path", ["raydock-", "-raydock", "ray..dock", "team/", "Team/raydock", "raydock:latest"])
def test_a_registry_that_no_engine_takes_is_refused(tmp_path: Path, path: str) -> None:
    error = refusal(tmp_path, "localhost:5000/raydock", f"localhost:5000/{path}")
    assert "write a registry and a path, like localhost:5000/raydock" in str(error)


@pytest.mark.parametrize("name", ["registry.example:5000/team/ray_dock", "a-b.example/x--y/z__1.0", "localhost/x"])
def test_a_registry_that_engines_take(tmp_path: Path, name: str) -> None:
    path = tmp_path / "matrix.yaml"
    path.write_text(MATRIX.replace("localhost:5000/raydock", name))
    assert load(path).registry == name


@pytest.mark.parametrize(
    ("days", "timestamp"),
    [
        ("2026-11-15", date(2026, 11, 15)),
        ("2026-11-20", date(2026, 11, 20)),
        ("2026-11-20\ntimestamp: 2026-11-15", date(2026, 11, 15)),
    ],
)
def test_the_timestamp_is_the_cutoff_unless_it_is_set(tmp_path: Path, days: str, timestamp: date) -> None:
    path = tmp_path / "matrix.yaml"
    path.write_text(MATRIX.replace("2026-11-15", days))
    matrix = load(path)
    assert matrix.timestamp == timestamp
    assert matrix.epoch == datetime.combine(timestamp, time(), UTC).timestamp()


@pytest.mark.parametrize("key", ["registry", "cutoff", "bases", "axes"])
def test_required_keys(tmp_path: Path, key: str) -> None:
    rows = MATRIX.splitlines(keepends=True)
    start = next(index for index, row in enumerate(rows) if row.startswith(f"{key}:"))
    end = next((i for i in range(start + 1, len(rows)) if not rows[i].startswith(" ")), len(rows))
    path = tmp_path / "matrix.yaml"
    path.write_text("".join(rows[:start] + rows[end:]))
    with pytest.raises(ConfigurationError, match=f"lacks the key '{key}'"):
        load(path)


def pulled(tmp_path: Path, image: str, glibc: str = '"2.39"', origin: str = "system") -> Path:
    base = f"  nvidia: {{source: pull, image: {image}, glibc: {glibc}, python: {{'3.11': {origin}}}}}\n"
    path = tmp_path / "matrix.yaml"
    path.write_text(MATRIX.replace("axes:\n", f"{base}axes:\n"))
    return path


def test_a_pulled_base(tmp_path: Path) -> None:
    image = f"localhost:5000/cuda:13.0.1-devel-ubuntu24.04@{DIGEST}"
    base = load(pulled(tmp_path, f"'{image}'", origin="managed")).bases[1]
    assert (base.image, base.glibc, base.managed, base.suite) == (image, "2.39", True, "")


@pytest.mark.parametrize(
    ("image", "glibc", "origin", "message"),
    [
        ("debian:bookworm-slim", '"2.36"', "system", "by digest"),
        (f"'debian@{DIGEST[:-1]}'", '"2.36"', "system", "by digest"),
        (f'"debian\\nRUN id@{DIGEST}"', '"2.36"', "system", "by digest"),
        (f"'debian@{DIGEST}'", '"new"', "system", "ldd --version"),
        (f"'debian@{DIGEST}'", '"2.36"', "manged", "managed"),
    ],
)
def test_a_pulled_base_that_is_not_as_documented(
    tmp_path: Path, image: str, glibc: str, origin: str, message: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(pulled(tmp_path, image, glibc, origin))
    assert line(caught.value) == 7
    assert message in caught.value.todo


def test_an_index_is_an_address(tmp_path: Path) -> None:
    path = tmp_path / "matrix.yaml"
    path.write_text(MATRIX + "indexes: {cu118: 'http://localhost/simple'}\n")
    assert load(path).indexes == {"cu118": "http://localhost/simple"}
    assert load(path).indexes_of(Variant(ray="2.60.0", python="3.11", cuda="11.8")) == ("http://localhost/simple",)
    assert load(path).indexes_of(Variant(ray="2.60.0", python="3.11", cuda="12.8")) == ()
    path.write_text(MATRIX + "indexes: {cuda118: 'http://localhost/simple'}\n")
    with pytest.raises(ConfigurationError, match=r"matrix\.yaml:18: 'cuda118' is not a CUDA's label"):
        load(path)
    for bad in ("ftp://localhost", r'"http://localhost\nRUN id"', "'http://localhost/ x'"):
        path.write_text(MATRIX + f"indexes: {{cu118: {bad}}}\n")
        with pytest.raises(ConfigurationError, match=r"matrix\.yaml:18"):
            load(path)


POINT = 'points:\n  - {python: "3.11", cuda: "12.1", torch: 2.1.2, ray: 2.49.1, groups: [legacy], cutoff: 2025-09-15}\n'


def test_a_point_outside_the_cross_product(tmp_path: Path) -> None:
    path = tmp_path / "matrix.yaml"
    path.write_text(MATRIX + POINT + '  - {python: "3.12", ray: 2.60.0, groups: [gpu, other]}\n')
    matrix = load(path)
    first, second = (point.variant for point in matrix.points)
    assert first == Variant(ray="2.49.1", python="3.11", cuda="12.1", torch="2.1.2")
    assert second == Variant(ray="2.60.0", python="3.12")
    assert matrix.group_names == ("gpu", "legacy", "other")
    assert matrix.values(Axis.CUDA) == ("cpu", "12.8", "13.0", "12.1")
    assert matrix.axes[Axis.CUDA] == ("cpu", "12.8", "13.0")
    assert matrix.cutoff_of(first) == date(2025, 9, 15)
    assert matrix.cutoff_of(second) == matrix.cutoff_of(Variant(ray="2.60.0", python="3.11")) == date(2026, 11, 15)
    assert matrix.epoch == 1794700800


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("groups: [legacy]", "group: [legacy]", "'groups'"),
        ("cuda:", "cud:", "'cuda'"),
        ('cuda: "12.1"', "cuda: 12.1.1", "PEP 440"),
        ("torch: 2.1.2", "torch: 2.1.2+cu121", "PEP 440"),
        ("[legacy]", '["a b"]', "group's name"),
        ("[legacy]", "legacy", "a list"),
        ("2025-09-15", "september", "2026-11-15"),
        ("ray: 2.49.1, ", "", "ray"),
        ('cuda: "12.1", torch: 2.1.2, ray: 2.49.1', "ray: 2.60.0", "cross product"),
    ],
)
def test_a_point_that_is_not_as_documented(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in POINT
    path = tmp_path / "matrix.yaml"
    path.write_text(MATRIX + POINT.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert line(caught.value) == 19
    assert message in str(caught.value)


def test_a_repeated_point_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "matrix.yaml"
    path.write_text(MATRIX + POINT + POINT.splitlines(keepends=True)[1])
    with pytest.raises(ConfigurationError, match=r"matrix\.yaml:20: .* twice"):
        load(path)


def test_the_variants_that_the_matrix_names(matrix: Matrix) -> None:
    assert matrix.names(Variant(ray="2.60.0", python="3.11"))
    assert matrix.names(matrix.points[0].variant)
    assert not matrix.names(Variant(ray="2.60.0", python="3.12"))
    assert not matrix.names(replace(matrix.points[0].variant, ray="2.60.0"))
