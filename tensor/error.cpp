#include "tensor/error.h"

#include <sstream>

namespace ito {

std::string joined(std::initializer_list<Part> parts) {
  std::ostringstream out;
  for (const Part& part : parts) part.write(out);
  return out.str();
}

void fail_with(std::initializer_list<Part> parts) { throw Error(joined(parts)); }

}  // namespace ito
