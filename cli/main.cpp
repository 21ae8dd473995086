// The program `ito`.
#include <cstdio>
#include <filesystem>

#include "cli/commands.h"
#include "tensor/error.h"

int main(int argc, char** argv) {
  CLI::App app{
      "Ito: diffusion models from the formula to the kernel\n\n  ito train examples/mnist/ddpm.json --set train.minutes=5\n  ito sample "
      "zoo/mnist-ddpm"};
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "help of all sub-commands");
  ito::cli::add_train(app);
  ito::cli::add_sample(app);
  ito::cli::add_eval(app);
  ito::cli::add_export(app);
  ito::cli::add_data(app);
  ito::cli::add_gradcheck(app);
  ito::cli::add_kernels(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "ito: %s; see ito --help\n", error.what());
    return 2;
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
  return 0;
}
