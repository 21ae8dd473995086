// A folder of its own for a test, gone afterwards.
#pragma once

#include <filesystem>
#include <string>

#include <stdlib.h>

struct TemporaryFolder {
  std::string path = (std::filesystem::temp_directory_path() / "ito-test-XXXXXX").string();

  TemporaryFolder() {
    if (!mkdtemp(path.data())) std::abort();
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string operator/(const std::string& name) const { return path + "/" + name; }
};
