"""Parse requirements (PEP 508) safely from several threads."""

from functools import cache
from threading import Lock

from packaging.requirements import Requirement

# CPython 3.11 counts the depth of syntax trees for all threads together (gh-106905), and packaging parses the strings
# in markers with it: two threads at once may end in "SystemError: AST constructor recursion depth mismatch".
_ONE_AT_A_TIME = Lock()


@cache
def requirement(line: str) -> Requirement:
    """Parse a requirement. All callers with the same line share the object, so do not change it.

    Raises InvalidRequirement if the line is not a requirement.
    """
    with _ONE_AT_A_TIME:
        return Requirement(line)


class RequirementLine(str):
    """A requirement as a line in packaging's normal form.

    Raises InvalidRequirement if the line is not a requirement.
    """

    __slots__ = ()

    def __new__(cls, line: str) -> "RequirementLine":
        return super().__new__(cls, requirement(line))
