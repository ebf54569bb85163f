"""The check `gpu-torch`: torch is built for this CUDA and this GPU, reckons rightly in each number format, and fast."""

import re
from importlib import import_module
from typing import Any, List, Sequence, Tuple

from ..answer import CheckError, ProbeFinding, verdict
from ..image import Image
from .cards import Rate, card
from .cuda import explain
from .products import formats, wrong_products
from .throughput import NEEDED, measure

_BINARY = re.compile(r"sm_(\d+)([a-z]?)")


def torch_level(image: Image) -> ProbeFinding:
    """Versions agree, torch has code for each GPU, products are within their bounds, rates are near the card's peak."""
    torch: Any = import_module("torch")
    if torch.version.cuda != image.axes["cuda"]:
        raise CheckError(f"torch is built for CUDA {torch.version.cuda}, but the image is for {image.axes['cuda']}")
    try:
        torch.cuda.init()
        return _every(torch, image)
    except RuntimeError as error:  # CUDA's errors as torch words them; out of memory is one
        raise CheckError(explain(str(error).strip().splitlines()[0])) from None


def _every(torch: Any, image: Image) -> ProbeFinding:
    """The answer over every GPU; of rates the lowest of each kind."""
    built = torch.cuda.get_arch_list()
    missing = [f"sm_{sm}" for sm in image.sm if not has_code(built, int(sm))]
    problems = [f"torch holds no code for {', '.join(missing)}, which the image promises"] if missing else []
    measured: List[Tuple[int, Rate]] = []
    for number in range(torch.cuda.device_count()):
        wrong, rates = _one(torch, number, built)
        problems += wrong
        measured += [(number, rate) for rate in rates]
    low = tuple(f"GPU {number}: {rate.words} is low" for number, rate in measured if rate.is_low)
    words = f"torch {torch.__version__} for {' '.join(built)}; products of {', '.join(_formats(torch))} are right"
    return ProbeFinding(verdict(problems, "; ".join([words, *lowest([rate for _, rate in measured])])), low)


def _one(torch: Any, number: int, built: Sequence[str]) -> Tuple[List[str], List[Rate]]:
    """What is wrong with a GPU, and its rates where nothing is."""
    device, sm = f"cuda:{number}", _sm(torch, number)
    if not has_code(built, sm):
        return [f"GPU {number} is sm_{sm}, for which torch holds no code (it has {' '.join(built)})"], []
    free, total = torch.cuda.mem_get_info(number)
    if free < NEEDED:
        held = f"{free / 2**30:.1f} of {total / 2**30:.1f} GiB are free"
        words = f"GPU {number} is out of memory: {held}, and this check takes {NEEDED / 2**30:g}"
        return [f"{words}; `nvidia-smi` on the host names who holds the rest"], []
    wrong = [f"GPU {number}: {words}" for words in wrong_products(torch, device, sm)]
    return wrong, measure(torch, device, sm, card(torch.cuda.get_device_name(number)))


def has_code(built: Sequence[str], sm: int) -> bool:
    """Whether a torch built for these (sm_90, sm_100a, compute_120) holds binary code that a GPU runs.

    Code for X.y runs on X.z where z >= y, with a letter behind it on X.y alone (NVIDIA, CUDA C++ Programming Guide).
    """
    for found in filter(None, map(_BINARY.fullmatch, built)):
        number, letter = int(found[1]), found[2]
        if number == sm or (not letter and number // 10 == sm // 10 and number < sm):
            return True
    return False


def lowest(rates: Sequence[Rate]) -> List[str]:
    """Of each kind of rate the lowest, in words."""
    kinds = dict.fromkeys(rate.what for rate in rates)
    return [min((rate for rate in rates if rate.what == kind), key=lambda rate: rate.value).words for kind in kinds]


def _formats(torch: Any) -> List[str]:
    return formats(min(_sm(torch, number) for number in range(torch.cuda.device_count())))


def _sm(torch: Any, number: int) -> int:
    major, minor = torch.cuda.get_device_capability(number)
    return int(major * 10 + minor)
