"""Reads a file of TensorBoard events by the formats' definitions alone (TFRecord framing, CRC-32C masked, protobuf wire
encoding, event.proto and summary.proto) and complains about what is not as they say.
usage: event_checks.py FILE [--pictures DIR]   prints a line for each curve and each series of pictures"""

import collections
import math
import struct
import sys
import zlib

CASTAGNOLI = 0x1EDC6F41


def reversed_bits(value, count):
    return int(f"{value:0{count}b}"[::-1], 2)


def make_table():
    polynomial, table = reversed_bits(CASTAGNOLI, 32), []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (polynomial if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = make_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    """TFRecord: uint64 length, uint32 masked CRC of it, the payload, uint32 masked CRC of that."""
    at = 0
    while at < len(data):
        length, crc = struct.unpack_from("<QI", data, at)
        assert crc == masked(data[at : at + 8]), f"the length at {at} has another CRC"
        payload = data[at + 12 : at + 12 + length]
        assert len(payload) == length, f"the record at {at} is cut off"
        assert struct.unpack_from("<I", data, at + 12 + length)[0] == masked(payload), f"the payload at {at} has another CRC"
        yield payload
        at += 16 + length


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """protobuf: a dict from field number to the list of its values."""
    found, at = collections.defaultdict(list), 0
    while at < len(data):
        key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = varint(data, at)
        elif wire == 1:
            (value,), at = struct.unpack_from("<d", data, at), at + 8
        elif wire == 2:
            length, at = varint(data, at)
            value, at = data[at : at + length], at + length
            assert len(value) == length, "a field is cut off"
        elif wire == 5:
            (value,), at = struct.unpack_from("<f", data, at), at + 4
        else:
            raise AssertionError(f"wire type {wire}")
        found[number].append(value)
    return found


def only(message, number):
    assert len(message[number]) == 1, f"field {number} stands {len(message[number])} times"
    return message[number][0]


def png_size(png):
    """Width and height, after each chunk's CRC and the number of bytes that the rows inflate to were looked at."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n", "a picture is no PNG"
    at, chunks = 8, []
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        body = png[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", png, at + 8 + length)[0] == zlib.crc32(kind + body), "a chunk has another CRC"
        chunks.append((kind, body))
        at += 12 + length
    assert chunks[0][0] == b"IHDR" and chunks[-1][0] == b"IEND", "the PNG does not begin and end as one"
    width, height, bits, colour = struct.unpack_from(">IIBB", chunks[0][1])
    assert (bits, colour) == (8, 2), "not 8 bits RGB"
    rows = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    assert len(rows) == height * (1 + 3 * width), "the rows have another size"
    assert len(set(rows)) > 8, "the picture shows nothing"
    return width, height


def main():
    assert crc32c(b"123456789") == 0xE3069283
    with open(sys.argv[1], "rb") as file:
        events = [fields(record) for record in records(file.read())]
    folder = sys.argv[3] if sys.argv[2:3] == ["--pictures"] else None
    assert only(events[0], 3) == b"brain.Event:2", "the first event is not the version"
    scalars, pictures = collections.defaultdict(list), collections.defaultdict(list)
    for event in events[1:]:
        step = only(event, 2)
        assert only(event, 1) > 1e9, "the wall time is none"
        value = fields(only(fields(only(event, 5)), 1))
        tag = only(value, 1).decode("utf-8")
        assert set(value) in ({1, 2}, {1, 4}), f"{tag} has fields {sorted(value)}"
        if 2 in value:
            scalars[tag].append((step, only(value, 2)))
            continue
        image = fields(only(value, 4))
        assert set(image) == {1, 2, 3, 4} and only(image, 3) == 3, f"{tag} is no RGB image"
        png = only(image, 4)
        assert png_size(png) == (only(image, 2), only(image, 1)), f"{tag} has another size than it says"
        pictures[tag].append((step, len(png)))
        if folder:
            with open(f"{folder}/{tag.replace('/', '_')}_{step}.png", "wb") as file:
                file.write(png)
    for tag, values in scalars.items():
        steps = [step for step, _ in values]
        assert steps == sorted(set(steps)), f"{tag}: steps {steps}"
        assert all(math.isfinite(value) for _, value in values), f"{tag} has a value that is none"
        print(f"scalar {tag}: {len(values)} values, steps {steps[0]} to {steps[-1]}")
    for tag, values in pictures.items():
        steps = [step for step, _ in values]
        assert steps == sorted(set(steps)), f"{tag}: steps {steps}"
        print(f"pictures {tag}: {len(values)}, steps {steps[0]} to {steps[-1]}, at most {max(size for _, size in values)} bytes")


main()
