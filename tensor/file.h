// Whole files, in and out.
#pragma once

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <string>

namespace ito {

// Throws Error when the file is missing, a folder or unreadable.
std::string read_file(const std::string& path);

// Calls write(stream) on a temporary file beside `path`, flushes it to the disk and renames it: at no time is there half a file at `path`,
// and what was there before stays when anything fails. Throws Error with the system's reason (disk full, no permission).
void write_file(const std::string& path, const std::function<void(std::ostream&)>& write);

}  // namespace ito
