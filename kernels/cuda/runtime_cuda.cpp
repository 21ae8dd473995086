// ITO_CUDA=ON: the device of kernels/cuda/runtime.h and host.h is a GPU.
#include "kernels/cuda/runtime.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "kernels/cuda/host.h"
#include "tensor/error.h"

namespace ito::cuda {

namespace {

// The kernel that was launched last: when a wait fails, it or one before it is to blame.
struct LastLaunch {
  std::mutex mutex;
  const void* kernel = nullptr;
  Place where;
};
LastLaunch& last_launch() {
  static auto* last = new LastLaunch;
  return *last;
}

// "softmax_online<float>"
std::string kernel_name(const void* kernel) {
  const char* mangled = nullptr;
  if (cudaFuncGetName(&mangled, kernel) != cudaSuccess || !mangled) return "unknown kernel";
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(mangled, nullptr, nullptr, &status), &std::free);
  std::string name = text ? text.get() : mangled;
  name = name.substr(0, name.rfind('('));  // the parameters
  const size_t arguments = name.find('<'), scope = name.rfind("::", arguments);
  return scope == std::string::npos ? name : name.substr(scope + 2);
}

std::string size_text(dim3 size) { return text("(", size.x, ",", size.y, ",", size.z, ")"); }

// What was wrong where nobody could be told: in a destructor. Whoever waits next is.
struct Pending {
  std::mutex mutex;
  std::string message;
};
Pending& pending() {
  static auto* only = new Pending;
  return *only;
}
void throw_pending() {
  const std::lock_guard lock(pending().mutex);
  if (!pending().message.empty()) throw Error(std::exchange(pending().message, {}));
}

}  // namespace

std::string text_of(const Place& place) {
  const std::string_view path = place.file;
  return text(path.substr(path.rfind('/') + 1), ":", place.line);
}

void check(cudaError_t result, const char* call, const char* file, int line) {
  if (result == cudaSuccess) [[likely]]
    return;
  static_cast<void>(cudaGetLastError());  // what can be cleared is: the next call is not to be blamed
  fail_call(cudaGetErrorString(result), call, file, line);
}

void fail_call(const char* why, const char* call, const char* file, int line) {
  std::string last;
  {
    const std::lock_guard lock(last_launch().mutex);
    if (last_launch().kernel)
      last = text("; launched last: ", kernel_name(last_launch().kernel), ", ", text_of(last_launch().where),
                  " (with CUDA_LAUNCH_BLOCKING=1 that is the kernel that failed)");
  }
  fail("[", call, "] ", text_of({file, line}), ": ", why, last);
}

void check_launch(cudaError_t result, const void* kernel, const Launch& l) {
  if (result != cudaSuccess) {
    static_cast<void>(cudaGetLastError());
    fail("[", kernel_name(kernel), "] ", text_of(l.where), ": grid ", size_text(l.grid), ", block ", size_text(l.block), ", ", l.shared_bytes,
         " bytes of dynamic shared memory: ", cudaGetErrorString(result));
  }
  const std::lock_guard lock(last_launch().mutex);
  last_launch().kernel = kernel;
  last_launch().where = l.where;
}

void allow_shared_bytes(const void* kernel, size_t bytes, Place where) {
  const cudaError_t result = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(bytes));
  ITO_CHECK(result == cudaSuccess, "[", kernel_name(kernel), "] ", text_of(where), ": ", bytes,
            " bytes of dynamic shared memory: ", cudaGetErrorString(result));
}

cudaStream_t stream() {
  static const cudaStream_t only = [] {
    cudaStream_t created = nullptr;
    ITO_CUDA_CHECK(cudaStreamCreateWithFlags(&created, cudaStreamNonBlocking));
    return created;
  }();
  return only;
}

int multiprocessors() {
  static const int count = [] {
    int value = 0;
    ITO_CUDA_CHECK(cudaDeviceGetAttribute(&value, cudaDevAttrMultiProcessorCount, 0));
    return value;
  }();
  return count;
}

bool available() {
  static const bool found = [] {
    int count = 0;
    return cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
  }();
  return found;
}

std::string device_name() {
  cudaDeviceProp properties;
  ITO_CUDA_CHECK(cudaGetDeviceProperties(&properties, 0));
  return text(properties.name, ", sm_", properties.major, properties.minor, ", ", properties.multiProcessorCount, " multiprocessors");
}

std::byte* allocate(size_t bytes) {
  void* memory = nullptr;
  const cudaError_t result = cudaMalloc(&memory, bytes);
  if (result == cudaErrorMemoryAllocation) {
    static_cast<void>(cudaGetLastError());
    return nullptr;
  }
  check(result, "cudaMalloc(&memory, bytes)", __FILE__, __LINE__);
  return static_cast<std::byte*>(memory);
}

// Called by destructors, which must not throw. Memory may be given back after the driver has gone, at the end of the program.
void release(std::byte* memory) {
  const cudaError_t result = cudaFree(memory);  // waits for the device
  if (result == cudaSuccess || result == cudaErrorCudartUnloading) return;
  try {
    check(result, "cudaFree(memory)", __FILE__, __LINE__);
  } catch (const Error& error) {
    const std::lock_guard lock(pending().mutex);
    if (pending().message.empty()) pending().message = error.what();
  }
}

