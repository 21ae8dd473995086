#include "tensor/safetensors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include <nlohmann/json.hpp>

#include "tensor/file.h"

namespace ito {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::pair<const char*, DType>, 7> types{{{"F32", DType::f32},
                                                              {"F64", DType::f64},
                                                              {"BF16", DType::bf16},
                                                              {"I64", DType::i64},
                                                              {"I32", DType::i32},
                                                              {"U8", DType::u8},
                                                              {"BOOL", DType::boolean}}};

const char* format_name(DType dtype) {
  return std::find_if(types.begin(), types.end(), [&](const auto& type) { return type.second == dtype; })->first;
}

// One tensor of the header.
struct Entry {
  std::string name;
  DType dtype;
  Shape shape;
  uint64_t begin, end;  // in the data
};

Json parse_header(const std::string& path, const std::string& text_of_header) {
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto reject_duplicates = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key)
      ITO_CHECK(keys.back().insert(parsed.get<std::string>()).second, path, ": the header has ", parsed, " twice");
    return true;
  };
  try {
    Json header = Json::parse(text_of_header, reject_duplicates);
    ITO_CHECK(header.is_object(), path, ": the header is no JSON object; not a safetensors file");
    return header;
  } catch (const Json::exception&) {
    fail(path, ": the header is not valid JSON; not a safetensors file, or damaged");
  }
}

Entry parse_entry(const std::string& path, const std::string& name, const Json& j, uint64_t data_bytes) {
  const std::string where = text(path, ": tensor '", name, "'");
  const auto is_count = [](const Json& value) { return value.is_number_unsigned(); };
  ITO_CHECK(j.is_object() && j.contains("dtype") && j.contains("shape") && j.contains("data_offsets"), where, " lacks dtype, shape or data_offsets");
  const Json &dtype = j["dtype"], &shape = j["shape"], &offsets = j["data_offsets"];
  ITO_CHECK(dtype.is_string() && shape.is_array() && std::all_of(shape.begin(), shape.end(), is_count), where, " has a malformed dtype or shape");
  ITO_CHECK(offsets.is_array() && offsets.size() == 2 && is_count(offsets[0]) && is_count(offsets[1]), where, " has malformed data_offsets");

  const auto type = std::find_if(types.begin(), types.end(), [&](const auto& t) { return dtype == t.first; });
  ITO_CHECK(type != types.end(), where, " is of type ", dtype, "; Ito reads F32, F64, BF16, I64, I32, U8 and BOOL");
  Entry entry{name, type->second, {}, offsets[0].get<uint64_t>(), offsets[1].get<uint64_t>()};
  ITO_CHECK(entry.begin <= entry.end && entry.end <= data_bytes, where, " lies at bytes ", entry.begin, " to ", entry.end, " of ", data_bytes,
            "; the file is damaged or cut short");
  uint64_t bytes = size_of(entry.dtype);
  for (const Json& extent : shape) {
    uint64_t product = 0;
    ITO_CHECK(!__builtin_mul_overflow(bytes, extent.get<uint64_t>(), &product) && product <= uint64_t(INT64_MAX), where,
              " has a shape of more bytes than exist");
    bytes = product;
    entry.shape.push_back(extent.get<int64_t>());
  }
  ITO_CHECK(bytes == entry.end - entry.begin, where, " of shape ", entry.shape, " needs ", bytes, " bytes, its offsets span ",
            entry.end - entry.begin);
  return entry;
}

// The tensors must fill the data without gap or overlap.
void check_layout(const std::string& path, std::vector<Entry> entries, uint64_t data_bytes) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  uint64_t at = 0;
  for (const Entry& entry : entries) {
    ITO_CHECK(entry.begin == at, path, ": tensor '", entry.name, entry.begin < at ? "' overlaps the one before it" : "' leaves a gap before it");
    at = entry.end;
  }
  ITO_CHECK(at == data_bytes, path, ": ", data_bytes - at, " bytes after the last tensor");
}

}  // namespace

void save_safetensors(const std::string& path, const NamedTensors& tensors, const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    ITO_CHECK(!header.contains(name), "save_safetensors: two tensors are named '", name, "'");
    header[name] = {
        {"dtype", format_name(tensor.dtype())}, {"shape", std::vector<int64_t>(tensor.shape())}, {"data_offsets", {offset, offset + tensor.bytes()}}};
    offset += tensor.bytes();
  }
  std::string text_of_header = header.dump();
  text_of_header.resize((text_of_header.size() + 7) / 8 * 8, ' ');  // so that the data is aligned
  write_file(path, [&](std::ostream& out) {
    const uint64_t length = text_of_header.size();
    out.write(reinterpret_cast<const char*>(&length), sizeof length);
    out << text_of_header;
    for (const auto& [name, tensor] : tensors) {
      const Tensor here = tensor.to(Device::cpu);
      out.write(static_cast<const char*>(here.raw()), std::streamsize(here.bytes()));
    }
  });
}

TensorFile load_safetensors(const std::string& path) {
  const std::string content = read_file(path);
  uint64_t length = 0;
  ITO_CHECK(content.size() >= sizeof length, path, ": ", content.size(), " bytes are too few for a safetensors file");
  std::memcpy(&length, content.data(), sizeof length);
  ITO_CHECK(length <= content.size() - sizeof length, path, ": the header claims ", length, " bytes of a file of ", content.size(),
            "; not a safetensors file, or cut short");
  const Json header = parse_header(path, content.substr(sizeof length, length));
  const char* data = content.data() + sizeof length + length;
  const uint64_t data_bytes = content.size() - sizeof length - length;

  TensorFile file;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name != "__metadata__") {
      entries.push_back(parse_entry(path, name, value, data_bytes));
      continue;
    }
    ITO_CHECK(value.is_object(), path, ": __metadata__ is no JSON object");
    for (const auto& [key, note] : value.items()) {
      ITO_CHECK(note.is_string(), path, ": __metadata__ '", key, "' is no text");
      file.metadata[key] = note.get<std::string>();
    }
  }
  check_layout(path, entries, data_bytes);
  for (const Entry& entry : entries) {
    Tensor tensor = Tensor::empty(entry.shape, entry.dtype);
    std::memcpy(tensor.raw(), data + entry.begin, tensor.bytes());
    if (entry.dtype == DType::boolean)
      ITO_CHECK(std::all_of(data + entry.begin, data + entry.end, [](char byte) { return byte == 0 || byte == 1; }), path, ": tensor '", entry.name,
                "' is BOOL and has bytes other than 0 and 1");
    file.tensors.emplace(entry.name, std::move(tensor));
  }
  return file;
}

}  // namespace ito
