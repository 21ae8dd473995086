// Bugs that kernels really have, each in the smallest kernel that shows it: early returns before barriers, forgotten barriers, wrong masks, ...
#include "tests/simt/planted.h"

#include "tests/simt/planted_kernels.h"

namespace ito::checks {

namespace {
std::vector<Planted> planted() {
  kernels::PlantedList list;
  kernels::plant_barriers(list);
  kernels::plant_warps(list);
  kernels::plant_races(list);
  kernels::plant_memory(list);
  kernels::plant_launches(list);
  kernels::plant_tensor_cores(list);
  return list.all;
}
}  // namespace

#ifdef ITO_SIMT_CHECKED
std::vector<Planted> planted_checked() { return planted(); }
#else
std::vector<Planted> planted_plain() { return planted(); }
#endif

}  // namespace ito::checks
