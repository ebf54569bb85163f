"""What the Python of a base image answers about itself and its C library."""

import json

QUESTION = (
    "import json, os, platform, sys; "
    "print(json.dumps({'python': platform.python_version(), 'glibc': os.confstr('CS_GNU_LIBC_VERSION').split()[1]}))"
)


def answer(output: bytes) -> dict[str, str] | None:
    """The versions of Python and glibc that QUESTION printed, amid what else that Python prints; None if it did not."""
    text = output.decode("utf-8", "replace")
    try:
        found, _ = json.JSONDecoder().raw_decode(text, max(text.rfind('{"python"'), 0))
        return {name: str(found[name]) for name in ("python", "glibc")}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
