"""The check `gpu-torch`: torch computes correctly, at the expected speed."""

import re
from importlib import import_module
from typing import Any, List, Sequence, Tuple

from ..answer import CheckError, ProbeFinding, conclude
from ..image import Image
from .cards import Rate, card
from .cuda import explain
from .products import formats, wrong_products
from .throughput import NEEDED, measure

_BINARY = re.compile(r"sm_(\d+)([a-z]?)")


def torch_level(image: Image) -> ProbeFinding:
    """Check torch's CUDA, its code for each GPU, its products and its rates."""
    torch: Any = import_module("torch")
    if torch.version.cuda != image.axes["cuda"]:
        raise CheckError(f"torch is built for CUDA {torch.version.cuda}, but the image is for {image.axes['cuda']}")
    try:
        torch.cuda.init()
        return _check_all(torch, image)
    except RuntimeError as error:  # torch's form of CUDA's errors, such as out of memory
        raise CheckError(explain(str(error).strip().splitlines()[0])) from None


def _check_all(torch: Any, image: Image) -> ProbeFinding:
    """Check every GPU; the result has the lowest rate of each kind."""
    built = torch.cuda.get_arch_list()
    missing = [f"sm_{sm}" for sm in image.sm if not has_code(built, int(sm))]
    problems = [f"torch has no code for {', '.join(missing)}, which the image promises"] if missing else []
    measured: List[Tuple[int, Rate]] = []
    for number in range(torch.cuda.device_count()):
        wrong, rates = _check_gpu(torch, number, built)
        problems += wrong
        measured += [(number, rate) for rate in rates]
    low = tuple(f"GPU {number}: {rate.text} is low" for number, rate in measured if rate.is_low)
    summary = f"torch {torch.__version__} for {' '.join(built)}; products of {', '.join(_formats(torch))} are correct"
    return ProbeFinding(conclude(problems, "; ".join([summary, *lowest([rate for _, rate in measured])])), low)


def _check_gpu(torch: Any, number: int, built: Sequence[str]) -> Tuple[List[str], List[Rate]]:
    """The problems of a GPU, and its rates if it has code and memory."""
    device, sm = f"cuda:{number}", _sm(torch, number)
    if not has_code(built, sm):
        return [f"GPU {number} is sm_{sm}, for which torch has no code (it has {' '.join(built)})"], []
    free, total = torch.cuda.mem_get_info(number)
    if free < NEEDED:
        memory = f"{free / 2**30:.1f} of {total / 2**30:.1f} GiB are free, and this check takes {NEEDED / 2**30:g}"
        hint = "`nvidia-smi` on the host names the processes that use the rest"
        return [f"GPU {number} is out of memory: {memory}; {hint}"], []
    wrong = [f"GPU {number}: {problem}" for problem in wrong_products(torch, device, sm)]
    return wrong, measure(torch, device, sm, card(torch.cuda.get_device_name(number)))


def has_code(built: Sequence[str], sm: int) -> bool:
    """Whether a torch built for these has binary code that a GPU runs.

    `built`: such as sm_90, sm_100a, compute_120.

    Code for X.y runs on X.z if z >= y; with a letter at the end only on X.y (NVIDIA, CUDA C++ Programming Guide).
    """
    for match in filter(None, map(_BINARY.fullmatch, built)):
        number, letter = int(match[1]), match[2]
        if number == sm or (not letter and number // 10 == sm // 10 and number < sm):
            return True
    return False


def lowest(rates: Sequence[Rate]) -> List[str]:
    """The lowest rate of each kind, as text."""
    kinds = dict.fromkeys(rate.what for rate in rates)
    return [min((rate for rate in rates if rate.what == kind), key=lambda rate: rate.value).text for kind in kinds]


def _formats(torch: Any) -> List[str]:
    return formats(min(_sm(torch, number) for number in range(torch.cuda.device_count())))


def _sm(torch: Any, number: int) -> int:
    major, minor = torch.cuda.get_device_capability(number)
    return int(major * 10 + minor)
