"""A module for glibc's Name Service Switch that names any container user.

It gives a name to a user without an entry in /etc/passwd. Kubernetes and OpenShift run an image as any uid. Without an
entry in /etc/passwd, `getpwuid` fails, and so do Python's `getpass.getuser`, torch before 2.13, ssh and others. The
file cannot list all uids, and nothing can edit it at start: KubeRay overrides the entrypoint, and the root file system
can be read-only. Debian's libnss-unknown answers for every uid, so that useradd and adduser do not find a free one.
This module answers only for the uid of the calling process, and never for root. The name is that of the image's user,
which is also in USER and LOGNAME.

It is a shared library for x86-64 with one function, written here byte by byte: the images have no compiler to build it,
and it imports nothing. Source: System V ABI (gabi), chapters 4 and 5; nss/nss.h and pwd.h of glibc 2.36; read
2026-11-29.
"""

import struct

NAME = "raydock"
PATH = f"usr/lib/libnss_{NAME}.so.2"
USER = "ray"

_FUNCTION = f"_nss_{NAME}_getpwuid_r"
# struct passwd points to these: name, password, comment, home and shell.
_TEXTS = (USER, "x", USER, "/home/ray", "/bin/bash")
# Each line is one instruction. Arguments: rdi is the uid, rsi a struct passwd, r8 a pointer to errno. The distances
# are those to the texts, which follow the code. 0 is NSS_STATUS_NOTFOUND, 1 is NSS_STATUS_SUCCESS.
_CODE = """
b8 66 00 00 00        mov eax, 102                ; getuid
0f 05                 syscall
85 c0                 test eax, eax
74 4d                 je none
39 f8                 cmp eax, edi
75 49                 jne none
48 8d 05 4c 00 00 00  lea rax, [rip+name]
48 89 06              mov [rsi], rax
48 8d 05 46 00 00 00  lea rax, [rip+password]
48 89 46 08           mov [rsi+8], rax
89 7e 10              mov [rsi+16], edi           ; uid
b8 68 00 00 00        mov eax, 104                ; getgid
0f 05                 syscall
89 46 14              mov [rsi+20], eax
48 8d 05 30 00 00 00  lea rax, [rip+comment]
48 89 46 18           mov [rsi+24], rax
48 8d 05 29 00 00 00  lea rax, [rip+home]
48 89 46 20           mov [rsi+32], rax
48 8d 05 28 00 00 00  lea rax, [rip+shell]
48 89 46 28           mov [rsi+40], rax
b8 01 00 00 00        mov eax, 1
c3                    ret
41 c7 00 02 00 00 00  mov dword [r8], 2           ; none: ENOENT
31 c0                 xor eax, eax
c3                    ret
"""

_PAGE = 0x1000
_HEADER, _SEGMENT, _SYMBOL = 64, 56, 24


def module() -> bytes:
    """The shared library for `PATH`; the bytes are always the same."""
    names = f"\0{_FUNCTION}\0libnss_{NAME}.so.2\0".encode()
    function, soname = 1, len(_FUNCTION) + 2
    symbols_at = _HEADER + 4 * _SEGMENT
    hashes_at = symbols_at + 2 * _SYMBOL
    names_at = hashes_at + 20
    code_at = names_at + len(names)
    code = _code()
    symbols = bytes(_SYMBOL) + _symbol(function, code_at)
    hashes = struct.pack("<5I", 1, 2, 1, 0, 0)  # one bucket: symbol 1
    # DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_SYMENT, DT_SONAME, DT_NULL
    entries = ((4, hashes_at), (5, names_at), (6, symbols_at), (10, len(names)), (11, _SYMBOL), (14, soname), (0, 0))
    dynamic = b"".join(struct.pack("<2Q", *entry) for entry in entries)
    segments = (
        _segment(kind=1, flags=5, start=0, size=code_at + len(code)),  # PT_LOAD, read and execute
        _segment(kind=1, flags=6, start=_PAGE, size=len(dynamic)),  # PT_LOAD, read and write: ld.so writes to it
        _segment(kind=2, flags=6, start=_PAGE, size=len(dynamic)),  # PT_DYNAMIC
        _segment(kind=0x6474E551, flags=6, start=0, size=0),  # PT_GNU_STACK: not executable
    )
    head = b"".join((_header(len(segments)), *segments, symbols, hashes, names, code))
    return head.ljust(_PAGE, b"\0") + dynamic


def _code() -> bytes:
    """The machine code and, after it, the texts."""
    instructions = (line.partition("  ")[0] for line in _CODE.strip().splitlines())
    return b"".join((*map(bytes.fromhex, instructions), *(f"{text}\0".encode() for text in _TEXTS)))


def _header(segments: int) -> bytes:
    """The ELF header of a shared object for x86-64 without sections."""
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    return ident + struct.pack("<2HI3QI6H", 3, 62, 1, 0, _HEADER, 0, 0, _HEADER, _SEGMENT, segments, 0, 0, 0)


def _segment(*, kind: int, flags: int, start: int, size: int) -> bytes:
    return struct.pack("<2I6Q", kind, flags, start, start, start, size, size, _PAGE if size else 16)


def _symbol(name: int, address: int) -> bytes:
    """A global function; its section is any number that is not 0."""
    return struct.pack("<I2BH2Q", name, 0x12, 0, 1, address, 0)
