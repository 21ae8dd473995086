// The pictures of a run: samples.png, strip.png, loss.png, and report.html that shows them with configuration and scores.
#pragma once

#include <string>

namespace ito::cli {

// From the folder's checkpoint and log. A classifier has loss.png and the report only.
void write_pictures(const std::string& folder);
// report.html from what lies in the folder: config.json, log.jsonl, the pictures, scores.json. One file that needs no other but the pictures.
void write_report(const std::string& folder);

}  // namespace ito::cli
