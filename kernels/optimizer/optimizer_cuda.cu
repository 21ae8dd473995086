// Steps of gradient descent over many tensors (formulas: optimizer.h).
//
// 1. naive    a launch a tensor, a thread an element. A network has hundreds of tensors, most of them smaller than what a launch costs.
// 2. tensors  a launch for as many tensors as fit into a kernel's arguments (4 KB): a block finds its tensor by the number of its first block, and
//             takes 4,096 elements of it in packs of 16 bytes. Limited by memory: every buffer is read, or written, once.
//
// sum_of_squares: the blocks' sums, in double, are added by one block; their order is that of the tensors.
#include "kernels/optimizer/optimizer.h"

#include <cmath>

#include "kernels/cuda/rows.h"
#include "kernels/cuda/split_sum.h"

namespace ito::kernels {

namespace {

constexpr int threads = 256;
constexpr int elements_a_block = 4096;

// ---- what is done with `count` neighbours of a tensor, from element i on; from() is the tensor without its first elements

template <class T>
struct SgdUpdate {
  using Tensor = SgdTensor<T>;
  T lr, momentum, decay, scale;
  explicit SgdUpdate(const SgdStep& s) : lr(T(s.lr)), momentum(T(s.momentum)), decay(T(s.weight_decay)), scale(T(s.gradient_scale)) {}
  __device__ static Tensor from(const Tensor& t, int64_t i) { return {t.p + i, t.g + i, t.v + i, t.n - i}; }
  template <int count>
  __device__ static bool packed(const Tensor& t) {
    return packs_at<count>(t.p, t.g, t.v);
  }
  template <int count>
  __device__ void step(const Tensor& t, int i) const {
    auto p = load_pack<T, count>(t.p + i), v = load_pack<T, count>(t.v + i);
    const auto g = load_pack<T, count>(t.g + i);
#pragma unroll
    for (int l = 0; l < count; ++l) {
      v.element[l] = momentum * v.element[l] + scale * g.element[l] + decay * p.element[l];
      p.element[l] -= lr * v.element[l];
    }
    store_pack(t.v + i, v);
    store_pack(t.p + i, p);
  }
};

template <class T>
struct AdamUpdate {
  using Tensor = AdamTensor<T>;
  T scale, l2, keep, b1, b2, eps, rate, root_scale;
  explicit AdamUpdate(const AdamStep& s)
      : scale(T(s.gradient_scale)),
        l2(T(s.l2)),
        keep(T(1 - s.lr * s.decay)),
        b1(T(s.beta1)),
        b2(T(s.beta2)),
        eps(T(s.eps)),
        rate(T(s.lr / (1 - std::pow(s.beta1, double(s.t))))),
        root_scale(T(1 / std::sqrt(1 - std::pow(s.beta2, double(s.t))))) {}
  __device__ static Tensor from(const Tensor& t, int64_t i) { return {t.p + i, t.g + i, t.m + i, t.v + i, t.n - i}; }
  template <int count>
  __device__ static bool packed(const Tensor& t) {
    return packs_at<count>(t.p, t.g, t.m, t.v);
  }
  template <int count>
  __device__ void step(const Tensor& t, int i) const {
    auto p = load_pack<T, count>(t.p + i), m = load_pack<T, count>(t.m + i), v = load_pack<T, count>(t.v + i);
    const auto g = load_pack<T, count>(t.g + i);
#pragma unroll
    for (int l = 0; l < count; ++l) {
      const T gradient = scale * g.element[l] + l2 * p.element[l];
      m.element[l] = b1 * m.element[l] + (1 - b1) * gradient;
      v.element[l] = b2 * v.element[l] + (1 - b2) * gradient * gradient;
      p.element[l] = keep * p.element[l] - rate * m.element[l] / (std::sqrt(v.element[l]) * root_scale + eps);
    }
    store_pack(t.m + i, m);
    store_pack(t.v + i, v);
    store_pack(t.p + i, p);
  }
};

template <class T>
struct EmaUpdate {
  using Tensor = EmaTensor<T>;
  T rate;
  __device__ static Tensor from(const Tensor& t, int64_t i) { return {t.e + i, t.p + i, t.n - i}; }
  template <int count>
  __device__ static bool packed(const Tensor& t) {
    return packs_at<count>(t.e, t.p);
  }
  template <int count>
  __device__ void step(const Tensor& t, int i) const {
    auto e = load_pack<T, count>(t.e + i);
    const auto p = load_pack<T, count>(t.p + i);
#pragma unroll
    for (int l = 0; l < count; ++l) e.element[l] += rate * (p.element[l] - e.element[l]);
    store_pack(t.e + i, e);
  }
};

// ---- a launch a tensor

template <class Update, class Tensor>
__global__ void __launch_bounds__(threads) update_one(Update update, Tensor tensor) {
  const int64_t i = global_thread();
  if (i < tensor.n) update.template step<1>(Update::from(tensor, i), 0);
}

template <class Update>
void update_each(const Update& update, std::span<const typename Update::Tensor> tensors) {
  for (const auto& t : tensors)
    if (t.n > 0) launch(&update_one<Update, typename Update::Tensor>, {unsigned((t.n + threads - 1) / threads), threads}, update, t);
}

// ---- a launch for many

// As one kernel argument. Tensor i has the blocks from first_block[i] to first_block[i + 1].
template <class Tensor>
struct TensorList {
  static constexpr int most = (4096 - 256) / int(sizeof(Tensor) + sizeof(int));
  Tensor tensor[most];
  int first_block[most + 1];
  int size;

