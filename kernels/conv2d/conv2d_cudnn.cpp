// Convolution and its gradients by NVIDIA's cuDNN. Built with ITO_CUDA=ON where the library is found.
//
// x, w and y lie in memory as cuDNN's NHWC format says. These are the functions that cuDNN has had since version 2 and deprecates in favour of its
// graphs; they are one call an op. f32 without TF32; f64 is left to Ito's own kernels.
#include <algorithm>
#include <array>
#include <climits>
#include <map>

#include "kernels/binary/binary.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/cuda/cudnn.h"
#include "tensor/memory.h"

namespace ito::kernels {

namespace {

template <class T>
constexpr cudnnDataType_t data_type = std::is_same_v<T, bfloat16> ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;

// What cuDNN is told of one shape, and what it chose for it: one Algorithm a direction.
template <class Algorithm>
struct Plan {
  cudnnTensorDescriptor_t x = nullptr, y = nullptr;
  cudnnFilterDescriptor_t w = nullptr;
  cudnnConvolutionDescriptor_t convolution = nullptr;
  Algorithm algorithm{};
  size_t scratch_bytes = 0;
};

template <class Algorithm>
Plan<Algorithm> describe(const Conv2dShape& s, cudnnDataType_t type) {
  const auto n = [](int64_t extent) {
    ITO_CHECK(extent <= INT_MAX, "conv2d: cudnn takes extents up to ", INT_MAX, "; ITO_KERNEL picks another variant");
    return int(extent);
  };
  Plan<Algorithm> p;
  ITO_CUDNN_CHECK(cudnnCreateTensorDescriptor(&p.x));
  ITO_CUDNN_CHECK(cudnnCreateTensorDescriptor(&p.y));
  ITO_CUDNN_CHECK(cudnnCreateFilterDescriptor(&p.w));
  ITO_CUDNN_CHECK(cudnnCreateConvolutionDescriptor(&p.convolution));
  ITO_CUDNN_CHECK(cudnnSetTensor4dDescriptor(p.x, CUDNN_TENSOR_NHWC, type, n(s.batch), n(s.in_channels), n(s.height), n(s.width)));
  ITO_CUDNN_CHECK(cudnnSetTensor4dDescriptor(p.y, CUDNN_TENSOR_NHWC, type, n(s.batch), n(s.out_channels), n(s.out_height), n(s.out_width)));
  ITO_CUDNN_CHECK(cudnnSetFilter4dDescriptor(p.w, type, CUDNN_TENSOR_NHWC, n(s.out_channels), n(s.in_channels / s.groups), n(s.kernel_height),
                                             n(s.kernel_width)));
  ITO_CUDNN_CHECK(cudnnSetConvolution2dDescriptor(p.convolution, n(s.padding), n(s.padding), n(s.stride), n(s.stride), 1, 1, CUDNN_CROSS_CORRELATION,
                                                  CUDNN_DATA_FLOAT));
  ITO_CUDNN_CHECK(cudnnSetConvolutionGroupCount(p.convolution, n(s.groups)));
  ITO_CUDNN_CHECK(cudnnSetConvolutionMathType(p.convolution, type == CUDNN_DATA_FLOAT ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH));
  return p;
}

// The fastest of cuDNN's proposals that is possible and gives the same bits every time.
template <class Proposal, size_t n>
const Proposal& best(const std::array<Proposal, n>& proposals, int count, const char* what) {
  const auto end = proposals.begin() + count;
  const auto found = std::find_if(proposals.begin(), end,
                                  [](const Proposal& p) { return p.status == CUDNN_STATUS_SUCCESS && p.determinism == CUDNN_DETERMINISTIC; });
  ITO_CHECK(found != end, "cudnn has no deterministic way for this ", what, "; ITO_KERNEL picks another variant");
  return *found;
}

// A plan of every shape and type seen so far. Shapes are few in a network.
template <class Algorithm, class Make>
const Plan<Algorithm>& plan_for(const Conv2dShape& s, cudnnDataType_t type, Make&& make) {
  using Key = std::array<int64_t, 13>;
  static std::map<Key, Plan<Algorithm>> plans;
  const Key key{s.batch,         s.height,       s.width,  s.in_channels, s.out_height, s.out_width, s.out_channels,
                s.kernel_height, s.kernel_width, s.stride, s.padding,     s.groups,     type};
  const auto found = plans.find(key);
  if (found != plans.end()) return found->second;
  Plan<Algorithm> plan = describe<Algorithm>(s, type);
  make(plan);
  return plans.emplace(key, plan).first->second;
}

bool empty(const Conv2dShape& s) {
  return s.batch * s.height * s.width * s.in_channels == 0 || s.out_height * s.out_width * s.out_channels == 0 ||
         s.kernel_height * s.kernel_width == 0;
}

template <class T>
void add_bias(T* y, const T* bias, int64_t rows, int64_t channels) {
  if (bias) Binary<T>::on(Device::cuda)(BinaryKind::add, y, bias, y, Broadcast::of(Shape{rows, channels}, Shape{channels}, Shape{rows, channels}));
}

// y = 0 + bias, where there is nothing to sum.
template <class T>
void only_bias(T* y, const T* bias, int64_t rows, int64_t channels) {
  if (rows * channels == 0) return;
  ITO_CUDA_CHECK(cudaMemsetAsync(y, 0, size_t(rows * channels) * sizeof(T), cuda::stream()));
  add_bias(y, bias, rows, channels);
}

constexpr float one = 1, zero = 0;

template <class T>
void forward(const T* x, const T* w, const T* bias, T* y, const Conv2dShape& s) {
  const int64_t rows = s.batch * s.out_height * s.out_width;
  if (empty(s)) return only_bias(y, bias, rows, s.out_channels);
  const auto& p = plan_for<cudnnConvolutionFwdAlgo_t>(s, data_type<T>, [](auto& plan) {
    std::array<cudnnConvolutionFwdAlgoPerf_t, CUDNN_CONVOLUTION_FWD_ALGO_COUNT> proposals;
    int count = 0;
    ITO_CUDNN_CHECK(cudnnGetConvolutionForwardAlgorithm_v7(cuda::cudnn(), plan.x, plan.w, plan.convolution, plan.y, int(proposals.size()), &count,
                                                           proposals.data()));
    const auto& chosen = best(proposals, count, "convolution");
    plan.algorithm = chosen.algo, plan.scratch_bytes = chosen.memory;
  });
  const Storage scratch(p.scratch_bytes, Device::cuda);
  ITO_CUDNN_CHECK(
      cudnnConvolutionForward(cuda::cudnn(), &one, p.x, x, p.w, w, p.convolution, p.algorithm, scratch.data(), p.scratch_bytes, &zero, p.y, y));
  add_bias(y, bias, rows, s.out_channels);
}

template <class T>
void data_gradient(const T* dy, const T* w, const T* bias, T* dx, const Conv2dShape& s) {
  const int64_t rows = s.batch * s.height * s.width;
  if (empty(s)) return only_bias(dx, bias, rows, s.in_channels);
  const auto& p = plan_for<cudnnConvolutionBwdDataAlgo_t>(s, data_type<T>, [](auto& plan) {
    std::array<cudnnConvolutionBwdDataAlgoPerf_t, CUDNN_CONVOLUTION_BWD_DATA_ALGO_COUNT> proposals;
    int count = 0;
    ITO_CUDNN_CHECK(cudnnGetConvolutionBackwardDataAlgorithm_v7(cuda::cudnn(), plan.w, plan.y, plan.convolution, plan.x, int(proposals.size()),
                                                                &count, proposals.data()));
    const auto& chosen = best(proposals, count, "data gradient");
    plan.algorithm = chosen.algo, plan.scratch_bytes = chosen.memory;
  });
  const Storage scratch(p.scratch_bytes, Device::cuda);
  ITO_CUDNN_CHECK(cudnnConvolutionBackwardData(cuda::cudnn(), &one, p.w, w, p.y, dy, p.convolution, p.algorithm, scratch.data(), p.scratch_bytes,
                                               &zero, p.x, dx));
  add_bias(dx, bias, rows, s.in_channels);
}

template <class T>
void weight_gradient(const T* dy, const T* x, T* dw, const Conv2dShape& s) {
  if (empty(s)) return only_bias<T>(dw, nullptr, s.out_channels * s.kernel_height * s.kernel_width, s.in_channels / s.groups);
  const auto& p = plan_for<cudnnConvolutionBwdFilterAlgo_t>(s, data_type<T>, [](auto& plan) {
    std::array<cudnnConvolutionBwdFilterAlgoPerf_t, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT> proposals;
    int count = 0;
    ITO_CUDNN_CHECK(cudnnGetConvolutionBackwardFilterAlgorithm_v7(cuda::cudnn(), plan.x, plan.y, plan.convolution, plan.w, int(proposals.size()),
                                                                  &count, proposals.data()));
    const auto& chosen = best(proposals, count, "weight gradient");
    plan.algorithm = chosen.algo, plan.scratch_bytes = chosen.memory;
  });
  const Storage scratch(p.scratch_bytes, Device::cuda);
  ITO_CUDNN_CHECK(cudnnConvolutionBackwardFilter(cuda::cudnn(), &one, p.x, x, p.y, dy, p.convolution, p.algorithm, scratch.data(), p.scratch_bytes,
                                                 &zero, p.w, dw));
}

}  // namespace

ITO_REGISTER_KERNEL(Conv2dForward, Device::cuda, "cudnn", forward, float, bfloat16);
ITO_REGISTER_KERNEL(Conv2dDataGradient, Device::cuda, "cudnn", data_gradient, float, bfloat16);
ITO_REGISTER_KERNEL(Conv2dWeightGradient, Device::cuda, "cudnn", weight_gradient, float, bfloat16);

}  // namespace ito::kernels
