// One list of cases an op: tests/cases/softmax_cases.cpp. The checks in check.h run every case through every kernel variant,
// both gradient orders and several thread counts; the tests and `ito gradcheck` share them.
//
//   ITO_CASES(softmax) {
//     for (int64_t cols : {1, 31, 32, 33, 255, 257})
//       cases.push_back({.inputs = {normal_values({3, cols})}, .f = [](const Tensors& in) { return softmax(in[0]); }});
//   }
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace ito::checks {

struct Case {
  Tensors inputs;                                       // f64 (these are differentiated), integer or bool
  std::function<Tensor(const Tensors&)> f;              // the op under test; one output
  std::string why = {};                                 // what the case is there for
  std::function<Tensor(const Tensors&)> composed = {};  // the same in simpler ops, for fused ones
  double tolerance = 2e-5;                              // f32 against the f64 reference: |error| <= tolerance (1 + |value|)
  bool gradients = true;                                // false where there are none (kinks at the given values, infinities)
  double gradient_tolerance = 1e-6;                     // f64 differences against the rule, relative to the largest gradient
};

struct CaseList {
  const char* op;
  void (*fill)(std::vector<Case>& cases);  // called when the cases are wanted, not at start-up
};
std::vector<CaseList>& case_lists();
bool add_case_list(const char* op, void (*fill)(std::vector<Case>& cases));

// f64 inputs, the same for the same arguments on every machine.
Tensor normal_values(const Shape& shape, double mean = 0, double deviation = 1, uint32_t seed = 1);
Tensor uniform_values(const Shape& shape, double low, double high, uint32_t seed = 1);
Tensor index_values(const Shape& shape, int64_t high, uint32_t seed = 1);      // i64 in [0, high)
Tensor mask_values(const Shape& shape, double share_true, uint32_t seed = 1);  // bool

}  // namespace ito::checks

#define ITO_CASES(op)                                                                             \
  static void fill_##op(std::vector<::ito::checks::Case>& cases);                                 \
  [[maybe_unused]] static const bool listed_##op = ::ito::checks::add_case_list(#op, &fill_##op); \
  static void fill_##op(std::vector<::ito::checks::Case>& cases)
