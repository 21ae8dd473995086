// The program `ito`: what goes wrong is one line on stderr and exit code 2.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <new>

#include "cli/command_line.h"

int main(int argc, char** argv) {
  try {
    return ito::cli::run_command_line(argc, argv);
  } catch (const std::filesystem::filesystem_error& error) {
    std::fprintf(stderr, "ito: cannot use %s: %s; choose another place\n", error.path1().c_str(), error.code().message().c_str());
    return 2;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "ito: out of memory; use a smaller batch, network or number of images\n");
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ito: %s\n", error.what());
    return 2;
  }
}
