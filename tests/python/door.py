"""Tries assets/python/rvqscope.py against the binary: python tests/python/door.py target/debug/rvqscope

Needs numpy, safetensors and pandas (python -m venv V && V/bin/pip install numpy safetensors pandas); torch is not needed: a stand-in has its methods.
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "assets" / "python"))
import rvqscope


class Tensor:
    """What a torch tensor on another device offers, and no more."""

    def __init__(self, values):
        self.values, self.shape, self.ready = values, values.shape, 0

    def detach(self):
        self.ready += 1
        return self

    def cpu(self):
        self.ready += 1
        return self

    def numpy(self):
        assert self.ready >= 2, "it lies on another device and is part of a graph"
        return self.values


class Codebook:
    """As vector-quantize-pytorch keeps it, with its axis of heads in front."""

    def __init__(self, rows):
        self.embed, self.cluster_size = Tensor(rows[None]), Tensor(np.full((1, len(rows)), 3.0))
        self.embed_avg = Tensor(3.0 * rows[None])


def main(program):
    draw = np.random.default_rng(0)
    centres = draw.normal(size=(12, 6)) * 3
    frames = (centres[np.arange(600) % 12] + draw.uniform(-1, 1, (600, 6))).astype(np.float32)
    rows = frames[:16].astype(np.float64)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        kinds = {"modules": [Codebook(rows), Codebook(0.3 * rows)], "tensors": [Tensor(rows), Tensor(0.3 * rows)], "arrays": [rows, 0.3 * rows]}
        for step, (kind, codebooks) in enumerate(kinds.items()):
            path = rvqscope.log_codebooks(folder / "checkpoints", 100 * step, codebooks, {"kind": kind})
            told = rvqscope.ask("inspect", path, program=program)
            assert [(layer["codes"], layer["dim"]) for layer in told["layers"]] == [(16, 6)] * 2, (kind, told)
            has_sizes = "cluster_size" in told["layers"][0]["buffers"]
            assert has_sizes == (kind == "modules"), (kind, told)
        names = sorted(path.name for path in (folder / "checkpoints").iterdir())
        assert names == [f"step-{step:08}.safetensors" for step in (0, 100, 200)], names

        np.save(folder / "x.npy", frames)
        model, report = folder / "checkpoints" / names[0], folder / "report"
        subprocess.run([program, "report", folder / "x.npy", "--model", model, "--out", report], check=True, capture_output=True)
        table = rvqscope.layers(report)
        assert list(table["layer"]) == [0, 1] and set(table["split"]) == {"held_out"}, table
        assert table["snr_db"].is_monotonic_increasing and (table["frames"] == 600).all(), table

        told = rvqscope.ask("doctor", model, folder / "x.npy", "--strict", program=program)
        assert told["layers"] == 2 and isinstance(told["findings"], list), told
        try:
            rvqscope.ask("inspect", folder / "nothing.pth", program=program)
        except RuntimeError as err:
            assert "nothing.pth" in str(err), err
        else:
            raise AssertionError("a file that is not there was inspected")
        try:
            rvqscope.log_codebooks(folder / "checkpoints", 300, [object()])
        except TypeError:
            assert len(list((folder / "checkpoints").iterdir())) == 3, "nothing is left of what failed"
        else:
            raise AssertionError("an object without rows was logged")
    print("the door opens")


if __name__ == "__main__":
    main(*sys.argv[1:])
