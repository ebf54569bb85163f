"""Which layers the images of several variants share: what is downloaded, pushed and pulled once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from raydock.builder.layers import ORDER, Layer
from raydock.core.texttable import align
from raydock.model.variant import Variant
from raydock.plan.output import count

BASE = "base"
# The most characters of a bar.
_BAR = 24


@dataclass(frozen=True, kw_only=True)
class SharedLayer:
    """A layer, and the variants whose images have it.

    Attributes:
        name: the name of the layer, with the version of what it is named after.
        python: the Python of its variants.
        packages: the number of its packages; 0 for a base.
        variants: the variants' names, in the order of the plan.
    """

    name: str
    python: str
    packages: int
    variants: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Its entry in the JSON document of `plan --layers` (docs/reference/json.md)."""
        return {"layer": self.name, "python": self.python, "packages": self.packages, "variants": list(self.variants)}


def shared_layers(layers: Mapping[Variant, Sequence[Layer]]) -> list[SharedLayer]:
    """The distinct layers of variants, as they lie on each other, the most shared of a name first.

    layers: the layers of each variant.
    """
    found: dict[tuple[int, str, str], list[tuple[Variant, Layer | None]]] = {}
    for variant, own in layers.items():
        for layer in (None, *own):
            place, text = (ORDER.index(layer.name), layer.text) if layer else (-1, "")
            found.setdefault((place, variant.python, text), []).append((variant, layer))
    ordered = sorted(found.items(), key=lambda item: (item[0][0], -len(item[1])))
    return [_shared(python, owners) for (_, python, _), owners in ordered]


def _shared(python: str, owners: Sequence[tuple[Variant, Layer | None]]) -> SharedLayer:
    variant, layer = owners[0]
    return SharedLayer(
        name=_titled(layer, variant) if layer else BASE,
        python=python,
        packages=len(layer.pins) if layer else 0,
        variants=tuple(owner.name for owner, _ in owners),
    )


def _titled(layer: Layer, variant: Variant) -> str:
    """The name of a layer with a version, if it has one: torch 2.13.0, cuda 13.0."""
    if layer.name == "cuda":
        return f"{layer.name} {variant.cuda}"
    versions = [pin.version for pin in layer.pins if pin.name == layer.name]
    return f"{layer.name} {versions[0]}" if versions else layer.name


def lines(shared: Sequence[SharedLayer], *, all_layers: bool) -> list[str]:
    """A line with a bar for each layer that several variants have, and a sentence on all layers.

    all_layers: whether layers of one variant have a line too.
    """
    images = len({name for each in shared for name in each.variants})
    rows = [{"layer": "layer", "python": "python", "packages": "packages", "variants": "variants that have it"}]
    for each in shared:
        if all_layers or len(each.variants) > 1:
            bar = "█" * max(1, round(_BAR * len(each.variants) / images))
            packages = str(each.packages) if each.packages else "-"
            cells = {"layer": each.name, "python": each.python, "packages": packages}
            rows.append(cells | {"variants": f"{bar} {len(each.variants)}"})
    total, single = sum(len(each.variants) for each in shared), sum(len(each.variants) == 1 for each in shared)
    shown = "" if all_layers or not single else f", of which {single} belong to one variant (-v lists them)"
    return [*align(rows), "", f"{count(images, 'image')}: {total} layers, {len(shared)} of them distinct{shown}."]
