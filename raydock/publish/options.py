"""How images are published."""

from dataclasses import dataclass

from raydock.publish.sign import Signer


@dataclass(frozen=True, kw_only=True)
class PublishOptions:
    """How images are published.

    Attributes:
        jobs: the number of images that are published at the same time.
        signer: signs them; None if they are not signed.
        insecure: whether plain HTTP and certificates of unknown authorities are allowed.
        force: whether everything is checked and written again, whatever the release says.
        allow_unscanned: whether images that were not scanned are also published.
        require_attachments: whether an image fails if the registry does not store its reports and SBOMs.
        release_repository: the repository of the release; empty: next to the images.
    """

    jobs: int
    signer: Signer | None = None
    insecure: bool = False
    force: bool = False
    allow_unscanned: bool = False
    require_attachments: bool = False
    release_repository: str = ""
