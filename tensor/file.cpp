#include "tensor/file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <unistd.h>

#include "tensor/error.h"

namespace ito {

std::string read_file(const std::string& path) {
  ITO_CHECK(!std::filesystem::is_directory(path), path, " is a folder, expected a file");
  std::ifstream in(path, std::ios::binary);
  ITO_CHECK(in, "cannot read ", path, ": ", std::strerror(errno));
  std::ostringstream content;
  content << in.rdbuf();
  ITO_CHECK(in.good() || in.eof(), "cannot read ", path, ": ", std::strerror(errno));
  return std::move(content).str();
}

namespace {
// What is written to the stream buffer and closed may still be lost with the power; after fsync it is on the disk.
void flush_to_disk(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY);
  if (file < 0) return;
  ::fsync(file);
  ::close(file);
}
}  // namespace

void write_file(const std::string& path, const std::function<void(std::ostream&)>& write) {
  const std::string unfinished = path + ".unfinished";
  errno = 0;
  std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
  ITO_CHECK(out, "cannot write ", path, ": ", std::strerror(errno), "; choose another folder");
  write(out);
  out.close();
  if (!out) {
    const std::string reason = errno ? std::strerror(errno) : "the disk is full?";
    std::remove(unfinished.c_str());
    fail("cannot write ", path, ": ", reason, "; nothing was changed, make room and try again");
  }
  flush_to_disk(unfinished);
  ITO_CHECK(std::rename(unfinished.c_str(), path.c_str()) == 0, "cannot write ", path, ": ", std::strerror(errno));
}

}  // namespace ito
