// Where the time goes: while a Profile lives on a thread, the seconds, calls and floating-point operations of every op are added up, forward and
// backward apart. What an op runs inside (a rule made of other ops) counts as its own.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace ito {

struct ProfileRow {
  std::string name;
  bool backward = false;
  int64_t calls = 0;
  double seconds = 0;
  double flops = 0;  // multiplications and additions of the definition, of matmuls, convolutions and attention; a fast algorithm makes do with fewer
};

class Profile {
 public:
  Profile();
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;
  std::vector<ProfileRow> rows() const;  // the longest first

 private:
  friend class ProfiledScope;
  std::vector<ProfileRow> rows_;
  Profile* before_;
};

// One call, from here to the end of the block.
class ProfiledScope {
 public:
  ProfiledScope(const char* name, bool backward);
  ~ProfiledScope();
  ProfiledScope(const ProfiledScope&) = delete;
  ProfiledScope& operator=(const ProfiledScope&) = delete;

 private:
  bool counts_;
  std::chrono::steady_clock::time_point start_;
};
// Adds to those of the call that runs.
void profile_flops(double flops);

}  // namespace ito
