// What `ito train` leaves in a folder beside the checkpoint: config.json and log.jsonl.
#pragma once

#include "cli/commands.h"
#include "data/config.h"
#include "data/plot.h"

namespace ito::cli {

// Throws Error that proposes --out.
void make_folder(const std::string& folder);

// The configuration that the arguments ask for and the folder it runs in. Given a run folder, its own: `ito train runs/digits --resume`.
Json read_options(const TrainArguments& o, std::string& folder);

// Lines of steps after `step` belong to a past that was not saved.
void cut_log(const std::string& path, int64_t step);

bool has_numbers(const Json& object, const std::vector<const char*>& keys);
// The lines that have step, seconds, loss and images_per_second; those of older runs lack loss_min, loss_max and loss_test.
std::vector<Json> read_log(const std::string& folder);
// A number of the log by step. Where a log lacks it, the curve is empty and nameless.
Curve curve_of(const std::vector<Json>& log, const char* key, const std::array<uint8_t, 3>& colour, const std::string& name);

}  // namespace ito::cli
