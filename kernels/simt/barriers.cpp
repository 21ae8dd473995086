#include "kernels/simt/barriers.h"

#include <mutex>

#include "kernels/simt/launch.h"

namespace ito::simt {

bool barriers_watched = false;

namespace {
std::mutex mutex;
std::set<BarrierPlace> seen;
BarrierPlace left_out;
}  // namespace

void watch_barriers(bool on) {
  synchronize();
  barriers_watched = on || left_out.second != 0;
}

std::set<BarrierPlace> take_barriers() {
  synchronize();
  return std::exchange(seen, {});
}

void leave_out_barrier(const BarrierPlace& place) {
  synchronize();
  left_out = place;
  barriers_watched = place.second != 0;
}

bool barrier_left_out_slowly(const char* file, int line) {
  const std::lock_guard lock(mutex);
  if (left_out.second == 0) seen.emplace(file, line);
  return left_out.second == line && left_out.first == file;
}

}  // namespace ito::simt
