// JSON configurations. The type is only declared here: who looks into one includes <nlohmann/json.hpp>, which takes long to compile.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace ito {

using Json = nlohmann::ordered_json;

// Throws Error with file, line and column when the file is no JSON object.
Json read_config(const std::string& path);
// "train.lr=1e-3": sets config["train"]["lr"]; the value is JSON, or text when it is none. Throws Error without '='.
void set_in_config(Json& config, const std::string& assignment);

// A discarded value (is_discarded()) for what is no JSON.
Json parse_json(const std::string& text);
// In one line, or indented by two; what is not UTF-8 in it is replaced.
std::string json_line(const Json& json);
std::string json_lines(const Json& json);

// The known key that is fewest edits away from `word`; empty for an empty list.
std::string nearest(const std::string& word, const std::vector<std::string>& known);

}  // namespace ito
