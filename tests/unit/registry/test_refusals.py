"""Known refusals of registries and proxies, and the setting that each message names."""

import pytest

from raydock.registry.name import parse
from raydock.registry.refusals import RefusalCause, cause_of, refusals

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
HOST = "registry.example"


@pytest.mark.parametrize(
    ("host", "status", "text", "cause", "setting"),
    [
        (
            ECR,
            404,
            "NAME_UNKNOWN The repository with name 'ml/raydock' does not exist in the registry with id '123456789012'",
            RefusalCause.MISSING,
            "`aws ecr create-repository --repository-name ml/raydock`",
        ),
        (
            ECR,
            0,
            "name unknown: The repository with name 'ml/raydock' does not exist in the registry with id '123456789012'",
            RefusalCause.MISSING,
            "`aws ecr create-repository --repository-name ml/raydock`",
        ),
        (
            HOST,
            404,
            'NAME_UNKNOWN Repository "raydock" not found',
            RefusalCause.MISSING,
            "create the repository ml/raydock at registry.example",
        ),
        (HOST, 404, "NOT_FOUND project ml not found", RefusalCause.MISSING, "create the repository ml/raydock"),
        (
            ECR,
            400,
            "TAG_INVALID The image tag 'latest' already exists in the 'ml/raydock' repository and cannot be "
            "overwritten because the tag is immutable.",
            RefusalCause.IMMUTABLE,
            "exempt the movable tags",
        ),
        (
            HOST,
            412,
            "PRECONDITION Failed to process request due to 'raydock:latest' configured as immutable.",
            RefusalCause.IMMUTABLE,
            "exempt the movable tags",
        ),
        (
            HOST,
            400,
            "BLOB_UPLOAD_INVALID blob upload invalid Repository does not allow updating assets: docker",
            RefusalCause.IMMUTABLE,
            "exempt the movable tags",
        ),
        (HOST, 413, "Request Entity Too Large", RefusalCause.BODY_LIMIT, "`client_max_body_size 0;`"),
        (
            HOST,
            0,
            "error parsing HTTP 413 response body: invalid character '<' looking for beginning of value: \"<html>\"",
            RefusalCause.BODY_LIMIT,
            "`client_max_body_size 0;`",
        ),
        (
            HOST,
            403,
            "DENIED adding 29.0 MiB of storage resource, which when updated to current usage of 152.4 MiB will "
            "exceed the configured upper limit of 10.0 MiB.",
            RefusalCause.QUOTA,
            "raise the quota of registry.example/ml/raydock",
        ),
        (HOST, 403, "DENIED quota exceeded for this namespace", RefusalCause.QUOTA, "raise the quota"),
        (HOST, 429, "TOOMANYREQUESTS You have reached your pull rate limit", RefusalCause.RATE, "wait as long as"),
        (HOST, 0, "toomanyrequests: too many failed login attempts", RefusalCause.RATE, "wait as long as"),
        (HOST, 401, "UNAUTHORIZED authentication required", RefusalCause.LOGIN, "`docker login registry.example`"),
        (HOST, 0, "no basic auth credentials", RefusalCause.LOGIN, "`docker login registry.example`"),
        (
            ECR,
            403,
            "DENIED Your authorization token has expired. Reauthenticate and try again.",
            RefusalCause.LOGIN,
            "`aws ecr get-login-password",
        ),
        (
            HOST,
            403,
            "DENIED requested access to the resource is denied",
            RefusalCause.DENIED,
            "has this right on ml/raydock",
        ),
        (
            HOST,
            0,
            "denied: requested access to the resource is denied",
            RefusalCause.DENIED,
            "has this right on ml/raydock",
        ),
        (HOST, 405, "UNSUPPORTED The operation is unsupported.", RefusalCause.DENIED, "has this right on ml/raydock"),
        (
            HOST,
            400,
            "NAME_INVALID Missing image name. Pushes should be of the form docker push HOST/PROJECT/REPOSITORY/IMAGE",
            RefusalCause.NAME,
            "some require three parts",
        ),
        (HOST, 507, "", RefusalCause.DISK, "free space in the registry"),
        (
            HOST,
            500,
            'UNKNOWN unknown error {"Op": "mkdir", "Err": 28}',
            RefusalCause.DISK,
            "free space in the registry",
        ),
        (HOST, 0, "http: server gave HTTP response to HTTPS client", RefusalCause.PLAIN_HTTP, "`insecure-registries`"),
        (
            HOST,
            0,
            "x509: certificate signed by unknown authority",
            RefusalCause.CERTIFICATE,
            "certs.d/registry.example/ca.crt",
        ),
        (HOST, 418, "anything else", RefusalCause.FAILURE, "see the log of registry.example"),
    ],
)
def test_an_answer_names_its_setting(host: str, status: int, text: str, cause: RefusalCause, setting: str) -> None:
    known, todo = cause_of(parse(f"{host}/ml/raydock"), status, f"{status} {text}")
    assert known is cause
    assert setting in todo
    assert "{" not in todo


def test_every_cause_is_described() -> None:
    assert {refusal.cause for refusal in refusals()} == set(RefusalCause)
