"""libirst by ctypes: the structures and functions of irst.h, irst_evaluate.h and irst_parameters.h."""

from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, Structure, c_char_p, c_double, c_float, c_int, c_long, c_void_p
from pathlib import Path
from typing import Iterable, Tuple, Union

MOST_SIDE = 32768  # of a frame, as irst.h says
MOST_INT = 2**31 - 1


class Options(Structure):
    _fields_ = [("threads", c_int), ("isa", c_char_p), ("settings", POINTER(c_char_p)), ("setting_count", c_int)]


class Frame(Structure):
    _fields_ = [
        ("pixels", c_void_p),
        ("width", c_int),
        ("height", c_int),
        ("stride", c_long),
        ("format", c_int),
        ("low", c_double),
        ("high", c_double),
    ]


class Detection(Structure):
    _fields_ = [
        ("x", c_double),
        ("y", c_double),
        ("left", c_int),
        ("top", c_int),
        ("right", c_int),
        ("bottom", c_int),
        ("area", c_int),
        ("peak", c_float),
    ]


class Result(Structure):
    _fields_ = [
        ("width", c_int),
        ("height", c_int),
        ("score", POINTER(c_float)),
        ("detections", POINTER(Detection)),
        ("count", c_int),
        ("threshold", c_float),
    ]


class Evaluation(Structure):
    _fields_ = [("json", c_char_p), ("remarks", c_char_p)]


class Parameter(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("rank", c_int),
        ("shape", c_int * 4),
        ("values", POINTER(c_float)),
        ("is_counter", c_int),
    ]


# name: what it returns, what it takes
_FUNCTIONS = {
    "irst_open": (c_void_p, [c_char_p, POINTER(Options)]),
    "irst_detect": (c_int, [c_void_p, POINTER(Frame), POINTER(Result)]),
    "irst_set_threshold": (c_int, [c_void_p, c_float]),
    "irst_close": (None, [c_void_p]),
    "irst_error": (c_char_p, []),
    "irst_error_code": (c_int, []),
    "irst_version": (c_char_p, []),
    "irst_evaluate": (c_int, [c_void_p, c_char_p, POINTER(c_char_p), c_int, POINTER(Evaluation)]),
    "irst_parameter_count": (c_int, [c_void_p]),
    "irst_parameter_at": (c_int, [c_void_p, c_int, POINTER(Parameter)]),
}


def _load() -> ctypes.CDLL:
    """$IRST_LIBRARY; else what a wheel brings, `make library` built in the source tree, or the system has installed."""
    named = os.environ.get("IRST_LIBRARY")
    here = Path(__file__).resolve().parent
    beside = [here / "libirst.so.0", here.parent.parent / "build" / "lib" / "libirst.so.0"]
    path = named or next((str(p) for p in beside if p.exists()), "libirst.so.0")
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(f"libirst cannot be loaded: {error} (make library, make install, or IRST_LIBRARY)") from None
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


library = _load()


def text(value: Union[str, os.PathLike[str]]) -> bytes:
    """A C string. It would end at a null character."""
    encoded = os.fsencode(value)
    if b"\0" in encoded:
        raise ValueError(f"{value!r} has a null character in it")
    return encoded


def texts(values: Iterable[str]) -> Tuple[ctypes.Array[c_char_p], int]:
    """An array of C strings and its length."""
    encoded = [text(v) for v in values]
    return (c_char_p * len(encoded))(*encoded), len(encoded)
