"""Measures how good codebooks are: every rule beside FAISS on four sources, judged on frames that no one trained on.

    python benches/quality.py [FEATURES.npy] [--codes 256,1024] [--layers 4,8] [--seeds 5] [--steps 1000] [--batch 4096]
    python benches/quality.py --table --results quality.jsonl
    python benches/quality.py --brief 8x256 --results quality.jsonl

Needs numpy and faiss-cpu from PyPI. The program is target/release/rvqscope, or --program. FEATURES.npy is a source of
the user's own beside the built-in ones; a clips.json beside it ([{"start", "frames"}, ...]) says where its clips are.
What trains is given the training frames only and writes a plain RVQ; the figures of all are worked out here, by the
same lines, from their codebooks. To judge by is the last tenth: whole clips where there are clips. The program trains at
its own default, --holdout 0.1: it holds the last tenth of its training frames out, under every rule. FAISS trains on the
same nine tenths.

A layer does not depend on those behind it, neither here nor in FAISS without refinement, so fewer layers are the first
ones of one training. Each figure is written to --results as it is found, and what is there already is not done again.

A row is the mean over the seeds: SNR (10 log10 of the energy of the frames over that of what is left) on the frames to
judge by and on the training frames, the tenth that was held out among them, in dB, searched greedily, and on held-out ones along five paths; the codes in use and the perplexity,
as a share of K, and the entropy in bits a frame, on held-out frames, mean over the layers; and the processor seconds of
the training of the most layers, on one thread.
"""

import argparse
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
LISTS = {"type": lambda text: [int(number) for number in text.split(",")]}
NAMES = {"type": lambda text: text.split(",")}

# Flags of each way to train with the program, beside the shape, the steps and the batch.
RULES = {
    "rvqscope": ["--rule", "rvqscope"],
    "encodec": ["--rule", "encodec"],
    "gpt-sovits": ["--rule", "gpt-sovits"],
    "lucidrains": ["--rule", "lucidrains", "--init", "kmeans", "--threshold", "2"],
    "moshi": ["--rule", "moshi"],
    "rvqscope 8 paths": ["--rule", "rvqscope", "--search", "beam:8", "--steps", "8", "--decay", "0.9", "--kmeans-iters", "24"],
    "rvqscope 12 paths": ["--rule", "rvqscope", "--search", "beam:12", "--steps", "100", "--decay", "0.9"],
    # 50 iterations of k-means and 200 steps of all frames.
    "rvqscope 250 passes": ["--rule", "rvqscope", "--steps", "200", "--batch", "1000000", "--decay", "0.5", "--threshold", "0.02", "--calibrate=off"],
}
# The beam, whether all codebooks are refined together at the end, and the iterations of k-means of each layer.
FAISS = {
    "faiss beam 1": (1, False, 10),
    "faiss beam 5": (5, False, 10),
    "faiss beam 5 refined": (5, True, 10),
    "faiss 250 passes": (1, False, 250),
}
# What is to fit the frames trained on, and no others.
FITTING = ("rvqscope 250 passes", "faiss 250 passes")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("features", nargs="?")
    parser.add_argument("--codes", default=[256, 1024], **LISTS)
    parser.add_argument("--layers", default=[4, 8], **LISTS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=4096)
    parser.add_argument("--holdout", type=float, default=0.1)
    parser.add_argument("--program", default=ROOT / "target" / "release" / "rvqscope")
    parser.add_argument("--sources", default=None, **NAMES)
    parser.add_argument("--ways", default=None, **NAMES)
    parser.add_argument("--flags", default=[], help="further flags for the recommended rule", type=str.split)
    parser.add_argument("--results", help="a file of one figure a line, which is added to")
    parser.add_argument("--brief", help="train nothing: print held-out SNR of LAYERSxCODES, greedy and along five paths, by source")
    parser.add_argument("--table", action="store_true", help="train nothing: print what --results has")
    return parser.parse_args()


