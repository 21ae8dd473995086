#include "autograd/profile.h"

#include <algorithm>

namespace ito {

namespace {
thread_local Profile* profile = nullptr;
thread_local ProfileRow* running = nullptr;
}  // namespace

Profile::Profile() : before_(profile) { profile = this; }
Profile::~Profile() { profile = before_; }

std::vector<ProfileRow> Profile::rows() const {
  std::vector<ProfileRow> sorted = rows_;
  std::sort(sorted.begin(), sorted.end(), [](const ProfileRow& a, const ProfileRow& b) { return a.seconds > b.seconds; });
  return sorted;
}

ProfiledScope::ProfiledScope(const char* name, bool backward) : counts_(profile && !running) {
  if (!counts_) return;
  auto& rows = profile->rows_;
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const ProfileRow& row) { return row.name == name && row.backward == backward; });
  running = found != rows.end() ? &*found : &rows.emplace_back(ProfileRow{.name = name, .backward = backward});
  ++running->calls;
  start_ = std::chrono::steady_clock::now();
}

ProfiledScope::~ProfiledScope() {
  if (!counts_) return;
  running->seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  running = nullptr;
}

void profile_flops(double flops) {
  if (running) running->flops += flops;
}

}  // namespace ito
