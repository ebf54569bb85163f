"""The header WWW-Authenticate as registries write it, and the scope of token requests."""

import pytest

from raydock.registry.challenges import Challenge, challenges, scope

REALM = "https://auth.example/token"


@pytest.mark.parametrize(
    ("header", "parsed"),
    [
        ('Basic realm="Registry Realm"', [("basic", {"realm": "Registry Realm"})]),
        ("Basic", [("basic", {})]),
        ('BASIC realm=""', [("basic", {"realm": ""})]),
        (
            f'Bearer realm="{REALM}",service="s",scope="repository:a/b:pull,push"',
            [("bearer", {"realm": REALM, "service": "s", "scope": "repository:a/b:pull,push"})],
        ),
        (
            f'bearer Realm="{REALM}", Service="container registry"',
            [("bearer", {"realm": REALM, "service": "container registry"})],
        ),
        (f"Bearer realm={REALM},service=s", [("bearer", {"realm": REALM, "service": "s"})]),
        (
            f'Basic realm="Artifactory, the Realm", Bearer realm="{REALM}"',
            [("basic", {"realm": "Artifactory, the Realm"}), ("bearer", {"realm": REALM})],
        ),
        ('Negotiate, Basic realm="a \\"b\\""', [("negotiate", {}), ("basic", {"realm": 'a "b"'})]),
        ("", []),
    ],
)
def test_a_header_is_parsed(header: str, parsed: list[tuple[str, dict[str, str]]]) -> None:
    assert challenges(header) == [Challenge(scheme=scheme, fields=fields) for scheme, fields in parsed]


@pytest.mark.parametrize(
    ("challenged", "write", "requested"),
    [
        ("", False, "repository:ml/raydock:pull"),
        ("", True, "repository:ml/raydock:pull,push"),
        ("repository:ml/raydock:pull", False, "repository:ml/raydock:pull"),
        ("repository:ml/raydock:pull", True, "repository:ml/raydock:pull,push"),
        ("repository:ml/raydock:push,pull", True, "repository:ml/raydock:push,pull"),
        ("repository:ml/raydock:*", True, "repository:ml/raydock:*"),
        ("repository:mapped/raydock:pull", True, "repository:mapped/raydock:pull"),
        ("registry:catalog:*", False, "registry:catalog:*"),
    ],
)
def test_a_scope_is_completed(challenged: str, write: bool, requested: str) -> None:
    assert scope(challenged, "ml/raydock", write=write) == requested
