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
bool flush_to_disk(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY);
  if (file < 0) return false;
  const bool done = ::fsync(file) == 0 || errno == EINVAL;  // EINVAL: a file system that knows no such thing
  ::close(file);
  return done;
}
}  // namespace

void write_file(const std::string& path, const std::function<void(std::ostream&)>& write) {
  const auto kind = std::filesystem::status(path).type();
  ITO_CHECK(kind == std::filesystem::file_type::not_found || kind == std::filesystem::file_type::regular, path,
            " is a folder, a device or a pipe; a file is written beside its old self and takes its place");
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
  if (!flush_to_disk(unfinished) || std::rename(unfinished.c_str(), path.c_str()) != 0) {
    const std::string reason = std::strerror(errno);
    std::remove(unfinished.c_str());
    fail("cannot write ", path, ": ", reason, "; nothing was changed");
  }
}

}  // namespace ito
