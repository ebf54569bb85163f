from pathlib import Path

import pytest

from raydock.core.errors import ConfigurationError
from raydock.core.yamlfile import load
from raydock.model.gpubuild import GpuBuild
from raydock.model.variant import Axis


def parse(folder: Path, text: str) -> GpuBuild:
    path = folder / "matrix.yaml"
    path.write_text(text)
    return load(path, GpuBuild)


@pytest.mark.parametrize(
    ("text", "sm"),
    [
        ("{torch: 2.3.1, cuda: 11.8, sm: [60, 70, 80]}", (60, 70, 80)),
        ('{torch: "==2.3.1", cuda: "11.8", sm: [8.0, 6.0]}', (60, 80)),
        ("{torch: '>=2.3,<2.4', cuda: 11.8, sm: [10.0, 12.0, 90]}", (90, 100, 120)),
    ],
)
def test_compute_capabilities_as_people_write_them(tmp_path: Path, text: str, sm: tuple[int, ...]) -> None:
    build = parse(tmp_path, text)
    assert (build.project, build.cuda, build.sm) == (Axis.TORCH, "11.8", sm)
    assert build.covers(Axis.TORCH, "2.3.1", "11.8")
    assert not build.covers(Axis.TORCH, "2.3.1", "12.1")
    assert not build.covers(Axis.TORCH, "2.4.0", "11.8")
    assert not build.covers(Axis.VLLM, "2.3.1", "11.8")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{cuda: 11.8, sm: [80]}", "an entry is for one project"),
        ("{torch: 2.3.1, vllm: 0.5.0, cuda: 11.8, sm: [80]}", "an entry is for one project"),
        ("{torch: newest, cuda: 11.8, sm: [80]}", "'newest' is not a version"),
        ("{torch: 2.3.1, cuda: cu118, sm: [80]}", "'cu118' is not allowed"),
        ("{torch: 2.3.1, sm: [80]}", "lacks the key 'cuda'"),
        ("{torch: 2.3.1, cuda: 11.8, sm: []}", "is empty"),
        ("{torch: 2.3.1, cuda: 11.8, sm: [A100]}", "'A100' is not allowed"),
        ("{torch: 2.3.1, cuda: 11.8, sm: [9.0+PTX]}", "PTX is not counted"),
        ("{torch: 2.3.1, cuda: 11.8, gpu: [80]}", "has no key 'gpu'"),
    ],
)
def test_what_is_not_as_documented_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(tmp_path, text)
    assert message in str(caught.value)
    assert "matrix.yaml:1" in str(caught.value)