  __device__ int of_block(int block) const {
    int low = 0, high = size;
    while (high - low > 1) {
      const int middle = (low + high) / 2;
      (first_block[middle] <= block ? low : high) = middle;
    }
    return low;
  }
};

// f(list, its blocks) for all tensors that have elements.
template <class Tensor, class F>
void in_lists(std::span<const Tensor> tensors, F&& f) {
  TensorList<Tensor> list{};
  const auto flush = [&] {
    if (list.size > 0) f(list, unsigned(list.first_block[list.size]));
    list.size = 0;
  };
  for (const Tensor& t : tensors) {
    if (t.n == 0) continue;
    if (list.size == TensorList<Tensor>::most) flush();
    list.tensor[list.size] = t;
    list.first_block[list.size + 1] = list.first_block[list.size] + int((t.n + elements_a_block - 1) / elements_a_block);
    ++list.size;
  }
  flush();
}

// occupancy: >= 50 %
template <class Update, class Tensor>
__global__ void __launch_bounds__(threads) update_many(Update update, TensorList<Tensor> list) {
  constexpr int lanes = 16 / sizeof(std::remove_cvref_t<decltype(*Tensor{}.p)>);
  const int index = list.of_block(int(blockIdx.x));
  const Tensor t = Update::from(list.tensor[index], int64_t(int(blockIdx.x) - list.first_block[index]) * elements_a_block);
  const int size = t.n < elements_a_block ? int(t.n) : elements_a_block;
  const bool packed = Update::template packed<lanes>(t);
  for (int i = int(threadIdx.x) * lanes; i < size; i += threads * lanes) {
    if (packed && i + lanes <= size) {
      update.template step<lanes>(t, i);
    } else {
      for (int k = i; k < size && k < i + lanes; ++k) update.template step<1>(t, k);
    }
  }
}

template <class Update>
void update_all(const Update& update, std::span<const typename Update::Tensor> tensors) {
  using Tensor = typename Update::Tensor;
  static_assert(sizeof(Update) + sizeof(TensorList<Tensor>) <= 4096, "the arguments of a kernel");
  in_lists(tensors, [&](const TensorList<Tensor>& list, unsigned blocks) { launch(&update_many<Update, Tensor>, {blocks, threads}, update, list); });
}

template <class T>
void sgd_naive(std::span<const SgdTensor<T>> tensors, const SgdStep& step) {
  update_each(SgdUpdate<T>(step), tensors);
}
template <class T>
void sgd_tensors(std::span<const SgdTensor<T>> tensors, const SgdStep& step) {
  update_all(SgdUpdate<T>(step), tensors);
}
template <class T>
void adam_naive(std::span<const AdamTensor<T>> tensors, const AdamStep& step) {
  update_each(AdamUpdate<T>(step), tensors);
}
template <class T>
void adam_tensors(std::span<const AdamTensor<T>> tensors, const AdamStep& step) {
  update_all(AdamUpdate<T>(step), tensors);
}
template <class T>
void ema_naive(std::span<const EmaTensor<T>> tensors, double decay) {
  update_each(EmaUpdate<T>{T(1 - decay)}, tensors);
}
template <class T>
void ema_tensors(std::span<const EmaTensor<T>> tensors, double decay) {
  update_all(EmaUpdate<T>{T(1 - decay)}, tensors);
}

// ---- the squared norm

template <class T>
struct SquareOf {
  const T* x;
  __device__ double operator()(int64_t i) const { return double(x[i]) * double(x[i]); }
};

// occupancy: >= 50 %
template <class T>
__global__ void __launch_bounds__(threads) sum_many(TensorList<SquaresTensor<T>> list, double* sums) {
  const int index = list.of_block(int(blockIdx.x));
  const SquaresTensor<T> t = list.tensor[index];
  const int64_t first = int64_t(int(blockIdx.x) - list.first_block[index]) * elements_a_block;
  const int64_t size = t.n - first < elements_a_block ? t.n - first : int64_t(elements_a_block);
  double sum = 0;
  for_row<threads>(
      size, [&](int64_t, T x) { sum += double(x) * double(x); }, t.x + first);
  sum = block_sum<threads>(sum);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

// A block a tensor.
template <class T>
void sum_of_squares_naive(std::span<const SquaresTensor<T>> tensors, double* y) {
  const Scratch<double, Device::cuda> sums(int64_t(tensors.size()));
  for (size_t i = 0; i < tensors.size(); ++i) sum_at_once(SquareOf<T>{tensors[i].x}, tensors[i].n, 1.0, sums.data() + i);
  sum_at_once(ElementsOf<double>{sums.data()}, int64_t(tensors.size()), 1.0, y);
}

template <class T>
void sum_of_squares_tensors(std::span<const SquaresTensor<T>> tensors, double* y) {
  int64_t blocks = 0;
  for (const auto& t : tensors) blocks += (t.n + elements_a_block - 1) / elements_a_block;
  const Scratch<double, Device::cuda> sums(blocks);
  double* next = sums.data();
  in_lists(tensors, [&](const TensorList<SquaresTensor<T>>& list, unsigned list_blocks) {
    launch(&sum_many<T>, {list_blocks, threads}, list, next);
    next += list_blocks;
  });
  sum_at_once(ElementsOf<double>{sums.data()}, blocks, 1.0, y);
}

}  // namespace

ITO_REGISTER_KERNEL(Sgd, Device::cuda, "naive", sgd_naive, float, double);
ITO_REGISTER_KERNEL(Sgd, Device::cuda, "tensors", sgd_tensors, float, double);
ITO_REGISTER_KERNEL(Adam, Device::cuda, "naive", adam_naive, float, double);
ITO_REGISTER_KERNEL(Adam, Device::cuda, "tensors", adam_tensors, float, double);
ITO_REGISTER_KERNEL(Ema, Device::cuda, "naive", ema_naive, float, double);
ITO_REGISTER_KERNEL(Ema, Device::cuda, "tensors", ema_tensors, float, double);
ITO_REGISTER_KERNEL(SumOfSquares, Device::cuda, "naive", sum_of_squares_naive, float, double);
ITO_REGISTER_KERNEL(SumOfSquares, Device::cuda, "tensors", sum_of_squares_tensors, float, double);

}  // namespace ito::kernels
