// One block of an emulated launch: its lanes (CUDA threads), the barriers and the warp operations where they meet.
//
// A lane runs on a fiber until it returns or has to wait, and then hands over to the next that can run; there is no hidden lock-step. A lane that
// never waits leaves its fiber to the next, so that a kernel without barriers runs as a plain loop. Who comes last to a meeting does its work for
// all and lets the others go on.
// What would hang or be undefined on a GPU stops the block with a message: a barrier that not all threads reach, or reach at different places;
// a warp operation whose mask leaves out the caller, names a lane that has exited, or is not the others' mask.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/simt/fiber.h"
#include "kernels/simt/settings.h"
#include "kernels/simt/variables.h"

namespace ito::simt {

// Where in a kernel something is called; as parameters whose default values are the caller's.
#define ITO_PLACE const char *file = __builtin_FILE(), int line = __builtin_LINE()
struct Place {
  const char* file = "";
  int line = 0;
};
std::string text_of(const Place& place);  // "softmax_cuda.cu:42"

// A warp operation as one lane calls it. The last lane of `mask` to come runs `work` over the values of all 32 lanes (null for those not in the
// mask); each lane finds its answer in its own value.
struct WarpCall {
  const char* name;
  uint32_t mask;
  void (*work)(uint32_t mask, void* const* values);
  void* value;
  Place place;
};

class Block {
 public:
  // What a lane runs: call(kernel, arguments, traced).
  struct Body {
    void (*call)(const void* kernel, const std::byte* arguments, bool traced);
    const void* kernel;
    const std::byte* arguments;
  };
  // Runs the body once for every thread of a block. Throws Error when a lane reports one with stop().
  void run(dim3 size, const Body& body, Order order, uint64_t seed, bool traced);

  // What follows is called from within a lane.
  enum class Votes : uint8_t { none, count, all, any };
  int barrier(Votes votes, bool vote, const char* name, Place place);
  void warp_call(const WarpCall& call);
  // Ends the whole block: run() throws Error(message).
  [[noreturn]] void stop(const std::string& message);
  [[noreturn]] void stop_absent_source(const char* name, uint32_t mask, int source, Place place);
  [[noreturn]] void stop_width(const char* name, int width, Place place);
  [[noreturn]] void stop_active_mask(Place place);

  std::string lane_name(int lane) const;  // "thread 5" or "thread (1,2,0)"
  int64_t barriers() const { return barriers_; }
  bool traced() const { return traced_; }  // the checker looks at every access

 private:
  enum class State : uint8_t { running, at_barrier, at_warp_call, exited };
  struct Lane {
    State state = State::running;
    Fiber* fiber = nullptr;  // null before its first turn
    const char* waits_in = "";
    Place place;
    const WarpCall* call = nullptr;
  };

  // The lanes of a warp as bits.
  struct Warp {
    uint32_t lanes = 0, exited = 0, waiting = 0;
  };

  void prepare(dim3 size);
  static void enter(void* block);
  [[noreturn]] void run_lanes();
  void take_turn(int lane);
  void hand_over(Context& own, int lane);
  [[noreturn]] void leave();
  void wait(State state, const char* name, Place place);
  int next_ready();
  void make_ready(int lane);
  void check_mask(const WarpCall& call, int first_lane);
  [[noreturn]] void report_stuck();

  dim3 size_{0, 0, 0};
  std::vector<uint3> threads_;  // threadIdx of each lane
  Context caller_;              // of run()
  Body body_{};
  std::vector<Lane> lanes_;
  std::vector<Warp> warps_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> free_fibers_;
  std::vector<int> ready_;
  size_t ready_head_ = 0;
  Order order_ = Order::forward;
  std::mt19937_64 random_;
  int current_ = 0, waiting_ = 0, exited_ = 0, votes_ = 0, vote_result_ = 0;
  int first_at_barrier_ = 0;
  int64_t barriers_ = 0;
  std::string error_;
  bool failed_ = false, traced_ = false;
};

// The block that this OS thread runs.
Block& current_block();

}  // namespace ito::simt
