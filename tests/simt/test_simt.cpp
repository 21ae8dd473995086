#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <sys/wait.h>
#include <unistd.h>

#include "kernels/parallel.h"
#include "tensor/error.h"
#include "tests/simt/emulated.h"
#include "tests/simt/planted.h"

using namespace ito;
using namespace ito::kernels;
using checks::Array, checks::With, checks::orders;

namespace {

// "planted_races.cu:17" for the line of a planted_*.cu that ends with "// BUG name"; "" when there is none.
std::string marked_line(const std::string& name) {
  for (const auto& file : std::filesystem::directory_iterator(std::string(ITO_SOURCE_DIR) + "/tests/simt")) {
    if (file.path().extension() != ".cu") continue;
    std::ifstream in(file.path());
    std::string line;
    for (int n = 1; std::getline(in, line); ++n)
      if (line.ends_with("// BUG " + name)) return text(file.path().filename().string(), ":", n);
  }
  return "";
}

// Everything the emulator says of a run, "" when nothing.
std::string said_of(const checks::Planted& planted, bool bug) {
  std::string said;
  try {
    planted.run(bug);
  } catch (const Error& e) {
    said = e.what();
  }
  for (const std::string& finding : simt::take_findings()) said += "\n" + finding;
  return said;
}

void check_planted(const std::vector<checks::Planted>& all, bool checked) {
  for (simt::Settings s : orders) {
    s.checked = checked;
    const With settings(s);
    for (const checks::Planted& planted : all) {
      const std::string clean = said_of(planted, false);
      CHECK_MESSAGE(clean.empty(), planted.name, " without its bug: ", clean);
      if (planted.traced && !checked) continue;  // runs into undefined behaviour that only the traces stop
      const std::string said = said_of(planted, true);
      CHECK_MESSAGE(said.find(planted.says) != std::string::npos, planted.name, " says: ", said);
      const std::string line = marked_line(planted.name);
      CHECK_MESSAGE(said.find(line) != std::string::npos, planted.name, ", ", line, ", says: ", said);
    }
  }
}

__global__ void who_am_i(int* out) {
  const int block = int(blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z));
  const int thread = int(threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z));
  out[block * int(blockDim.count()) + thread] = block * 1000 + thread;
}

__global__ void warp_operations(int* out) {  // 12 answers a lane
  const int t = int(threadIdx.x), lane = t % 32;
  int* mine = out + t * 12;
  mine[0] = __shfl_sync(full_warp, lane, 5);
  mine[1] = __shfl_sync(full_warp, lane, 3, 8);
  mine[2] = __shfl_xor_sync(full_warp, lane, 1);
  mine[3] = __shfl_down_sync(full_warp, lane, 4);
  mine[4] = __shfl_up_sync(full_warp, lane, 4, 16);
  mine[5] = int(__ballot_sync(full_warp, lane % 3 == 0));
  mine[6] = __any_sync(full_warp, lane == 31);
  mine[7] = __all_sync(full_warp, lane < 31);
  mine[8] = lane < 8 ? int(__ballot_sync(0xffU, lane % 2)) : -1;
  mine[9] = __syncthreads_count(t % 5 == 0);
  mine[10] = __syncthreads_and(t < 64) * 2 + __syncthreads_or(t == 64);
  mine[11] = int(__shfl_xor_sync(full_warp, double(lane) + 0.5, 31) * 2);
}

__global__ void many_atomics(int* count, int* largest) {
  atomicAdd(count, 1);
  atomicMax(largest, int(blockIdx.x * blockDim.x + threadIdx.x));
}

// What a kernel must not do if its results are to have the same bits in every order.
__global__ void sum_of_floats(float* sum) { atomicAdd(sum, 1.0f / float(1 + threadIdx.x)); }

__global__ void arrival(int* order, int* count) { order[atomicAdd(count, 1)] = int(blockIdx.x * blockDim.x + threadIdx.x); }

__global__ void stuck(float* x) {
  if (threadIdx.x == 0) return;
  __syncthreads();
  x[threadIdx.x] = 0;
}

__global__ void dynamic_reverse(float* x) {
  float* s = dynamic_shared<float>();
  s[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  x[threadIdx.x] = s[blockDim.x - 1 - threadIdx.x];
}

}  // namespace

