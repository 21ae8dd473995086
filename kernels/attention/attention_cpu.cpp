#include "kernels/attention/attention.h"

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/gemm/gemm.h"
#include "kernels/softmax/lanes.h"
#include "kernels/vecmath.h"

namespace ito::kernels {

namespace {

// ---- the definitions, in double, one head after the other

template <class T>
struct Head {
  const AttentionShape& s;
  const T* mask;
  int64_t n, h;

  int64_t query(int64_t t) const { return (n * s.queries + t) * s.channels + h * s.head_channels(); }
  int64_t key(int64_t j) const { return (n * s.keys + j) * s.channels + h * s.head_channels(); }
  int64_t row(int64_t t) const { return (n * s.heads + h) * s.queries + t; }
  const T* mask_row(int64_t t) const { return mask ? mask + n * s.mask_strides[0] + h * s.mask_strides[1] + t * s.mask_strides[2] : nullptr; }
};

template <class Body>
void for_heads(const AttentionShape& s, Body&& body) {
  for (int64_t n = 0; n < s.batch; ++n)
    for (int64_t h = 0; h < s.heads; ++h) body(n, h);
}

template <class T>
double dot(const T* a, const T* b, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += double(a[i]) * double(b[i]);
  return sum;
}

template <class T>
double score(const T* q, const T* k, const Head<T>& head, int64_t t, int64_t j) {
  if (head.s.causal && j > t) return -std::numeric_limits<double>::infinity();
  const T* added = head.mask_row(t);
  return head.s.scale * dot(q + head.query(t), k + head.key(j), head.s.head_channels()) + (added ? double(added[j * head.s.mask_strides[3]]) : 0);
}

template <class T>
void forward_reference(const T* q, const T* k, const T* v, const T* mask, T* y, accumulate_t<T>* lse, const AttentionShape& s) {
  std::vector<double> p(size_t(s.keys));
  for_heads(s, [&](int64_t n, int64_t h) {
    const Head<T> head{s, mask, n, h};
    for (int64_t t = 0; t < s.queries; ++t) {
      double top = -std::numeric_limits<double>::infinity(), sum = 0;
      for (int64_t j = 0; j < s.keys; ++j) top = std::max(top, p[size_t(j)] = score(q, k, head, t, j));
      for (double& value : p) sum += value = std::exp(value - top);
      for (int64_t c = 0; c < s.head_channels(); ++c) {
        double out = 0;
        for (int64_t j = 0; j < s.keys; ++j) out += p[size_t(j)] / sum * double(v[head.key(j) + c]);
        y[head.query(t) + c] = T(out);
      }
      lse[head.row(t)] = accumulate_t<T>(top + std::log(sum));
    }
  });
}

template <class T>
void backward_reference(const T* q, const T* k, const T* v, const T* mask, const T* y, const accumulate_t<T>* lse, const T* dy, T* dq, T* dk, T* dv,
                        const AttentionShape& s) {
  const int64_t d = s.head_channels();
  std::vector<double> k_sum(size_t(s.keys * d)), v_sum(size_t(s.keys * d));
  for_heads(s, [&](int64_t n, int64_t h) {
    const Head<T> head{s, mask, n, h};
    std::fill(k_sum.begin(), k_sum.end(), 0.0);
    std::fill(v_sum.begin(), v_sum.end(), 0.0);
    for (int64_t t = 0; t < s.queries; ++t) {
      const T *g = dy + head.query(t), *query = q + head.query(t);
      std::vector<double> q_sum(size_t(d), 0.0);
      const double mean = dot(g, y + head.query(t), d);
      for (int64_t j = 0; j < s.keys; ++j) {
        const double p = std::exp(score(q, k, head, t, j) - double(lse[head.row(t)])), ds = p * (dot(g, v + head.key(j), d) - mean);
        for (int64_t c = 0; c < d; ++c) {
          v_sum[size_t(j * d + c)] += p * double(g[c]);
          k_sum[size_t(j * d + c)] += s.scale * ds * double(query[c]);
          q_sum[size_t(c)] += s.scale * ds * double(k[head.key(j) + c]);
        }
      }
      for (int64_t c = 0; c < d; ++c) dq[head.query(t) + c] = T(q_sum[size_t(c)]);
    }
    for (int64_t j = 0; j < s.keys; ++j)
      for (int64_t c = 0; c < d; ++c) {
        dk[head.key(j) + c] = T(k_sum[size_t(j * d + c)]);
        dv[head.key(j) + c] = T(v_sum[size_t(j * d + c)]);
      }
  });
}

// ---- matmuls by head (kernels/gemm reads the heads where they lie), heads in parallel; the scores of one head stay in the cache

// A matrix in memory: element (i, j) at data[i * row + j * column].
template <class T>
struct Strided {
  const T* data;
  int64_t row, column;
};

// c (m, n), leading dimension ldc, = a (m, k) b (k, n)
template <class T>
void multiply(int64_t m, int64_t n, int64_t k, Strided<T> a, Strided<T> b, T* c, int64_t ldc) {
  using G = Gemm<T>;
  G::run(
      m, n, k,
      [=](int64_t row, int64_t rows, int64_t k0, int64_t kb, T* out) {
        for (int64_t i = 0; i < rows; ++i) {
          const T* line = a.data + (row + i) * a.row + k0 * a.column;
          for (int64_t p = 0; p < kb; ++p) out[i * G::a_stride + p] = line[p * a.column];
        }
      },
      [=](int64_t col, int64_t cols, int64_t k0, int64_t kb, T* out) {
        for (int64_t p = 0; p < kb; ++p) {
          const T* line = b.data + (k0 + p) * b.row + col * b.column;
          for (int64_t j = 0; j < cols; ++j) out[p * G::nr + j] = line[j * b.column];
          std::fill(out + p * G::nr + cols, out + (p + 1) * G::nr, T(0));
        }
      },
      c, ldc, static_cast<const T*>(nullptr));
}

// S = scale Q K^T + mask for one head, (queries, keys).
template <class T>
void scores(const T* q, const T* k, const Head<T>& head, T* out) {
  const AttentionShape& s = head.s;
  multiply<T>(s.queries, s.keys, s.head_channels(), {q + head.query(0), s.channels, 1}, {k + head.key(0), 1, s.channels}, out, s.keys);
  for (int64_t t = 0; t < s.queries; ++t) {
    T* row = out + t * s.keys;
    const T* added = head.mask_row(t);
    for (int64_t j = 0; j < s.keys; ++j) row[j] *= T(s.scale);
    if (added)
      for (int64_t j = 0; j < s.keys; ++j) row[j] += added[j * s.mask_strides[3]];
    if (s.causal && t + 1 < s.keys) std::fill(row + t + 1, row + s.keys, -std::numeric_limits<T>::infinity());
  }
}

template <class Body>
void for_heads_parallel(const AttentionShape& s, Body&& body) {
  parallel_for(s.batch * s.heads, 1, [&](int64_t task, int64_t) { body(task / s.heads, task % s.heads); });
}

template <class T>
void forward_matmul(const T* q, const T* k, const T* v, const T* mask, T* y, T* lse, const AttentionShape& s) {
  for_heads_parallel(s, [&](int64_t n, int64_t h) {
    const Head<T> head{s, mask, n, h};
    std::vector<T> p(size_t(s.queries * s.keys));
    scores(q, k, head, p.data());
    for (int64_t t = 0; t < s.queries; ++t) {
      T* row = p.data() + t * s.keys;
      const T top = lane_maximum(row, s.keys), sum = lane_sum<T>(s.keys, [=](int64_t j) { return row[j] = exp_fast(row[j] - top); }), scale = 1 / sum;
      for (int64_t j = 0; j < s.keys; ++j) row[j] *= scale;
      lse[head.row(t)] = top + std::log(sum);
    }
    multiply<T>(s.queries, s.head_channels(), s.keys, {p.data(), s.keys, 1}, {v + head.key(0), s.channels, 1}, y + head.query(0), s.channels);
  });
}

template <class T>
void backward_matmul(const T* q, const T* k, const T* v, const T* mask, const T* y, const T* lse, const T* dy, T* dq, T* dk, T* dv,
                     const AttentionShape& s) {
  const int64_t d = s.head_channels(), c = s.channels;
  for_heads_parallel(s, [&](int64_t n, int64_t h) {
    const Head<T> head{s, mask, n, h};
    std::vector<T> p(size_t(s.queries * s.keys)), ds(p.size());
    scores(q, k, head, p.data());
    multiply<T>(s.queries, s.keys, d, {dy + head.query(0), c, 1}, {v + head.key(0), 1, c}, ds.data(), s.keys);
    for (int64_t t = 0; t < s.queries; ++t) {
      T *row = p.data() + t * s.keys, *g = ds.data() + t * s.keys;
      const T *out = y + head.query(t), *dout = dy + head.query(t), top = lse[head.row(t)], scale = T(s.scale);
      const T mean = lane_sum<T>(d, [=](int64_t i) { return out[i] * dout[i]; });
      for (int64_t j = 0; j < s.keys; ++j) {
        row[j] = exp_fast(row[j] - top);
        g[j] = scale * row[j] * (g[j] - mean);
      }
    }
    multiply<T>(s.keys, d, s.queries, {p.data(), 1, s.keys}, {dy + head.query(0), c, 1}, dv + head.key(0), c);
    multiply<T>(s.queries, d, s.keys, {ds.data(), s.keys, 1}, {k + head.key(0), c, 1}, dq + head.query(0), c);
    multiply<T>(s.keys, d, s.queries, {ds.data(), 1, s.keys}, {q + head.query(0), c, 1}, dk + head.key(0), c);
  });
}

}  // namespace

ITO_REGISTER_KERNEL(AttentionForward, Device::cpu, "reference", forward_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(AttentionForward, Device::cpu, "matmul", forward_matmul, float, double);
ITO_REGISTER_KERNEL(AttentionBackward, Device::cpu, "reference", backward_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(AttentionBackward, Device::cpu, "matmul", backward_matmul, float, double);

}  // namespace ito::kernels
