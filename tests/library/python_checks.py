"""What the Python package does, against the programs. usage: python_checks.py WEIGHTS.h5 DATA FIGURES.json STATE.pth"""

import collections
import copy
import json
import os
import pickle
import signal
import sys
import threading
import unittest
import warnings
import zipfile

import numpy as np
from numpy.lib.stride_tricks import as_strided

import irst

WEIGHTS, DATA, FIGURES, STATE = sys.argv[1:5]


def scene(height=80, width=96):
    y, x = np.mgrid[:height, :width]
    image = (60 + (x + y) // 8).astype(np.uint8)
    image[30:32, 40:43] = 150
    return image


class StateDict(pickle.Unpickler):
    """Reads what convert to-torch writes as torch.load(weights_only=True) does: nothing else may be called."""

    def __init__(self, archive):
        self.archive = archive
        super().__init__(archive.open("archive/data.pkl"))

    def find_class(self, module, name):
        return {
            "collections.OrderedDict": collections.OrderedDict,
            "torch._utils._rebuild_tensor_v2": self.rebuild,
            "torch.FloatStorage": np.dtype("<f4"),
            "torch.LongStorage": np.dtype("<i8"),
        }[f"{module}.{name}"]

    def persistent_load(self, key):
        kind, dtype, name, place, count = key
        assert (kind, place) == ("storage", "cpu")
        values = np.frombuffer(self.archive.read(f"archive/data/{name}"), dtype)
        assert len(values) == count
        return values

    @staticmethod
    def rebuild(storage, offset, shape, strides, requires_grad, hooks):
        assert offset == 0 and not requires_grad and not hooks
        tensor = storage.reshape(shape)
        assert tensor.size == 0 or tuple(s // tensor.itemsize for s in tensor.strides) == strides
        return tensor


class Detecting(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.detector = irst.Detector(WEIGHTS, threads=1)
        cls.expected = cls.detector.detect(scene())

    def same(self, result):
        np.testing.assert_array_equal(result.score, self.expected.score)
        self.assertEqual(result.detections, self.expected.detections)

    def test_what_is_found(self):
        self.assertEqual(len(self.expected.detections), 1)
        target = self.expected.detections[0]
        self.assertTrue(39 < target.x < 43 and 29 < target.y < 32 and target.left <= 41 <= target.right)
        self.assertEqual(self.expected.score.shape, (80, 96))
        self.assertEqual(float(self.expected.score.max()), target.peak)
        self.assertEqual(int((self.expected.score > self.expected.threshold).sum()), target.area)

    def test_types_and_ranges(self):
        self.same(self.detector.detect(scene().astype(np.float32) / np.float32(255)))
        deep = self.detector.detect(scene().astype(np.uint16), low=0, high=255)
        np.testing.assert_allclose(deep.score, self.expected.score, atol=1e-2)

    def test_views_are_read_in_place(self):
        large = np.zeros((100, 120), np.uint8)
        large[10:90, 11:107] = scene()
        self.same(self.detector.detect(large[10:90, 11:107]))
        self.same(self.detector.detect(scene()[::-1].copy()[::-1]))
        self.assertEqual(self.detector.detect(scene()[:1]).score.shape, (1, 96))

    def test_what_is_refused(self):
        for image, error in [
            (scene().astype(np.float64), TypeError),
            (scene().astype(">u2"), TypeError),
            (scene()[None], ValueError),
            (scene()[:, ::2], ValueError),
            (np.broadcast_to(scene()[0], (80, 96)), ValueError),
            (np.zeros((0, 5), np.uint8), ValueError),
            (np.zeros((1, 32769), np.uint8), ValueError),
            (as_strided(scene(), (1, 2**32 + 4), (1, 1)), ValueError),  # four pixels to a C int
            (as_strided(scene(), (2**32 + 4, 1), (1, 1)), ValueError),
            ([[1]], ValueError),
            (np.ma.masked_less(scene(), 70), TypeError),
        ]:
            with self.assertRaises(error):
                self.detector.detect(image)
        with self.assertRaisesRegex(irst.Error, "finite"):
            self.detector.detect(np.full((20, 20), np.nan, np.float32))
        for code, word, call in [
            (1, "absent.h5", lambda: irst.Detector("absent.h5")),
            (2, "colour", lambda: irst.Detector("mpcm", settings={"colour": 3})),
            (2, "sse9", lambda: irst.Detector("mpcm", isa="sse9")),
            (2, "threshold", lambda: self.detector.set_threshold(1)),
        ]:
            with self.assertRaisesRegex(irst.Error, word) as raised:
                call()
            self.assertEqual(raised.exception.code, code)
        for call in [
            lambda: irst.Detector("mpcm", threads=2**32 + 1),
            lambda: irst.Detector("mpcm", threads=-1),
            lambda: irst.Detector("mpcm\0.h5"),
            lambda: irst.Detector("mpcm", isa="avx2\0"),
            lambda: irst.Detector("mpcm", settings={"range": "full\0image"}),
            lambda: self.detector.evaluate("scenes\0"),
        ]:
            with self.assertRaises(ValueError):
                call()
        for call in [lambda: copy.copy(self.detector), lambda: pickle.dumps(self.detector)]:
            with self.assertRaisesRegex(TypeError, "open another"):
                call()
        closed = irst.Detector("mpcm")
        closed.close()
        with self.assertRaisesRegex(irst.Error, "closed"):
            closed.detect(scene())

    def test_settings(self):
        with irst.Detector("mpcm", threshold=0.25, settings={"range": "image"}) as mpcm:
            self.assertEqual(mpcm.detect(scene()).threshold, 0.25)
            self.assertEqual(mpcm.parameters(), {})
        with self.assertRaisesRegex(ValueError, "given twice"):
            irst.Detector("mpcm", threshold=0.25, settings={"threshold": 0.5})

    def test_threads_give_the_same(self):
        results = [None] * 2

        def work(i):
            with irst.Detector(WEIGHTS, threads=1) as own:
                results[i] = own.detect(scene())

        threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        for result in results:
            self.same(result)

    def test_forked_processes(self):
        with irst.Detector(WEIGHTS, threads=2) as before:
            self.same(before.detect(scene()))
            child = os.fork()
            if child == 0:
                signal.alarm(60)
                ok = np.array_equal(before.detect(scene()).score, self.expected.score)
                os._exit(0 if ok else 1)
            self.assertEqual(os.waitpid(child, 0)[1], 0)

    def test_tensors(self):
        tensors = irst.load_checkpoint(WEIGHTS)
        self.assertTrue(tensors and all(isinstance(t, np.ndarray) for t in tensors.values()))
        self.assertTrue(any(t.ndim == 4 and t.dtype == np.float32 for t in tensors.values()))
        with self.assertRaises(irst.Error):
            irst.load_checkpoint("absent.h5")

    def test_what_is_written_for_pytorch(self):
        expected = irst.load_checkpoint(WEIGHTS)
        with zipfile.ZipFile(STATE) as archive:
            self.assertIsNone(archive.testzip())
            states = [StateDict(archive).load(), irst.load_checkpoint(STATE)]
        try:
            import torch

            states.append({name: t.numpy() for name, t in torch.load(STATE).items()})
        except ImportError:
            pass
        for state in states:
            self.assertEqual(list(state), list(expected))
            for name, tensor in expected.items():
                self.assertEqual(state[name].dtype, tensor.dtype)
                np.testing.assert_array_equal(state[name], tensor)

    def test_figures_are_those_of_the_program(self):
        with open(FIGURES, encoding="utf-8") as file:
            expected = json.load(file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            figures = irst.evaluate(self.detector, DATA, size="native")
        del expected["ms_per_image"], figures["ms_per_image"]
        self.assertEqual(figures, expected)
        with irst.Detector(WEIGHTS, threshold=0.3) as lower:
            self.assertEqual(lower.evaluate(DATA, size="native", rule="score")["threshold"], 0.3)
        with self.assertRaisesRegex(irst.Error, "rule"):
            irst.evaluate(self.detector, DATA, rule="best")
        with self.assertRaisesRegex(irst.Error, "colour"):
            irst.evaluate(self.detector, DATA, colour=1)
        with self.assertRaisesRegex(irst.Error, "absent"):
            irst.evaluate("mpcm", "absent")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
