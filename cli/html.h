// What the pages that Ito writes have in common. A page needs no other file but its pictures, which lie beside it.
#pragma once

#include <string>

namespace ito::cli {

std::string escaped(const std::string& text);
std::string number(const char* format, double value);  // of printf
std::string percent(double share);                     // "12.3 %"
// The picture `file` of the page's folder with a caption, plain text; empty when there is no such file.
std::string figure(const std::string& folder, const std::string& file, const std::string& caption);
// body is HTML; written as a whole or not at all.
void write_page(const std::string& path, const std::string& title, const std::string& body);

}  // namespace ito::cli
