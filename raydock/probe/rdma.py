"""The check `rdma`: the libraries with which NCCL uses InfiniBand and RoCE."""

import ctypes
from dataclasses import dataclass
from pathlib import Path
from typing import List

from .answer import conclude
from .image import Image
from .libraries import loaded_libraries

# NCCL and NVSHMEM load the first by this name; the other two are for UCX, NVSHMEM and tools.
# Source: NCCL 2.30, src/misc/ibvsymbols.cc, read 2026-11-29.
LIBRARIES = ("libibverbs.so.1", "librdmacm.so.1", "libnuma.so.1")
# Next to libibverbs: a library for each kind of card. Source: rdma-core 44, libibverbs/dynamic_driver.c.
PROVIDERS = "libibverbs/lib*-rdmav*.so"
CLASS = Path("/sys/class/infiniband")


@dataclass(frozen=True)
class Port:
    """A port of a card.

    Attributes:
        name: the card and the number, such as `mlx5_0:1`.
        active: whether its link is up.
        layer: its link layer, `InfiniBand` or `Ethernet`.
    """

    name: str
    active: bool
    layer: str


def rdma(image: Image) -> str:
    """Check that the libraries and providers load; no card is needed."""
    del image
    problems = [error for error in map(load_error, LIBRARIES) if error]
    providers = _providers()
    problems += [error for error in map(load_error, map(str, providers)) if error]
    if not providers and not problems:
        problems = [f"no provider next to {LIBRARIES[0]}: the package ibverbs-providers is not installed"]
    active = [f"{port.name} ({port.layer})" for port in ports() if port.active]
    return conclude(
        problems,
        f"{', '.join(LIBRARIES)} and {len(providers)} providers load; active ports here: {', '.join(active) or 'none'}",
    )


def load_error(library: str) -> str:
    """Why the dynamic linker cannot load a library; empty if it can."""
    try:
        ctypes.CDLL(library)
    except OSError as error:
        return str(error)
    return ""


def ports(folder: Path = CLASS) -> List[Port]:
    """The ports of this machine's InfiniBand and RoCE cards.

    The kernel shows them to containers too.
    """
    return [_port(port) for port in sorted(folder.glob("*/ports/*"))]


def _port(folder: Path) -> Port:
    """A port, by its folder `CARD/ports/NUMBER`."""
    state, layer = ((folder / name).read_text(encoding="utf-8").strip() for name in ("state", "link_layer"))
    return Port(f"{folder.parent.parent.name}:{folder.name}", state.endswith("ACTIVE"), layer)


def _providers() -> List[Path]:
    """The providers of the libibverbs that this process has loaded."""
    loaded = [Path(library) for library in loaded_libraries() if "/libibverbs.so" in library]
    return sorted(path for library in loaded for path in library.parent.glob(PROVIDERS))
