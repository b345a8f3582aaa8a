"""Measures rvqscope beside its peers on one array in one run, and prints the ratios.

    python benches/compare.py FRAMES.npy [--codes 1024] [--layers 8] [--batch 16384] [--threads 2] [--rounds 3]

Needs from PyPI: faiss-cpu, numpy, and for all but the beams and k-means torch, and without their dependencies encodec and
vector-quantize-pytorch (with einops, einx, loguru, torch-einops-utils). Ours is run by cargo, or from --bench, a `speed` bench built before.
Both sides take turns, round by round, so that a machine that slows down slows both; a figure is the median over the
rounds. --kernel "avx2 int16" holds our beams to one kernel; FAISS_OPT_LEVEL=avx2 in the environment does the same for FAISS.
--only leaves out all but the pairs of these kinds (train, encode, beam, assign, kmeans).
"""

import argparse
import functools
import os
import statistics
import subprocess
import sys
import time
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("frames")
    parser.add_argument("--codes", type=int, default=1024)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--batch", type=int, default=16384)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kernel")
    parser.add_argument("--bench")
    parser.add_argument("--only", type=lambda names: names.split(","))
    return parser.parse_args()


def seconds(work, runs=3):
    work()
    took = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return statistics.median(took)


def peers(args):
    """Each peer's name and a function that makes one that gives its vectors a second."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(args.threads)
    import faiss
    import numpy as np

    @functools.cache
    def torch():
        sys.modules.setdefault("torchaudio", types.ModuleType("torchaudio"))
        import torch

        torch.set_num_threads(args.threads)
        torch.set_grad_enabled(False)
        return torch

    faiss.omp_set_num_threads(args.threads)
    frames = np.load(args.frames).astype(np.float32)
    block = np.ascontiguousarray(frames[: args.batch])
    count, dim = block.shape
    rows = np.random.default_rng(1).choice(count, args.codes, replace=count < args.codes)

    def rate(work):
        return lambda: count / seconds(work)

    def core(train):
        torch()
        from encodec.quantization.core_vq import ResidualVectorQuantization

        quantizer = ResidualVectorQuantization(
            num_quantizers=args.layers, dim=dim, codebook_size=args.codes, kmeans_init=True, decay=0.99,
            threshold_ema_dead_code=2,
        ).train(train)
        for layer in quantizer.layers:
            book = layer._codebook
            book.embed.copy_(torch().from_numpy(block[rows]))
            book.embed_avg.copy_(book.embed)
            book.cluster_size.fill_(count / args.codes)
            book.inited.fill_(1)
        channels_first = torch().from_numpy(block).t()[None].contiguous()
        work = quantizer if train else quantizer.encode
        return rate(lambda: work(channels_first))

    def lucid():
        torch()
        from vector_quantize_pytorch import ResidualVQ

        quantizer = ResidualVQ(
            dim=dim, num_quantizers=args.layers, codebook_size=args.codes, decay=0.99, threshold_ema_dead_code=2,
            kmeans_init=False,
        ).train()
        channels_last = torch().from_numpy(block)[None]
        return rate(lambda: quantizer(channels_last))

    def faiss_rq(beam, tables):
        quantizer = faiss.ResidualQuantizer(dim, args.layers, int(np.log2(args.codes)))
        quantizer.max_beam_size = min(beam, 5)
        quantizer.cp.niter = 1
        quantizer.train(frames[:8192])
        quantizer.max_beam_size = beam
        quantizer.use_beam_LUT = tables
        return rate(lambda: quantizer.compute_codes(block))

    def flat():
        index = faiss.IndexFlatL2(dim)
        index.add(block[: args.codes])
        return rate(lambda: index.search(block, 1))

    def sgemm():
        left, right = torch().randn(count, dim), torch().randn(dim, args.codes)
        return rate(lambda: left @ right)

    samples = np.ascontiguousarray(frames[:65536])
    objectives = []

    def kmeans():
        clustering = faiss.Kmeans(
            dim, args.codes, niter=10, seed=1, min_points_per_centroid=1, max_points_per_centroid=10**9)
        start = time.perf_counter()
        clustering.train(samples)
        took = time.perf_counter() - start
        objectives.append(float(clustering.obj[-1]))
        return len(samples) / took

    return {
        "encodec step": lambda: core(True),
        "vector-quantize-pytorch step": lucid,
        "encodec encode": lambda: core(False),
        "FAISS encode, beam 1": lambda: faiss_rq(1, 0),
        "FAISS encode, beam 1, tables": lambda: faiss_rq(1, 1),
        "FAISS encode, beam 5, tables": lambda: faiss_rq(5, 1),
        "FAISS encode, beam 16, tables": lambda: faiss_rq(16, 1),
        "FAISS encode, beam 32, tables": lambda: faiss_rq(32, 1),
        "FAISS flat": flat,
        "sgemm alone": sgemm,
        "FAISS k-means": lambda: kmeans,
        "FAISS k-means objective": lambda: lambda: objectives[-1],
    }


def ours(args, only):
    """Vectors a second of our side, by name."""
    cargo = ["cargo", "bench", "--quiet", "--no-default-features", "--bench", "speed", "--"]
    command = ([args.bench] if args.bench else cargo) + [str(Path(args.frames).resolve())]
    for flag in ("codes", "layers", "batch", "threads"):
        command += [f"--{flag}", str(getattr(args, flag))]
    if args.kernel:
        command += ["--kernel", args.kernel]
    command += ["--only", only]
    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = {}
    for line in output.splitlines():
        name, took, rate = line.split()
        found[name] = float(rate) if float(rate) else float(took)
    return found


# Our figure, the peer's, and what is divided by what.
PAIRS = [
    ("train", "train_step_encodec", "encodec step"),
    ("train", "train_step_rvqscope", "encodec step"),
    ("train", "train_step_rvqscope", "vector-quantize-pytorch step"),
    ("encode", "encode_greedy", "encodec encode"),
    ("encode", "encode_greedy", "FAISS encode, beam 1"),
    ("encode", "encode_greedy", "FAISS encode, beam 1, tables"),
    ("encode", "encode_greedy", "FAISS flat"),
    ("beam", "encode_beam5", "FAISS encode, beam 5, tables"),
    ("beam", "encode_beam16", "FAISS encode, beam 16, tables"),
    ("beam", "encode_beam32", "FAISS encode, beam 32, tables"),
    ("assign", "assign_one_layer", "FAISS flat"),
    ("assign", "assign_one_layer", "sgemm alone"),
    ("kmeans", "kmeans_10_iterations", "FAISS k-means"),
    ("kmeans", "kmeans_objective", "FAISS k-means objective"),
]


def main():
    args = arguments()
    # One layer's encoding is a flat search; several layers' is not.
    pairs = [pair for pair in PAIRS if (pair[0], pair[2]) != ("encode", "FAISS flat") or args.layers == 1]
    pairs = [pair for pair in pairs if not args.only or pair[0] in args.only]
    made, makers = {}, peers(args)
    # Each of ours runs right before the peers that it is held against.
    theirs, mine = {}, {}
    for _ in range(args.rounds):
        for only in dict.fromkeys(pair[0] for pair in pairs):
            for name, rate in ours(args, only).items():
                mine.setdefault(name, []).append(rate)
            for peer in dict.fromkeys(pair[2] for pair in pairs if pair[0] == only):
                if peer not in made:
                    made[peer] = makers[peer]()
                theirs.setdefault((only, peer), []).append(made[peer]())
    print(f"{'ours':22} {'vectors/s':>12}  {'peer':30} {'vectors/s':>12}  ratio (lowest to highest round)")
    for only, name, peer in pairs:
        ratios = sorted(a / b for a, b in zip(mine[name], theirs[only, peer]))
        a, b = statistics.median(mine[name]), statistics.median(theirs[only, peer])
        print(f"{name:22} {a:12.6g}  {peer:30} {b:12.6g}  {statistics.median(ratios):.2f}"
              f" ({ratios[0]:.2f} to {ratios[-1]:.2f})")


if __name__ == "__main__":
    main()
