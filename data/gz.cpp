#include "data/gz.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <zlib.h>

#include "data/mnist.h"
#include "tensor/error.h"

namespace ito {

namespace fs = std::filesystem;

GzReader::GzReader(const std::string& path) : path_(path), file_(gzopen(path.c_str(), "rb"), &gzclose) {
  ITO_CHECK(file_, "cannot read ", path, ": ", std::strerror(errno));
}

size_t GzReader::some(void* to, size_t n) {
  size_t done = 0;
  while (done < n) {
    const int got = gzread(file_.get(), static_cast<char*>(to) + done, unsigned(std::min<size_t>(n - done, 1U << 30)));
    if (got <= 0) break;
    done += size_t(got);
  }
  int code = Z_OK;
  const char* reason = gzerror(file_.get(), &code);
  ITO_CHECK(code == Z_OK || code == Z_STREAM_END, path_, ": the gz data is damaged or cut short (", reason, "); fetch the file again");
  return done;
}

void GzReader::all(void* to, size_t n) {
  const size_t got = some(to, n);
  ITO_CHECK(got == n, path_, ": cut short, ", n - got, " bytes are missing; fetch the file again");
}

std::string GzReader::rest() {
  std::string content;
  constexpr size_t part = 1 << 24;
  for (size_t got = part; got == part;) {
    const size_t before = content.size();
    content.resize(before + part);
    got = some(content.data() + before, part);
    content.resize(before + got);
  }
  return content;
}

std::string plain_or_gz(const std::string& file) {
  std::error_code hidden;  // a place that this user may not look into is one without the file
  for (const std::string& path : {file + ".gz", file})
    if (fs::is_regular_file(path, hidden)) return path;
  return "";
}

std::vector<std::string> places_of(const std::string& name, const std::string& path) {
  if (!path.empty()) return {path, (fs::path(path) / name).string()};
  std::vector<std::string> places;
  if (const char* data = std::getenv("ITO_DATA"); data && *data) places.push_back((fs::path(data) / name).string());
  places.push_back((fs::path("/usr/share/datasets") / name).string());
  places.push_back((fs::path(cache_folder()) / name).string());
  return places;
}

}  // namespace ito
