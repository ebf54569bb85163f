"""Which packages are made for one CUDA major, by their names and versions: data/cuda.yaml."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from packaging.version import Version

from raydock.model.yamlfile import read

DATA = Path(__file__).parent / "data" / "cuda.yaml"


@dataclass(frozen=True)
class CudaNames:
    """Which packages are made for one CUDA major: regular expressions over canonical names (data/cuda.yaml)."""

    names: tuple[re.Pattern[str], ...]
    versions: tuple[re.Pattern[str], ...]
    beside_others: tuple[re.Pattern[str], ...]

    def named(self, name: str) -> int | None:
        """The CUDA major that stands in a package's name; None where none does, or it is made for several."""
        if any(form.fullmatch(name) for form in self.beside_others):
            return None
        return next((int(match[1]) for form in self.names if (match := form.fullmatch(name))), None)

    def major(self, name: str, version: str) -> int | None:
        """The CUDA major that a package is made for; None where it is made for none, or for several."""
        if any(form.fullmatch(name) for form in self.versions):
            return Version(version).major
        return self.named(name)


@cache
def cuda_names() -> CudaNames:
    """What raydock ships in data/cuda.yaml."""
    keys = ("source", "date", "names", "versions", "beside-others")
    entries = read(DATA).items(keys, keys)
    forms = {key: tuple(re.compile(line) for line in entries[key].texts()) for key in keys[2:]}
    return CudaNames(forms["names"], forms["versions"], forms["beside-others"])


@cache
def named_major(name: str) -> int | None:
    """The CUDA major in a package's canonical name, by what raydock ships."""
    return cuda_names().named(name)
