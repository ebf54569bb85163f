"""What apt and mmdebstrap print when they fail: the reason, and what to do next."""

from raydock.model.bases import Base


def reason(printed: str) -> str:
    """What went wrong first: a full disk, an address that could not be read, or else apt's or mmdebstrap's errors."""
    lines = list(dict.fromkeys(line.strip() for line in printed.splitlines() if line.strip()))
    signs = ("No space left on device", "E: Failed to fetch", "W: Failed to fetch", "NO_PUBKEY", "E: ", "Err:")
    telling = next((found for sign in signs if (found := [line for line in lines if sign in line])), lines)
    return "; ".join((telling or ["it printed nothing"])[:3])[:600].rstrip(".")


def failed_fetches(printed: str) -> list[str]:
    """The lines about what apt could not fetch."""
    return [line for line in printed.splitlines() if "Failed to fetch" in line or "Err:" in line]


def next_step(base: Base, printed: str) -> str:
    """What to do if apt cannot read the Debian archive of a base."""
    if "NO_PUBKEY" in printed:
        return (
            "`apt-get install debian-archive-keyring`; the key of a mirror that signs by itself belongs in"
            " /etc/apt/trusted.gpg.d of this host."
        )
    # apt calls a suite that a server lacks by its Release file.
    missing = [line for line in printed.splitlines() if "does not have a Release file" in line]
    missing = missing or failed_fetches(printed)
    if base.mirror and missing and all(f"{base.suite}-security" in line for line in missing):
        return f"write `mirror: {{archive: {base.mirror.archive}, security: ADDRESS}}`, or `security: none`."
    return (
        f"see that a Debian mirror with {base.suite} answers here; name one by `mirror:` of the base {base.name} in"
        f" matrix.yaml, or list {base.suite} in this host's apt sources and run `apt-get update`."
    )
