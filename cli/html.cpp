#include "cli/html.h"

#include <cstdio>
#include <filesystem>
#include <ostream>

#include "tensor/file.h"

namespace ito::cli {

namespace {
const char* style =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:860px;margin:2em auto;padding:0 1em;color:#222}figure{margin:1.5em 0}img{max-width:100%;"
    "image-rendering:pixelated}figcaption{color:#666;font-size:14px}table{border-collapse:collapse}th{text-align:left;font-weight:normal;padding-"
    "right:2em;"
    "color:#666;vertical-align:top}td,th{padding-top:.3em;padding-bottom:.3em;border-bottom:1px solid "
    "#eee}td{padding-right:2em}pre{background:#f6f6f6;padding:1em;overflow:auto}.pairs{display:grid;grid-template-columns:1fr 1fr;gap:1em}.pairs "
    "figure{margin:0}";
}  // namespace

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string(1, c);
  return out;
}

std::string number(const char* format, double value) {
  char out[32];
  std::snprintf(out, sizeof out, format, value);
  return out;
}

std::string percent(double share) { return number("%.1f %%", 100 * share); }

std::string figure(const std::string& folder, const std::string& file, const std::string& caption) {
  if (!std::filesystem::exists(folder + "/" + file)) return "";
  return "<figure><img src=\"" + file + "\" alt=\"" + escaped(caption) + "\"><figcaption>" + escaped(caption) + "</figcaption></figure>\n";
}

void write_page(const std::string& path, const std::string& title, const std::string& body) {
  write_file(path, [&](std::ostream& out) {
    out << "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Ito: " << escaped(title) << "</title><style>" << style
        << "</style>\n<h1>" << escaped(title) << "</h1>\n"
        << body << "</html>\n";
  });
}

}  // namespace ito::cli
