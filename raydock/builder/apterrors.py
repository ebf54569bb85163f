"""The reason and the next step for a failure of apt or mmdebstrap."""

import re

from raydock.model.bases import Base

# The words of GnuTLS (apt 2.6) and of OpenSSL (apt 3.1) for a certificate of an unknown authority.
_UNTRUSTED = re.compile("certificate issuer is unknown|certificate verify failed", re.IGNORECASE)


def reason(output: str) -> str:
    """The root cause of a failure.

    It is a full disk or an unreadable address, otherwise the errors of apt or mmdebstrap.
    """
    lines = list(dict.fromkeys(line.strip() for line in output.splitlines() if line.strip()))
    signs = ("No space left on device", "E: Failed to fetch", "W: Failed to fetch", "NO_PUBKEY", "E: ", "Err:")
    relevant = next((matches for sign in signs if (matches := [line for line in lines if sign in line])), lines)
    return "; ".join((relevant or ["it printed nothing"])[:3])[:600].rstrip(".")


def failed_fetches(output: str) -> list[str]:
    """The lines about files that apt could not fetch."""
    return [line for line in output.splitlines() if "Failed to fetch" in line or "Err:" in line]


def next_step(base: Base, output: str) -> str:
    """The next step if apt cannot read the Debian archive of a base."""
    if "NO_PUBKEY" in output:
        return (
            "`apt-get install debian-archive-keyring`; if the mirror has its own signing key, put it into"
            " /etc/apt/trusted.gpg.d of this host; if it is not a mirror of Debian, run `apt-get update` on this host,"
            " so that raydock can read its origin."
        )
    if _UNTRUSTED.search(output):
        return (
            "name the PEM file of the mirror's certificate authority by SSL_CERT_FILE, or by Acquire::https::CaInfo in"
            " this host's apt settings (docs/how-to/debian-mirrors.md)."
        )
    # apt reports a suite that a server does not have by its Release file.
    missing = [line for line in output.splitlines() if "does not have a Release file" in line]
    missing = missing or failed_fetches(output)
    if base.mirror and missing and all(f"{base.suite}-security" in line for line in missing):
        return f"write `mirror: {{archive: {base.mirror.archive}, security: ADDRESS}}`, or `security: none`."
    return (
        f"check that a Debian mirror with {base.suite} answers here; name one by `mirror:` of the base {base.name} in"
        f" matrix.yaml, or add {base.suite} to this host's apt sources and run `apt-get update`."
    )
