"""Ito and PyTorch on the same work, one after the other, in turn:  python3 bench/peers/compare.py [--only TEXT] [--rounds 5] [--threads 2]

Needs build/ito_work (`./dev build release ito_work`) and PyTorch. Each program runs every piece of work anew in turn, as often as
--rounds says; a figure is the median over the turns of the medians within each. PyTorch is given the faster of its two memory formats.
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


def run(command, threads):
    environment = dict(os.environ, ITO_THREADS=str(threads), OMP_NUM_THREADS=str(threads))
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        sys.exit(f"compare: {' '.join(map(str, command))} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def median_of(runs):
    return statistics.median(statistics.median(r["seconds"]) for r in runs)


def compare(name, o):
    inner = 3 if name.startswith(("unet", "uvit", "vit", "siren")) else 15
    torch = [sys.executable, HERE / "pytorch.py", name, str(inner), str(o.threads)]
    ways = {"": torch}
    if name.startswith(("unet", "conv", "group")):
        ways["channels last"] = torch + ["--channels-last"]
    ours, theirs = [], {way: [] for way in ways}
    for _ in range(o.rounds):
        ours.append(run([ITO, name, str(inner)], o.threads))
        for way, command in ways.items():
            theirs[way].append(run(command, o.threads))
    best = min(theirs, key=lambda way: median_of(theirs[way]))
    a, b = ours[0], theirs[best][0]
    if a["parameters"] != b["parameters"]:
        sys.exit(f"compare: {name}: {a['parameters']} parameters here, {b['parameters']} in PyTorch")
    mine, other = median_of(ours), median_of(theirs[best])
    memory = statistics.median(r["peak_mb"] for r in ours), statistics.median(r["peak_mb"] for r in theirs[best])
    print(f"{name:28} {mine * 1e3:10.2f} ms {other * 1e3:10.2f} ms  {other / mine:5.2f} x  {memory[0]:6.0f} MB {memory[1]:6.0f} MB  {best}", flush=True)
    return b["version"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="work with this in its name")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    o = parser.parse_args()
    names = [n for n in subprocess.run([ITO], capture_output=True, text=True).stdout.splitlines() if o.only in n]
    if not names:
        sys.exit(f"compare: no work has '{o.only}' in its name; {ITO} lists all")
    print(f"f32, {o.threads} threads: Ito, PyTorch eager, how many times faster Ito is, peak memory")
    versions = {compare(name, o) for name in names}
    print("PyTorch", *versions)


if __name__ == "__main__":
    main()
