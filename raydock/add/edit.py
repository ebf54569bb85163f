"""Edit the text of matrix.yaml: everything that is not edited stays as it is, with its comments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import yaml

from raydock.model.matrixfile import listed, quoted
from raydock.model.variant import Axis


@dataclass(frozen=True)
class MatrixText:
    """The text of a valid matrix.yaml.

    Attributes:
        text: the text.
    """

    text: str

    def with_value(self, axis: Axis, value: str, present: Sequence[str]) -> "MatrixText":
        """The text with one more value of an axis.

        present: the values that the axis has. They are its defaults if the text does not name the axis.
        """
        axes = _value(self._root, "axes")
        assert isinstance(axes, yaml.MappingNode)
        if isinstance(values := _value(axes, axis), yaml.SequenceNode):
            last = values.value[-1].end_mark
            if values.flow_style:
                return self._insert(last.index, f", {quoted(value)}")
            return self._insert_line(last, values, f"- {quoted(value)}")
        entry = f"{axis}: {listed([*present, value])}"
        last = _end(axes.value[-1][1])
        return self._insert(last.index, f", {entry}") if axes.flow_style else self._insert_line(last, axes, entry)

    def with_cutoff(self, cutoff: date, timestamp: date) -> "MatrixText":
        """The text with a later cut-off day. Files of images keep their time, `timestamp`."""
        root = self._root
        node = _value(root, "cutoff")
        assert node
        start, end = node.start_mark.index, node.end_mark.index
        changed = MatrixText(f"{self.text[:start]}{cutoff}{self.text[end:]}")
        if _value(root, "timestamp"):
            return changed
        return changed._insert_line(node.end_mark, root, f"timestamp: {timestamp}")

    @property
    def _root(self) -> yaml.MappingNode:
        # The marks of Python's loader count characters.
        root = yaml.compose(self.text, Loader=yaml.SafeLoader)
        assert isinstance(root, yaml.MappingNode)
        return root

    def _insert(self, index: int, addition: str) -> "MatrixText":
        return MatrixText(self.text[:index] + addition + self.text[index:])

    def _insert_line(self, mark: yaml.Mark, parent: yaml.Node, line: str) -> "MatrixText":
        """The text with a line after that of a mark, in the column of `parent`."""
        end = self.text.find("\n", mark.index)
        return self._insert(len(self.text) if end < 0 else end, f"\n{' ' * parent.start_mark.column}{line}")


def _value(mapping: yaml.MappingNode, key: str) -> yaml.Node | None:
    return next((value for name, value in mapping.value if name.value == key), None)


def _end(node: yaml.Node) -> yaml.Mark:
    """The end of a node's last value. In the block style, the node itself ends at the next key."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style:
        node = node.value[-1]
    return node.end_mark
