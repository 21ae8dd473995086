// The optimisers' kernels: two steps in place on copies of several tensors, all buffers shown. Against papers and PyTorch: tests/nn/test_golden.cpp.
#include "kernels/optimizer/optimizer.h"
#include "tests/cases/case.h"

namespace ito::checks {

namespace {

// Tensors of the given sizes, one after the other in each of the buffers (parameters, gradients, states): most begin at odd addresses.
struct Buffers {
  Tensors buffers;
  std::vector<int64_t> sizes;
  DType dtype() const { return buffers[0].dtype(); }
  Device device() const { return buffers[0].device(); }

  // row(pointers into the buffers, size) for every tensor.
  template <class T, class Row>
  auto rows(Row&& row) const {
    std::vector<decltype(row(std::vector<T*>(), 0))> out;
    int64_t first = 0;
    for (const int64_t n : sizes) {
      std::vector<T*> at;
      for (const Tensor& b : buffers) at.push_back(b.data<T>() + first);
      out.push_back(row(at, n));
      first += n;
    }
    return out;
  }

  Tensor joined() const {
    const Tensor y = Tensor::empty({int64_t(buffers.size()) * buffers[0].numel()}, dtype(), device());
    auto* to = static_cast<std::byte*>(y.raw());
    for (const Tensor& b : buffers) {
      copy_bytes(to, device(), static_cast<const std::byte*>(b.raw()), device(), b.bytes());
      to += b.bytes();
    }
    return y;
  }
};

// Sizes around those of blocks and packs; the last are more tensors than one launch takes.
const std::vector<std::vector<int64_t>> all_sizes{{1}, {33, 0, 4}, {4095, 4097, 1}, {4096, 8, 5000}, std::vector<int64_t>(300, 3)};

// Buffers: parameters, gradients, and `states` that are zero.
void add(std::vector<Case>& cases, int states, const std::function<void(const Buffers&, int)>& step) {
  for (const std::vector<int64_t>& sizes : all_sizes) {
    int64_t n = 0;
    for (const int64_t size : sizes) n += size;
    Tensors inputs{normal_values({n}), normal_values({n}, 0, 1, 2)};
    for (int i = 0; i < states; ++i) inputs.push_back(Tensor::zeros({n}, DType::f64));
    cases.push_back({.inputs = inputs,
                     .f =
                         [=](const Tensors& in) {
                           Buffers own{{}, sizes};
                           for (const Tensor& x : in) own.buffers.push_back(x.clone());
                           for (const int t : {1, 2}) step(own, t);
                           return own.joined();
                         },
                     .why = text(sizes.size(), " tensors"),
                     .gradients = false});
  }
}
}  // namespace

ITO_CASES(sgd) {
  add(cases, 1, [](const Buffers& b, int) {
    dispatch<float, double>(b.dtype(), "sgd", [&]<class T>() {
      const auto rows = b.rows<T>([](const std::vector<T*>& at, int64_t n) { return kernels::SgdTensor<T>{at[0], at[1], at[2], n}; });
      kernels::Sgd<T>::on(b.device())(rows, {0.1, 0.9, 0.01, 0.5});
    });
  });
}

ITO_CASES(adam) {
  for (const auto& [l2, decay] : {std::pair{0.0, 0.0}, {0.1, 0.0}, {0.0, 0.1}})
    add(cases, 2, [l2 = l2, decay = decay](const Buffers& b, int t) {
      kernels::AdamStep step{.lr = 0.01};
      step.l2 = l2;
      step.decay = decay;
      step.gradient_scale = 0.7;
      step.t = t;
      dispatch<float, double>(b.dtype(), "adam", [&]<class T>() {
        const auto rows = b.rows<T>([](const std::vector<T*>& at, int64_t n) { return kernels::AdamTensor<T>{at[0], at[1], at[2], at[3], n}; });
        kernels::Adam<T>::on(b.device())(rows, step);
      });
    });
}

ITO_CASES(ema) {
  add(cases, 0, [](const Buffers& b, int) {
    dispatch<float, double>(b.dtype(), "ema", [&]<class T>() {
      kernels::Ema<T>::on(b.device())(b.rows<T>([](const std::vector<T*>& at, int64_t n) { return kernels::EmaTensor<T>{at[0], at[1], n}; }), 0.99);
    });
  });
}

ITO_CASES(sum_of_squares) {
  std::vector<std::vector<int64_t>> lists = all_sizes;
  lists.insert(lists.end(), {{}, {0}, {40000}});
  for (const std::vector<int64_t>& sizes : lists) {
    int64_t n = 0;
    for (const int64_t size : sizes) n += size;
    cases.push_back({.inputs = {normal_values({n})},
                     .f =
                         [sizes](const Tensors& in) {
                           const Buffers b{in, sizes};
                           const Tensor y = Tensor::empty({}, DType::f64, b.device());
                           dispatch<float, double>(b.dtype(), "sum_of_squares", [&]<class T>() {
                             const auto rows = b.rows<T>([](const std::vector<T*>& at, int64_t k) { return kernels::SquaresTensor<T>{at[0], k}; });
                             kernels::SumOfSquares<T>::on(b.device())(rows, y.data<double>());
                           });
                           return y;
                         },
                     .why = text(sizes.size(), " tensors"),
                     .gradients = false});
  }
}

}  // namespace ito::checks
