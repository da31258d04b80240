"""Finds small targets in infrared images: a detector on numpy arrays, its figures on a data set, its weights.

    import irst
    detector = irst.Detector("nudt.h5")
    result = detector.detect(frame)          # uint8, uint16 or float32, height x width
    for target in result.detections:
        print(target.x, target.y, target.area, target.peak)
"""

from __future__ import annotations

import ctypes
import json
import os
import threading
import warnings
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, NamedTuple, Optional, Tuple, Union

import numpy as np

from . import _library
from ._library import library as _c

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Detection", "Detector", "Error", "Result", "evaluate", "load_checkpoint"]
__version__: str = _c.irst_version().decode()

_FORMATS = {np.dtype(np.uint8): 0, np.dtype(np.uint16): 1, np.dtype(np.float32): 2}


class Error(Exception):
    """What libirst says went wrong. `code`: 1 for files, pixels and memory, 2 for wrong use."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def _failure() -> Error:
    return Error(_c.irst_error().decode(errors="replace"), _c.irst_error_code())


class Detection(NamedTuple):
    """A group of pixels above the threshold. Pixels are counted from 0; the box is inclusive."""

    x: float
    y: float
    left: int
    top: int
    right: int
    bottom: int
    area: int
    peak: float


class Result(NamedTuple):
    """What was found in one frame.

    score: float32, height x width, in [0, 1]; a copy that stays. Of a network the probability of a target, of the
    other methods the response over its maximum in the frame.
    threshold: a pixel is detected if its score is above.
    """

    score: npt.NDArray[np.float32]
    detections: List[Detection]
    threshold: float


class Detector:
    """A trained network from a checkpoint (of irst or PyTorch), or a method without parameters by its name ("mpcm").

    threads: that one detection is spread over; 0: as many as the process may keep busy.
    isa: "portable", "avx2" or "avx512"; None: the best of the processor.
    threshold: in [0, 1); None: the checkpoint's, else 0.5.
    settings: others as on the command line, {"range": "percentile", "size": 256, "model.preset": "community"}.

    Python threads detect in parallel with a detector each; calls on one detector wait for each other. `with` closes it.
    """

    def __init__(
        self,
        checkpoint_or_method: Union[str, os.PathLike[str]],
        *,
        threads: int = 0,
        isa: Optional[str] = None,
        threshold: Optional[float] = None,
        settings: Optional[Mapping[str, Any]] = None,
    ) -> None:
        self._handle: Optional[int] = None
        if not 0 <= threads <= _library.MOST_INT:
            raise ValueError(f"threads is {threads}, expected 0 to {_library.MOST_INT}")
        self._lock = threading.Lock()
        given = dict(settings or {})
        if threshold is not None:
            if "threshold" in given:
                raise ValueError("threshold is given twice: beside settings and in them")
            given["threshold"] = float(threshold)
        array, count = _library.texts(f"{key}={value}" for key, value in given.items())
        options = _library.Options(threads, _library.text(isa) if isa else None, array, count)
        self._handle = _c.irst_open(_library.text(checkpoint_or_method), ctypes.byref(options))
        if not self._handle:
            raise _failure()

    def _open(self) -> int:
        if not self._handle:
            raise Error("the detector is closed", 2)
        return self._handle

    def detect(self, image: npt.NDArray[Any], *, low: float = 0, high: float = 0) -> Result:
        """Searches one grey image of uint8, uint16 or float32, height x width. It is read in place, also a part of a
        larger array or one upside down, as long as the pixels of a row lie side by side.

        low, high: the values that become black and white; equal: the setting `range`, else the checkpoint's range, else
        the whole one of the type (of float32 0 to 1).
        """
        if not isinstance(image, np.ndarray) or image.ndim != 2 or image.size == 0:
            raise ValueError(f"expected an array of height x width, got {getattr(image, 'shape', type(image))}")
        if isinstance(image, np.ma.MaskedArray):
            raise TypeError("masked pixels would be searched as the others: give image.filled(value)")
        if image.dtype not in _FORMATS or not image.dtype.isnative:
            raise TypeError(f"expected uint8, uint16 or float32, got {image.dtype}")
        height, width = image.shape
        if max(height, width) > _library.MOST_SIDE:
            raise ValueError(f"expected sides of 1 to {_library.MOST_SIDE}, got {width}x{height}")
        if width > 1 and image.strides[1] != image.itemsize:
            raise ValueError("the pixels of a row do not lie side by side: give numpy.ascontiguousarray(image)")
        if height > 1 and image.strides[0] == 0:
            raise ValueError("one row stands for all: give numpy.ascontiguousarray(image)")
        # Numpy's stride of a single row says nothing.
        stride = image.strides[0] if height > 1 else 0
        frame = _library.Frame(image.ctypes.data, width, height, stride, _FORMATS[image.dtype], low, high)
        found = _library.Result()
        with self._lock:
            code = _c.irst_detect(self._open(), ctypes.byref(frame), ctypes.byref(found))
            if code:
                raise _failure()
            score = np.ctypeslib.as_array(found.score, (height, width)).copy()
            detections = [
                Detection(d.x, d.y, d.left, d.top, d.right, d.bottom, d.area, d.peak)
                for d in (found.detections[i] for i in range(found.count))
            ]
        return Result(score, detections, found.threshold)

    def set_threshold(self, threshold: float) -> None:
        """From the next image on a pixel is detected if its score is above `threshold`, in [0, 1)."""
        with self._lock:
            code = _c.irst_set_threshold(self._open(), threshold)
            if code:
                raise _failure()

    def evaluate(self, data: Union[str, os.PathLike[str]], **settings: Any) -> Dict[str, Any]:
        """Its figures on the data set in a folder or pack: what `irst-evaluate --format json` prints, as a dict.

        settings: split ("test"), size (as trained, else 256; or "native"), resize, rule, threshold, mask and protocol, as there. What is odd
        about the data is given as a warning.
        """
        array, count = _library.texts(f"{key}={value}" for key, value in settings.items())
        out = _library.Evaluation()
        with self._lock:
            code = _c.irst_evaluate(self._open(), _library.text(data), array, count, ctypes.byref(out))
            if code:
                raise _failure()
            figures: Dict[str, Any] = json.loads(out.json)
            remarks = out.remarks.decode(errors="replace")
        for remark in remarks.splitlines():
            warnings.warn(remark, stacklevel=2)
        return figures

    def parameters(self) -> Dict[str, npt.NDArray[Any]]:
        """Copies of its tensors, named and ordered as in the state_dict of the published checkpoints; float32, but
        counters int64."""
        tensors = {}
        with self._lock:
            for i in range(_c.irst_parameter_count(self._open())):
                p = _library.Parameter()
                _c.irst_parameter_at(self._open(), i, ctypes.byref(p))
                shape = tuple(p.shape[: p.rank])
                values = np.ctypeslib.as_array(p.values, shape if shape else (1,)).reshape(shape)
                tensors[p.name.decode()] = values.astype(np.int64 if p.is_counter else np.float32, copy=True)
        return tensors

    def close(self) -> None:
        """Frees its memory. Nothing can be detected with it afterwards."""
        with self._lock:
            handle, self._handle = self._handle, None
        if handle:
            _c.irst_close(handle)

    def __reduce__(self) -> Union[str, Tuple[Any, ...]]:
        # For copy and pickle. Two of one handle would both free it.
        raise TypeError("a detector cannot be copied or pickled: open another one")

    def __enter__(self) -> Detector:
        return self

    def __exit__(self, *reason: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.close()


def evaluate(
    detector: Union[Detector, str, os.PathLike[str]], data: Union[str, os.PathLike[str]], **settings: Any
) -> Dict[str, Any]:
    """Figures of a detector, a checkpoint or a method on a data set: see Detector.evaluate."""
    if isinstance(detector, Detector):
        return detector.evaluate(data, **settings)
    with Detector(detector) as opened:
        return opened.evaluate(data, **settings)


def load_checkpoint(path: Union[str, os.PathLike[str]]) -> Dict[str, npt.NDArray[Any]]:
    """The tensors of a checkpoint of irst or PyTorch by their names: see Detector.parameters."""
    with Detector(path, threads=1) as detector:
        return detector.parameters()
