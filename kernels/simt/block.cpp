#include "kernels/simt/block.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <string_view>
#include <utility>

#include "kernels/simt/checker.h"
#include "tensor/error.h"

namespace ito::simt {

thread_local constinit Variables variables;

std::string text_of(const Place& place) {
  const std::string_view file = place.file;
  return text(file.substr(file.rfind('/') + 1), ":", place.line);
}

namespace {
bool same(const Place& a, const Place& b) { return a.line == b.line && (a.file == b.file || std::string_view(a.file) == b.file); }
}  // namespace

Block& current_block() {
  static thread_local Block block;
  return block;
}

std::string Block::lane_name(int lane) const {
  if (size_.y == 1 && size_.z == 1) return text("thread ", lane);
  const auto x = unsigned(lane) % size_.x, rest = unsigned(lane) / size_.x;
  return text("thread (", x, ",", rest % size_.y, ",", rest / size_.y, ")");
}

void Block::prepare(dim3 size) {
  const size_t lanes = size_t(size.count());
  if (size.x != size_.x || size.y != size_.y || size.z != size_.z) {
    size_ = size;
    threads_.clear();
    for (unsigned i = 0; i < lanes; ++i) threads_.push_back({i % size.x, i / size.x % size.y, i / size.x / size.y});
  }
  lanes_.assign(lanes, Lane{});
  warps_.assign((lanes + warp_size - 1) / warp_size, Warp{});
  for (size_t w = 0; w < warps_.size(); ++w) warps_[w].lanes = lanes - w * warp_size < warp_size ? (1U << lanes % warp_size) - 1 : ~0U;
  if (free_fibers_.size() != fibers_.size()) {
    free_fibers_.clear();
    for (const auto& fiber : fibers_) free_fibers_.push_back(fiber.get());
  }
  ready_.resize(lanes);
  for (size_t i = 0; i < lanes; ++i) ready_[i] = int(order_ == Order::reverse ? lanes - 1 - i : i);
  if (order_ == Order::shuffled) std::shuffle(ready_.begin(), ready_.end(), random_);
  ready_head_ = 0;
  waiting_ = exited_ = votes_ = 0;
  barriers_ = 0;
  failed_ = false;
}

void Block::run(dim3 size, const Body& body, Order order, uint64_t seed, bool traced) {
  body_ = body;
  traced_ = traced;
  order_ = order;
  if (order == Order::shuffled) random_.seed(seed);
  prepare(size);
  hand_over(caller_, next_ready());
  if (failed_) throw Error(error_);
  if (exited_ < int(lanes_.size())) report_stuck();
}

void Block::make_ready(int lane) {
  if (ready_head_ == ready_.size()) {
    ready_.clear();
    ready_head_ = 0;
  }
  ready_.push_back(lane);
}

int Block::next_ready() {
  if (ready_head_ == ready_.size()) return -1;
  if (order_ == Order::shuffled) std::swap(ready_[ready_head_], ready_[ready_head_ + random_() % (ready_.size() - ready_head_)]);
  return ready_[ready_head_++];
}

void Block::take_turn(int lane) {
  current_ = lane;
  variables.lane = lane;
  variables.thread = threads_[size_t(lane)];
  variables.stack = lanes_[size_t(lane)].fiber->memory();
}

// To another lane, which may have its first turn.
void Block::hand_over(Context& own, int index) {
  Lane& lane = lanes_[size_t(index)];
  if (!lane.fiber) {
    if (free_fibers_.empty()) {
      fibers_.push_back(std::make_unique<Fiber>());
      free_fibers_.push_back(fibers_.back().get());
    }
    lane.fiber = free_fibers_.back();
    free_fibers_.pop_back();
    lane.fiber->start(&Block::enter, this);
  }
  take_turn(index);
  switch_context(own, *lane.fiber);
}

void Block::leave() {
  for (Context dropped;;) switch_context(dropped, caller_);
}

void Block::enter(void* block) { static_cast<Block*>(block)->run_lanes(); }

// Runs one lane after the other on one fiber, as long as the next has none yet.
void Block::run_lanes() {
  for (;;) {
    body_.call(body_.kernel, body_.arguments, traced_);
    Lane& lane = lanes_[size_t(current_)];
    lane.state = State::exited;
    warps_[size_t(current_ / warp_size)].exited |= uint32_t{1} << current_ % warp_size;
    ++exited_;
    const int next = next_ready();
    if (next >= 0 && !lanes_[size_t(next)].fiber) {
      lanes_[size_t(next)].fiber = lane.fiber;
      take_turn(next);
      continue;
    }
    free_fibers_.push_back(lane.fiber);
    if (next < 0) leave();
    Context dropped;
    hand_over(dropped, next);
  }
}

void Block::wait(State state, const char* name, Place place) {
  Lane& lane = lanes_[size_t(current_)];
  lane.state = state;
  lane.waits_in = name;
  lane.place = place;
  const int next = next_ready();
  if (next < 0) leave();
  hand_over(*lane.fiber, next);
  lane.state = State::running;
}

namespace {
// The emulator's own code, called by a kernel, is not the kernel's.
struct Untraced {
  bool before = std::exchange(variables.traced, false);
  ~Untraced() { variables.traced = before; }
};
}  // namespace

void Block::stop(const std::string& message) {
  variables.traced = false;
  error_ = message;
  failed_ = true;
  leave();
}

// ---- barriers

int Block::barrier(Votes votes, bool vote, const char* name, Place place) {
  const Untraced untraced;
  votes_ += vote;
  if (waiting_++ == 0) first_at_barrier_ = current_;
  if (const Lane& first = lanes_[size_t(first_at_barrier_)];
      first_at_barrier_ != current_ && !(same(first.place, place) && std::string_view(first.waits_in) == name))
    stop(text("threads meet in one barrier from two places: ", lane_name(first_at_barrier_), " in ", first.waits_in, " at ", text_of(first.place),
              ", ", lane_name(current_), " in ", name, " at ", text_of(place)));
  const int lanes = int(lanes_.size());
  if (waiting_ < lanes) {
    wait(State::at_barrier, name, place);
    return vote_result_;
  }
  vote_result_ = votes == Votes::count ? votes_ : votes == Votes::all ? int(votes_ == lanes) : int(votes_ > 0);
  waiting_ = votes_ = 0;
  ++barriers_;
  if (traced_) checker_barrier();
  for (int k = 0; k < lanes; ++k) {
    const int i = order_ == Order::reverse ? lanes - 1 - k : k;
    if (i != current_) make_ready(i);
  }
  return vote_result_;
}

// ---- warp operations

namespace {
std::string hex(uint32_t mask) {
  char digits[11];
  std::snprintf(digits, sizeof digits, "0x%x", mask);
  return digits;
}
}  // namespace

void Block::check_mask(const WarpCall& call, int first_lane) {
  const auto where = [&] { return text(call.name, " at ", text_of(call.place), ": "); };
  const auto lowest = [](uint32_t bits) { return std::countr_zero(bits); };
  const Warp& warp = warps_[size_t(first_lane / warp_size)];
  if (!(call.mask >> (current_ - first_lane) & 1))
    stop(text(where(), lane_name(current_), " (lane ", current_ - first_lane, ") is not in its own mask ", hex(call.mask)));
  if (const uint32_t absent = call.mask & ~warp.lanes)
    stop(text(where(), "the mask ", hex(call.mask), " names lane ", lowest(absent), ", but this warp has ", std::popcount(warp.lanes), " lanes"));
  if (const uint32_t exited = call.mask & warp.exited)
    stop(text(where(), "the mask ", hex(call.mask), " names ", lane_name(first_lane + lowest(exited)), ", which has exited"));
  if (const uint32_t waiting = call.mask & warp.waiting) {
    const int other = first_lane + lowest(waiting);
    const WarpCall& theirs = *lanes_[size_t(other)].call;
    if (theirs.mask != call.mask || theirs.work != call.work || !same(theirs.place, call.place))
      stop(text(where(), "the lanes of a mask do not agree: ", lane_name(current_), " comes with mask ", hex(call.mask), ", ", lane_name(other),
                " waits with mask ", hex(theirs.mask), " in ", theirs.name, " at ", text_of(theirs.place)));
  }
}

void Block::warp_call(const WarpCall& call) {
  const Untraced untraced;
  const int first_lane = current_ / warp_size * warp_size;
  check_mask(call, first_lane);
  Warp& warp = warps_[size_t(first_lane / warp_size)];
  const uint32_t self = uint32_t{1} << (current_ - first_lane);
  if (((warp.waiting & call.mask) | self) != call.mask) {
    warp.waiting |= self;
    lanes_[size_t(current_)].call = &call;
    wait(State::at_warp_call, call.name, call.place);
    return;
  }
  void* values[warp_size] = {};
  for (int l = 0; l < warp_size; ++l)
    if (const int lane = first_lane + l; call.mask >> l & 1) values[l] = lane == current_ ? call.value : lanes_[size_t(lane)].call->value;
  call.work(call.mask, values);
  if (traced_) checker_warp_operation(call.mask, first_lane);
  warp.waiting &= ~call.mask;
  for (int k = 0; k < warp_size; ++k) {
    const int l = order_ == Order::reverse ? warp_size - 1 - k : k;
    if ((call.mask >> l & 1) && first_lane + l != current_) make_ready(first_lane + l);
  }
}

void Block::stop_absent_source(const char* name, uint32_t mask, int source, Place place) {
  variables.traced = false;
  stop(text(name, " at ", text_of(place), ": ", lane_name(current_), " reads lane ", source, ", which is not in the mask ", hex(mask)));
}

void Block::stop_width(const char* name, int width, Place place) {
  variables.traced = false;
  stop(text(name, " at ", text_of(place), ": a width of ", width, ", which is not 1, 2, 4, 8, 16 or 32"));
}

void Block::stop_active_mask(Place place) {
  variables.traced = false;
  stop(text("__activemask at ", text_of(place), ": which lanes are active is chance; pass the mask that you mean"));
}

// ---- nobody can go on

void Block::report_stuck() {
  const auto describe = [&](int i) { return text(lane_name(i), " waits in ", lanes_[size_t(i)].waits_in, " at ", text_of(lanes_[size_t(i)].place)); };
  int waiting = 0, warp = -1, barrier = -1, exited = -1;
  for (int i = int(lanes_.size()) - 1; i >= 0; --i) {
    const State state = lanes_[size_t(i)].state;
    if (state == State::at_barrier) barrier = i, ++waiting;
    if (state == State::at_warp_call) warp = i;
    if (state == State::exited) exited = i;
  }
  if (warp >= 0) {
    const WarpCall& call = *lanes_[size_t(warp)].call;
    for (int l = 0; l < warp_size; ++l) {
      const int other = warp / warp_size * warp_size + l;
      if (!(call.mask >> l & 1) || lanes_[size_t(other)].state == State::at_warp_call) continue;
      if (lanes_[size_t(other)].state == State::exited) fail(describe(warp), " for ", lane_name(other), " of its mask, which has exited");
      fail(describe(warp), " for ", lane_name(other), " of its mask, but ", describe(other));
    }
  }
  fail(describe(barrier), " with ", waiting - 1, " others, but ", lane_name(exited), " has exited: ", exited_, " of ", lanes_.size(),
       " threads never reach the barrier");
}

}  // namespace ito::simt
