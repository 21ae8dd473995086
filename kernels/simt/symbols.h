// What the program's own file (ELF, DWARF) says of its addresses: names of kernels and of shared arrays, source lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace ito::simt {

// Without namespaces and parameters: "softmax_online<float>"; "?" when the program is stripped.
std::string function_name(const void* function);

// The thread-local variables of the program, as the calling thread sees them; shared arrays are among them.
struct ThreadLocals {
  const std::byte* begin = nullptr;
  const std::byte* end = nullptr;
};
ThreadLocals thread_locals();

// The thread-local variable at an offset from thread_locals().begin; no name when there is none.
struct SharedArray {
  std::string name;
  int64_t offset = 0, bytes = 0;
};
SharedArray shared_array_at(int64_t offset);

// "softmax_cuda.cu:42" for an instruction of a file compiled with -g1, by way of addr2line; "unknown line" without it.
std::string source_line(const void* instruction);

// Where the program is loaded.
const void* program_start();

// The function's address belongs to the program's constants or code, which kernels may read.
bool in_program_image(const void* address);

}  // namespace ito::simt
