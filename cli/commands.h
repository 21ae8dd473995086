// The sub-commands of `ito`. Each function adds one to the program; its callback does the work and throws Error, which main turns into one line and
// exit code 2.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace ito::cli {

// For options with a whole number from 0 on. CLI11 2.1 reads -1 as a large unsigned number, and what does not fit as the largest one that does.
inline CLI::Validator whole_number(size_t digits = 9) {
  return CLI::Validator(
      [digits](const std::string& word) {
        const bool whole = !word.empty() && word.find_first_not_of("0123456789") == std::string::npos;
        return whole && word.size() <= digits ? "" : "expected a whole number of at most " + std::to_string(digits) + " digits, got " + word;
      },
      "");
}
constexpr size_t seed_digits = 19;

void add_train(CLI::App& app);
void add_sample(CLI::App& app);
void add_eval(CLI::App& app);
void add_export(CLI::App& app);
void add_data(CLI::App& app);
void add_gradcheck(CLI::App& app);
void add_kernels(CLI::App& app);

}  // namespace ito::cli
