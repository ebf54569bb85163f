"""Certificates for a registry on loopback."""

from datetime import datetime
from pathlib import Path

import trustme

from tests.support.registry import Guard


def certified(folder: Path, *, begins: datetime | None = None, ends: datetime | None = None) -> tuple[Guard, Path]:
    """Return a guard with a certificate for loopback, and the file of the authority that signed it."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost", not_before=begins, not_after=ends)
    certificate, key, bundle = folder / "registry.pem", folder / "registry.key", folder / "authority.pem"
    issued.private_key_pem.write_to_path(key)
    certificate.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    authority.cert_pem.write_to_path(bundle)
    return Guard(certificate=certificate, key=key), bundle
