"""The reason and the next step for real output of apt and mmdebstrap."""

import pytest

from raydock.builder.apterrors import failed_fetches, next_step, reason
from raydock.model.bases import Base, Mirror

UNREACHABLE = """\
I: running apt-get update...
Err:1 http://archive.example/debian bookworm InRelease
  Could not connect to archive.example:80
E: Failed to fetch http://archive.example/debian/dists/bookworm/InRelease  Could not connect
E: Some index files failed to download.
"""
MMDEBSTRAP = "E: apt-get update failed: Err:1 http://archive.example/debian bookworm InRelease: Could not connect"
UNTRUSTED = """\
E: Failed to fetch https://mirror.example/debian/dists/bookworm/InRelease  Certificate verification failed: \
The certificate is NOT trusted. The certificate issuer is unknown.  Could not handshake: Error in the certificate \
verification.
"""
NO_SECURITY = "Err:3 http://mirror.example/debian-security bookworm-security Release\n  404  Not Found\n"
FULL = "dpkg: error processing archive\nE: write error: No space left on device\nE: Sub-process dpkg returned an error"


def base(mirror: Mirror | None = None) -> Base:
    return Base(name="debian", source="bootstrap", python="3.11", glibc="2.36", suite="bookworm", mirror=mirror)


@pytest.mark.parametrize(
    ("printed", "first"),
    [
        (UNREACHABLE, "E: Failed to fetch http://archive.example"),
        (FULL, "E: write error: No space"),
        ("", "it printed nothing"),
    ],
)
def test_the_reason_comes_first(printed: str, first: str) -> None:
    assert reason(printed).startswith(first)


@pytest.mark.parametrize("printed", [UNREACHABLE, MMDEBSTRAP])
def test_an_archive_that_does_not_answer_needs_a_mirror(printed: str) -> None:
    assert failed_fetches(printed)
    assert "`mirror:` of the base debian" in next_step(base(), printed)


def test_a_mirror_without_security_updates() -> None:
    mirror = Mirror(archive="http://mirror.example/debian", security="http://mirror.example/debian-security")
    assert "`security: none`" in next_step(base(mirror), NO_SECURITY)


def test_an_unknown_authority_needs_its_certificate() -> None:
    assert "certificate authority by SSL_CERT_FILE" in next_step(base(), UNTRUSTED)
    wrong_name = UNTRUSTED.replace("issuer is unknown", "does not match the host name")
    assert "`mirror:` of the base debian" in next_step(base(), wrong_name)


def test_an_unknown_key_needs_the_keyring() -> None:
    assert "debian-archive-keyring" in next_step(base(), "W: GPG error: ... NO_PUBKEY 0E98404D386FA1D9")


def test_a_full_disk_is_not_a_failed_fetch() -> None:
    assert not failed_fetches(FULL)
