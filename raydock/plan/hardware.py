"""Which drivers and GPUs a variant runs on: NVIDIA's and PyTorch's tables, kept as data beside this file."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from packaging.specifiers import SpecifierSet

from raydock.model.variant import Variant
from raydock.model.yamlfile import Entry, read

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, kw_only=True)
class TorchBuild:
    """A range of torch's versions, the CUDA that their wheels are built for and the sm numbers that they hold."""

    torch: SpecifierSet
    cuda: str
    sm: tuple[int, ...]


@dataclass(frozen=True)
class Hardware:
    """The tables. `folder` holds drivers.yaml and sm.yaml."""

    folder: Path = DATA

    @cached_property
    def floors(self) -> dict[str, str]:
        """The oldest driver of each CUDA major version."""
        return self._drivers("floors")

    @cached_property
    def toolkits(self) -> dict[str, str]:
        """The driver that each CUDA toolkit came with."""
        return self._drivers("toolkits")

    @cached_property
    def builds(self) -> tuple[TorchBuild, ...]:
        """What torch's wheels hold code for."""
        keys = ("source", "date", "wheels")
        return tuple(_build(entry) for entry in read(self.folder / "sm.yaml").items(keys, keys)["wheels"].list())

    def min_driver(self, variant: Variant) -> str:
        """The oldest driver that runs a variant; empty for cpu and for a CUDA that the table does not know."""
        return self.floors.get(variant.cuda.split(".")[0], "") if variant.gpu else ""

    def sm(self, torch: str, cuda: str) -> tuple[int, ...]:
        """The sm numbers that a torch built for a CUDA holds code for; empty where they are not known."""
        fitting = (build for build in self.builds if build.cuda == cuda and torch in build.torch)
        return next((build.sm for build in fitting), ())

    def _drivers(self, table: str) -> dict[str, str]:
        keys = ("source", "date", "floors", "toolkits")
        return {
            cuda: entry.text()
            for cuda, entry in read(self.folder / "drivers.yaml").items(keys, keys)[table].items().items()
        }


def _build(entry: Entry) -> TorchBuild:
    keys = ("torch", "cuda", "sm")
    item = entry.items(keys, keys)
    return TorchBuild(
        torch=SpecifierSet(item["torch"].text()),
        cuda=item["cuda"].text(),
        sm=tuple(int(number) for number in item["sm"].texts()),
    )