def log_mel(samples, rate, bands=80, size=1024, hop=160):
    """The logarithm of the magnitudes in bands spaced as the ear spaces pitch, (frames, bands)."""
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + rate / 1400), bands + 2) / 2595) - 1)
    bins = np.arange(size // 2 + 1) * rate / size
    up = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    filters = np.maximum(0, np.minimum(up, down)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    padded = np.pad(samples, size // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * np.hanning(size + 1)[:-1]
    return np.log(np.maximum(np.abs(np.fft.rfft(frames)) @ filters.T, 1e-5)).astype(np.float32)


def demo():
    """The built-in speech as log-mel, and the frames of each of its clips."""
    clips = []
    for path in sorted((ROOT / "assets" / "demo").glob("*.wav")):
        with wave.open(str(path)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
            clips.append(log_mel(samples, file.getframerate()))
    return np.concatenate(clips), [len(clip) for clip in clips]


def mixture(count=20000, dim=128, centres=200):
    """Clusters of unequal size and width in many dimensions."""
    rng = np.random.default_rng(7)
    shares = np.arange(1, centres + 1) ** -0.8
    means, widths = rng.normal(size=(centres, dim)), rng.uniform(0.3, 0.8, centres)
    drawn = rng.choice(centres, count, p=shares / shares.sum())
    return (means[drawn] + widths[drawn, None] * rng.normal(size=(count, dim))).astype(np.float32), None


def heavy(count=20000, dim=32):
    """Frames that follow each other and whose tails are heavy (Student's t with 3 degrees of freedom)."""
    rng = np.random.default_rng(8)
    mix = rng.normal(size=(dim, dim)) / np.sqrt(dim) * np.exp(-np.arange(dim) / 10)
    state, frames = np.zeros(dim), np.zeros((count, dim))
    for frame in frames:
        state = 0.9 * state + np.sqrt(1 - 0.81) * rng.standard_t(3, dim)
        frame[:] = state @ mix
    return frames.astype(np.float32), None


def own(path):
    """The user's own features and their clips."""
    clips = Path(path).with_name("clips.json")
    lengths = [clip["frames"] for clip in json.loads(clips.read_text())] if clips.exists() else None
    return np.load(path).astype(np.float32), lengths


def split(frames, clips):
    """Training frames and held-out frames: the last tenth, whole clips where there are clips."""
    cut = len(frames) * 9 // 10
    if clips:
        ends = np.cumsum(clips)
        cut = int(ends[np.abs(ends - cut).argmin()])
    return np.ascontiguousarray(frames[:cut]), np.ascontiguousarray(frames[cut:])


def search(frames, codebooks, width=1):
    """The codes along `width` paths, `(frames, layers)`, and what the best path leaves over."""
    codes, left = [], []
    for block in np.array_split(frames, max(1, len(frames) * width // 8192)):
        paths, residual = np.zeros((len(block), 1, 0), np.int64), block[:, None, :]
        for rows in codebooks:
            count, kept, dim = residual.shape
            energy = np.einsum("nkd,nkd->nk", residual, residual)
            dots = residual.reshape(-1, dim) @ rows.T
            dists = energy[:, :, None] - 2 * dots.reshape(count, kept, -1) + np.einsum("kd,kd->k", rows, rows)
            flat = dists.reshape(count, -1)
            go_on = min(width, flat.shape[1])
            best = np.argpartition(flat, go_on - 1, axis=1)[:, :go_on] if go_on > 1 else flat.argmin(1)[:, None]
            path, code = np.divmod(best, len(rows))
            each = np.arange(count)[:, None]
            paths = np.concatenate([paths[each, path], code[:, :, None]], axis=2)
            residual = residual[each, path] - rows[code]
        energy = np.einsum("nkd,nkd->nk", residual.astype(np.float64), residual)
        each, best = np.arange(len(block)), energy.argmin(1)
        codes.append(paths[each, best])
        left.append(energy[each, best])
    return np.concatenate(codes), np.concatenate(left)


def figures(codebooks, train, held):
    """What a row shows of these codebooks."""
    codebooks = [np.ascontiguousarray(rows, np.float32) for rows in codebooks]

    def snr(frames, left):
        return 10 * np.log10((frames.astype(np.float64) ** 2).sum() / left.sum())

    codes, left = search(held, codebooks)
    used, perplexity, bits = [], [], 0.0
    for column, rows in zip(codes.T, codebooks):
        shares = np.bincount(column, minlength=len(rows)) / len(column)
        entropy = -(shares[shares > 0] * np.log2(shares[shares > 0])).sum()
        used.append((shares > 0).mean())
        perplexity.append(2**entropy / len(rows))
        bits += entropy
    return {
        "held-out": float(snr(held, left)),
        "training": float(snr(train, search(train, codebooks)[1])),
        "held-out beam 5": float(snr(held, search(held, codebooks, 5)[1])),
        "used": float(np.mean(used)),
        "perplexity": float(np.mean(perplexity)),
        "bits": float(bits),
    }


def by_program(args, flags, file, codes, layers, seed):
    """The codebooks that the program trains, and its processor seconds."""
    model = file.with_name("model.npz")
    command = [args.program, "train", file, "--out", model, "--holdout", args.holdout, "--codes", codes, "--layers", layers]
    command += ["--seed", seed, "--threads", 1, *flags]
    for flag, value in {"--batch": args.batch, "--steps": args.steps}.items():
        command += [] if flag in flags else [flag, value]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")
    with np.load(model) as arrays:
        names = sorted((n for n in arrays if n.endswith("embed")), key=lambda n: int(n.split(".")[-3]))
        return [arrays[name] for name in names], took


def by_faiss(way, train, codes, layers, seed):
    """The codebooks that FAISS trains, and its processor seconds."""
    import faiss

    faiss.omp_set_num_threads(1)
    beam, refined, iterations = way
    quantizer = faiss.ResidualQuantizer(train.shape[1], layers, int(np.log2(codes)))
    quantizer.max_beam_size = beam
    quantizer.cp.seed = 1234 + seed
    quantizer.cp.niter = iterations
    quantizer.cp.min_points_per_centroid = 1
    quantizer.train_type = faiss.ResidualQuantizer.Train_default
    if refined:
        quantizer.train_type |= faiss.ResidualQuantizer.Train_refine_codebook
    start = time.process_time()
    quantizer.train(train)
    took = time.process_time() - start
    return list(faiss.vector_to_array(quantizer.codebooks).reshape(layers, codes, -1)), took


class Results:
    """What was found so far, by source, codes, layers, way and seed; in a file where one is named."""

    def __init__(self, path):
        self.path, self.rows = Path(path) if path else None, {}
        if self.path and self.path.exists():
            for line in self.path.read_text().splitlines():
                row = json.loads(line)
                self.rows[tuple(row[name] for name in ("source", "codes", "layers", "way", "seed"))] = row

    def add(self, source, frames, codes, layers, way, seed, found):
        key = {"source": source, "codes": codes, "layers": layers, "way": way, "seed": seed}
        row = self.rows[tuple(key.values())] = {**key, "frames": frames, **found}
        if self.path:
            with self.path.open("a") as file:
                file.write(json.dumps(row) + "\n")

    def brief(self, shape):
        """Held-out SNR of one shape, greedy / along five paths, a column a source."""
        layers, codes = (int(number) for number in shape.split("x"))
        sources = dict.fromkeys(key[0] for key in self.rows if key[1:3] == (codes, layers))
        print("| | " + " | ".join(sources) + " |\n|---|" + "---|" * len(sources))
        for way in [way for way in [*RULES, *FAISS] if way not in FITTING]:
            cells = []
            for source in sources:
                rows = [row for key, row in self.rows.items() if key[:4] == (source, codes, layers, way)]
                means = [np.mean([row[name] for row in rows]) for name in ("held-out", "held-out beam 5") if rows]
                cells.append(" / ".join(f"{mean:.2f}" for mean in means))
            print(f"| {way} | " + " | ".join(cells) + " |")

    def table(self):
        """One table for each source, size and number of layers, the ways as they are listed."""
        for source, codes, layers in dict.fromkeys(key[:3] for key in self.rows):
            ways = {way: [row for key, row in self.rows.items() if key[:4] == (source, codes, layers, way)] for way in [*RULES, *FAISS]}
            train, held, dim = next(rows for rows in ways.values() if rows)[0]["frames"]
            print(f"\n{source}: {train} + {held} frames x {dim}, {layers} x {codes} codes\n")
            print("| | seeds | held-out | training | held-out, beam 5 | used | perplexity | bits | CPU s |")
            print("|---|---|---|---|---|---|---|---|---|")
            for way, rows in ways.items():
                if rows:
                    mean = {name: np.mean([row[name] for row in rows]) for name in rows[0] if isinstance(rows[0][name], float)}
                    spread = np.std([row["held-out"] for row in rows])
                    print(
                        f"| {way} | {len(rows)} | {mean['held-out']:.2f} ± {spread:.2f} | {mean['training']:.2f} "
                        f"| {mean['held-out beam 5']:.2f} | {mean['used']:.0%} | {mean['perplexity']:.0%} "
                        f"| {mean['bits']:.1f} | {mean['seconds']:.1f} |")


def main():
    args = arguments()
    results = Results(args.results)
    if args.brief:
        return results.brief(args.brief)
    if args.table:
        return results.table()
    sources = {"demo": demo, "mixture": mixture, "heavy tails": heavy}
    if args.features:
        sources = {Path(args.features).parent.name: lambda: own(args.features), **sources}
    ways = [name for name in [*RULES, *FAISS] if args.ways is None or name in args.ways]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "frames.npy"
        for source, make in sources.items():
            if args.sources and source not in args.sources:
                continue
            train, held = split(*make())
            frames = [len(train), len(held), train.shape[1]]
            np.save(file, train)
            for seed, codes, way in itertools.product(range(args.seeds), args.codes, ways):
                missing = [layers for layers in args.layers if (source, codes, layers, way, seed) not in results.rows]
                # Refinement moves all layers at once, so that the first ones are no quantizer of fewer.
                at_once = [[layers] for layers in missing] if way in FAISS and FAISS[way][1] else [missing] if missing else []
                for several in at_once:
                    most = max(several)
                    if way in FAISS:
                        seen = train[: len(train) - round(len(train) * args.holdout)]
                        books, took = by_faiss(FAISS[way], seen, codes, most, seed)
                    else:
                        flags = RULES[way] + (args.flags if way == "rvqscope" else [])
                        books, took = by_program(args, flags, file, codes, most, seed)
                    for layers in several:
                        found = {**figures(books[:layers], train, held), "seconds": took}
                        results.add(source, frames, codes, layers, way, seed, found)
                        print(f"{source} {layers} x {codes} {way} {seed}: {found['held-out']:.3f} dB held out", file=sys.stderr)
    results.table()


if __name__ == "__main__":
    main()
