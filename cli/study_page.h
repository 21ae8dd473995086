// The page of `ito study`, from what lies in its folder: pictures, and a run for each schedule and drawing with its log and scores.
#pragma once

#include <string>
#include <vector>

#include "data/config.h"

namespace ito::cli {

struct Study {
  std::string folder;
  int64_t steps = 0;  // T
  std::vector<std::string> schedules, drawings;

  std::string run(const std::string& drawing, const std::string& schedule) const { return "runs/" + drawing + "-" + schedule; }  // in the folder
};

// scores.json of a run on triangles; null when it has none.
Json scores_of(const std::string& run);

// index.html, and for each drawing reverse-DRAWING.png, starts-DRAWING.png and loss-DRAWING.png of the runs that are there.
void write_study(const Study& study);

}  // namespace ito::cli
