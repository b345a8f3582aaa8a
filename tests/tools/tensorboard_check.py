"""Loads what `--log-dir` writes with TensorBoard's own reader, and compares it with `--metrics` and the report of the same run.

    pip install tensorboard
    cargo build
    python tests/tools/tensorboard_check.py target/debug/rvqscope

Needs PyPI's `tensorboard`, which brings numpy (2.14 or newer; tried with 2.21). It trains on the built-in speech, in a folder of its own that is removed.
"""

import json
import math
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.hparams import plugin_data_pb2

SMALL = ["--demo", "--layers", "3", "--codes", "32", "--batch", "512", "--kmeans-iters", "3"]
ALL = {kind: 0 for kind in ("scalars", "histograms", "tensors", "compressedHistograms", "images", "audio")}


def load(folder):
    events = EventAccumulator(str(folder), size_guidance=ALL)
    events.Reload()
    return events


def figures(prefix, values):
    """The tags that an object of figures must have, null ones left out."""
    return {f"{prefix}{key}": value for key, value in values.items() if isinstance(value, (int, float))}


def scalars(events):
    """Every scalar by tag: step -> value. Each step has one value."""
    found = {}
    for tag in events.Tags()["scalars"]:
        points = [(point.step, point.value) for point in events.Scalars(tag)]
        assert len(points) == len(dict(points)), f"{tag} has two values at a step"
        found[tag] = dict(points)
    return found


def close(a, b):
    return math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-30)


def check_training(program, folder):
    run = [program, "train", *SMALL, "--steps", "60", "--out", "m.safetensors"]
    subprocess.run(run + ["--metrics", "m.jsonl", "--log-dir", "logs/a"], cwd=folder, check=True, capture_output=True)
    subprocess.run(run[:1] + ["report"] + run[2:-1] + ["r"], cwd=folder, check=True, capture_output=True)
    events = load(folder / "logs/a")
    found = scalars(events)

    compared = 0
    for line in (folder / "m.jsonl").read_text().splitlines():
        record = json.loads(line)
        for nth, layer in enumerate(record["layers"], 1):
            for tag, value in figures(f"layer_{nth:02}/", layer).items():
                assert close(found[tag][record["step"]], value), (tag, record["step"])
                compared += 1
    assert record["step"] == 60 and "layer_03/drift_all" in found

    report = json.loads((folder / "r/metrics.json").read_text())
    for split in ("train", "held_out"):
        for tag, value in figures(f"{split}/", report["totals"][split]).items():
            assert close(found[tag][60], value), tag
            compared += 1
    for nth, layer in enumerate(report["layers"], 1):
        wanted = figures(f"layer_{nth:02}/train/", layer["train"])
        wanted |= figures(f"layer_{nth:02}/held_out/", layer["held_out"])
        for tag, value in wanted.items():
            assert close(found[tag][60], value), tag
            compared += 1

    histograms = events.Tags()["histograms"]
    for nth in (1, 2, 3):
        for name in ("ema_cluster_size", "batch_counts", "counts"):
            last = events.Histograms(f"layer_{nth:02}/{name}")[-1]
            value = last.histogram_value
            assert last.step == 60 and value.num == 32 == sum(value.bucket), name
            assert list(value.bucket_limit) == sorted(value.bucket_limit)
            assert value.min <= value.max <= value.bucket_limit[-1] * (1 + 1e-9), name
    counts = events.Histograms("layer_01/batch_counts")[-1].histogram_value
    assert counts.sum == 512, "every frame of the batch has one code"

    text = events.Tensors("parameters/text_summary" if "parameters/text_summary" in events.Tags()["tensors"] else "parameters")
    words = text[0].tensor_proto.string_val[0].decode()
    assert "| `codebook_size` | 32 |" in words, words
    params = hyperparameters(events)
    assert params["codebook_size"].number_value == 32 and params["rule"].string_value == "rvqscope"
    layout = layout_pb2.Layout.FromString(events.Tensors("custom_scalars__config__")[0].tensor_proto.string_val[0])
    patterns = [tag for chart in layout.category[0].chart for tag in chart.multiline.tag]
    assert {rf"^layer_\d+/{key}$" for key in ("perplexity", "mse", "drift", "held_out_mse")} <= set(patterns), patterns
    for pattern in patterns:
        lines = [tag for tag in found if re.fullmatch(pattern, tag)]
        assert len(lines) == 3, (pattern, "has not a curve for each layer", lines)
    print(f"a training: {compared} scalars agree, {len(histograms)} histograms, {len(params)} parameters")


