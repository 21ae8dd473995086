// Attention, the first rung: the formulas of attention.h one kernel each, and the score matrix in memory between them. flash_cuda.cu has the next.
//
// 1. naive    a thread an element. Scores, softmax and P V are three kernels; the way back has the rows' dY Y, then P and dS, then the sums over
//             keys and queries. The (queries, keys) matrices are written and read, and every thread of a row reads the whole of it.
#include "kernels/attention/naive.h"
#include "tensor/memory.h"

namespace ito::kernels {

namespace {

constexpr int threads = 128;

unsigned blocks_of(int64_t n) { return unsigned((n + threads - 1) / threads); }

template <class A, class T>
__device__ A dot(const T* a, const T* b, int64_t n) {
  A sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += A(a[i]) * A(b[i]);
  return sum;
}

// scores[head, t, s]
template <class T, class A = accumulate_t<T>>
__global__ void __launch_bounds__(threads) attention_scores(const T* q, const T* k, const T* mask, A* scores, AttentionHeads<A> a, int64_t n) {
  const int64_t i = global_thread();
  if (i >= n) return;
  const int64_t s = i % a.keys, t = i / a.keys % a.queries, head = i / a.keys / a.queries;
  scores[i] = a.score(dot<A>(q + a.query(head, t), k + a.key(head, s), a.head_channels), a.mask_of(mask, head), t, s);
}

// A thread a row: scores become p.
template <class A>
__global__ void __launch_bounds__(threads) attention_softmax(A* scores, A* lse, int64_t keys, int64_t rows) {
  const int64_t row = global_thread();
  if (row >= rows) return;
  A* p = scores + row * keys;
  A top = A(-INFINITY), sum = 0;
  for (int64_t s = 0; s < keys; ++s) top = std::max(top, p[s]);
  for (int64_t s = 0; s < keys; ++s) sum += p[s] = std::exp(p[s] - top);
  for (int64_t s = 0; s < keys; ++s) p[s] /= sum;
  lse[row] = top + std::log(sum);
}

// A thread a channel of y.
template <class T, class A = accumulate_t<T>>
__global__ void __launch_bounds__(threads) attention_values(const A* p, const T* v, T* y, AttentionHeads<A> a, int64_t n) {
  const int64_t i = global_thread();
  if (i >= n) return;
  const int64_t c = i % a.head_channels, row = i / a.head_channels, t = row % a.queries, head = row / a.queries;
  A sum = 0;
  for (int64_t s = 0; s < a.keys; ++s) sum += p[row * a.keys + s] * A(v[a.key(head, s) + c]);
  y[a.result(head, t) + c] = T(sum);
}

// delta[row] = sum_c dy y
template <class T, class A = accumulate_t<T>>
__global__ void __launch_bounds__(threads) attention_row_dots(const T* y, const T* dy, A* delta, AttentionHeads<A> a, int64_t rows) {
  const int64_t row = global_thread();
  if (row >= rows) return;
  const int64_t at = a.result(row / a.queries, row % a.queries);
  delta[row] = dot<A>(dy + at, y + at, a.head_channels);
}

// p[head, t, s], worked out again, and the gradient of q k.
template <class T, class A = accumulate_t<T>>
__global__ void __launch_bounds__(threads) attention_score_gradients(const T* q, const T* k, const T* v, const T* mask, const A* lse, const T* dy,
                                                                     const A* delta, A* p, A* ds, AttentionHeads<A> a, int64_t n) {
  const int64_t i = global_thread();
  if (i >= n) return;
  const int64_t s = i % a.keys, row = i / a.keys, t = row % a.queries, head = row / a.queries, query = a.query(head, t), key = a.key(head, s);
  p[i] = std::exp(a.score(dot<A>(q + query, k + key, a.head_channels), a.mask_of(mask, head), t, s) - lse[row]);
  ds[i] = a.scale * p[i] * (dot<A>(dy + a.result(head, t), v + key, a.head_channels) - delta[row]);
}

// A thread a channel of dq.
template <class T, class A = accumulate_t<T>>
__global__ void __launch_bounds__(threads) attention_query_gradients(const A* ds, const T* k, T* dq, AttentionHeads<A> a, int64_t n) {
  const int64_t i = global_thread();
  if (i >= n) return;
  const int64_t c = i % a.head_channels, row = i / a.head_channels, head = row / a.queries;
  A sum = 0;
  for (int64_t s = 0; s < a.keys; ++s) sum += ds[row * a.keys + s] * A(k[a.key(head, s) + c]);
  dq[a.query(head, row % a.queries) + c] = T(sum);
}

// A thread a channel of dk and dv.
template <class T, class A = accumulate_t<T>>
__global__ void __launch_bounds__(threads)
    attention_key_gradients(const A* p, const A* ds, const T* q, const T* dy, T* dk, T* dv, AttentionHeads<A> a, int64_t n) {
  const int64_t i = global_thread();
  if (i >= n) return;
  const int64_t c = i % a.head_channels, s = i / a.head_channels % a.keys, head = i / a.head_channels / a.keys;
  A key = 0, value = 0;
  for (int64_t t = 0; t < a.queries; ++t) {
    const int64_t at = (head * a.queries + t) * a.keys + s;
    key += ds[at] * A(q[a.query(head, t) + c]);
    value += p[at] * A(dy[a.result(head, t) + c]);
  }
  dk[a.key(head, s) + c] = T(key);
  dv[a.key(head, s) + c] = T(value);
}

}  // namespace

inline namespace ITO_CUDA_SET {

template <class T>
void attention_forward_naive(const T* q, const T* k, const T* v, const T* mask, T* y, accumulate_t<T>* lse, const AttentionShape& shape) {
  using A = accumulate_t<T>;
  const AttentionHeads<A> a(shape);
  const int64_t rows = shape.batch * a.heads * a.queries, elements = rows * a.keys, channels = rows * a.head_channels;
  if (rows == 0) return;
  const Storage scratch(size_t(elements) * sizeof(A), Device::cuda);
  A* p = reinterpret_cast<A*>(scratch.data());
  if (elements > 0) launch(&attention_scores<T>, {blocks_of(elements), threads}, q, k, mask, p, a, elements);
  launch(&attention_softmax<A>, {blocks_of(rows), threads}, p, lse, a.keys, rows);
  if (channels > 0) launch(&attention_values<T>, {blocks_of(channels), threads}, p, v, y, a, channels);
}

template <class T>
void attention_backward_naive(const T* q, const T* k, const T* v, const T* mask, const T* y, const accumulate_t<T>* lse, const T* dy, T* dq, T* dk,
                              T* dv, const AttentionShape& shape) {
  using A = accumulate_t<T>;
  const AttentionHeads<A> a(shape);
  const int64_t images = shape.batch * a.heads, rows = images * a.queries, elements = rows * a.keys;
  const Storage scratch(size_t(rows + 2 * elements) * sizeof(A), Device::cuda);
  A *delta = reinterpret_cast<A*>(scratch.data()), *p = delta + rows, *ds = p + elements;
  if (rows > 0) launch(&attention_row_dots<T>, {blocks_of(rows), threads}, y, dy, delta, a, rows);
  if (elements > 0) launch(&attention_score_gradients<T>, {blocks_of(elements), threads}, q, k, v, mask, lse, dy, delta, p, ds, a, elements);
  if (const int64_t n = rows * a.head_channels; n > 0) launch(&attention_query_gradients<T>, {blocks_of(n), threads}, ds, k, dq, a, n);
  if (const int64_t n = images * a.keys * a.head_channels; n > 0)
    launch(&attention_key_gradients<T>, {blocks_of(n), threads}, p, ds, q, dy, dk, dv, a, n);
}

}  // namespace ITO_CUDA_SET

ITO_REGISTER_KERNEL(AttentionForward, Device::cuda, "naive", attention_forward_naive, float, double, bfloat16);
ITO_REGISTER_KERNEL(AttentionBackward, Device::cuda, "naive", attention_backward_naive, float, double, bfloat16);

}  // namespace ito::kernels
