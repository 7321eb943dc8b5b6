"""Headers that state another length than the file has, which libsndfile corrects or repeats without an error."""

from __future__ import annotations

import io
import re
from typing import Any, BinaryIO

from wergate.errors import BadUtteranceError

REMEDY = "repair or remove it, or skip such utterances with --skip-bad"
_WAV = ("WAV", "WAVEX")
_NO_DATA = b"data\0\0\0\0"
_FACT = re.compile(r"Samples/Block *: (\d+).*^fact : \d+\n *frames *: (\d+)", re.DOTALL | re.MULTILINE)
_UNKNOWN_SIZE = 0x7FFF0000  # programs that write to a pipe state such sizes, and libsndfile reads to the end
_FIRST_PAGE = b"OggS\0\2"  # of each stream: the version, and the flag of a beginning
_MORE_PAGES = "Junk after the last page"
_TOLERATED = 64  # bytes or frames: some programs count the header itself
_PROMISES = (
    re.compile(r"^ *(data|SSND|riff|Data Size) *: (?P<stated>\d+) \(should be (?P<present>\d+)\)", re.MULTILINE),
    re.compile(r"frame count (?P<present>\d+) does not match value from 'ds64' chunk of (?P<stated>\d+)"),
)


def streamed(file: Any, stream: BinaryIO) -> BinaryIO | None:
    """Return a WAV whose header says 0 samples with its true size, or None for any other file.

    A program that writes to a pipe cannot go back and fill in the size.
    """
    if file.frames > 0 or file.format not in _WAV:
        return None
    stream.seek(0)
    content = bytearray(stream.read())
    size = content.find(_NO_DATA) + len(_NO_DATA) - 4
    left = len(content) - size - 4
    if size < len(_NO_DATA) - 4 or left <= 0:
        return None
    content[size : size + 4] = left.to_bytes(4, "little")
    return io.BytesIO(content)


def padding(file: Any) -> int:
    """Return the number of frames with which a codec such as GSM 6.10 fills up its last block, or adds one."""
    # Encoders may leave anything there. The `fact` chunk of a WAV holds the true length, which libsndfile only logs.
    found = _FACT.search(file.extra_info)
    return frames if found and 0 < (frames := file.frames - int(found[2])) < 2 * int(found[1]) else 0


def require_promised(file: Any, name: str) -> None:
    """Raise an error if a header states more audio than the file has."""
    # libsndfile corrects the length without an error; only its log names both sizes.
    for pattern in _PROMISES:
        found = pattern.search(file.extra_info)
        if found and int(found["stated"]) - int(found["present"]) > _TOLERATED and int(found["stated"]) < _UNKNOWN_SIZE:
            raise BadUtteranceError(
                name,
                "audio cut short",
                f"audio of utterance '{name}' is cut short: its header states a size of {found['stated']}, but only "
                f"{found['present']} is there; complete files are accepted; {REMEDY}",
            )


def require_one_stream(file: Any, stream: BinaryIO, name: str) -> None:
    """Raise an error if an Ogg file chains several streams, of which libsndfile reads the first without an error."""
    if _MORE_PAGES not in file.extra_info:
        return
    place = stream.tell()
    stream.seek(0)
    streams = stream.read().count(_FIRST_PAGE)
    stream.seek(place)
    if streams > 1:
        raise BadUtteranceError(
            name,
            "several streams",
            f"audio of utterance '{name}' is a chain of {streams} Ogg streams, of which only the first would be read; "
            f"files of one stream are accepted; {REMEDY}",
        )
