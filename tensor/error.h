// Errors: one exception type, and a check that is always on.
//   ITO_CHECK(axis < rank, "[softmax] axis ", axis, " out of range for shape ", shape);
#pragma once

#include <initializer_list>
#include <ostream>
#include <stdexcept>
#include <string>

namespace ito {

// What went wrong and what to do about it, in one line; the program prints it and exits with 2.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// One part of a message, not yet written: so that a message costs its caller little code.
class Part {
 public:
  Part(const char* value) : value_(value), write_([](std::ostream& out, const void* v) { out << static_cast<const char*>(v); }) {}
  template <class T>
  Part(const T& value) : value_(&value), write_([](std::ostream& out, const void* v) { out << *static_cast<const T*>(v); }) {}
  void write(std::ostream& out) const { write_(out, value_); }

 private:
  const void* value_;
  void (*write_)(std::ostream& out, const void* value);
};

std::string joined(std::initializer_list<Part> parts);
[[noreturn]] void fail_with(std::initializer_list<Part> parts);  // throws Error

// Joins its arguments as operator<< writes them.
template <class... Parts>
std::string text(const Parts&... parts) {
  return joined({Part(parts)...});
}

template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  fail_with({Part(parts)...});
}

}  // namespace ito

#define ITO_CHECK(condition, ...)  \
  do {                             \
    if (!(condition)) [[unlikely]] \
      ::ito::fail(__VA_ARGS__);    \
  } while (false)
