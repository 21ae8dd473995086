"""Ito and PyTorch on the same work, one after the other, in turn:
    python3 bench/peers/compare.py [--only TEXT] [--dtype f32,bf16] [--rounds 5] [--threads 2] [--compile]

Needs build/ito_work (`./dev build release ito_work`) and PyTorch. Each program runs every piece of work anew in turn, as often as --rounds says; a figure
is the median over the turns of the medians within each. PyTorch is given the faster of its two memory formats; with --compile, torch.compile stands in
a column of its own. bf16 is autocast in PyTorch, bf16 images in Ito, f32 parameters in both.

The peak that shares are of is the best matmul of 1,024^2 matrices that either program makes on this machine, in f32 and in bf16, the copy the best of
64 MB; flops are those of the definition (forward 1, gradients 2), so that a share of more than all is possible where an algorithm makes do with fewer.
Below each table: where the time of the networks' training steps goes in Ito, op by op.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ITO = HERE.parent.parent / "build" / "ito_work"
NETWORKS = ("unet", "uvit", "vit", "siren")
IMAGES = ("unet", "conv", "group")  # where the memory format matters


class Failed(Exception):
    pass


def output_of(command, threads):
    environment = dict(os.environ, ITO_THREADS=str(threads), OMP_NUM_THREADS=str(threads))
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def run(command, threads):
    return json.loads(output_of(command, threads).splitlines()[-1])


def median_of(runs):
    return statistics.median(statistics.median(r["seconds"]) for r in runs)


def measured(name, dtype, o, compiled_too):
    """Both programs' runs of one piece of work, in turn: Ito's, PyTorch's best way, torch.compile's."""
    inner = str(3 if name.startswith(NETWORKS) else 15)
    ito = [ITO, name, inner, dtype]
    torch = [sys.executable, HERE / "pytorch.py", name, inner, str(o.threads), "--dtype", dtype]
    ways = {"": torch}
    if name.startswith(IMAGES):
        ways["channels last"] = torch + ["--channels-last"]
    ours, theirs = [], {way: [] for way in ways}
    for _ in range(o.rounds):
        ours.append(run(ito, o.threads))
        for way, command in ways.items():
            theirs[way].append(run(command, o.threads))
    best = min(theirs, key=lambda way: median_of(theirs[way]))
    compiled = [run(ways[best] + ["--compile"], o.threads)] if compiled_too else []
    a, b = ours[0], theirs[best][0]
    if a["parameters"] != b["parameters"]:
        raise Failed(f"{name}: {a['parameters']} parameters here, {b['parameters']} in PyTorch")
    return ours, theirs[best], compiled, best


def best_of(name, dtype, o):
    ours, theirs, _, _ = measured(name, dtype, o, False)
    return ours[0]["flops"], min(median_of(ours), median_of(theirs))


def line(name, dtype, peak, o):
    ours, theirs, compiled, best = measured(name, dtype, o, o.compile)
    mine, other = median_of(ours), median_of(theirs)
    memory = [statistics.median(r["peak_mb"] for r in runs) for runs in (ours, theirs)]
    apart = f"{median_of(compiled) * 1e3:9.2f} {median_of(compiled) / mine:6.2f}x" if compiled else ""
    share = f"{ours[0]['flops'] / mine / peak:5.0%}" if ours[0]["flops"] else "     "
    print(f"{name:26} {mine * 1e3:9.2f} {other * 1e3:9.2f} {other / mine:6.2f}x {memory[0]:6.0f} {memory[1]:6.0f} {share}  {apart}  {best}", flush=True)
    return theirs[0]["version"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="work with this in its name")
    parser.add_argument("--dtype", default="f32,bf16")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--compile", action="store_true")
    o = parser.parse_args()
    names = [n for n in subprocess.run([ITO], capture_output=True, text=True).stdout.splitlines() if o.only in n]
    if not names:
        sys.exit(f"compare: no work has '{o.only}' in its name; {ITO} lists all")
    try:
        _, copying = best_of("copy 64 MB forward", "f32", o)
        for dtype in o.dtype.split(","):
            flops, seconds = best_of("matmul 1024 forward", dtype, o)
            peak = flops / seconds
            print(f"\n{dtype}, {o.threads} threads; matmul peak {peak / 1e9:.0f} GFLOP/s, copies {2 * 2**26 / copying / 1e9:.1f} GB/s (read and written)")
            print(f"{'':26} {'Ito ms':>9} {'PyTorch':>9} {'faster':>7} {'MB':>6} {'MB':>6} {'peak':>5}" + ("  torch.compile" if o.compile else ""))
            there = [name for name in names if dtype != "bf16" or "fft" not in name]
            if len(there) < len(names):
                print("fft: skipped, there is none of bf16, here or in PyTorch")
            versions = {line(name, dtype, peak, o) for name in there}
            print("PyTorch", *versions)
            for name in [n for n in there if n.startswith(NETWORKS) and n.endswith("training")]:
                print(f"\nWhere the time of Ito's {name} in {dtype} goes, by op:\n{output_of([ITO, name, '5', dtype, 'breakdown'], o.threads)}", end="")
    except Failed as error:
        sys.exit(f"compare: {error}")


if __name__ == "__main__":
    main()
