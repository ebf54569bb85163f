"""The versions of Python and glibc in a base image."""

import json

PROGRAM = (
    "import json, os, platform, sys; "
    "print(json.dumps({'python': platform.python_version(), 'glibc': os.confstr('CS_GNU_LIBC_VERSION').split()[1]}))"
)


def parse(output: bytes) -> dict[str, str] | None:
    """The versions of `python` and `glibc` in the output of PROGRAM.

    The output can contain other text. Returns None if they are missing.
    """
    text = output.decode("utf-8", "replace")
    try:
        document, _ = json.JSONDecoder().raw_decode(text, max(text.rfind('{"python"'), 0))
        return {name: str(document[name]) for name in ("python", "glibc")}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
