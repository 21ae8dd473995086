// The pictures of a run: samples.png, strip.png, loss.png, and report.html that shows them with configuration and scores.
#pragma once

#include <string>

namespace ito::cli {

void write_pictures(const std::string& folder);

}  // namespace ito::cli
