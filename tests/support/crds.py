"""KubeRay's CRDs as schemas, and a check of resources with them that refuses unknown fields.

The files under data/ are made from a release's CRDs, `ray-operator/config/crd/bases/` in ray-project/kuberay, by
`python -m tests.support.crds v1.7.0 FOLDER`: version v1 of each kind, without descriptions, equal parts written once.
CEL rules (x-kubernetes-validations for managedBy, deletionStrategy and a storage backend) are stored but not evaluated.
"""

import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).parent / "data"
RELEASES = {"1.3": "v1.3.0", "1.7": "v1.7.0"}
KINDS = {"RayCluster": "rayclusters", "RayJob": "rayjobs", "RayService": "rayservices"}

# Kubernetes, apimachinery, resource.Quantity.
_QUANTITY = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+|[KMGTPE]i|[numkMGTPE]?)")
_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}
# The keywords that the check below supports; `compact` refuses a schema with other keywords.
_KNOWN = {
    *("type", "properties", "additionalProperties", "items", "required", "enum", "pattern", "anyOf", "default"),
    *("minimum", "minLength", "maxLength", "minItems", "nullable", "format", "x-kubernetes-int-or-string"),
    *("x-kubernetes-list-map-keys", "x-kubernetes-list-type", "x-kubernetes-map-type", "x-kubernetes-validations"),
}

Json = dict[str, Any]


def problems(resource: Any, kuberay: str) -> list[str]:
    """Return the errors of a resource for KubeRay `1.3` or `1.7`, one line each with its path."""
    document = _read(RELEASES[kuberay])
    if resource.get("apiVersion") != "ray.io/v1" or resource.get("kind") not in KINDS:
        return [f"{resource.get('apiVersion')} {resource.get('kind')} is not a resource of KubeRay"]
    metadata = {key: value for key, value in resource["metadata"].items() if key in {"name", "namespace"}}
    errors = [f"metadata.{key}: {value!r}" for key, value in metadata.items() if not isinstance(value, str)]
    body = {key: value for key, value in resource.items() if key != "metadata"}
    return errors + list(_check(body, document["kinds"][resource["kind"]], document["parts"], ""))


@cache
def _read(release: str) -> Json:
    document: Json = json.loads((DATA / f"kuberay-{release}.json").read_text())
    return document


def _check(value: Any, reference: int, parts: list[Json], path: str) -> list[str]:
    schema = parts[reference]
    if value is None:
        return [] if schema.get("nullable") else [f"{path}: null"]
    if schema.get("x-kubernetes-int-or-string"):
        right = type(value) is int or (isinstance(value, str) and _pattern(schema, value))
        return [] if right else [f"{path}: {value!r} is neither a number nor a quantity"]
    kind = schema.get("type")
    if kind and (not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [f"{path}: {value!r} is not of type {kind}"]
    if isinstance(value, dict):
        return _check_object(value, schema, parts, path)
    if isinstance(value, list):
        return _check_list(value, schema, parts, path)
    return [f"{path}: {value!r} is not allowed"] if not _scalar(value, schema) else []


def _check_object(value: Json, schema: Json, parts: list[Json], path: str) -> list[str]:
    errors = [f"{path}.{key}: missing" for key in schema.get("required", ()) if key not in value]
    properties, others = schema.get("properties", {}), schema.get("additionalProperties")
    for key, member in value.items():
        known = properties.get(key, others)
        if not isinstance(key, str) or known is None:
            errors.append(f"{path}.{key}: unknown")
        else:
            errors += _check(member, known, parts, f"{path}.{key}")
    return errors


def _check_list(value: list[Any], schema: Json, parts: list[Json], path: str) -> list[str]:
    errors = [f"{path}: too few items"] if len(value) < schema.get("minItems", 0) else []
    if keys := schema.get("x-kubernetes-list-map-keys"):
        defaults = {key: parts[number].get("default") for key, number in parts[schema["items"]]["properties"].items()}
        names = [tuple(element.get(key, defaults.get(key)) for key in keys) for element in value]
        errors += [f"{path}: {name} twice" for name in set(names) if names.count(name) > 1]
    for index, element in enumerate(value):
        errors += _check(element, schema["items"], parts, f"{path}[{index}]")
    return errors


def _scalar(value: Any, schema: Json) -> bool:
    fits = value in schema.get("enum", [value])
    if isinstance(value, str):
        return (
            fits
            and schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**9)
            and _pattern(schema, value)
        )
    limit = 2**31 if schema.get("format") == "int32" else 2**63
    return fits and (isinstance(value, bool) or schema.get("minimum", -limit) <= value < limit)


def _pattern(schema: Json, value: str) -> bool:
    if schema.get("x-kubernetes-int-or-string"):
        return "pattern" not in schema or bool(_QUANTITY.fullmatch(value))
    return "pattern" not in schema or bool(re.search(schema["pattern"], value))


class _Parts:
    """Schemas in which nested schemas are replaced by numbers, each stored once."""

    def __init__(self) -> None:
        self.schemas: list[Json] = []
        self._numbers: dict[str, int] = {}

    def number(self, schema: Json) -> int:
        plain = {key: value for key, value in schema.items() if key != "description"}
        if unknown := plain.keys() - _KNOWN:
            raise ValueError(f"the check does not support {', '.join(unknown)}")
        if "properties" in plain:
            plain["properties"] = {key: self.number(member) for key, member in plain["properties"].items()}
        for key in plain.keys() & {"items", "additionalProperties"}:
            plain[key] = self.number(plain[key])
        text = json.dumps(plain, sort_keys=True)
        if text not in self._numbers:
            self._numbers[text] = len(self.schemas)
            self.schemas.append(plain)
        return self._numbers[text]


def compact(folder: Path) -> Json:
    """Return the schemas of a release's CRDs as numbered parts."""
    parts, kinds = _Parts(), {}
    for kind, plural in KINDS.items():
        crd = yaml.load((folder / f"ray.io_{plural}.yaml").read_text(), Loader=yaml.CSafeLoader)
        versions = {version["name"]: version for version in crd["spec"]["versions"]}
        kinds[kind] = parts.number(versions["v1"]["schema"]["openAPIV3Schema"])
    return {"kinds": kinds, "parts": parts.schemas}


def _write(release: str, folder: Path) -> None:
    document = compact(folder)
    head = {"source": f"ray-project/kuberay {release}, ray-operator/config/crd/bases, version v1 of each", **document}
    parts = ",\n".join(json.dumps(part, sort_keys=True, separators=(",", ":")) for part in head.pop("parts"))
    text = json.dumps(head)[:-1] + f', "parts": [\n{parts}\n]}}\n'
    (DATA / f"kuberay-{release}.json").write_text(text)


if __name__ == "__main__":
    _write(sys.argv[1], Path(sys.argv[2]))
