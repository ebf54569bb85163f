"""Kubernetes' quantities: `500m`, `2Gi`, `2G`, `1`."""

import math
import re
from decimal import Decimal

# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_UNITS = {"": Decimal(1), "m": Decimal("0.001")}
_UNITS |= {unit: Decimal(1000) ** power for power, unit in enumerate(("k", "M", "G", "T"), 1)}
_UNITS |= {unit: Decimal(1024) ** power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti"), 1)}


def quantity(text: object) -> Decimal:
    """Convert a quantity to units, bytes or cores. Raises ValueError if the text is not a quantity."""
    match = re.fullmatch(r"([0-9.]+)([a-zA-Z]*)", str(text))
    if not match or match[2] not in _UNITS:
        raise ValueError(f"{text!r} is not a Kubernetes quantity")
    return Decimal(match[1]) * _UNITS[match[2]]


def whole(text: object) -> int:
    """Convert a quantity and round it up, as Kubernetes' Value() does."""
    return math.ceil(quantity(text))
