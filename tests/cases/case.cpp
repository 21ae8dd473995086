#include "tests/cases/case.h"

#include <cmath>
#include <numbers>
#include <random>

namespace ito::checks {

std::vector<CaseList>& case_lists() {
  static std::vector<CaseList> lists;
  return lists;
}

bool add_case_list(const char* op, void (*fill)(std::vector<Case>& cases)) {
  case_lists().push_back({op, fill});
  return true;
}

namespace {
// mt19937's numbers are fixed by the C++ standard; the library's distributions are not, so they are written out here.
class Source {
 public:
  explicit Source(uint32_t seed) : engine_(seed) {}
  double uniform() { return (double(engine_()) + 0.5) / 4294967296.0; }
  double normal() { return std::sqrt(-2 * std::log(uniform())) * std::cos(2 * std::numbers::pi * uniform()); }

 private:
  std::mt19937 engine_;
};

template <class T, class Draw>
Tensor drawn(const Shape& shape, uint32_t seed, Draw&& draw) {
  Source source(seed);
  Tensor out = Tensor::empty(shape, dtype_of<T>::value);
  for (int64_t i = 0; i < out.numel(); ++i) out.data<T>()[i] = T(draw(source));
  return out;
}
}  // namespace

Tensor normal_values(const Shape& shape, double mean, double deviation, uint32_t seed) {
  return drawn<double>(shape, seed, [&](Source& s) { return mean + deviation * s.normal(); });
}
Tensor uniform_values(const Shape& shape, double low, double high, uint32_t seed) {
  return drawn<double>(shape, seed, [&](Source& s) { return low + (high - low) * s.uniform(); });
}
Tensor index_values(const Shape& shape, int64_t high, uint32_t seed) {
  return drawn<int64_t>(shape, seed, [&](Source& s) { return int64_t(s.uniform() * double(high)); });
}
Tensor mask_values(const Shape& shape, double share_true, uint32_t seed) {
  return drawn<bool>(shape, seed, [&](Source& s) { return s.uniform() < share_true; });
}

}  // namespace ito::checks