namespace {

bool on_device(const void* address) {
  cudaPointerAttributes attributes;
  ITO_CUDA_CHECK(cudaPointerGetAttributes(&attributes, address));
  return attributes.type == cudaMemoryTypeDevice;
}

// Two pieces of pinned memory that are used in turn: while one travels, the host works on the other.
class Staging {
 public:
  // Done when all has been taken from `from`; the last piece may still travel.
  void to_device(std::byte* to, const std::byte* from, size_t bytes) {
    const std::lock_guard lock(mutex_);
    for (size_t done = 0; done < bytes; done += piece) {
      const size_t n = std::min(piece, bytes - done);
      Half& half = turn();
      ITO_CUDA_CHECK(cudaEventSynchronize(half.travelled));
      std::memcpy(half.memory, from + done, n);
      ITO_CUDA_CHECK(cudaMemcpyAsync(to + done, half.memory, n, cudaMemcpyHostToDevice, stream()));
      ITO_CUDA_CHECK(cudaEventRecord(half.travelled, stream()));
    }
  }

  void to_host(std::byte* to, const std::byte* from, size_t bytes) {
    const std::lock_guard lock(mutex_);
    Half* before = nullptr;
    size_t before_at = 0, before_n = 0;
    for (size_t done = 0; done < bytes || before; done += piece) {
      Half* now = nullptr;
      size_t n = 0;
      if (done < bytes) {
        n = std::min(piece, bytes - done);
        now = &turn();
        ITO_CUDA_CHECK(cudaMemcpyAsync(now->memory, from + done, n, cudaMemcpyDeviceToHost, stream()));
        ITO_CUDA_CHECK(cudaEventRecord(now->travelled, stream()));
      }
      if (before) {
        ITO_CUDA_CHECK(cudaEventSynchronize(before->travelled));
        std::memcpy(to + before_at, before->memory, before_n);
      }
      before = now, before_at = done, before_n = n;
    }
  }

 private:
  static constexpr size_t piece = size_t{4} << 20;
  struct Half {
    std::byte* memory = nullptr;
    cudaEvent_t travelled = nullptr;
  };

  Half& turn() {
    Half& half = halves_[next_ ^= 1];
    if (!half.memory) {
      void* memory = nullptr;
      ITO_CUDA_CHECK(cudaMallocHost(&memory, piece));
      ITO_CUDA_CHECK(cudaEventCreateWithFlags(&half.travelled, cudaEventDisableTiming));
      half.memory = static_cast<std::byte*>(memory);
    }
    return half;
  }

  std::mutex mutex_;
  Half halves_[2];
  size_t next_ = 0;
};

Staging& staging() {
  static auto* only = new Staging;  // outlives tensors in static storage
  return *only;
}

void copy_on_device(std::byte* to, const std::byte* from, size_t bytes) {
  if (to + bytes <= from || from + bytes <= to) {
    ITO_CUDA_CHECK(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream()));
    return;
  }
  void* between = nullptr;  // the ranges overlap
  ITO_CUDA_CHECK(cudaMallocAsync(&between, bytes, stream()));
  ITO_CUDA_CHECK(cudaMemcpyAsync(between, from, bytes, cudaMemcpyDeviceToDevice, stream()));
  ITO_CUDA_CHECK(cudaMemcpyAsync(to, between, bytes, cudaMemcpyDeviceToDevice, stream()));
  ITO_CUDA_CHECK(cudaFreeAsync(between, stream()));
}

}  // namespace

void copy(void* to, const void* from, size_t bytes) {
  throw_pending();
  auto* t = static_cast<std::byte*>(to);
  const auto* f = static_cast<const std::byte*>(from);
  const bool to_device = on_device(to), from_device = on_device(from);
  if (to_device && from_device)
    copy_on_device(t, f, bytes);
  else if (to_device)
    staging().to_device(t, f, bytes);
  else if (from_device)
    staging().to_host(t, f, bytes);
  else
    std::memmove(t, f, bytes);
}

void synchronize() {
  throw_pending();
  ITO_CUDA_CHECK(cudaStreamSynchronize(stream()));
}

namespace {
struct Event {
  cudaEvent_t event = nullptr;
  Event() { ITO_CUDA_CHECK(cudaEventCreate(&event)); }
  ~Event() { static_cast<void>(cudaEventDestroy(event)); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
};
}  // namespace

double seconds(const std::function<void()>& work) {
  const Event start, stop;
  ITO_CUDA_CHECK(cudaEventRecord(start.event, stream()));
  work();
  ITO_CUDA_CHECK(cudaEventRecord(stop.event, stream()));
  ITO_CUDA_CHECK(cudaEventSynchronize(stop.event));
  float milliseconds = 0;
  ITO_CUDA_CHECK(cudaEventElapsedTime(&milliseconds, start.event, stop.event));
  return double(milliseconds) / 1e3;
}

}  // namespace ito::cuda
