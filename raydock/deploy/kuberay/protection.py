"""Who may run code on a cluster: everyone who has its token, its own pods only, or everyone who reaches it."""

from raydock.core.errors import ConfigurationError
from raydock.core.yamlfile import shipped
from raydock.deploy.exposure import OPTION, RISK
from raydock.deploy.kuberay.deployment import Deployment, Format, OperatorVersion, Protection, Yaml
from raydock.probe import tokens

# The key of the token in a secret (ray-project/kuberay, utils/constant.go).
_KEY = "auth_token"


def choose(ray: str, kuberay: OperatorVersion, output: Format, *, allow_all: bool) -> Protection:
    """Return the protection of a cluster with this release of Ray.

    The ray-cluster chart of KubeRay 1.7.0 does not pass `authOptions` on (kuberay issue 5196, read 2026-12-01), so its
    pods get the token from a secret.

    Raises ConfigurationError if the form of the output can contain none, unless `allow_all`.
    """
    if allow_all:
        return Protection.NONE
    if tokens.supported(ray) and output is Format.HELM:
        return Protection.SECRET
    if tokens.supported(ray) and kuberay is not OperatorVersion.V1_3:
        return Protection.TOKEN
    if output is Format.YAML:
        return Protection.NETWORK_POLICY
    raise ConfigurationError(
        f"--format {output} cannot protect a cluster of Ray {ray} with KubeRay {kuberay}: it has no token"
        f" authentication (Ray {tokens.SINCE}, KubeRay 1.5.1).",
        meaning=f"Without it, {RISK}.",
        todo=f"use --format {Format.YAML}, which has a NetworkPolicy; or accept the risk with {OPTION}.",
    )


def environment(deployment: Deployment) -> list[Yaml]:
    """Return the variables of the Ray containers, as entries of `env`.

    With `authOptions`, KubeRay adds the token itself.
    """
    if deployment.protection is Protection.SECRET:
        secret = {"secretKeyRef": {"name": deployment.token_name, "key": _KEY}}
        return [{"name": tokens.MODE, "value": "token"}, {"name": tokens.TOKEN, "valueFrom": secret}]
    if deployment.protection is Protection.TOKEN or not tokens.supported(deployment.image.ray):
        return []
    return [{"name": name, "value": value} for name, value in tokens.OPEN.items()]


def note(deployment: Deployment) -> str:
    """Say who may run code on a cluster, and what the user has to do."""
    texts = shipped("deploy/kuberay/protection.yaml", dict[Protection, str])
    return texts[deployment.protection].format(
        ray=deployment.image.ray, since=tokens.SINCE, secret=deployment.token_name, key=_KEY, risk=RISK
    )
