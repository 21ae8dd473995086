"""Registers, shared memory, local memory and occupancy of every CUDA kernel, from the objects of a build with ITO_CUDA=ON.

    python3 tests/gpu/resources.py build-cuda                               checks, prints what is wrong
    python3 tests/gpu/resources.py build-cuda --write docs/cuda-resources.md   and writes the table
    python3 tests/gpu/resources.py build-cuda --all                         every instantiation of every kernel

A kernel fails when it has no __launch_bounds__, uses local memory, or has a lower occupancy on one of the architectures than it promises. In the
lines directly above a kernel stand, where they apply:
    // occupancy: >= 50 %
    // occupancy: >= 25 %, 65536 bytes of dynamic shared memory
    // local memory: <= 40 bytes, <the reason>
Spills need no check here: they stop the build (-Xptxas=-warn-spills).
"""
import argparse
import pathlib
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.dont_write_bytecode = True
from cubin import kernels_of_object  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclass
class Limits:
    """Of one multiprocessor: CUDA programming guide, 'Compute Capabilities'."""
    warps: int
    blocks: int
    shared: int
    registers: int = 65536


KIB = 1024
LIMITS = {80: Limits(64, 32, 164 * KIB), 86: Limits(48, 16, 100 * KIB), 87: Limits(48, 16, 164 * KIB), 89: Limits(48, 24, 100 * KIB),
          90: Limits(64, 32, 228 * KIB), 100: Limits(64, 32, 228 * KIB), 120: Limits(48, 24, 100 * KIB)}


def up(n, unit):
    return (n + unit - 1) // unit * unit


