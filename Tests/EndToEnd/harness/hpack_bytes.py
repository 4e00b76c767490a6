"""HPACK representations byte by byte (RFC 7541, section 6): well-formed ones no encoder would choose, and malformed."""

from hpack.huffman import HuffmanEncoder
from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH

_huffman = HuffmanEncoder(REQUEST_CODES, REQUEST_CODES_LENGTH)


def integer(value: int, prefix_bits: int, first: int = 0) -> bytes:
    """An integer with a prefix (section 5.1); `first` holds the bits above it."""
    limit = (1 << prefix_bits) - 1
    if value < limit:
        return bytes([first | value])
    out = bytearray([first | limit])
    value -= limit
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    out.append(value)
    return bytes(out)


def string(text: str | bytes, huffman: bool = False) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    if huffman:
        data = _huffman.encode(data)
        return integer(len(data), 7, 0x80) + data
    return integer(len(data), 7) + data


def raw_huffman_string(coded: bytes) -> bytes:
    """A string that says it is Huffman-coded, of these very bytes."""
    return integer(len(coded), 7, 0x80) + coded


def indexed(index: int) -> bytes:
    return integer(index, 7, 0x80)


def literal(name: str | int, value: str, *, kind: str = "without", huffman: bool = False) -> bytes:
    """A literal field; `name` is a text or an index. `kind`: `incremental`, `without` or `never` indexed."""
    prefix, first = {"incremental": (6, 0x40), "without": (4, 0x00), "never": (4, 0x10)}[kind]
    if isinstance(name, int):
        return integer(name, prefix, first) + string(value, huffman)
    return integer(0, prefix, first) + string(name, huffman) + string(value, huffman)


def table_size(size: int) -> bytes:
    return integer(size, 5, 0x20)
