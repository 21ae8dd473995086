// Files of bytes, plain or gz, and where those of a data set are looked for.
#pragma once

#include <memory>
#include <string>
#include <vector>

struct gzFile_s;  // zlib's

namespace ito {

// Reads plain files as well as gz. Every error names the file: missing, damaged, cut short.
class GzReader {
 public:
  explicit GzReader(const std::string& path);
  // How many of n bytes there were.
  size_t some(void* to, size_t n);
  void all(void* to, size_t n);
  std::string rest();

 private:
  std::string path_;
  std::unique_ptr<gzFile_s, int (*)(gzFile_s*)> file_;
};

// The file itself or with .gz, whichever there is; empty when there is neither.
std::string plain_or_gz(const std::string& file);

// Folders that may hold the data set `name`: path, path/name; without a path $ITO_DATA/name, /usr/share/datasets/name, cache_folder()/name.
std::vector<std::string> places_of(const std::string& name, const std::string& path);

}  // namespace ito
