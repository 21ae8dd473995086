// CIFAR-10's binary files, written by the test itself.
#include <doctest/doctest.h>

#include <zlib.h>

#include <fstream>

#include "data/cifar.h"
#include "tests/temporary.h"

using namespace ito;

namespace {

// Record n: label n mod 10, red = n, green = the row, blue = the column.
std::string records(int first, int count) {
  std::string out;
  for (int n = first; n < first + count; ++n) {
    out += char(n % 10);
    out += std::string(1024, char(n));
    for (int y = 0; y < 32; ++y) out += std::string(32, char(y));
    for (int y = 0; y < 32; ++y)
      for (int x = 0; x < 32; ++x) out += char(x);
  }
  return out;
}

void put(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

void put_gz(const std::string& path, const std::string& bytes) {
  const gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), unsigned(bytes.size()));
  gzclose(file);
}

}  // namespace

TEST_SUITE("data") {
  TEST_CASE("CIFAR-10: planes become channels, batches are joined in their order, and the test set is its own file (A-196)") {
    const TemporaryFolder folder;
    std::filesystem::create_directory(folder / "cifar-10-batches-bin");
    for (int i = 1; i <= 5; ++i) put(folder / text("cifar-10-batches-bin/data_batch_", i, ".bin"), records(4 * i, 4));
    put_gz(folder / "cifar-10-batches-bin/test_batch.bin.gz", records(90, 3));
    const auto load = [&](Split split) { return load_dataset({.name = "cifar10", .path = folder.path, .split = split}); };
    const Dataset train = load(Split::train), test = load(Split::test);
    REQUIRE(train.images.shape() == Shape{20, 32, 32, 3});
    CHECK(test.images.shape() == Shape{3, 32, 32, 3});
    CHECK(train.classes == 10);
    for (int64_t n = 0; n < 20; ++n) {
      CHECK(train.labels.data<int64_t>()[n] == (4 + n) % 10);
      const uint8_t* pixel = train.images.data<uint8_t>() + ((n * 32 + 7) * 32 + 21) * 3;  // row 7, column 21
      CHECK(std::vector<int>(pixel, pixel + 3) == std::vector<int>{int(4 + n), 7, 21});
    }
    CHECK(test.labels.to_vector<int64_t>() == std::vector<int64_t>{0, 1, 2});
  }

  TEST_CASE("CIFAR-10: one file of records, plain or gz, of which a tenth is kept apart with its labels (A-196)") {
    const TemporaryFolder folder;
    put(folder / "x.bin", records(0, 20));
    put_gz(folder / "x.bin.gz", records(0, 20));
    for (const std::string name : {"x.bin", "x.bin.gz"}) {
      const auto load = [&](Split split) { return load_dataset({.name = "cifar10", .path = folder / name, .split = split}); };
      CHECK(load(Split::train).size() == 18);
      const Dataset test = load(Split::test);
      CHECK(test.labels.to_vector<int64_t>() == std::vector<int64_t>{9, 9});
      CHECK(test.images.to_vector<int32_t>()[0] == 9);
      CHECK(test.images.rows(1, 2).to_vector<int32_t>()[0] == 19);
    }
  }

  TEST_CASE("CIFAR-10: files that are cut short, of another size or kind, or missing are errors that say so") {
    const TemporaryFolder folder;
    const std::string good = records(0, 3), path = folder / "x.bin";
    const auto refuses = [&](const std::string& bytes, const char* why) {
      put(path, bytes);
      CHECK_THROWS_WITH_AS(load_cifar_file(path), doctest::Contains(why), Error);
      CHECK_THROWS_WITH_AS(load_cifar_file(path), doctest::Contains("x.bin"), Error);
    };
    refuses(good.substr(0, good.size() - 1), "3072 are left over; cut short");
    refuses(good + "x", "9220 bytes are no whole number of 3073-byte records");
    refuses("", "is empty");
    refuses(char(10) + good.substr(1), "label 10 of image 0 is not one of ten classes");
    put_gz(folder / "x.bin.gz", good);
    std::string packed;
    {
      std::ifstream in(folder / "x.bin.gz", std::ios::binary);
      packed.assign(std::istreambuf_iterator<char>(in), {});
    }
    refuses(packed.substr(0, packed.size() / 2), "damaged or cut short");
    CHECK_THROWS_WITH_AS(load_cifar_file(folder / "none.bin"), doctest::Contains("none.bin: No such file"), Error);
    put(folder / "data_batch_1.bin", good);  // one of five
    const std::string searched = "no data_batch_1.bin to data_batch_5.bin [.gz] in " + folder.path + " " + (folder / "cifar10");
    CHECK_THROWS_WITH_AS(load_cifar10(folder.path, Split::train), doctest::Contains(searched.c_str()), Error);
  }
}