TEST_SUITE("simt") {
  TEST_CASE("every planted bug is reported, with its line where it has one, and no clean twin, in three orders") {
    CHECK(checks::planted_plain().size() >= 58);
    check_planted(checks::planted_plain(), false);
    check_planted(checks::planted_checked(), true);
  }

  TEST_CASE("built-in variables, grids and blocks of three dimensions, any number of host threads") {
    const int threads = num_threads();
    for (const int host_threads : {1, 3}) {
      set_num_threads(host_threads);
      for (const simt::Settings& s : orders) {
        const With settings(s);
        const Array<int> out(std::vector<int>(2 * 3 * 4 * 5 * 6 * 7, -1));
        launch(who_am_i, {dim3(2, 3, 4), dim3(5, 6, 7)}, out.data);
        const std::vector<int> got = out.values();
        for (int i = 0; i < int(got.size()); ++i) CHECK(got[size_t(i)] == i / 210 * 1000 + i % 210);
      }
    }
    set_num_threads(threads);
  }

  TEST_CASE("warp operations and votes answer as CUDA defines them") {
    for (const simt::Settings& s : orders) {
      const With settings(s);
      const Array<int> out(std::vector<int>(64 * 12, -1));
      launch(warp_operations, {1, 64}, out.data);
      const std::vector<int> got = out.values();
      for (int t = 0; t < 64; ++t) {
        const int lane = t % 32;
        const std::vector<int> own(got.begin() + t * 12, got.begin() + t * 12 + 12);
        const std::vector<int> expected{5,
                                        lane / 8 * 8 + 3,
                                        lane ^ 1,
                                        lane + 4 < 32 ? lane + 4 : lane,
                                        lane % 16 >= 4 ? lane - 4 : lane,
                                        int(0x49249249),
                                        1,
                                        0,
                                        lane < 8 ? 0xaa : -1,
                                        13,
                                        2,
                                        2 * (31 - lane) + 1};
        CHECK(own == expected);
      }
    }
  }

  TEST_CASE("launches wait until something synchronises, and run in their order") {
    const Array<float> x({1, 2, 3, 4});
    const int64_t before = simt::counters().launches;
    launch(dynamic_reverse, {1, 4, 16}, x.data);
    launch(dynamic_reverse, {1, 2, 16}, x.data);
    CHECK(simt::counters().launches == before);
    CHECK(x.values() == std::vector<float>{3, 4, 2, 1});
    CHECK(simt::counters().launches == before + 2);
  }

  TEST_CASE("what goes wrong while memory is released is told to whoever waits next, once") {
    const Array<float> kept({1, 2});
    {
      const Array<float> x({1, 2, 3, 4});
      launch(stuck, {1, 4}, x.data);
    }
    CHECK_THROWS_WITH_AS(kept.values(), doctest::Contains("never reach the barrier"), Error);
    CHECK(kept.values() == std::vector<float>{1, 2});
  }

  TEST_CASE("a launch keeps the arguments that it was given, and copies within the device wait for it") {
    const Array<float> x({1, 2, 3, 4}), y({0, 0, 0, 0});
    float* argument = x.data;
    launch(dynamic_reverse, {1, 4, 16}, argument);
    argument = nullptr;
    cuda::copy(y.data, x.data, 16);
    CHECK(y.values() == std::vector<float>{4, 3, 2, 1});
  }

  TEST_CASE("atomics of blocks that run on several threads of the host lose nothing") {
    const int threads = num_threads();
    set_num_threads(4);
    const Array<int> count({0}), largest({-1});
    launch(many_atomics, {256, 256}, count.data, largest.data);
    CHECK(count.values()[0] == 65536);
    CHECK(largest.values()[0] == 65535);
    set_num_threads(threads);
  }

  TEST_CASE("a sum of floats by atomics has other bits in another order, which is how the harness finds it") {
    std::vector<float> sums;
    for (const simt::Settings& s : orders) {
      const With settings(s);
      const Array<float> sum({0});
      launch(sum_of_floats, {1, 256}, sum.data);
      sums.push_back(sum.values()[0]);
    }
    CHECK(sums[0] != sums[1]);
  }

  TEST_CASE("threads and blocks run in the order that was asked for") {
    const int threads = num_threads();
    set_num_threads(1);
    std::vector<std::vector<int>> got;
    for (const simt::Settings& s : orders) {
      const With settings(s);
      const Array<int> order(std::vector<int>(96, -1)), count({0});
      launch(arrival, {3, 32}, order.data, count.data);
      got.push_back(order.values());
    }
    set_num_threads(threads);
    for (int i = 0; i < 96; ++i) {
      CHECK(got[0][size_t(i)] == i);
      CHECK(got[1][size_t(i)] == 95 - i);
    }
    CHECK(got[2] != got[0]);
    CHECK(got[2] != got[1]);
    std::sort(got[2].begin(), got[2].end());
    CHECK(got[2] == got[0]);
  }

  TEST_CASE("the host that reads device memory is stopped with a message") {
    const Array<float> x({1, 2, 3, 4});
    int pipe_ends[2];
    REQUIRE(pipe(pipe_ends) == 0);
    const pid_t child = fork();
    if (child == 0) {
      dup2(pipe_ends[1], STDERR_FILENO);
      volatile float value = x.data[2];
      (void)value;
      _exit(0);
    }
    close(pipe_ends[1]);
    std::string said(1000, ' ');
    said.resize(size_t(std::max<ssize_t>(0, read(pipe_ends[0], said.data(), said.size()))));
    close(pipe_ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 2);
    CHECK_MESSAGE(said.find("host code touches device memory, byte 8 of allocation") != std::string::npos, said);
  }

  TEST_CASE("memory is reused, and a full device says so with a null") {
    std::byte* a = cuda::allocate(1000);
    cuda::release(a);
    std::byte* b = cuda::allocate(900);
    CHECK(a == b);
    CHECK(reinterpret_cast<uintptr_t>(b) % 256 == 0);
    cuda::release(b);
    CHECK(cuda::allocate(size_t{1} << 40) == nullptr);
    CHECK(cuda::allocate(SIZE_MAX) == nullptr);
  }
}
