"""Matrix products in each dtype on random data, compared with float64 on the CPU."""

import random
from contextlib import contextmanager
from typing import Any, Iterator, List

SIZE = 1024
# How far an element may be from the product in float64, in units of that product's root mean square: 16 times the
# rounding unit, which is 2**-9 for bf16, 2**-11 for fp16, 2**-10 for tf32, and for fp32 2**-24 times the square root
# of the 1024 sums. A wrong element differs by about 1.
BOUNDS = {"bf16": 2.0**-5, "fp16": 2.0**-7, "tf32": 2.0**-6, "fp32": 2.0**-15}
# bf16 and tf32 exist from compute capability 8.0 on.
AMPERE = 80


def wrong_products(torch: Any, device: str, sm: int) -> List[str]:
    """The problems of the products of a device ("cuda:0") of compute capability `sm`."""
    problems = []
    for name in formats(sm):
        seed = random.getrandbits(32)
        error = difference(torch, device, name, seed)
        if not error <= BOUNDS[name]:  # so that NaN is wrong too
            problems.append(f"{name} product differs by {error:.2g}, more than {BOUNDS[name]:.2g} (seed {seed})")
    return problems


def formats(sm: int) -> List[str]:
    """The formats that a GPU of this compute capability multiplies in hardware."""
    return [name for name in BOUNDS if sm >= AMPERE or name in {"fp16", "fp32"}]


def difference(torch: Any, device: str, name: str, seed: int) -> float:
    """The greatest difference of a product from the one in float64.

    Its unit is the root mean square of that product.
    """
    generator = torch.Generator().manual_seed(seed)
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(name, torch.float32)
    left, right = (torch.randn(SIZE, SIZE, generator=generator).to(dtype) for _ in range(2))
    expected = left.double() @ right.double()
    with precision(torch, tf32=name == "tf32"):
        product = (left.to(device) @ right.to(device)).cpu().double()
    return float((product - expected).abs().max() / expected.square().mean().sqrt())


@contextmanager
def precision(torch: Any, *, tf32: bool) -> Iterator[None]:
    """Multiply float32 in tf32 or not, and sum half formats in float32."""
    matmul = torch.backends.cuda.matmul
    settings = {
        "allow_tf32": tf32,
        "allow_fp16_reduced_precision_reduction": False,
        "allow_bf16_reduced_precision_reduction": False,
    }
    before = {name: getattr(matmul, name) for name in settings}
    for name, value in settings.items():
        setattr(matmul, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(matmul, name, value)
