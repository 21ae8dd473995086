// Errors: one exception type, and a check that is always on.
//   ITO_CHECK(axis < rank, "[softmax] axis ", axis, " out of range for shape ", shape);
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace ito {

// What went wrong and what to do about it, in one line; the program prints it and exits with 2.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Joins its arguments as operator<< writes them.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  throw Error(text(parts...));
}

}  // namespace ito

#define ITO_CHECK(condition, ...)  \
  do {                             \
    if (!(condition)) [[unlikely]] \
      ::ito::fail(__VA_ARGS__);    \
  } while (false)
