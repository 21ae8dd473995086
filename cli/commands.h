// The sub-commands of `ito`. Each function adds one to the program; its callback does the work and throws Error, which main turns into one line and
// exit code 2.
#pragma once

#include <CLI/CLI.hpp>

namespace ito::cli {

void add_train(CLI::App& app);
void add_sample(CLI::App& app);
void add_eval(CLI::App& app);
void add_export(CLI::App& app);
void add_data(CLI::App& app);
void add_gradcheck(CLI::App& app);
void add_kernels(CLI::App& app);

}  // namespace ito::cli
