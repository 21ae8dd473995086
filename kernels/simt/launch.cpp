#include "kernels/simt/launch.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <map>
#include <mutex>
#include <numeric>

#include "kernels/parallel.h"
#include "kernels/registry.h"
#include "kernels/simt/checker.h"
#include "kernels/simt/findings.h"
#include "kernels/simt/heap.h"
#include "kernels/simt/symbols.h"
#include "tensor/error.h"

// g++ notes in this section where it put the empty instructions that __launch_bounds__ asks for (cuda.h).
extern "C" const unsigned char* const __start___patchable_function_entries[] __attribute__((weak));
extern "C" const unsigned char* const __stop___patchable_function_entries[] __attribute__((weak));

namespace ito::simt {

namespace {

constexpr int64_t worth_more_threads = 4096;  // lanes in a launch; waking the others takes as long as running a few thousand

alignas(256) thread_local std::byte dynamic_memory[max_shared_bytes];

struct Queue {
  std::deque<LaunchRecord> waiting;
  const LaunchRecord* running = nullptr;
  Settings settings;
  Counters counters;
  std::map<const void*, size_t> allowed_shared;  // by allow_shared_bytes
};

Settings settings_from_environment() {
  Settings s;
  const auto number = [](const char* name, const char* value, auto& out) {
    const std::string_view text = value;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    ITO_CHECK(error == std::errc{} && end == text.data() + text.size(), name, ": expected a number, got '", text, "'");
  };
  if (const char* check = std::getenv("ITO_SIMT_CHECK")) s.checked = std::string_view(check) == "1";
  if (const char* count = std::getenv("ITO_SIMT_MULTIPROCESSORS")) number("ITO_SIMT_MULTIPROCESSORS", count, s.multiprocessors);
  if (const char* order = std::getenv("ITO_SIMT_ORDER")) {
    const std::string_view name = order;
    s.order = name == "forward" ? Order::forward : name == "reverse" ? Order::reverse : Order::shuffled;
    if (s.order == Order::shuffled) number("ITO_SIMT_ORDER (forward, reverse or a seed)", order, s.seed);
  }
  return s;
}

Queue& queue() {
  static Queue& one = *[] {
    auto* made = new Queue;
    made->settings = settings_from_environment();
    kernels::run_checked_set(made->settings.checked);
    return made;
  }();
  return one;
}

// How many threads a block of the kernel may have by its __launch_bounds__, 0 when it has none: 32 for each empty instruction before its entry.
int launch_bound(const void* kernel) {
#if defined(__x86_64__)
  constexpr int size = 1;
#else
  constexpr int size = 4;
#endif
  const auto* entry = static_cast<const unsigned char*>(kernel);
  for (const auto* const* p = __start___patchable_function_entries; p != __stop___patchable_function_entries; ++p) {
    const auto distance = entry - *p;
    if (distance <= 0 || distance > 32 * size) continue;
    if (size > 1 || std::all_of(*p, entry, [](unsigned char byte) { return byte == 0x90; })) return int(distance / size) * warp_size;
  }
  return 0;
}

void check_limits(const LaunchRecord& l) {
  const auto name = [&] { return text("[", function_name(l.kernel), "] "); };
  ITO_CHECK(l.block.count() > 0 && l.grid.count() > 0, name(), "a launch of ", l.grid.count(), " blocks of ", l.block.count(), " threads");
  ITO_CHECK(l.block.count() <= 1024 && l.block.x <= 1024 && l.block.y <= 1024 && l.block.z <= 64, name(), "a block of ", l.block.x, " x ", l.block.y,
            " x ", l.block.z, " threads; the limits are 1024 x 1024 x 64 and 1024 in all");
  ITO_CHECK(l.grid.x <= 0x7fffffffU && l.grid.y <= 65535 && l.grid.z <= 65535, name(), "a grid of ", l.grid.x, " x ", l.grid.y, " x ", l.grid.z,
            " blocks; the limits are 2147483647 x 65535 x 65535");
  if (l.shared_bytes > usual_shared_bytes) {
    const auto allowed = queue().allowed_shared.find(l.kernel);
    ITO_CHECK(allowed != queue().allowed_shared.end(), name(), l.shared_bytes, " bytes of dynamic shared memory: above ", usual_shared_bytes,
              " allow_shared_bytes(kernel, bytes) must be called first");
    ITO_CHECK(l.shared_bytes <= allowed->second, name(), l.shared_bytes, " bytes of dynamic shared memory; allow_shared_bytes() allowed ",
              allowed->second);
  }
  const int bound = launch_bound(l.kernel);
  ITO_CHECK(bound == 0 || l.block.count() <= bound, name(), "a block of ", l.block.count(), " threads; its __launch_bounds__ promise at most ",
            bound);
}

dim3 block_at(int64_t index, const dim3& grid) {
  return {unsigned(index % grid.x), unsigned(index / grid.x % grid.y), unsigned(index / grid.x / grid.y)};
}

void run_block(const LaunchRecord& l, int64_t index, const Settings& s) {
  const dim3 at = block_at(index, l.grid);
  variables.block = {at.x, at.y, at.z};
  variables.block_size = l.block;
  variables.grid_size = l.grid;
  Block& block = current_block();
  try {
    if (s.checked) checker_begin_block(index);
    block.run(l.block, {l.call, l.kernel, l.arguments.data()}, s.order, s.seed + uint64_t(index), s.checked);
    if (s.checked) checker_end_block();
  } catch (const Error& e) {
    fail("[", function_name(l.kernel), "] block (", at.x, ",", at.y, ",", at.z, "): ", e.what());
  }
}

// The blocks in the order of the settings, on all threads; one after the other when they are checked.
void run(const LaunchRecord& l) {
  Queue& q = queue();
  const Settings& s = q.settings;
  const int64_t blocks = l.grid.count();
  std::vector<int64_t> shuffled;
  if (s.order == Order::shuffled) {
    shuffled.resize(size_t(blocks));
    std::iota(shuffled.begin(), shuffled.end(), 0);
    std::mt19937_64 random(s.seed);
    std::shuffle(shuffled.begin(), shuffled.end(), random);
  }
  const auto nth = [&](int64_t i) { return s.order == Order::forward ? i : s.order == Order::reverse ? blocks - 1 - i : shuffled[size_t(i)]; };
  std::mutex mutex;
  std::string error;
  int64_t barriers = 0;
  const auto work = [&](int64_t first, int64_t last) {
    int64_t own_barriers = 0;
    try {
      for (int64_t i = first; i < last; ++i) {
        run_block(l, nth(i), s);
        own_barriers += current_block().barriers();
      }
    } catch (const Error& e) {
      const std::lock_guard lock(mutex);
      if (error.empty()) error = e.what();
    }
    const std::lock_guard lock(mutex);
    barriers += own_barriers;
  };
  if (s.checked) {
    checker_begin_launch();
    work(0, blocks);
  } else if (blocks * l.block.count() < worth_more_threads) {
    work(0, blocks);
  } else {
    kernels::parallel_for(blocks, std::max<int64_t>(1, blocks / 64), work);
  }
  ++q.counters.launches;
  q.counters.blocks += blocks;
  q.counters.lanes += blocks * l.block.count();
  q.counters.barriers += barriers;
  if (!error.empty()) fail(error);
}

}  // namespace

const Settings& settings() { return queue().settings; }

void set_settings(const Settings& s) {
  synchronize();
  if (s.checked && !queue().settings.checked) checker_trust_all();
  queue().settings = s;
  kernels::run_checked_set(s.checked);
}

Counters& counters() { return queue().counters; }

void allow_shared_bytes(const void* kernel, size_t bytes) {
  ITO_CHECK(bytes <= max_shared_bytes, "[", function_name(kernel), "] ", bytes, " bytes of dynamic shared memory; a block has ", max_shared_bytes);
  queue().allowed_shared[kernel] = bytes;
}

LaunchRecord::LaunchRecord(dim3 grid_, dim3 block_, size_t shared_bytes_, Place where_, const void* kernel_, size_t argument_bytes)
    : grid(grid_), block(block_), shared_bytes(shared_bytes_), where(where_), kernel(kernel_), arguments(argument_bytes) {}

void LaunchRecord::put(int position, size_t offset, const void* argument, size_t bytes, bool is_pointer) {
  std::memcpy(arguments.data() + offset, argument, bytes);
  if (is_pointer) pointers.emplace_back(position, *static_cast<const void* const*>(argument));
}

void enqueue(LaunchRecord record) {
  check_limits(record);
  queue().waiting.push_back(std::move(record));
  if (queue().waiting.size() >= 1024) synchronize();
}

void synchronize() {
  Queue& q = queue();
  if (q.waiting.empty() || q.running) return;
  const OpenHeap open;
  while (!q.waiting.empty()) {
    const LaunchRecord next = std::move(q.waiting.front());
    q.waiting.pop_front();
    q.running = &next;
    try {
      run(next);
      q.running = nullptr;
    } catch (...) {
      q.running = nullptr;
      q.waiting.clear();
      throw;
    }
    if (q.settings.checked) throw_findings();
  }
}

const LaunchRecord* running_launch() { return queue().running; }
std::string running_kernel() { return queue().running ? function_name(queue().running->kernel) : ""; }
std::byte* dynamic_shared_memory() { return dynamic_memory; }
size_t dynamic_shared_bytes() { return queue().running ? queue().running->shared_bytes : 0; }

// Reads the launch in the source file, launch(kernel, {grid, block}, a, b, ...), for the name of the argument that points into the allocation.
std::string argument_name(const void* allocation, size_t bytes) {
  const LaunchRecord* l = running_launch();
  if (!l) return "";
  int position = -1;
  for (const auto& [at, pointer] : l->pointers)
    if (allocation <= pointer && pointer <= static_cast<const std::byte*>(allocation) + bytes) position = at;
  if (position < 0) return "";
  std::ifstream in(l->where.file);
  std::string line, call;
  for (int n = 1; std::getline(in, line); ++n)
    if (n + 8 > l->where.line && n < l->where.line + 8) call += line + (n < l->where.line ? "\n" : " ");
  const size_t first_line = call.rfind('\n') == std::string::npos ? 0 : call.rfind('\n');
  size_t at = call.find("launch(", first_line);
  if (at == std::string::npos) at = call.rfind("launch(");
  std::vector<std::string> parts(1);
  int depth = 0;
  for (size_t i = at == std::string::npos ? call.size() : at + 7; i < call.size(); ++i) {
    const char c = call[i];
    if (c == '(' || c == '{' || c == '[') ++depth;
    if (c == ')' || c == '}' || c == ']') --depth;
    if (depth < 0) break;
    if (c == ',' && depth == 0)
      parts.emplace_back();
    else if (c != ' ' || !parts.back().empty())
      parts.back() += c;
  }
  for (size_t i = 0; i < parts.size(); ++i)
    if (parts[i].find('{') != std::string::npos && i + 1 + size_t(position) < parts.size()) return text("`", parts[i + 1 + size_t(position)], "`");
  return text("argument ", position + 1);
}

}  // namespace ito::simt
