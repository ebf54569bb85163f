"""Requirements as PEP 508 writes them, parsed safely from several threads."""

from functools import cache
from threading import Lock

from packaging.requirements import Requirement

# CPython 3.11 counts the depth of syntax trees for all threads together (gh-106905), and packaging parses the strings
# of markers as such: two threads at once may end in "SystemError: AST constructor recursion depth mismatch".
_ONE_AT_A_TIME = Lock()


@cache
def requirement(line: str) -> Requirement:
    """A requirement, parsed once for all that share the line: not to be changed. Raises InvalidRequirement."""
    with _ONE_AT_A_TIME:
        return Requirement(line)


class RequirementLine(str):
    """A requirement as a line, written in the way of packaging. Raises InvalidRequirement if it is not one."""

    __slots__ = ()

    def __new__(cls, line: str) -> "RequirementLine":
        return super().__new__(cls, requirement(line))
