// One of each process, as the zoo has them.
#pragma once

#include <memory>

#include "diffusion/processes.h"
#include "diffusion/schedule.h"
#include "tests/diffusion/gaussian.h"

namespace ito {

inline std::vector<std::pair<std::string, std::unique_ptr<NoiseProcess>>> all_processes() {
  std::vector<std::pair<std::string, std::unique_ptr<NoiseProcess>>> list;
  list.emplace_back("DDPM", std::make_unique<Ddpm>(beta_schedule("linear", 1000)));
  list.emplace_back("VP", std::make_unique<Vp>());
  list.emplace_back("sub-VP", std::make_unique<SubVp>());
  list.emplace_back("VE", std::make_unique<Ve>());
  list.emplace_back("EDM", std::make_unique<Edm>());
  return list;
}

}  // namespace ito
