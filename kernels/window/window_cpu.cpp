#include "kernels/window/window.h"

#include "kernels/parallel.h"
#include "kernels/scratch.h"
#include "kernels/store.h"

namespace ito::kernels {

namespace {

using Range = WindowShape::Range;

template <class Body>
void for_each(int64_t rows, int64_t columns, Body&& body) {
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) body(i, j);
}

// ---- the definitions, one element after the other, in double

template <class T>
void sum_reference(const T* x, T* y, double scale, const WindowShape& s) {
  for (int64_t n = 0; n < s.batch; ++n)
    for_each(s.out_height, s.out_width, [&](int64_t i, int64_t j) {
      for (int64_t c = 0; c < s.channels; ++c) {
        double total = 0;
        for_each(s.kernel, s.kernel, [&](int64_t a, int64_t b) {
          const int64_t h = i * s.stride - s.padding + a, w = j * s.stride - s.padding + b;
          if (0 <= h && h < s.height && 0 <= w && w < s.width) total += double(x[((n * s.height + h) * s.width + w) * s.channels + c]);
        });
        y[((n * s.out_height + i) * s.out_width + j) * s.channels + c] = T(scale * total);
      }
    });
}

template <class T>
void spread_reference(const T* y, T* x, double scale, const WindowShape& s) {
  for (int64_t n = 0; n < s.batch; ++n)
    for_each(s.height, s.width, [&](int64_t h, int64_t w) {
      for (int64_t c = 0; c < s.channels; ++c) {
        double total = 0;
        for_each(s.out_height, s.out_width, [&](int64_t i, int64_t j) {
          const int64_t a = h + s.padding - i * s.stride, b = w + s.padding - j * s.stride;
          if (0 <= a && a < s.kernel && 0 <= b && b < s.kernel) total += double(y[((n * s.out_height + i) * s.out_width + j) * s.channels + c]);
        });
        x[((n * s.height + h) * s.width + w) * s.channels + c] = T(scale * total);
      }
    });
}

template <class T>
void argmax_reference(const T* x, int64_t* index, const WindowShape& s) {
  for (int64_t n = 0; n < s.batch; ++n)
    for_each(s.out_height, s.out_width, [&](int64_t i, int64_t j) {
      const Range rows = s.pixels(i, s.height), columns = s.pixels(j, s.width);
      for (int64_t c = 0; c < s.channels; ++c) {
        const auto value = [&](int64_t at) { return x[(n * s.height * s.width + at) * s.channels + c]; };
        int64_t best = rows.first * s.width + columns.first;
        for (int64_t h = rows.first; h < rows.last; ++h)
          for (int64_t w = columns.first; w < columns.last; ++w) {
            const T candidate = value(h * s.width + w), top = value(best);
            if (candidate > top || (candidate != candidate && top == top)) best = h * s.width + w;
          }
        index[((n * s.out_height + i) * s.out_width + j) * s.channels + c] = best;
      }
    });
}

// ---- rows of the output in parallel, vectorised over channels

template <class Body>
void for_rows(int64_t rows, int64_t row_size, Body&& body) {
  parallel_for(rows, std::max<int64_t>(1, 8192 / std::max<int64_t>(1, row_size)), [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) body(row);
  });
}

template <class A, class T>
void add(const T* x, A* sum, int64_t channels) {
#pragma omp simd
  for (int64_t c = 0; c < channels; ++c) sum[c] += A(x[c]);
}

template <class A, class T>
void scaled(const A* sum, A scale, T* y, int64_t channels) {
#pragma omp simd
  for (int64_t c = 0; c < channels; ++c) store(y[c], sum[c] * scale);
}

template <class T>
void sum_rows(const T* x, T* y, double scale, const WindowShape& s) {
  using A = accumulate_t<T>;
  for_rows(s.batch * s.out_height, s.out_width * s.channels, [=](int64_t row) {
    const Scratch<A, Device::cpu> sums(s.channels);
    A* const sum = sums.data();
    const Range rows = s.pixels(row % s.out_height, s.height);
    const T* image = x + row / s.out_height * s.height * s.width * s.channels;
    for (int64_t j = 0; j < s.out_width; ++j) {
      T* out = y + (row * s.out_width + j) * s.channels;
      const Range columns = s.pixels(j, s.width);
      std::fill_n(sum, s.channels, A(0));
      for (int64_t h = rows.first; h < rows.last; ++h)
        for (int64_t w = columns.first; w < columns.last; ++w) add(image + (h * s.width + w) * s.channels, sum, s.channels);
      scaled(sum, A(scale), out, s.channels);
    }
  });
}

template <class T>
void spread_rows(const T* y, T* x, double scale, const WindowShape& s) {
  using A = accumulate_t<T>;
  for_rows(s.batch * s.height, s.width * s.channels, [=](int64_t row) {
    const Scratch<A, Device::cpu> sums(s.channels);
    A* const sum = sums.data();
    const Range rows = s.windows(row % s.height, s.out_height);
    const T* image = y + row / s.height * s.out_height * s.out_width * s.channels;
    for (int64_t w = 0; w < s.width; ++w) {
      T* out = x + (row * s.width + w) * s.channels;
      const Range columns = s.windows(w, s.out_width);
      std::fill_n(sum, s.channels, A(0));
      for (int64_t i = rows.first; i < rows.last; ++i)
        for (int64_t j = columns.first; j < columns.last; ++j) add(image + (i * s.out_width + j) * s.channels, sum, s.channels);
      scaled(sum, A(scale), out, s.channels);
    }
  });
}

template <class T>
void argmax_rows(const T* x, int64_t* index, const WindowShape& s) {
  WindowShape image = s;
  image.batch = 1;
  for_rows(s.batch, s.height * s.width * s.channels,
           [=](int64_t n) { argmax_reference(x + n * s.height * s.width * s.channels, index + n * s.out_height * s.out_width * s.channels, image); });
}

}  // namespace

ITO_REGISTER_KERNEL(WindowSum, Device::cpu, "reference", sum_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(WindowSum, Device::cpu, "rows", sum_rows, float, double, bfloat16);
ITO_REGISTER_KERNEL(WindowSpread, Device::cpu, "reference", spread_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(WindowSpread, Device::cpu, "rows", spread_rows, float, double, bfloat16);
ITO_REGISTER_KERNEL(WindowArgmax, Device::cpu, "reference", argmax_reference, float, double, bfloat16);
ITO_REGISTER_KERNEL(WindowArgmax, Device::cpu, "rows", argmax_rows, float, double, bfloat16);

}  // namespace ito::kernels
