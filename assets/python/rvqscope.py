"""From PyTorch to rvqscope and back: log codebooks while a trainer runs, read reports, ask the commands. Copy this file beside yours.

Needs numpy and safetensors; pandas for tables. Whatever has .detach().cpu().numpy(), such as a torch tensor, or is an array, is taken.

    for step, batch in enumerate(loader):
        ...
        if step % 100 == 0:
            rvqscope.log_codebooks("checkpoints", step, [vq._codebook for vq in model.quantizer.vq.layers])

    $ rvqscope watch checkpoints
"""

import json
import os
import pathlib
import subprocess

import numpy as np
from safetensors.numpy import save_file

# What modules of the EnCodec lineage call their rows and averages, and what they are called in the file.
NAMES = {"embed": ("embed", "embedding", "weight"), "cluster_size": ("cluster_size",), "embed_avg": ("embed_avg",)}


def array(values):
    """`values` as a contiguous float32 array of its own, from whatever device."""
    for method in ("detach", "cpu", "numpy"):
        values = getattr(values, method)() if hasattr(values, method) else values
    return np.array(values, dtype=np.float32, order="C")


def parts(codebook):
    """Rows `[K, D]` and, where there are any, EMA sizes and sums, of a module, a dict, or rows alone."""
    if hasattr(codebook, "shape"):
        return {"embed": array(codebook)}
    of = codebook.get if isinstance(codebook, dict) else lambda name: getattr(codebook, name, None)
    found = {ours: next((of(name) for name in names if of(name) is not None), None) for ours, names in NAMES.items()}
    if found["embed"] is None:
        raise TypeError(f"no rows in {type(codebook).__name__}: one of {', '.join(NAMES['embed'])} is wanted")
    # Heads and batches of one stand in front in some trainers.
    found = {name: array(values) for name, values in found.items() if values is not None}
    return {name: values.reshape(values.shape[values.ndim - (1 if name == "cluster_size" else 2):]) for name, values in found.items()}


def log_codebooks(folder, step, codebooks, metadata=None):
    """Writes the layers' codebooks to `folder/step-00000100.safetensors`, whole or not at all, and gives its path.

    Whoever watches the folder never sees half a file: it is written under a name that begins with a dot, and moved when it is on the disk.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        f"quantizer.vq.layers.{layer}._codebook.{name}": values
        for layer, codebook in enumerate(codebooks)
        for name, values in parts(codebook).items()
    }
    path = folder / f"step-{step:08}.safetensors"
    unfinished = folder / f".{path.name}.part"
    notes = {"step": step, **(metadata or {})}
    try:
        save_file(tensors, unfinished, metadata={key: str(value) for key, value in notes.items()})
        with open(unfinished, "rb") as written:
            os.fsync(written.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def layers(report):
    """The figures by layer of a report's folder as a pandas table: a row for each layer and set of frames."""
    import pandas as pd

    told = json.loads((pathlib.Path(report) / "metrics.json").read_text(encoding="utf-8"))
    rows = [
        {"layer": layer["layer"], "codes": layer["codes"], "split": split, **layer[split]}
        for layer in told["layers"]
        for split in ("train", "held_out")
        if layer[split] is not None
    ]
    return pd.DataFrame(rows)


def ask(command, *args, program="rvqscope"):
    """What `rvqscope COMMAND ARGS --json` tells, as a dict; a failure has the one line that it says."""
    done = subprocess.run([program, command, *map(str, args), "--json"], capture_output=True, text=True)
    # 3 is a severe finding under --strict: it is told all the same.
    if done.returncode not in (0, 3):
        raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}")
    told = json.loads(done.stdout)
    assert told["schema"] == 1, "this is a newer rvqscope: see what it has changed"
    return told
