#include "diffusion/respacing.h"

#include <charconv>
#include <cmath>
#include <sstream>

#include "tensor/error.h"

namespace ito {

namespace {

int64_t whole_number(const std::string& word, const std::string& spacing) {
  int64_t value = 0;
  const char* end = word.data() + word.size();
  const auto [rest, error] = std::from_chars(word.data(), end, value);
  ITO_CHECK(error == std::errc() && rest == end && value >= 1, "cannot respace by '", spacing, "'; expected for example 250, 10,15,20 or ddim50");
  return value;
}

}  // namespace

std::vector<int64_t> kept_times(int64_t steps, const std::string& spacing) {
  std::vector<int64_t> times;
  if (spacing.starts_with("ddim")) {
    const int64_t count = whole_number(spacing.substr(4), spacing);
    for (int64_t stride = 1; stride <= steps; ++stride)
      if ((steps + stride - 1) / stride == count) {
        for (int64_t t = 0; t < steps; t += stride) times.push_back(t);
        return times;
      }
    fail("no whole stride keeps ", count, " of ", steps, " times");
  }
  std::vector<int64_t> counts;
  std::istringstream words(spacing);
  for (std::string word; std::getline(words, word, ',');) counts.push_back(whole_number(word, spacing));
  ITO_CHECK(!counts.empty() && spacing.back() != ',', "cannot respace by '", spacing, "'; expected for example 250, 10,15,20 or ddim50");
  const auto parts = int64_t(counts.size());
  int64_t first = 0;
  for (int64_t part = 0; part < parts; ++part) {
    const int64_t count = counts[size_t(part)], size = steps / parts + (part < steps % parts ? 1 : 0);
    ITO_CHECK(count <= size, "cannot keep ", count, " of ", size, " times");
    const double stride = count == 1 ? 1 : double(size - 1) / double(count - 1);
    double place = 0;  // summed up and rounded to even as theirs, for the same times
    for (int64_t i = 0; i < count; ++i, place += stride) times.push_back(first + int64_t(std::nearbyint(place)));
    first += size;
  }
  return times;
}

}  // namespace ito
