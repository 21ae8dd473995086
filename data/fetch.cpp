// Fetching MNIST from its public mirrors, with curl and sha256sum.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "data/mnist.h"

namespace ito {

namespace fs = std::filesystem;

namespace {

struct Published {
  const char *file, *sha256;
};
constexpr std::array<const char*, 2> mirrors{"https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"};
constexpr std::array<Published, 4> files{{{"train-images-idx3-ubyte.gz", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
                                          {"train-labels-idx1-ubyte.gz", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
                                          {"t10k-images-idx3-ubyte.gz", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
                                          {"t10k-labels-idx1-ubyte.gz", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"}}};

// A word of a shell command.
std::string quoted(const std::string& word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string sha256_of(const std::string& path) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(("sha256sum " + quoted(path)).c_str(), "r"), &pclose);
  char digest[65] = {};
  ITO_CHECK(pipe && std::fread(digest, 1, 64, pipe.get()) == 64, "cannot run sha256sum on ", path);
  return digest;
}

// Fetches one file from the first mirror that has it. Returns what was tried when none does.
std::string fetch(const Published& file, const std::string& target) {
  const std::string unfinished = target + ".unfinished";
  std::string tried;
  for (const std::string mirror : mirrors) {
    const std::string url = mirror + file.file;
    tried += " " + url;
    const std::string command = "curl --fail --silent --location --connect-timeout 10 --max-time 600 -o " + quoted(unfinished) + " " + quoted(url);
    if (std::system(command.c_str()) != 0) continue;
    if (sha256_of(unfinished) == file.sha256) {
      fs::rename(unfinished, target);
      return "";
    }
    tried += " (not the published file)";
  }
  std::error_code ignored;
  fs::remove(unfinished, ignored);
  return tried;
}

}  // namespace

void fetch_mnist() {
  const fs::path folder = fs::path(cache_folder()) / "mnist";
  std::error_code error;
  fs::create_directories(folder, error);
  ITO_CHECK(!error, "cannot make the folder ", folder.string(), ": ", error.message(), "; set XDG_CACHE_HOME to one that can be written");
  for (const Published& file : files) {
    const std::string target = (folder / file.file).string();
    if (fs::exists(target) && sha256_of(target) == file.sha256) continue;
    const std::string tried = fetch(file, target);
    ITO_CHECK(tried.empty(), "could not fetch ", file.file, ", tried", tried, "; is there a network? The bundled 10,000 digits work without it");
  }
}

}  // namespace ito
