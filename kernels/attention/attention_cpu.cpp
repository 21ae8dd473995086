// The definitions, in double, one head after the other.
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/attention/head.h"

namespace ito::kernels {

namespace {

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
        y[head.result(t) + c] = T(out);
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
      const T *g = dy + head.result(t), *query = q + head.query(t);
      std::vector<double> q_sum(size_t(d), 0.0);
      const double mean = dot(g, y + head.result(t), d);
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

}  // namespace

ITO_REGISTER_KERNEL(AttentionForward, Device::cpu, "reference", forward_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(AttentionBackward, Device::cpu, "reference", backward_reference, float, double, bfloat16);

}  // namespace ito::kernels
