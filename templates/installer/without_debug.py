"""ELF files without debug information, which only debuggers read.

The symbol table stays, so that Ray's crash reports and `py-spy --native` name functions. Section numbers stay too: a
section without content remains in the table as SHT_NULL. Source: System V ABI, chapters 4 and 5 (ELF, gABI 4.1).
"""

import struct

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_LINKED = (2, 3)  # ET_EXEC and ET_DYN
_NOBITS, _ALLOC = 8, 0x2
_DEBUG = (b".debug_", b".zdebug_")


def without_debug(data):
    """The bytes of a linked 64-bit little-endian ELF file without its debug sections; None if it has none.

    `data`: the file, as bytes or mapped; only its headers are read if it has no such section.
    Content after the last segment moves down. Debug content between segments becomes zeros, which take no space in a
    compressed layer.
    """
    try:
        header = list(_HEADER.unpack_from(data))
        if header[0][:6] != b"\x7fELF\x02\x01" or header[1] not in _LINKED:
            return None
        offsets = [header[6] + number * _SECTION.size for number in range(header[12])]
        sections = [list(_SECTION.unpack_from(data, offset)) for offset in offsets]
        debug = [section for section in sections if _is_debug(section, data, sections[header[13]])]
    except (struct.error, IndexError):  # a broken file, such as one for a test
        return None
    if not debug:
        return None
    segments = [_SEGMENT.unpack_from(data, header[5] + number * _SEGMENT.size) for number in range(header[10])]
    end = max([segment[2] + segment[5] for segment in segments], default=_HEADER.size)
    if header[6] < end:  # the section table is before the end of a segment, so the file cannot get smaller
        return _zeroed(data, debug)
    kept = bytearray(_zeroed(data, [section for section in debug if section[4] < end])[:end])
    for section in sorted(sections, key=lambda section: section[4]):
        if section in debug:
            section[:] = [0] * 10
        elif section[4] >= end and section[1] != _NOBITS:
            start, size = section[4:6]
            kept += bytes(-len(kept) % (section[8] or 1))
            section[4] = len(kept)
            kept += data[start : start + size]
    kept += bytes(-len(kept) % 8)
    header[6] = len(kept)
    kept[: _HEADER.size] = _HEADER.pack(*header)
    return bytes(kept) + b"".join(_SECTION.pack(*section) for section in sections)


def _is_debug(section, data, names):
    """Whether a section is debug information that no segment loads."""
    start = names[4] + section[0]
    name = data[start : start + 8]
    return not section[2] & _ALLOC and section[1] != _NOBITS and name.startswith(_DEBUG)


def _zeroed(data, sections):
    """The file with zeros as the content of these sections."""
    zeroed = bytearray(data)
    for section in sections:
        start, size = section[4:6]
        zeroed[start : start + size] = bytes(size)
    return bytes(zeroed)
