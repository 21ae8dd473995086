// One of each process, as the zoo has them.
#pragma once

#include <memory>

#include "diffusion/processes.h"
#include "diffusion/schedule.h"
#include "tests/diffusion/gaussian.h"

namespace ito {

struct NamedProcess {
  std::string name;
  std::unique_ptr<NoiseProcess> process;
};

inline std::vector<NamedProcess> all_processes() {
  std::vector<NamedProcess> list;
  list.push_back({"DDPM", std::make_unique<Ddpm>(beta_schedule("linear", 1000))});
  list.push_back({"VP", std::make_unique<Vp>()});
  list.push_back({"sub-VP", std::make_unique<SubVp>()});
  list.push_back({"VE", std::make_unique<Ve>()});
  list.push_back({"EDM", std::make_unique<Edm>()});
  return list;
}

}  // namespace ito
