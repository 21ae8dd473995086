// Every barrier of the shipped kernels is needed, and its absence is noticed: each is left out in turn (kernels/simt/barriers.h), and a traced run of
// a case that comes to it must report something. ITO_BARRIERS=softmax tries only those of files with that in their path.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "kernels/simt/barriers.h"
#include "kernels/simt/settings.h"
#include "tests/cases/check.h"

using namespace ito;
namespace fs = std::filesystem;

namespace {

// All lines of kernel code that call __syncthreads or __syncwarp.
std::vector<simt::BarrierPlace> barriers_of_sources() {
  const char* only = std::getenv("ITO_BARRIERS");
  std::vector<simt::BarrierPlace> places;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(fs::path(ITO_SOURCE_DIR) / "kernels")) {
    const std::string path = entry.path().string();
    const bool kernel_code = path.ends_with(".cu") || path.ends_with(".h");
    if (!kernel_code || path.find("/simt/") != std::string::npos || path.ends_with("/nvcc.h")) continue;
    if (only && path.find(only) == std::string::npos) continue;
    std::ifstream in(path);
    std::string line;
    for (int n = 1; std::getline(in, line); ++n) {
      const std::string code = line.substr(0, line.find("//"));
      if (code.find("__syncthreads") != std::string::npos || code.find("__syncwarp(") != std::string::npos) places.emplace_back(path, n);
    }
  }
  std::sort(places.begin(), places.end());
  return places;
}

struct Run {
  checks::Case one;
  std::string name, variant;
  DType dtype;
};

constexpr int enough = 60;  // runs of one op's list for one barrier

// Who comes to which barrier, from one plain run of every case, variant and type.
std::map<simt::BarrierPlace, std::vector<Run>> runs_by_barrier() {
  std::map<simt::BarrierPlace, std::vector<Run>> runs;
  simt::watch_barriers(true);
  for (const checks::CaseList& list : checks::case_lists()) {
    std::vector<checks::Case> cases;
    list.fill(cases);
    std::map<simt::BarrierPlace, int> of_list;
    for (size_t i = 0; i < cases.size(); ++i)
      for (const std::string& variant : checks::device_variants(cases[i]))
        for (const DType dtype : {DType::f32, DType::bf16}) {
          simt::take_barriers();
          checks::run_case(cases[i], variant, dtype);
          for (const simt::BarrierPlace& place : simt::take_barriers())
            if (++of_list[place] <= enough) runs[place].push_back({cases[i], text(list.op, " case ", i, " ", variant, " ", dtype), variant, dtype});
        }
  }
  simt::watch_barriers(false);
  return runs;
}

}  // namespace

TEST_SUITE("cuda_barriers") {
  TEST_CASE("no barrier of a shipped kernel can be left out without somebody noticing") {
    const std::vector<simt::BarrierPlace> places = barriers_of_sources();
    const std::map<simt::BarrierPlace, std::vector<Run>> runs = runs_by_barrier();
    const simt::Settings before = simt::settings();
    simt::set_settings({.checked = true});
    for (const simt::BarrierPlace& place : places) {
      const std::string name = text(fs::relative(place.first, ITO_SOURCE_DIR).string(), ":", place.second);
      const auto found = runs.find(place);
      if (found == runs.end()) {
        FAIL_CHECK("no case comes to the barrier of ", name);
        continue;
      }
      bool noticed = false;
      for (const Run& run : found->second) {
        simt::leave_out_barrier(place);
        noticed = !checks::run_case(run.one, run.variant, run.dtype).empty();
        simt::leave_out_barrier({"", 0});
        if (noticed) break;
      }
      CHECK_MESSAGE(noticed, "nobody misses the barrier of ", name, " in ", found->second.size(), " runs such as ", found->second[0].name);
    }
    simt::set_settings(before);
    MESSAGE(places.size(), " barriers");
  }
}
