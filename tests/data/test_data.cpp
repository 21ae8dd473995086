#include <doctest/doctest.h>

#include <zlib.h>

#include <cmath>
#include <fstream>
#include <map>

#include "data/idx.h"
#include "data/loader.h"
#include "data/mnist.h"
#include "data/plot.h"
#include "data/png.h"
#include "data/triangles.h"
#include "tensor/file.h"
#include "tensor/npy.h"
#include "tests/temporary.h"

using namespace ito;

namespace {
void put(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

std::string gz(const std::string& bytes) {
  const TemporaryFolder folder;
  const gzFile file = gzopen((folder / "x").c_str(), "wb");
  gzwrite(file, bytes.data(), unsigned(bytes.size()));
  gzclose(file);
  return read_file(folder / "x");
}

std::string idx(const std::vector<int>& extents, const std::string& data) {
  std::string out{'\0', '\0', '\x08', char(extents.size())};
  for (const int e : extents) out += {char(e >> 24), char(e >> 16), char(e >> 8), char(e)};
  return out + data;
}

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}
}  // namespace

TEST_SUITE("data") {
  TEST_CASE("IDX: plain and gz files are read; damaged ones are errors that say what is wrong") {
    const TemporaryFolder folder;
    const std::string path = folder / "x", good = idx({2, 3}, "abcdef");
    const auto message = [&](const std::string& bytes) {
      put(path, bytes);
      return error_of([&] { load_idx(path); });
    };
    for (const std::string& bytes : {good, gz(good)}) {
      put(path, bytes);
      const Tensor x = load_idx(path);
      CHECK(x.shape() == Shape{2, 3});
      CHECK(x.to_vector<int32_t>() == std::vector<int32_t>{97, 98, 99, 100, 101, 102});
    }
    const std::string packed = gz(idx({100, 100}, std::string(10000, 'x')));
    CHECK(message(packed.substr(0, packed.size() / 2)).find("cut short") != std::string::npos);
    CHECK(message(packed.substr(0, packed.size() - 4)).find("cut short") != std::string::npos);
    CHECK(message("PNG" + good).find("magic number") != std::string::npos);
    CHECK(message(idx({2, 3}, "abcde")).find("1 bytes are missing") != std::string::npos);
    CHECK(message(idx({2, 3}, "abcdefg")).find("more data") != std::string::npos);
    CHECK(message(idx({1 << 30, 1 << 30}, "a")).find("impossible extents") != std::string::npos);
    CHECK(message("").find("missing") != std::string::npos);
    CHECK(error_of([&] { load_idx(folder / "nothing"); }).find("No such file") != std::string::npos);
  }

  TEST_CASE("MNIST: the given folder comes first; images and labels that disagree are errors; the bundle keeps a tenth apart") {
    const TemporaryFolder folder;
    const auto write = [&](int images, int labels, char label) {
      put(folder / "train-images-idx3-ubyte", idx({images, 28, 28}, std::string(size_t(images) * 784, 'x')));
      put(folder / "train-labels-idx1-ubyte.gz", gz(idx({labels}, std::string(size_t(labels), label))));
    };
    write(3, 3, 7);
    const Dataset set = load_mnist("mnist", folder.path, Split::train);
    CHECK(set.size() == 3);
    CHECK(set.images.shape() == Shape{3, 28, 28, 1});
    CHECK(set.labels.to_vector<int64_t>() == std::vector<int64_t>{7, 7, 7});
    write(3, 2, 7);
    CHECK(error_of([&] { load_mnist("mnist", folder.path, Split::train); }).find("2 labels for 3 images") != std::string::npos);
    write(3, 3, 12);
    CHECK(error_of([&] { load_mnist("mnist", folder.path, Split::train); }).find("label 12") != std::string::npos);
    put(folder / "train-images-idx3-ubyte", idx({3, 32, 32}, std::string(size_t(3) * 1024, 'x')));
    CHECK(error_of([&] { load_mnist("mnist", folder.path, Split::train); }).find("expected images (N, 28, 28)") != std::string::npos);
    CHECK(error_of([&] { load_mnist("mnist", folder / "nothing", Split::train); }).find("is not here") != std::string::npos);

    const std::string bundle = std::string(ITO_SOURCE_DIR) + "/data/mnist-10k/";
    const Tensor images = load_idx(bundle + "images-idx3-ubyte.gz"), labels = load_idx(bundle + "labels-idx1-ubyte.gz");
    CHECK(images.shape() == Shape{10000, 28, 28});
    CHECK(labels.shape() == Shape{10000});
  }

  TEST_CASE("PNG: grey and coloured images come back, and what is no PNG is an error") {
    const TemporaryFolder folder;
    for (const int64_t channels : {1, 3}) {
      const Tensor x = Tensor::arange(4 * 5 * channels, DType::u8).view({4, 5, channels});
      write_png(folder / "x.png", x);
      CHECK(read_png(folder / "x.png").to_vector<int32_t>() == x.to_vector<int32_t>());
    }
    put(folder / "bad.png", "not a png");
    CHECK(error_of([&] { read_png(folder / "bad.png"); }).find("bad.png") != std::string::npos);
    const Tensor grid = image_grid(Tensor::zeros({3, 2, 2, 1}, DType::u8), {.columns = 2, .gap = 1, .zoom = 3, .background = 9});
    CHECK(grid.shape() == Shape{15, 15, 1});
    CHECK(grid.to_vector<int32_t>()[0] == 9);
    CHECK(grid.to_vector<int32_t>()[16] == 0);
  }

  TEST_CASE("folders of PNGs: sizes must agree; a tenth is kept apart") {
    const TemporaryFolder folder;
    for (int i = 0; i < 20; ++i) write_png(folder / text("image", 10 + i, ".png"), Tensor::full({3, 4, 1}, i, DType::u8));
    const auto load = [&](Split split) { return load_dataset({.name = "folder", .path = folder.path, .split = split}); };
    CHECK(load(Split::train).size() == 18);
    CHECK(load(Split::test).images.to_vector<int32_t>()[0] == 9);
    write_png(folder / "image40.png", Tensor::full({3, 5, 1}, 0, DType::u8));
    CHECK(error_of([&] { load(Split::train); }).find("image40.png is [3, 5, 1]") != std::string::npos);
  }

  TEST_CASE("npy images: bytes, and floats in [-1, 1]") {
    const TemporaryFolder folder;
    save_npy(folder / "x.npy", Tensor::full({10, 2, 2}, 1.0));
    const Dataset set = load_dataset({.name = "npy", .path = folder / "x.npy"});
    CHECK(set.images.shape() == Shape{9, 2, 2, 1});
    CHECK(set.images.to_vector<int32_t>()[0] == 255);
    for (const double bad : {255.0, -1.1, double(NAN)}) {
      save_npy(folder / "x.npy", Tensor::full({10, 2, 2}, bad));
      CHECK(error_of([&] { load_dataset({.name = "npy", .path = folder / "x.npy"}); }).find("must lie in [-1, 1]") != std::string::npos);
    }
    CHECK_THROWS_WITH_AS(load_dataset({.name = "minst"}), doctest::Contains("there are: mnist"), Error);
  }

  TEST_CASE("bytes to [-1, 1] and back are the identity") {
    const Tensor bytes = Tensor::arange(256, DType::u8);
    CHECK(to_bytes(unit_range(bytes)).to_vector<int32_t>() == bytes.to_vector<int32_t>());
    CHECK(to_bytes(Tensor::from<float>({-5, 5, 0})).to_vector<int32_t>() == std::vector<int32_t>{0, 255, 128});
  }

  TEST_CASE("triangles: exact coverage adds up to the area, and the three drawings agree up to their resolution") {
    const Generator key{.seed = 4};
    for (int64_t i = 0; i < 20; ++i) {
      const Triangle t = random_triangle(key, i);
      const double area = std::abs((t[1].x - t[0].x) * (t[2].y - t[0].y) - (t[1].y - t[0].y) * (t[2].x - t[0].x)) / 2;
      const auto covered = [&](Drawing drawing) {
        double sum = 0;
        for (const double v : draw_triangle(t, 32, drawing).to_vector<double>()) sum += v / 255 / 1024;
        return sum;
      };
      CHECK(std::abs(covered(Drawing::exact) - area) < 1e-3);    // rounding to bytes
      CHECK(std::abs(covered(Drawing::reduced) - area) < 2e-3);  // 720 x 720 centres
      CHECK(std::abs(covered(Drawing::aliased) - area) < 0.03);  // 32 x 32 centres
    }
    const Tensor whole = draw_triangle({{{-3, -3}, {5, -3}, {-3, 5}}}, 4, Drawing::exact);  // covers the canvas
    CHECK(whole.to_vector<int32_t>() == std::vector<int32_t>(16, 255));
    CHECK(draw_triangles(3, 16, Drawing::exact, key).rows(2, 3).to_vector<int32_t>() ==
          draw_triangle(random_triangle(key, 2), 16, Drawing::exact).to_vector<int32_t>());
    CHECK_THROWS_AS(drawing_named("smooth"), Error);
  }

  TEST_CASE("the loader's batches depend on seed and step only, and an epoch shows every image once") {
    Dataset set;
    set.images = Tensor::arange(10, DType::u8).view({10, 1, 1, 1});
    set.labels = Tensor::arange(10);
    Loader a(set, {.batch = 4, .seed = 1}), b(set, {.batch = 4, .seed = 1}), other(set, {.batch = 4, .seed = 2});
    std::vector<int64_t> seen, differently;
    for (int64_t step = 0; step < 5; ++step) {
      const Batch batch = a.at(step);
      for (const int64_t label : batch.labels.to_vector<int64_t>()) seen.push_back(label);
      for (const int64_t label : other.at(step).labels.to_vector<int64_t>()) differently.push_back(label);
      CHECK(to_bytes(batch.images).to_vector<int64_t>() == batch.labels.to_vector<int64_t>());
    }
    CHECK(seen != differently);
    for (const int64_t epoch : {0, 1}) {
      std::vector<int64_t> sorted(seen.begin() + epoch * 10, seen.begin() + (epoch + 1) * 10);
      std::sort(sorted.begin(), sorted.end());
      CHECK(sorted == set.labels.to_vector<int64_t>());
    }
    CHECK(b.at(3).labels.to_vector<int64_t>() == std::vector<int64_t>(seen.begin() + 12, seen.begin() + 16));  // straight to step 3
  }

  TEST_CASE("flips and rotations give the eight symmetries of the square and no other image") {
    Dataset set;
    set.images = Tensor::from<uint8_t>({1, 2, 3, 4}, {1, 2, 2, 1});
    Loader loader(set, {.batch = 400, .flip = true, .rotate = true});
    std::map<std::vector<int32_t>, int> counts;
    const Tensor images = to_bytes(loader.at(0).images);
    for (int64_t i = 0; i < 400; ++i) ++counts[images.rows(i, i + 1).to_vector<int32_t>()];
    CHECK(counts.size() == 8);
    CHECK(counts.count({1, 3, 2, 4}) == 1);  // the transpose
    for (const auto& [image, count] : counts) CHECK(count > 20);
  }

  TEST_CASE("a plot shows its curve and leaves out what is not finite") {
    const Curve line{.x = {0, 1, 2, 3}, .y = {1, NAN, 10, 100}, .colour = {255, 0, 0}};
    const Tensor image = plot({line}, {.title = "loss", .log_y = true});
    CHECK(image.shape() == Shape{360, 640, 3});
    int red = 0;
    const std::vector<int32_t> v = image.to_vector<int32_t>();
    for (size_t i = 0; i < v.size(); i += 3) red += v[i] == 255 && v[i + 1] == 0;
    CHECK(red > 100);
    CHECK_THROWS_AS(plot({Curve{.x = {1}, .y = {NAN}}}, {}), Error);
  }
}
