import pytest
from packaging.specifiers import SpecifierSet

from raydock.wheelhouse.analysis import Analysis
from raydock.wheelhouse.needs import bounds, roots
from tests.unit.wheelhouse.conftest import MakeFolder


def required(analysis: Analysis) -> set[str]:
    return {need.project for need in analysis.all_needs}


def test_required_extras_count(make_folder: MakeFolder) -> None:
    analysis = make_folder(
        {
            "app-1-py3-none-any": ("server[Standard]",),
            "server-1-py3-none-any": (
                'server[fast]; extra == "standard"',
                'loop; extra == "fast"',
                'docs; extra == "doc"',
            ),
        }
    )
    assert required(analysis) == {"server", "loop"}


def test_markers_are_those_of_the_target(make_folder: MakeFolder) -> None:
    lines = ('old; python_version < "3.11"', 'windows; sys_platform == "win32"', 'linux; platform_system == "Linux"')
    assert required(make_folder({"app-1-py3-none-any": lines})) == {"linux"}


def test_roots_are_what_nothing_requires_and_one_of_each_cycle(make_folder: MakeFolder) -> None:
    analysis = make_folder(
        {
            "app-1-py3-none-any": ("lib",),
            "lib-1-py3-none-any": (),
            "egg-1-py3-none-any": ("hen", "lib"),
            "hen-1-py3-none-any": ("egg",),
        }
    )
    assert roots(analysis.folder.wheels, analysis.all_needs) == ("app", "egg")


@pytest.mark.parametrize(
    ("parts", "combined"),
    [
        ((">=1", ">=1.10,<3", ">=1.9,!=2.*", "<2.5"), ">=1.10,!=2.*,<2.5"),
        (("==1.1", ""), "==1.1"),
        (("",), ""),
    ],
)
def test_bounds_are_combined(parts: tuple[str, ...], combined: str) -> None:
    assert bounds(map(SpecifierSet, parts)) == combined
