// Steps of the optimisers over the tensors of a network, and the norm of its gradient: limited by memory. In f32 only, as the parameters are.
#include "bench/kernels/bench.h"
#include "kernels/optimizer/optimizer.h"

namespace ito::bench {

using namespace kernels;

namespace {

// `buffers` tensors each of parameters of several sizes.
struct Network {
  int64_t n = 0;
  std::vector<Tensors> tensors;  // of each parameter: itself, its gradient, its states
  Network(const Setup& s, int buffers) {
    for (const int64_t size : {1, 4, 16, 64, 256}) {
      const int64_t elements = size * (s.large ? 4096 : 64) + 3;
      Tensors of_one;
      for (int b = 0; b < buffers; ++b) of_one.push_back(s.empty<float>({elements}));
      tensors.push_back(of_one);
      n += elements;
    }
  }
  std::string name() const { return text(tensors.size(), " tensors, ", n, " elements"); }
};

template <class Item, class Make>
std::vector<Item> list_of(const Network& network, Make&& make) {
  std::vector<Item> out;
  for (const Tensors& t : network.tensors) out.push_back(make(t));
  return out;
}

float* data(const Tensor& x) { return x.data<float>(); }

}  // namespace

ITO_BENCH(sgd) {
  const Network net(s, 3);
  const auto list = list_of<SgdTensor<float>>(net, [](const Tensors& t) {
    return SgdTensor<float>{data(t[0]), data(t[1]), data(t[2]), t[0].numel()};
  });
  return {net.name(), {double(4 * net.n), double(20 * net.n)}, [=, device = s.device, kept = net] { Sgd<float>::on(device)(list, {.lr = 0.1}); }};
}

ITO_BENCH(adam) {
  const Network net(s, 4);
  const auto list = list_of<AdamTensor<float>>(net, [](const Tensors& t) {
    return AdamTensor<float>{data(t[0]), data(t[1]), data(t[2]), data(t[3]), t[0].numel()};
  });
  return {net.name(), adam_work(net.n, 4), [=, device = s.device, kept = net] { Adam<float>::on(device)(list, {.lr = 0.1}); }};
}

ITO_BENCH(ema) {
  const Network net(s, 2);
  const auto list = list_of<EmaTensor<float>>(net, [](const Tensors& t) { return EmaTensor<float>{data(t[0]), data(t[1]), t[0].numel()}; });
  return {net.name(), {double(3 * net.n), double(12 * net.n)}, [=, device = s.device, kept = net] { Ema<float>::on(device)(list, 0.99); }};
}

ITO_BENCH(sum_of_squares) {
  const Network net(s, 1);
  const auto list = list_of<SquaresTensor<float>>(net, [](const Tensors& t) { return SquaresTensor<float>{data(t[0]), t[0].numel()}; });
  const Tensor y = s.empty<double>({});
  return {net.name(), {double(2 * net.n), double(4 * net.n)}, [=, device = s.device, kept = net] {
            SumOfSquares<float>::on(device)(list, y.data<double>());
          }};
}

}  // namespace ito::bench
