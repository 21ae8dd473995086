#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include <sys/stat.h>

#include "tensor/file.h"
#include "tensor/npy.h"
#include "tensor/safetensors.h"
#include "tests/temporary.h"

using namespace ito;

namespace {
std::string safetensors_bytes(const std::string& header, const std::string& data) {
  const uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}

void put(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

const std::vector<DType> all_types{DType::f32, DType::f64, DType::bf16, DType::i64, DType::i32, DType::u8, DType::boolean};
}  // namespace

TEST_SUITE("tensor") {
  TEST_CASE("safetensors: every type, scalars and empty tensors come back with the same bytes, and metadata too") {
    const TemporaryFolder folder;
    NamedTensors tensors;
    for (const DType dtype : all_types) tensors.emplace_back(text("of ", name_of(dtype)), Tensor::arange(6).view({2, 3}).to(dtype));
    tensors.emplace_back("scalar", Tensor::scalar(2.5));
    tensors.emplace_back("empty", Tensor::zeros({0, 4}));
    save_safetensors(folder / "x.safetensors", tensors, {{"step", "12"}, {"quote", "\"\\"}});
    const TensorFile file = load_safetensors(folder / "x.safetensors");
    CHECK(file.metadata.at("step") == "12");
    CHECK(file.metadata.at("quote") == "\"\\");
    CHECK(file.tensors.size() == tensors.size());
    for (const auto& [name, tensor] : tensors) {
      CHECK(file.tensors.at(name).dtype() == tensor.dtype());
      CHECK(file.tensors.at(name).shape() == tensor.shape());
      CHECK(file.tensors.at(name).to_vector<double>() == tensor.to_vector<double>());
    }
  }

  TEST_CASE("safetensors: a hostile or damaged file is an error that names the tensor") {
    const TemporaryFolder folder;
    const std::string path = folder / "bad.safetensors", good(8, '\0');
    const auto message = [&](const std::string& header, const std::string& data) {
      put(path, safetensors_bytes(header, data));
      return error_of([&] { load_safetensors(path); });
    };
    const std::string a = R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
    CHECK(message("{" + a + "}", good) == "no error");
    struct Bad {
      std::string header, data, part;
    };
    for (const Bad& bad :
         {Bad{"{" + a + "}", "1234", "'a'"}, Bad{"{" + a + "}", good + "x", "after the last"},
          Bad{R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", good, "'a'"},
          Bad{R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", good, "'a'"},
          Bad{R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", good, "'a'"},
          Bad{R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", good, "'a'"},
          Bad{R"({"a":{"dtype":"F32","shape":[4611686018427387904,2],"data_offsets":[0,8]}})", good, "'a'"},
          Bad{R"({"a":{"dtype":"F32","shape":[1e3],"data_offsets":[0,8]}})", good, "'a'"},
          Bad{R"({"a":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}})", good, "'a'"},
          Bad{R"({"a":{"shape":[2],"data_offsets":[0,8]}})", good, "'a'"}, Bad{R"({"a":7})", good, "'a'"},
          Bad{R"({"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}})", "\x02", "'a'"},
          Bad{R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}})", "1234567", "'b'"},
          Bad{R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[3],"data_offsets":[5,8]}})", good, "'b'"},
          Bad{text("{", a, ",", a, "}"), good, "twice"}, Bad{"[1]", good, "object"}, Bad{"{\"a\":", good, "JSON"},
          Bad{R"({"__metadata__":{"k":1}})", "", "'k'"}, Bad{std::string(100000, '['), "", "JSON"}}) {
      const std::string got = message(bad.header, bad.data);
      CHECK_MESSAGE(got.find(bad.part) != std::string::npos, bad.header.substr(0, 90), " -> ", got);
      CHECK(got.find("bad.safetensors") != std::string::npos);
    }
    put(path, "abc");
    CHECK(error_of([&] { load_safetensors(path); }).find("too few") != std::string::npos);
    put(path, std::string(8, '\xff') + "{}");
    CHECK(error_of([&] { load_safetensors(path); }).find("claims") != std::string::npos);
    CHECK(error_of([&] { load_safetensors(folder / "missing"); }).find("cannot read") != std::string::npos);
  }

  TEST_CASE("npy: arrays come back, and damaged files are errors that name the file") {
    const TemporaryFolder folder;
    const std::string path = folder / "x.npy";
    for (const DType dtype : all_types)
      for (const Shape& shape : {Shape{}, Shape{5}, Shape{2, 0, 3}, Shape{2, 3, 4}}) {
        const Tensor x = Tensor::arange(shape.numel()).view(shape).to(dtype);
        save_npy(path, x);
        const Tensor y = load_npy(path);
        CHECK(y.shape() == shape);
        CHECK(y.dtype() == (dtype == DType::bf16 ? DType::f32 : dtype));
        CHECK(y.to_vector<double>() == x.to_vector<double>());
      }
    save_npy(path, Tensor::arange(100, DType::f32));
    const std::string good = read_file(path);
    CHECK(good.find("(100,)") != std::string::npos);
    for (const std::string& bad : {good.substr(0, 3), good.substr(0, 40), good.substr(0, good.size() - 1), good + "x", "x" + good.substr(1)}) {
      put(path, bad);
      CHECK(error_of([&] { load_npy(path); }).find("x.npy") != std::string::npos);
    }
    std::string fortran = good;
    fortran.replace(fortran.find("False"), 5, "True ");
    put(path, fortran);
    CHECK(error_of([&] { load_npy(path); }).find("Fortran") != std::string::npos);
  }

  TEST_CASE("a pipe or a device is not replaced by a file") {
    const TemporaryFolder folder;
    const std::string pipe = folder / "pipe";
    REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
    CHECK_THROWS_WITH(write_file(pipe, [](std::ostream& out) { out << "x"; }), doctest::Contains("pipe"));
    CHECK(std::filesystem::is_fifo(pipe));
    CHECK_THROWS_WITH(write_file("/dev/null", [](std::ostream& out) { out << "x"; }), doctest::Contains("device"));
  }

  TEST_CASE("a shape whose elements cannot be counted is an error") {
    CHECK_THROWS_WITH(Tensor::empty({int64_t{1} << 40, int64_t{1} << 40}), doctest::Contains("more elements than can be counted"));
    CHECK_THROWS_WITH(Tensor::empty({int64_t{1} << 62}), doctest::Contains("larger than any memory"));
  }

  TEST_CASE("a write that fails leaves the old file as it was, and says why") {
    const TemporaryFolder folder;
    const std::string path = folder / "x.npy";
    save_npy(path, Tensor::ones({3}));
    CHECK(error_of([&] { write_file(path, [](std::ostream& out) { out.setstate(std::ios::badbit); }); }).find("cannot write") != std::string::npos);
    CHECK(load_npy(path).to_vector<float>() == std::vector<float>{1, 1, 1});
    CHECK(!std::filesystem::exists(path + ".unfinished"));
    CHECK(error_of([&] { save_npy(folder / "no/such/folder.npy", Tensor::ones({1})); }).find("No such file") != std::string::npos);
    if (std::filesystem::exists("/dev/full")) {  // the disk that is always full
      std::filesystem::create_symlink("/dev/full", folder / "full.npy.unfinished");
      CHECK(error_of([&] { save_npy(folder / "full.npy", Tensor::ones({100000})); }).find("No space left") != std::string::npos);
    }
  }
}
