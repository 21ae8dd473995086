// Fourier transforms by NVIDIA's cuFFT, which does not scale: a product with n^(-1/2) follows. Built with ITO_CUDA=ON where the library is found.
#include <cufft.h>

#include <map>
#include <tuple>

#include "kernels/binary/binary.h"
#include "kernels/cast/cast.h"
#include "kernels/cuda/host.h"
#include "kernels/fft/last_axis.h"

namespace ito::kernels {

namespace {

#define ITO_CUFFT_CHECK(call)                                                                                           \
  do {                                                                                                                  \
    const cufftResult status = (call);                                                                                  \
    if (status != CUFFT_SUCCESS) cuda::fail_call(text("cufft error ", int(status)).c_str(), #call, __FILE__, __LINE__); \
  } while (false)

// Plans own scratch memory on the device and are slow to make; the last few are kept.
cufftHandle plan_for(int64_t batch, int64_t n, cufftType type) {
  static std::map<std::tuple<int64_t, int64_t, cufftType>, cufftHandle> plans;
  constexpr size_t kept = 16;
  const std::tuple key{batch, n, type};
  if (const auto found = plans.find(key); found != plans.end()) return found->second;
  if (plans.size() == kept) {
    for (const auto& [old_key, old] : plans) ITO_CUFFT_CHECK(cufftDestroy(old));
    plans.clear();
  }
  cufftHandle plan = 0;
  long long length = n;
  size_t scratch_bytes = 0;
  ITO_CUFFT_CHECK(cufftCreate(&plan));
  ITO_CUFFT_CHECK(cufftMakePlanMany64(plan, 1, &length, nullptr, 1, n, nullptr, 1, n, type, batch, &scratch_bytes));
  ITO_CUFFT_CHECK(cufftSetStream(plan, cuda::stream()));
  return plans[key] = plan;
}

template <class T>
void transform_lines(const T* x, T* y, int64_t batch, int64_t n, bool inverse) {
  const int direction = inverse ? CUFFT_INVERSE : CUFFT_FORWARD;
  if constexpr (std::is_same_v<T, float>) {  // cuFFT leaves x as it is when it is not y, though it takes a pointer that it could write to
    auto* in = reinterpret_cast<cufftComplex*>(const_cast<T*>(x));
    ITO_CUFFT_CHECK(cufftExecC2C(plan_for(batch, n, CUFFT_C2C), in, reinterpret_cast<cufftComplex*>(y), direction));
  } else {
    auto* in = reinterpret_cast<cufftDoubleComplex*>(const_cast<T*>(x));
    ITO_CUFFT_CHECK(cufftExecZ2Z(plan_for(batch, n, CUFFT_Z2Z), in, reinterpret_cast<cufftDoubleComplex*>(y), direction));
  }
  const Storage scale(sizeof(T), Device::cuda);
  auto* factor = reinterpret_cast<T*>(scale.data());
  Fill<T>::on(Device::cuda)(factor, 1, T(1 / std::sqrt(double(n))));
  Binary<T>::on(Device::cuda)(BinaryKind::mul, y, factor, y, Broadcast::of(Shape{2 * batch * n}, Shape{1}, Shape{2 * batch * n}));
}

template <class T>
void fft_cufft(const T* x, T* y, int64_t outer, int64_t n, int64_t inner, bool inverse) {
  fft_by_last_axis(&transform_lines<T>, x, y, outer, n, inner, inverse);
}

}  // namespace

ITO_REGISTER_KERNEL(Fft, Device::cuda, "cufft", fft_cufft, float, double);

}  // namespace ito::kernels
