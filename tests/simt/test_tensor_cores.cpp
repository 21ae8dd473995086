#include <doctest/doctest.h>

#include <random>

#include "tests/simt/emulated.h"

using namespace ito;
using namespace ito::kernels;
using checks::Array, checks::With, checks::orders;

namespace {

namespace wmma = nvcuda::wmma;

struct Sizes {
  unsigned lda, ldb, ldc;
  bool c_by_columns;
};

// d = a b + c, c + d stored over c. One warp.
template <int m, int n, int k, class LayoutA, class LayoutB>
__global__ void product(const __nv_bfloat16* a, const __nv_bfloat16* b, float* c, Sizes s) {
  wmma::fragment<wmma::matrix_a, m, n, k, __nv_bfloat16, LayoutA> fa;
  wmma::fragment<wmma::matrix_b, m, n, k, __nv_bfloat16, LayoutB> fb;
  wmma::fragment<wmma::accumulator, m, n, k, float> fc, fd;
  const auto layout = s.c_by_columns ? wmma::mem_col_major : wmma::mem_row_major;
  wmma::load_matrix_sync(fa, a, s.lda);
  wmma::load_matrix_sync(fb, b, s.ldb);
  wmma::load_matrix_sync(fc, c, s.ldc, layout);
  wmma::mma_sync(fd, fa, fb, fc);
  for (int i = 0; i < fd.num_elements; ++i) fd.x[i] += fc.x[i];
  wmma::store_matrix_sync(c, fd, s.ldc, layout);
}

// Small integers: products and sums are exact in every order.
template <int m, int n, class LayoutA, class LayoutB>
void check_product() {
  constexpr int k = 16;
  const bool a_columns = std::is_same_v<LayoutA, wmma::col_major>, b_columns = std::is_same_v<LayoutB, wmma::col_major>;
  for (const bool c_columns : {false, true}) {
    const Sizes s{a_columns ? m + 8U : k, b_columns ? k + 16U : n + 8U, c_columns ? m + 4U : n, c_columns};
    std::mt19937 random(1);
    const auto filled = [&](size_t count, auto value) {
      std::vector<decltype(value)> all;
      while (all.size() < count) all.push_back(decltype(value)(float(int(random() % 17) - 8)));
      return all;
    };
    const auto a = filled(size_t(s.lda) * (a_columns ? k : m), bfloat16()), b = filled(size_t(s.ldb) * (b_columns ? n : k), bfloat16());
    const std::vector<float> c = filled(size_t(s.ldc) * (c_columns ? n : m), 0.0f);  // NOLINT(bugprone-branch-clone): n may be m
    std::vector<float> expected = c;
    for (unsigned i = 0; i < m; ++i)
      for (unsigned j = 0; j < n; ++j) {
        float& sum = expected[c_columns ? j * s.ldc + i : i * s.ldc + j];
        sum *= 2;
        for (unsigned l = 0; l < k; ++l)
          sum += float(a[a_columns ? l * s.lda + i : i * s.lda + l]) * float(b[b_columns ? j * s.ldb + l : l * s.ldb + j]);
      }
    const Array<bfloat16> da(a), db(b);
    const Array<float> dc(c);
    launch(product<m, n, k, LayoutA, LayoutB>, {1, 32}, da.data, db.data, dc.data, s);
    CHECK(dc.values() == expected);
  }
}

template <int m, int n>
void check_layouts() {
  check_product<m, n, wmma::row_major, wmma::row_major>();
  check_product<m, n, wmma::row_major, wmma::col_major>();
  check_product<m, n, wmma::col_major, wmma::row_major>();
  check_product<m, n, wmma::col_major, wmma::col_major>();
}

// Element i of a lane is taken for element 8 lane + i of the matrix, which CUDA does not promise.
__global__ void relies_on_a_mapping(const float* bias, float* y) {
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> sum;
  wmma::fill_fragment(sum, 1.0f);
  for (int i = 0; i < sum.num_elements; ++i) sum.x[i] += bias[threadIdx.x * 8 + unsigned(i)];
  wmma::store_matrix_sync(y, sum, 16, wmma::mem_row_major);
}

__global__ void never_filled(const __nv_bfloat16* x, float* y) {
  wmma::fragment<wmma::matrix_a, 16, 16, 16, __nv_bfloat16, wmma::row_major> a;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, __nv_bfloat16, wmma::row_major> b;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> sum;
  wmma::load_matrix_sync(a, x, 16);
  wmma::load_matrix_sync(b, x, 16);
  wmma::mma_sync(sum, a, b, sum);
  wmma::store_matrix_sync(y, sum, 16, wmma::mem_row_major);
}

}  // namespace

TEST_SUITE("simt") {
  TEST_CASE("tensor cores: every size and layout gives the plain product, in three orders") {
    for (const simt::Settings& s : orders) {
      const With settings(s);
      check_layouts<16, 16>();
      check_layouts<32, 8>();
      check_layouts<8, 32>();
    }
  }

  TEST_CASE("tensor cores: a kernel that relies on where a fragment's elements lie gives other bits in another order") {
    std::vector<float> numbers(256);
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = float(i);
    std::vector<std::vector<float>> got;
    for (const simt::Settings& s : orders) {
      const With settings(s);
      const Array<float> bias(numbers), y(numbers);
      launch(relies_on_a_mapping, {1, 32}, bias.data, y.data);
      got.push_back(y.values());
    }
    CHECK(got[0] != got[1]);
  }

  TEST_CASE("tensor cores: an accumulator that nobody filled is NaN") {
    const Array<bfloat16> x(std::vector<bfloat16>(256, bfloat16(1.0f)));
    const Array<float> y(std::vector<float>(256));
    launch(never_filled, {1, 32}, x.data, y.data);
    for (const float value : y.values()) CHECK(value != value);
  }
}
