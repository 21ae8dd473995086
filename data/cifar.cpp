#include "data/cifar.h"

#include <filesystem>

#include "data/gz.h"

namespace ito {

namespace {

constexpr int64_t side = 32, plane = side * side, record = 1 + 3 * plane, classes = 10;

std::vector<std::string> file_names(Split split) {
  if (split == Split::test) return {"test_batch.bin"};
  std::vector<std::string> names;
  for (int i = 1; i <= 5; ++i) names.push_back(text("data_batch_", i, ".bin"));
  return names;
}

// Their paths in the folder; empty unless all are there.
std::vector<std::string> files_in(const std::filesystem::path& folder, const std::vector<std::string>& names) {
  std::vector<std::string> files;
  for (const std::string& name : names) {
    files.push_back(plain_or_gz((folder / name).string()));
    if (files.back().empty()) return {};
  }
  return files;
}

Dataset joined(const std::vector<std::string>& files, const std::string& origin) {
  std::vector<Dataset> parts;
  int64_t count = 0;
  for (const std::string& file : files) {
    parts.push_back(load_cifar_file(file));
    count += parts.back().size();
  }
  Dataset all{"cifar10", origin, Tensor::empty({count, side, side, 3}, DType::u8), Tensor::empty({count}, DType::i64), classes};
  int64_t first = 0;
  for (const Dataset& part : parts) {
    all.images.rows(first, first + part.size()).copy_from(part.images);
    all.labels.rows(first, first + part.size()).copy_from(part.labels);
    first += part.size();
  }
  return all;
}

}  // namespace

Dataset load_cifar_file(const std::string& path) {
  const std::string content = GzReader(path).rest();
  const auto bytes = int64_t(content.size());
  ITO_CHECK(bytes > 0, path, " is empty");
  ITO_CHECK(bytes % record == 0, path, ": ", bytes, " bytes are no whole number of ", record,
            "-byte records (label, then 32x32 of red, green, blue), ", bytes % record, " are left over; cut short, or not in CIFAR-10's binary form");
  const int64_t count = bytes / record;
  Dataset set{"cifar10", path, Tensor::empty({count, side, side, 3}, DType::u8), Tensor::empty({count}, DType::i64), classes};
  for (int64_t n = 0; n < count; ++n) {
    const auto* from = reinterpret_cast<const uint8_t*>(content.data()) + n * record;
    ITO_CHECK(from[0] < classes, path, ": label ", int(from[0]), " of image ", n, " is not one of ten classes");
    set.labels.data<int64_t>()[n] = from[0];
    uint8_t* to = set.images.data<uint8_t>() + n * 3 * plane;
    for (int64_t i = 0; i < plane; ++i)
      for (int64_t c = 0; c < 3; ++c) to[3 * i + c] = from[1 + c * plane + i];
  }
  return set;
}

Dataset load_cifar10(const std::string& path, Split split) {
  const std::vector<std::string> names = file_names(split);
  std::string searched;
  for (const std::string& place : places_of("cifar10", path)) {
    for (const std::filesystem::path& folder : {std::filesystem::path(place), std::filesystem::path(place) / "cifar-10-batches-bin"})
      if (const std::vector<std::string> files = files_in(folder, names); !files.empty()) return joined(files, folder.string());
    searched += " " + place;
  }
  fail("cifar10 is not here: no ", names.front(), names.size() > 1 ? " to " + names.back() : "", " [.gz] in", searched,
       "; unpack cifar-10-binary.tar.gz (cs.toronto.edu/~kriz/cifar.html) there, or give the folder, or one such file, with --data");
}

}  // namespace ito
