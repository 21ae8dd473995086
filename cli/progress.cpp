#include "cli/progress.h"

#include <chrono>
#include <cmath>

#include <unistd.h>

namespace ito::cli {

namespace {
double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
}  // namespace

std::string duration(double seconds) {
  const long s = std::lround(seconds);
  char text[32];
  if (s >= 3600)
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
  else
    std::snprintf(text, sizeof text, "%ld:%02ld", s / 60, s % 60);
  return text;
}

ProgressLine::ProgressLine() : terminal_(isatty(STDERR_FILENO)), start_(now()) {}
ProgressLine::~ProgressLine() { finish(); }

void ProgressLine::show(double share, const std::string& text) {
  const double time = now();
  if (time - last_ < (terminal_ ? 0.1 : 10) && share < 1) return;
  last_ = time;
  if (!terminal_) {
    std::fprintf(stderr, "%3.0f %%  %s\n", 100 * share, text.c_str());
    return;
  }
  constexpr int width = 24;
  const int full = int(share * width);
  std::fprintf(stderr, "\r\033[K[%s%s] %3.0f %%  %s", std::string(size_t(full), '#').c_str(), std::string(size_t(width - full), '-').c_str(),
               100 * share, text.c_str());
  std::fflush(stderr);
  open_ = true;
}

void ProgressLine::finish() {
  if (open_) std::fputc('\n', stderr);
  open_ = false;
}

}  // namespace ito::cli
