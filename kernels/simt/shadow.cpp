#include "kernels/simt/shadow.h"

#include <algorithm>
#include <bit>

namespace ito::simt {

namespace {
constexpr unsigned largest_grain_log = 4;
unsigned grain_log_of(size_t grain) { return std::min(unsigned(std::countr_zero(grain)), largest_grain_log); }
}  // namespace

Shadow::Shadow(const std::byte* data, size_t bytes)
    : begin(data - reinterpret_cast<uintptr_t>(data) % Page::bytes), pages((size_t(data - begin) + bytes + Page::bytes - 1) / Page::bytes) {}

void CellPool::reset() {
  if (chunks_.size() > kept_chunks) chunks_.resize(kept_chunks);
  chunk_ = used_ = 0;
}

Cell* CellPool::take(size_t count) {
  if (chunk_ < chunks_.size() && used_ + count > chunk_cells) {
    ++chunk_;
    used_ = 0;
  }
  if (chunk_ == chunks_.size()) chunks_.push_back(std::make_unique<Cell[]>(chunk_cells));
  Cell* cells = chunks_[chunk_].get() + used_;
  used_ += count;
  return cells;
}

void CellPool::open(Page& page, uint64_t launch, size_t grain) {
  page.launch = launch;
  page.grain_log = grain_log_of(grain);
  page.cells = take(Page::bytes >> page.grain_log);
}

void CellPool::split(Page& page, size_t grain) {
  const unsigned log = grain_log_of(grain), parts_log = page.grain_log - log;
  Cell* cells = take(Page::bytes >> log);
  for (size_t i = 0; i < Page::bytes >> log; ++i) cells[i] = page.cells[i >> parts_log];
  page.cells = cells;
  page.grain_log = log;
}

}  // namespace ito::simt
