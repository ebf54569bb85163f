from pathlib import Path

import pytest

from raydock.compat.gpu_names import Names, known
from raydock.compat.hardware import Hardware
from raydock.core.errors import ConfigurationError
from raydock.core.program import PACKAGE
from raydock.core.yamlfile import load


def test_a_name_matches_only_its_own_patterns() -> None:
    names = known()
    assert names.is_data_centre("NVIDIA A10")
    assert not names.is_data_centre("NVIDIA A10-4Q")
    assert not names.is_data_centre("NVIDIA RTX PRO 6000 Blackwell Workstation Edition")
    assert not names.is_data_centre("")
    assert not any(names.is_on_arm(name) for name in ("NVIDIA B200", "NVIDIA H200", ""))


def test_branches_are_those_of_drivers_that_came_with_a_toolkit() -> None:
    own = {int(driver.split(".")[0]) for driver in Hardware().drivers.toolkits.values()}
    assert known().branches <= own


def test_a_file_that_lacks_a_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gpus.yaml"
    path.write_text((PACKAGE / "compat/data/gpus.yaml").read_text().replace("branches:", "branchs:"))
    with pytest.raises(ConfigurationError, match="branches"):
        load(path, Names)