def occupancy(arch, threads, registers, shared):
    """Percent of the warps that a multiprocessor can hold; the rules of cuda_occupancy.h for compute capability 8.0 and later."""
    limits = LIMITS[arch]
    warps = up(threads, 32) // 32
    blocks = min(limits.blocks, limits.warps // warps)
    if registers:
        per_quarter = limits.registers // 4 // up(registers * 32, 256)  # warps are spread over four schedulers with registers of their own
        blocks = min(blocks, per_quarter * 4 // warps)
    blocks = min(blocks, limits.shared // up(shared + KIB, 128))  # the system has a KiB of each block
    return 100 * blocks * warps / limits.warps


@dataclass
class Source:
    """A kernel as the sources define it, and what its comments promise."""
    file: str
    line: int
    occupancy: int = 0
    dynamic_shared: int = 0
    local: int = 0
    reason: str = ""
    body: str = ""


def balanced(text, at, brackets="()"):
    """The end of the bracket that opens at text[at]."""
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] == brackets[0]) - (text[i] == brackets[1])
        if depth == 0:
            return i + 1
    return len(text)


def kernels_in_source(path):
    text = path.read_text()
    lines = text.split("\n")
    for found in re.finditer(r"^[^/\n]*__global__", text, re.M):
        at = found.end()
        bounds = re.compile(r"\s*(void|__launch_bounds__)\s*").match(text, at)
        while bounds:
            at = balanced(text, bounds.end()) if bounds[1] != "void" else bounds.end()
            bounds = re.compile(r"\s*(void|__launch_bounds__)\s*").match(text, at)
        name = re.compile(r"\s*(\w+)\s*\(").match(text, at)
        if not name:
            continue
        line = text.count("\n", 0, found.start())
        kernel = Source(str(path.relative_to(ROOT)), line + 1)
        body = text.find("{", balanced(text, name.end() - 1))
        kernel.body = text[body : balanced(text, body, "{}")]
        above = line - 1
        while above >= 0 and re.match(r"\s*(//|template|requires)", lines[above]):
            promise = re.match(r"// occupancy: >= (\d+) %(?:, (\d+) bytes of dynamic shared memory)?$", lines[above])
            if promise:
                kernel.occupancy, kernel.dynamic_shared = int(promise[1]), int(promise[2] or 0)
            elif re.match(r"\s*// occupancy:", lines[above]):
                raise SystemExit(f"{kernel.file}:{above + 1}: not of the form '// occupancy: >= N %[, N bytes of dynamic shared memory]'")
            allowed = re.match(r"// local memory: <= (\d+) bytes, (.+)$", lines[above])
            if allowed:
                kernel.local, kernel.reason = int(allowed[1]), allowed[2]
            above -= 1
        yield name[1], kernel


@dataclass
class Kernel:
    name: str
    source: Source
    instances: list = field(default_factory=list)


def demangled(names):
    out = subprocess.run(["c++filt"], input="\n".join(names), text=True, capture_output=True, check=True).stdout.split("\n")
    return [re.sub(r"\(anonymous namespace\)::|ito::kernels::|ito::|device_set::", "", name).removeprefix("void ") for name in out[: len(names)]]


def collect(build):
    shared_sources, kernels = {}, {}
    for header in sorted(ROOT.glob("kernels/**/*.h")):
        shared_sources.update(kernels_in_source(header))
    objects = sorted(build.glob("CMakeFiles/ito_cuda.dir/**/*.cu.o"))
    if not objects:
        raise SystemExit(f"no objects of CUDA kernels in {build}: build it first, with ITO_CUDA=ON")
    for path in objects:
        source = ROOT / str(path.relative_to(build / "CMakeFiles/ito_cuda.dir"))[:-2]
        own = dict(kernels_in_source(source)) if source.exists() else {}
        found = kernels_of_object(path)
        for resources, full in zip(found, demangled([r.symbol for r in found])):
            name = re.split(r"[<(]", full)[0]
            at = own.get(name) or shared_sources.get(name) or Source(str(source.relative_to(ROOT)), 0)
            kernel = kernels.setdefault((at.file, name), Kernel(name, at))
            kernel.instances.append((full, resources))
    return [kernels[key] for key in sorted(kernels)]


def without_parameters(full):
    """'f<(Kind)3, float>' of 'f<(Kind)3, float>(float*, long)'"""
    depth = 0
    for i in range(len(full) - 1, -1, -1):
        depth += (full[i] == ")") - (full[i] == "(")
        if depth == 0:
            return full[:i]
    return full


def occupancy_of(kernel, resources):
    return occupancy(resources.arch, resources.max_threads or 1024, resources.registers, resources.shared + kernel.source.dynamic_shared)


def problems(kernel):
    """One line for each kind of failure and architecture, with the worst instantiation."""
    worst = {}
    for full, r in kernel.instances:
        share = occupancy_of(kernel, r)
        found = []
        if kernel.source.occupancy and not kernel.source.dynamic_shared and re.search(r"dynamic_shared\b|extern __shared__", kernel.source.body):
            found.append(("its comment does not say how much dynamic shared memory", 0))
        if not r.max_threads:
            found.append(("no __launch_bounds__", 0))
        if r.local > kernel.source.local:
            found.append((f"{r.local} bytes of local memory a thread", r.local))
        if share < kernel.source.occupancy:
            found.append((f"occupancy {share:.0f} %, not {kernel.source.occupancy} %: {r.registers} registers, {r.max_threads} threads, "
                          f"{r.shared + kernel.source.dynamic_shared} bytes of shared memory", 100 - share))
        for what, badness in found:
            key = (what.split(" ")[-1], r.arch)
            if key not in worst or badness > worst[key][0]:
                worst[key] = (badness, f"{kernel.source.file}:{kernel.source.line}: sm_{r.arch}: {without_parameters(full)}: {what}")
    return [text for _, text in sorted(worst.values())]


def span(values):
    low, high = min(values), max(values)
    return f"{low}" if low == high else f"{low}-{high}"


def table(kernels, nvcc):
    lines = ["# Resources of the CUDA kernels", "",
             f"Generated by `./dev cuda` (`python3 tests/gpu/resources.py build-cuda --write docs/cuda-resources.md`) with {nvcc}.", "",
             "A row is a kernel on an architecture, over all its instantiations (types, functions, tile sizes): registers a thread, bytes of static",
             "(and dynamic) shared memory a block, bytes of local memory a thread, threads a block, the lowest occupancy that these allow, and what the",
             "kernel's comment promises. No kernel spills: one that did would stop the build.", "",
             "| kernel | sm | instances | threads | registers | shared memory | local memory | occupancy | promised |",
             "|---|---|---|---|---|---|---|---|---|"]
    notes = []
    file = ""
    for kernel in kernels:
        if kernel.source.file != file:
            file = kernel.source.file
            lines.append(f"| **{file}** | | | | | | | | |")
        by_arch = defaultdict(list)
        for _, resources in kernel.instances:
            by_arch[resources.arch].append(resources)
        for arch, all_of in sorted(by_arch.items()):
            shared = span([r.shared for r in all_of]) + (f" + {kernel.source.dynamic_shared}" if kernel.source.dynamic_shared else "")
            lowest = min(occupancy_of(kernel, r) for r in all_of)
            promised = f"{kernel.source.occupancy} %" if kernel.source.occupancy else ""
            lines.append(f"| `{kernel.name}` | {arch} | {len(all_of)} | {span([r.max_threads for r in all_of])} | {span([r.registers for r in all_of])} | "
                         f"{shared} | {span([r.local for r in all_of])} | {lowest:.0f} % | {promised} |")
        if kernel.source.local:
            notes.append(f"`{kernel.name}` may use {kernel.source.local} bytes of local memory: {kernel.source.reason}.")
    return "\n".join(lines + ([""] + notes if notes else [])) + "\n"


def nvcc_version(build):
    cache = (build / "CMakeCache.txt").read_text()
    nvcc = re.search(r"^CMAKE_CUDA_COMPILER:[A-Z]+=(.+)$", cache, re.M)
    said = subprocess.run([nvcc[1] if nvcc else "nvcc", "--version"], text=True, capture_output=True, check=True).stdout
    return "nvcc " + re.search(r"V([\d.]+)", said)[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--write", type=pathlib.Path, metavar="FILE")
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    kernels = collect(options.build)
    if options.all:
        for kernel in kernels:
            for full, r in kernel.instances:
                print(f"sm_{r.arch} {r.registers:3} registers {r.shared:6} shared {r.local:4} local {r.max_threads:5} threads "
                      f"{occupancy_of(kernel, r):4.0f} %  {without_parameters(full)}")
    if options.write:
        options.write.write_text(table(kernels, nvcc_version(options.build)))
    failures = [line for kernel in kernels for line in problems(kernel)]
    print("\n".join(failures + [f"{len(kernels)} kernels, {sum(len(k.instances) for k in kernels)} instantiations, {len(failures)} failures"]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