def hyperparameters(events):
    content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    return plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams


def check_sweep(program, folder):
    args = [program, "sweep", *SMALL[:1], "--layers", "2", "--kmeans-iters", "2", "--sweep", "codes=8,16", "--steps", "10"]
    subprocess.run(args + ["--out", "s", "--log-dir", "logs/s"], cwd=folder, check=True, capture_output=True)
    runs = sorted((folder / "logs/s").iterdir())
    sizes = [hyperparameters(load(run))["codebook_size"].number_value for run in runs]
    assert sorted(sizes) == [8, 16], sizes
    for run in runs:
        figures = json.loads((folder / f"s/{run.name}.json").read_text())
        assert close(scalars(load(run))["held_out/snr_db"][10], figures["totals"]["held_out"]["snr_db"])
    print(f"a sweep: {', '.join(run.name for run in runs)}")


def check_live(program, folder):
    """A reader that follows the file sees steps while the training runs."""
    args = [program, "train", *SMALL, "--steps", "1000000", "--out", "l.safetensors", "--log-dir", "logs/live"]
    training = subprocess.Popen(args, cwd=folder, stderr=subprocess.PIPE, text=True)
    seen = []
    try:
        deadline = time.monotonic() + 60
        while len(seen) < 3 and time.monotonic() < deadline:
            time.sleep(1.2)
            if (folder / "logs/live").is_dir():
                steps = scalars(load(folder / "logs/live")).get("layer_01/loss", {})
                if steps and (not seen or max(steps) > seen[-1]):
                    seen.append(max(steps))
    finally:
        training.send_signal(2)
        words = training.communicate(timeout=60)[1]
    assert len(seen) == 3 and training.returncode == 130, (seen, training.returncode)
    assert "the steps so far stay in" in words, words
    left = scalars(load(folder / "logs/live"))["layer_01/loss"]
    assert sorted(left) == list(range(1, max(left) + 1)), "no step is missing"
    print(f"live: seen up to step {', '.join(map(str, seen))} while it ran; {len(left)} steps when it was interrupted")


def check_watch(program, folder):
    """The checkpoints of a folder, each at its own step, with scalars and histograms."""
    frames = np.random.default_rng(5).standard_normal((3000, 12)).astype(np.float32)
    np.save(folder / "frames.npy", frames)
    (folder / "run").mkdir()
    for steps in (20, 40):
        args = [program, "train", "frames.npy", "--layers", "2", "--codes", "16", "--steps", str(steps)]
        subprocess.run(args + ["--out", f"run/m_{steps}.safetensors"], cwd=folder, check=True, capture_output=True)
    args = [program, "watch", "run", "--probe", "frames.npy", "--once", "--json", "--log-dir", "logs/w"]
    done = subprocess.run(args, cwd=folder, check=True, capture_output=True, text=True)
    points = [json.loads(line) for line in done.stdout.splitlines()]
    events = load(folder / "logs/w")
    found, compared = scalars(events), 0
    for point in points:
        assert close(found["snr_db"][point["step"]], point["snr_db"])
        for nth, layer in enumerate(point["layers"], 1):
            layer.pop("layer")
            for tag, value in figures(f"layer_{nth:02}/", layer).items():
                assert close(found[tag][point["step"]], value), tag
                compared += 1
    for nth in (1, 2):
        sizes = events.Histograms(f"layer_{nth:02}/ema_cluster_size")
        counts = events.Histograms(f"layer_{nth:02}/counts")
        assert [event.step for event in sizes] == [event.step for event in counts] == [20, 40]
        for event in counts:
            value = event.histogram_value
            assert value.sum == points[0]["frames"] and value.num == 16 == sum(value.bucket), value
    print(f"a watched folder: {len(points)} checkpoints, {compared} scalars agree")


def main():
    program = str(Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as folder:
        for check in (check_training, check_sweep, check_watch, check_live):
            check(program, Path(folder))


if __name__ == "__main__":
    main()
