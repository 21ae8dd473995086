// What the checker found in a launch, as sentences: kernel, line, block, thread, and the name of the memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/simt/notes.h"

namespace ito::simt {

enum class Finding : uint8_t { uninitialised, race };

void begin_findings();
// Whether this is worth a sentence: one for each kind and instruction, twenty in all.
bool is_new_finding(Finding kind, const void* instruction);
void add_finding(const void* instruction, const std::string& message);
void throw_findings();                     // Error with the first, when there are any
std::vector<std::string> take_findings();  // since the launch began

// For messages: "reads"; "`weight`, byte 8 of 256"; "4 bytes past the end of ...".
const char* verb(AccessKind kind);
std::string describe_address(const void* address);

// Ends the running block: its error is the message, with line and thread before it.
[[noreturn]] void stop_at(const void* instruction, const std::string& message);
[[noreturn]] void stop_at(const char* file, int line, const std::string& message);

}  // namespace ito::simt
