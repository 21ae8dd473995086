"""What ptxas wrote beside the machine code of each kernel: registers, shared and local memory, the launch bounds. Read from the objects themselves
(ELF within fatbin within ELF, uncompressed: nvcc -no-compress), since cuobjdump is not in every installation."""
import struct
from dataclasses import dataclass

FATBIN_MAGIC = 0xBA55ED50
CUBIN = 2  # the kind of entry that holds machine code; 1 is PTX
MAX_THREADS, FRAME_SIZE, REGISTERS = 0x05, 0x11, 0x2F  # attributes, EIATTR_... in cuobjdump -elf
VALUES_FOLLOW = 4  # the form of an attribute whose third field is the size of what follows it
RESERVED = 1024  # bytes of a block's shared memory that belong to the system; sm_90 and later count them in


@dataclass
class Resources:
    symbol: str
    arch: int  # 80 for sm_80
    registers: int = 0
    shared: int = 0  # bytes of static shared memory, a block
    local: int = 0  # bytes of local memory, a thread: arrays that are not in registers
    max_threads: int = 0  # of __launch_bounds__; 0 without


def sections(elf):
    """(name, header, content) of each section; header.link and .info by their places in the ELF structure."""
    start, = struct.unpack_from("<Q", elf, 40)
    size, count, names_at = struct.unpack_from("<HHH", elf, 58)
    headers = [struct.unpack_from("<IIQQQQIIQQ", elf, start + i * size) for i in range(count)]
    names = headers[names_at][4]
    for h in headers:
        name = elf[names + h[0] : elf.index(b"\0", names + h[0])].decode()
        nobits = h[1] == 8  # has a size, but nothing in the file
        yield name, h, b"" if nobits else elf[h[4] : h[4] + h[5]]


def attributes(content):
    """(attribute, payload) of a .nv.info section."""
    at = 0
    while at + 4 <= len(content):
        form, attribute, value = struct.unpack_from("<BBH", content, at)
        at += 4
        if form == VALUES_FOLLOW:
            yield attribute, content[at : at + value]
            at += value


def symbols(elf):
    found = {name: (h, content) for name, h, content in sections(elf)}
    strings, table = found[".strtab"][1], found[".symtab"][1]
    for at in range(0, len(table), 24):
        name, = struct.unpack_from("<I", table, at)
        yield strings[name : strings.index(b"\0", name)].decode()


def kernels_of_cubin(elf, arch):
    kernels, names = {}, list(symbols(elf))
    parts = list(sections(elf))
    for name, _, content in parts:
        if name.startswith(".nv.info."):
            kernel = kernels.setdefault(name[len(".nv.info.") :], Resources(name[len(".nv.info.") :], arch))
            for attribute, payload in attributes(content):
                if attribute == MAX_THREADS:
                    x, y, z = struct.unpack("<III", payload)
                    kernel.max_threads = x * y * z
    for name, header, content in parts:
        if name.startswith(".nv.shared.") and name[len(".nv.shared.") :] in kernels:
            kernels[name[len(".nv.shared.") :]].shared = header[5] - (RESERVED if arch >= 90 else 0)
        elif name == ".nv.info":
            for attribute, payload in attributes(content):
                if attribute in (REGISTERS, FRAME_SIZE):
                    symbol, value = struct.unpack("<II", payload)
                    if names[symbol] in kernels:
                        setattr(kernels[names[symbol]], "registers" if attribute == REGISTERS else "local", value)
    return list(kernels.values())


def kernels_of_object(path):
    """The kernels of an object file, for each architecture that it was compiled for."""
    with open(path, "rb") as file:
        content = file.read()
    kernels = []
    for name, _, fatbin in sections(content):
        if name != ".nv_fatbin":
            continue
        at = 0
        while at + 16 <= len(fatbin):
            magic, _, header, size = struct.unpack_from("<IHHQ", fatbin, at)
            if magic != FATBIN_MAGIC:
                raise ValueError(f"{path}: no fatbin at byte {at} of .nv_fatbin")
            at += header
            end = at + size
            while at < end:
                kind, _, header = struct.unpack_from("<HHI", fatbin, at)
                size, = struct.unpack_from("<Q", fatbin, at + 8)
                arch, = struct.unpack_from("<I", fatbin, at + 28)
                elf = fatbin[at + header : at + header + size]
                if kind == CUBIN:
                    if elf[:4] != b"\x7fELF":
                        raise ValueError(f"{path}: compressed machine code; compile with nvcc -no-compress")
                    kernels += kernels_of_cubin(elf, arch)
                at += header + size
    return kernels
