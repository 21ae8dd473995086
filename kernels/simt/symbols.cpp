#include "kernels/simt/symbols.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <vector>

#include <cxxabi.h>
#include <elf.h>
#include <link.h>
#include <unistd.h>

#include "tensor/error.h"

namespace ito::simt {

namespace {

struct Image {
  uintptr_t base = 0, begin = 0, end = 0;  // where the program is loaded
  std::map<uintptr_t, std::string> functions;
  std::map<int64_t, SharedArray> thread_locals;
};

std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(name, nullptr, nullptr, &status), std::free);
  return status == 0 ? text.get() : name;
}

// "void ito::kernels::(anonymous namespace)::f<float, 4>(float*)" -> "f<float, 4>"; of a local variable, "f<float>(float*)::tile" -> "tile".
std::string bare(std::string name) {
  int depth = 0;
  size_t start = 0, end = name.size();
  for (size_t i = 0; i < name.size(); ++i) {
    if (name.compare(i, 21, "(anonymous namespace)") == 0) {
      i += 20;
      continue;
    }
    const char c = name[i];
    if (c == '<' || c == '(') {
      if (c == '(' && depth == 0) end = i;
      ++depth;
    } else if (c == '>' || c == ')') {
      --depth;
    } else if (depth == 0 && (c == ' ' || c == ':')) {
      start = i + 1;
      end = name.size();
    }
  }
  return name.substr(start, end - start);
}

void read_symbols(Image& image) {
  std::ifstream in("/proc/self/exe", std::ios::binary);
  const std::vector<char> file{std::istreambuf_iterator<char>(in), {}};
  ElfW(Ehdr) header;
  if (file.size() < sizeof header) return;
  std::memcpy(&header, file.data(), sizeof header);
  std::vector<ElfW(Shdr)> sections(header.e_shnum);
  if (file.size() < header.e_shoff + sections.size() * sizeof(ElfW(Shdr))) return;
  std::memcpy(sections.data(), file.data() + header.e_shoff, sections.size() * sizeof(ElfW(Shdr)));
  for (const auto& section : sections) {
    if (section.sh_type != SHT_SYMTAB || section.sh_link >= sections.size()) continue;
    const char* strings = file.data() + sections[section.sh_link].sh_offset;
    for (size_t at = 0; at + sizeof(ElfW(Sym)) <= section.sh_size; at += sizeof(ElfW(Sym))) {
      ElfW(Sym) symbol;
      std::memcpy(&symbol, file.data() + section.sh_offset + at, sizeof symbol);
      const int type = symbol.st_info & 15;
      if (type == STT_FUNC && symbol.st_value) image.functions.emplace(image.base + symbol.st_value, strings + symbol.st_name);
      if (type == STT_TLS && symbol.st_size)
        image.thread_locals.emplace(int64_t(symbol.st_value),
                                    SharedArray{strings + symbol.st_name, int64_t(symbol.st_value), int64_t(symbol.st_size)});
    }
  }
}

const Image& image() {
  static const Image loaded = [] {
    Image own;
    dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void* out) {
          auto& program = *static_cast<Image*>(out);
          program.base = info->dlpi_addr;
          program.begin = UINTPTR_MAX;
          for (int i = 0; i < info->dlpi_phnum; ++i) {
            const auto& part = info->dlpi_phdr[i];
            if (part.p_type != PT_LOAD) continue;
            program.begin = std::min(program.begin, uintptr_t(info->dlpi_addr + part.p_vaddr));
            program.end = std::max(program.end, uintptr_t(info->dlpi_addr + part.p_vaddr + part.p_memsz));
          }
          return 1;  // the first is the program itself
        },
        &own);
    read_symbols(own);
    return own;
  }();
  return loaded;
}

}  // namespace

std::string function_name(const void* function) {
  const auto& functions = image().functions;
  const auto found = functions.find(reinterpret_cast<uintptr_t>(function));
  return found == functions.end() ? "?" : bare(demangled(found->second.c_str()));
}

ThreadLocals thread_locals() {
  ThreadLocals own;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        for (int i = 0; i < info->dlpi_phnum; ++i)
          if (info->dlpi_phdr[i].p_type == PT_TLS) {
            const auto* begin = static_cast<const std::byte*>(info->dlpi_tls_data);
            *static_cast<ThreadLocals*>(out) = {begin, begin + info->dlpi_phdr[i].p_memsz};
          }
        return 1;
      },
      &own);
  return own;
}

SharedArray shared_array_at(int64_t offset) {
  const auto& all = image().thread_locals;
  auto after = all.upper_bound(offset);
  if (after == all.begin()) return {};
  SharedArray array = std::prev(after)->second;
  if (offset >= array.offset + array.bytes) return {};
  array.name = bare(demangled(array.name.c_str()));
  return array;
}

std::string source_line(const void* instruction) {
  const uintptr_t offset = reinterpret_cast<uintptr_t>(instruction) - image().base;
  const std::string command = "addr2line -i -e /proc/" + std::to_string(getpid()) + "/exe " + [&] {
    char digits[32];
    std::snprintf(digits, sizeof digits, "0x%zx", size_t(offset));
    return std::string(digits);
  }() + " 2>/dev/null";
  std::string line;
  if (FILE* pipe = popen(command.c_str(), "r")) {
    char buffer[1024];
    // The innermost function comes first; what cuda.h or wmma.h do for a kernel is the kernel's own line.
    while ((line.empty() || line.find("kernels/simt/") != std::string::npos) && std::fgets(buffer, sizeof buffer, pipe)) line = buffer;
    pclose(pipe);
  }
  line = line.substr(0, line.find_first_of(" \n"));
  if (line.empty() || line.starts_with("??")) return "unknown line";
  return line.substr(line.rfind('/') + 1);
}

const void* program_start() { return reinterpret_cast<const void*>(image().base); }  // NOLINT(performance-no-int-to-ptr): ELF gives a number

bool in_program_image(const void* address) {
  const auto at = reinterpret_cast<uintptr_t>(address);
  return image().begin <= at && at < image().end;
}

}  // namespace ito::simt
