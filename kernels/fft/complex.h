// Complex numbers of CUDA kernels, and the roots of unity.
#pragma once

#include "kernels/cuda/cuda.h"

namespace ito::kernels {
inline namespace ITO_CUDA_SET {

template <class T>
struct alignas(2 * sizeof(T)) Complex {
  T re, im;
};

template <class T>
__device__ __forceinline__ Complex<T> operator+(Complex<T> a, Complex<T> b) {
  return {a.re + b.re, a.im + b.im};
}
template <class T>
__device__ __forceinline__ Complex<T> operator-(Complex<T> a, Complex<T> b) {
  return {a.re - b.re, a.im - b.im};
}
template <class T>
__device__ __forceinline__ Complex<T> operator*(Complex<T> a, Complex<T> b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
template <class T>
__device__ __forceinline__ Complex<T> operator*(T a, Complex<T> b) {
  return {a * b.re, a * b.im};
}
template <class T>
__device__ __forceinline__ Complex<T> conjugate(Complex<T> a) {
  return {a.re, -a.im};
}

// exp(-+ 2 pi i j / n) for 0 <= j < n, right to the last bit or two: sincospi takes the angle in half turns, which needs no digit of pi.
__device__ __forceinline__ Complex<float> root_of_unity(float j, float n, bool inverse) {
  float sine, cosine;
  sincospif(2 * j / n, &sine, &cosine);
  return {cosine, inverse ? sine : -sine};
}
__device__ __forceinline__ Complex<double> root_of_unity(double j, double n, bool inverse) {
  double sine, cosine;
  sincospi(2 * j / n, &sine, &cosine);
  return {cosine, inverse ? sine : -sine};
}

}  // namespace ITO_CUDA_SET
}  // namespace ito::kernels
