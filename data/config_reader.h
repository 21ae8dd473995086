// Reads a section of a configuration strictly: a key that nobody asked for is an error that names the nearest known one.
#pragma once

#include <algorithm>

#include <nlohmann/json.hpp>

#include "data/config.h"
#include "tensor/error.h"

namespace ito {

class ConfigReader {
 public:
  // `path` is how the section is called in messages ("train"); empty for the whole.
  explicit ConfigReader(Json json, std::string path = "") : json_(std::move(json)), path_(std::move(path)) {
    ITO_CHECK(json_.is_object(), "config: '", path_, "' must be an object, got ", json_.dump());
  }

  // The value at `key`, or the fallback; the value is kept for written(). Throws Error when it has another type.
  template <class T>
  T get(const std::string& key, const T& fallback) {
    known_.push_back(key);
    if (!json_.contains(key)) {
      json_[key] = fallback;
      return fallback;
    }
    const Json& value = json_[key];
    ITO_CHECK(std::is_unsigned_v<T> || !too_large(value), "config: '", name(key), "' is too large: ", value.dump());
    ITO_CHECK(matches<T>(value), "config: '", name(key), "' must be ", expected<T>(), ", got ", value.dump());
    return value.get<T>();
  }

  ConfigReader section(const std::string& key) {
    known_.push_back(key);
    return ConfigReader(json_.contains(key) ? json_[key] : Json::object(), name(key));
  }

  // Throws Error for a key that was not read.
  void finish() const;
  // With every default filled in.
  const Json& written() const { return json_; }
  void put(const std::string& key, const Json& value) { json_[key] = value; }

 private:
  std::string name(const std::string& key) const { return path_.empty() ? key : path_ + "." + key; }

  // A whole number from 2^63 on would turn negative.
  static bool too_large(const Json& value) { return value.is_number_unsigned() && value.get<uint64_t>() > uint64_t(INT64_MAX); }

  template <class T>
  static bool matches(const Json& value) {
    if constexpr (std::is_same_v<T, bool>)
      return value.is_boolean();
    else if constexpr (std::is_integral_v<T>)
      return value.is_number_integer() && (!std::is_unsigned_v<T> || value.is_number_unsigned());
    else if constexpr (std::is_floating_point_v<T>)
      return value.is_number();
    else if constexpr (std::is_same_v<T, std::string>)
      return value.is_string();
    else
      return value.is_array() && std::all_of(value.begin(), value.end(), [](const Json& item) { return matches<typename T::value_type>(item); });
  }

  template <class T>
  static std::string expected() {
    if constexpr (std::is_same_v<T, bool>)
      return "true or false";
    else if constexpr (std::is_integral_v<T>)
      return std::is_unsigned_v<T> ? "a whole number from 0 on" : "a whole number";
    else if constexpr (std::is_floating_point_v<T>)
      return "a number";
    else if constexpr (std::is_same_v<T, std::string>)
      return "text";
    else
      return "a list, each of them " + expected<typename T::value_type>();
  }

  Json json_;
  std::string path_;
  std::vector<std::string> known_;
};

}  // namespace ito
