#include "data/config.h"

#include <algorithm>

#include "data/config_reader.h"
#include "tensor/file.h"

namespace ito {

Json read_config(const std::string& path) {
  const std::string content = read_file(path);
  try {
    Json json = Json::parse(content);
    ITO_CHECK(json.is_object(), path, ": expected a JSON object { ... }");
    return json;
  } catch (const Json::parse_error& error) {
    const size_t at = std::min(error.byte > 0 ? error.byte - 1 : 0, content.size());
    const auto line = 1 + std::count(content.begin(), content.begin() + std::ptrdiff_t(at), '\n');
    const size_t start = content.rfind('\n', at > 0 ? at - 1 : 0);
    fail(path, ":", line, ":", start == std::string::npos || start > at ? at + 1 : at - start, ": not valid JSON here");
  } catch (const Json::out_of_range&) {
    fail(path, ": a number in it is too large");
  }
}

void set_in_config(Json& config, const std::string& assignment) {
  const size_t equals = assignment.find('=');
  ITO_CHECK(equals != std::string::npos && equals > 0, "--set ", assignment, ": expected section.key=value");
  try {
    (void)Json(assignment).dump();
  } catch (const Json::type_error&) {
    fail("--set: the text is not UTF-8");
  }
  const std::string text_value = assignment.substr(equals + 1);
  const Json parsed = Json::parse(text_value, nullptr, false);
  Json* at = &config;
  std::string path = assignment.substr(0, equals);
  for (size_t dot; (dot = path.find('.')) != std::string::npos; path = path.substr(dot + 1)) {
    at = &(*at)[path.substr(0, dot)];
    ITO_CHECK(at->is_null() || at->is_object(), "--set ", assignment, ": '", path.substr(0, dot), "' is not a section");
  }
  (*at)[path] = parsed.is_discarded() ? Json(text_value) : parsed;
}

Json parse_json(const std::string& text) { return Json::parse(text, nullptr, false); }

std::string json_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }
std::string json_lines(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace); }

std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  const auto distance = [](const std::string& a, const std::string& b) {  // Levenshtein 1966
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
      size_t diagonal = row[0];
      row[0] = i;
      for (size_t j = 1; j <= b.size(); ++j) {
        const size_t above = row[j];
        row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
        diagonal = above;
      }
    }
    return row.back();
  };
  const auto best = std::min_element(known.begin(), known.end(), [&](const auto& a, const auto& b) { return distance(word, a) < distance(word, b); });
  return best == known.end() ? "" : *best;
}

void ConfigReader::finish() const {
  for (const auto& [key, value] : json_.items())
    if (std::find(known_.begin(), known_.end(), key) == known_.end())
      fail("config: unknown key '", name(key), "'; did you mean '", name(nearest(key, known_)), "'?");
}

}  // namespace ito
