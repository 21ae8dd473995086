#include "tests/cases/check.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "autograd/gradcheck.h"
#include "autograd/graph.h"
#include "autograd/op.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reduce.h"
#include "kernels/cuda/runtime.h"
#include "kernels/parallel.h"
#include "kernels/registry.h"
#include "kernels/simt/settings.h"

namespace ito::checks {

namespace {

using Function = std::function<Tensor(const Tensors&)>;

// Restores pins, thread count and the emulator's settings, also when a check throws.
struct Restore {
  int threads = kernels::num_threads();
  simt::Settings emulation = simt::settings();
  ~Restore() {
    kernels::pin_variant("*", "");
    kernels::set_num_threads(threads);
    simt::set_settings(emulation);
  }
};

Tensors converted(const Tensors& inputs, DType dtype, Device device = Device::cpu) {
  Tensors out;
  for (const Tensor& x : inputs) out.push_back(!x.defined() ? x : (x.is_floating() ? x.to(dtype) : x).to(device));
  return out;
}

Tensor on_cpu(const Tensor& x) { return x.defined() ? x.detach().to(Device::cpu).to(DType::f64) : x; }

// The output of f and the gradients of its floating inputs for a fixed random cotangent, all as f64.
Tensors values_and_gradients(const Function& f, const Tensors& inputs, bool gradients, bool recorded = false) {
  Tensors variables, wanted;
  for (const Tensor& x : inputs) {
    variables.push_back(gradients && x.defined() && x.is_floating() ? variable(x.clone()) : x);
    if (requires_grad(variables.back())) wanted.push_back(variables.back());
  }
  const Tensor y = f(variables);
  Tensors out{on_cpu(y)};
  if (!gradients || !requires_grad(y)) return out;
  const Tensor v = uniform_values(y.shape(), -1, 1, 7).to(y.dtype()).to(y.device());
  for (const Tensor& g : grad(y, wanted, {.grad_output = v, .create_graph = recorded, .allow_unused = true})) out.push_back(on_cpu(g));
  return out;
}

// The gradients of  sum_i <u_i, g_i>, where g_i are the gradients of the inputs for a fixed random cotangent and u_i random, too.
Tensors second_gradients(const Function& f, const Tensors& inputs) {
  Tensors variables, wanted;
  for (const Tensor& x : inputs) {
    variables.push_back(x.defined() && x.is_floating() ? variable(x.clone()) : x);
    if (requires_grad(variables.back())) wanted.push_back(variables.back());
  }
  const Tensor y = f(variables);
  if (!requires_grad(y)) return {};
  const Tensor v = uniform_values(y.shape(), -1, 1, 7).to(y.dtype()).to(y.device());
  Tensor total;
  uint32_t seed = 8;
  for (const Tensor& g : grad(y, wanted, {.grad_output = v, .create_graph = true, .allow_unused = true})) {
    if (!g.defined()) continue;
    const Tensor part = sum(g * uniform_values(g.shape(), -1, 1, seed++).to(g.device()));
    total = total.defined() ? total + part : part;
  }
  if (!requires_grad(total)) return {};
  Tensors out;
  for (const Tensor& g : grad(total, wanted, {.allow_unused = true})) out.push_back(on_cpu(g));
  return out;
}

// One line for the first difference, empty when |got - expected| <= tolerance (1 + |expected|) everywhere. NaN equals only NaN, inf only inf.
std::string difference(const Tensors& got, const Tensors& expected, double tolerance) {
  for (size_t k = 0; k < expected.size(); ++k) {
    const std::string what = k == 0 ? "value" : text("gradient of floating input ", k - 1);
    if (!got[k].defined() && !expected[k].defined()) continue;
    if (!got[k].defined() || !expected[k].defined() || got[k].shape() != expected[k].shape()) return what + ": shapes or definedness differ";
    const double *g = got[k].data<double>(), *e = expected[k].data<double>();
    for (int64_t i = 0; i < got[k].numel(); ++i) {
      const bool same =
          std::isfinite(e[i]) ? std::abs(g[i] - e[i]) <= tolerance * (1 + std::abs(e[i])) : (g[i] == e[i] || (g[i] != g[i] && e[i] != e[i]));
      if (!same) return text(what, ", element ", i, " of ", got[k].shape(), ": expected ", e[i], ", got ", g[i]);
    }
  }
  return "";
}

bool equal_bits(const Tensors& a, const Tensors& b) {
  for (size_t k = 0; k < a.size(); ++k) {
    if (a[k].defined() != b[k].defined()) return false;
    if (a[k].defined() && std::memcmp(a[k].raw(), b[k].raw(), a[k].bytes()) != 0) return false;
  }
  return true;
}

// The variants that the ops named have on the device.
std::set<std::string> variants_of(const std::set<std::string>& ops, Device device) {
  std::set<std::string> variants;
  for (const kernels::KernelRow& row : kernels::kernel_rows())
    if (row.device == device && ops.contains(std::string(row.op))) variants.insert(std::string(row.variant));
  return variants;
}

bool kernels_named(const std::string& name) {
  const auto& rows = kernels::kernel_rows();
  return std::any_of(rows.begin(), rows.end(), [&](const kernels::KernelRow& row) { return row.op == name; });
}

double tolerance_of(const Case& one, DType dtype) { return dtype == DType::f64 ? 1e-9 : dtype == DType::f32 ? one.tolerance : 0.06; }

class CaseChecker {
 public:
  CaseChecker(Report& report, const Case& one, const CheckOptions& options, std::string label)
      : report_(report), case_(one), o_(options), label_(std::move(label)) {}

  void run() {
    const Restore restore;
    if (o_.traced) return traced();
    for (const DType dtype : {DType::f64, DType::f32, DType::bf16}) values(dtype);
    kernels::pin_variant("*", "");
    if (o_.device == Device::cuda) {
      if (case_.gradients) gradients_on_device();
      return;
    }
    if (case_.composed)
      expect("composed twin", difference(values_and_gradients(case_.composed, case_.inputs, case_.gradients),
                                         values_and_gradients(case_.f, case_.inputs, case_.gradients), 1e-9));
    equal_bits_everywhere();
    if (case_.gradients) gradients();
  }

 private:
  void expect(const std::string& check, const std::string& failure) {
    ++report_.checks;
    if (!failure.empty()) report_.failures.push_back(label_ + ", " + check + ": " + failure);
  }

  // The reference's answer on the cpu, and which variants the kernels that it ran have on the device.
  Tensors reference(const Tensors& inputs, std::set<std::string>& variants) {
    kernels::pin_variant("*", "reference");
    kernels::take_chosen_ops();
    Tensors expected = values_and_gradients(case_.f, converted(inputs, DType::f64), case_.gradients);
    variants = variants_of(kernels::take_chosen_ops(), o_.device);
    if (!o_.variant.empty()) variants = variants.contains(o_.variant) ? std::set{o_.variant} : std::set<std::string>{};
    return expected;
  }

  void values(DType dtype) {
    const Tensors inputs = converted(case_.inputs, dtype);
    std::set<std::string> variants;
    const Tensors expected = reference(inputs, variants);
    for (const std::string& variant : variants) {
      kernels::pin_variant("*", variant);
      Tensors got;
      try {
        got = values_and_gradients(case_.f, converted(inputs, dtype, o_.device), case_.gradients);
      } catch (const Error& error) {
        if (dtype == DType::bf16 && std::string(error.what()).find("does not take bf16") != std::string::npos) return;
        throw Error(text(name_of(dtype), " ", variant, ": ", error.what()));
      }
      expect(text(name_of(dtype), " ", variant), difference(got, expected, tolerance_of(case_, dtype)));
      if (o_.device == Device::cuda && dtype == order_type(variant)) other_orders(variant, dtype, inputs, got);
    }
  }

  // A result may depend neither on the order of lanes and blocks nor on the size of the device. On a GPU, a second run has to show that.
  void other_orders(const std::string& variant, DType dtype, const Tensors& inputs, const Tensors& expected) {
    if (!cuda::emulated()) {
      const bool same = equal_bits(expected, values_and_gradients(case_.f, converted(inputs, dtype, Device::cuda), case_.gradients));
      return expect(text(name_of(dtype), " ", variant, ", a second run"), same ? "" : "other bits than the first");
    }
    const simt::Settings before = simt::settings();
    for (const simt::Settings& s : {simt::Settings{.order = simt::Order::reverse, .multiprocessors = 1},
                                    simt::Settings{.order = simt::Order::shuffled, .seed = 7, .multiprocessors = 132}}) {
      simt::set_settings(s);
      const bool same = equal_bits(expected, values_and_gradients(case_.f, converted(inputs, dtype, Device::cuda), case_.gradients));
      expect(text(name_of(dtype), " ", variant, s.order == simt::Order::reverse ? ", reverse order, 1" : ", shuffled order, 132", " multiprocessors"),
             same ? "" : "other bits than in forward order on 16 multiprocessors");
    }
    simt::set_settings(before);
  }

  // Every access of every variant is looked at: a finding is thrown as an Error.
  void traced() {
    simt::set_settings({.checked = true});
    std::set<std::string> variants = device_variants(case_);
    if (!o_.variant.empty()) variants = variants.contains(o_.variant) ? std::set{o_.variant} : std::set<std::string>{};
    for (const std::string& variant : variants) expect("traced " + variant, run_case(case_, variant, order_type(variant)));
  }

  // The type in which a variant is looked at and runs in other orders: f32, bf16 for tensor cores.
  static DType order_type(const std::string& variant) {
    const bool f32 = std::any_of(kernels::kernel_rows().begin(), kernels::kernel_rows().end(), [&](const kernels::KernelRow& row) {
      return row.device == Device::cuda && row.variant == variant && row.dtype == DType::f32;
    });
    return f32 ? DType::f32 : DType::bf16;
  }

  void gradients_on_device() {
    const Tensors inputs = converted(case_.inputs, DType::f64, Device::cuda);
    expect("second gradient against the cpu's", difference(second_gradients(case_.f, inputs), second_gradients(case_.f, case_.inputs), 1e-9));
    if (floating_elements(inputs) > few_elements) return;
    const GradcheckOptions options{.tolerance = case_.gradient_tolerance};
    expect("gradient", gradcheck(case_.f, inputs, options));
    expect("second gradient", gradgradcheck(case_.f, inputs, options));
  }

  void equal_bits_everywhere() {
    const Tensors inputs = converted(case_.inputs, DType::f32);
    kernels::set_num_threads(1);
    const Tensors once = values_and_gradients(case_.f, inputs, case_.gradients);
    for (const int threads : {1, 2, 3}) {
      kernels::set_num_threads(threads);
      const bool same = equal_bits(once, values_and_gradients(case_.f, inputs, case_.gradients));
      expect(text(threads, " threads"), same ? "" : "other bits than the first run on one thread");
    }
  }

  void gradients() {
    GradcheckOptions options{.tolerance = case_.gradient_tolerance};
    if (floating_elements(case_.inputs) > many_elements)
      options.max_elements = 8;  // small cases show the formula, large ones the ways of computing it
    expect("gradient", gradcheck(case_.f, case_.inputs, options));
    expect("second gradient", gradgradcheck(case_.f, case_.inputs, options));
    expect("recorded rule against fused",
           difference(values_and_gradients(case_.f, case_.inputs, true, true), values_and_gradients(case_.f, case_.inputs, true, false), 1e-9));
  }

  static int64_t floating_elements(const Tensors& inputs) {
    int64_t elements = 0;
    for (const Tensor& x : inputs) elements += x.defined() && x.is_floating() ? x.numel() : 0;
    return elements;
  }

  static constexpr int64_t few_elements = 64, many_elements = 4096;

  Report& report_;
  const Case& case_;
  const CheckOptions& o_;
  std::string label_;
};

}  // namespace

std::set<std::string> kernels_of(const Case& one) {
  const Restore restore;
  kernels::pin_variant("*", "reference");
  kernels::take_chosen_ops();
  values_and_gradients(one.f, one.inputs, one.gradients);
  return kernels::take_chosen_ops();
}

std::set<std::string> device_variants(const Case& one) { return variants_of(kernels_of(one), Device::cuda); }

std::vector<CaseList> lists_for(const std::string& name) {
  std::vector<CaseList> found;
  for (const CaseList& list : case_lists()) {
    if (name == list.op) return {list};
    if (name.starts_with(std::string(list.op) + "_")) found.push_back(list);
  }
  if (!found.empty() || !kernels_named(name)) return found;
  std::vector<Case> cases;
  for (const CaseList& list : case_lists()) {
    list.fill(cases);
    if (!cases.empty() && kernels_of(cases.front()).contains(name)) found.push_back(list);
    cases.clear();
  }
  return found;
}

std::string run_case(const Case& one, const std::string& variant, DType dtype, Device device) {
  const Restore restore;
  try {
    const Tensors inputs = converted(one.inputs, dtype);
    kernels::pin_variant("*", "reference");
    const Tensors expected = values_and_gradients(one.f, converted(inputs, DType::f64), one.gradients);
    kernels::pin_variant("*", variant);
    return difference(values_and_gradients(one.f, converted(inputs, dtype, device), one.gradients), expected, tolerance_of(one, dtype));
  } catch (const Error& error) {
    return error.what();
  }
}

Report check_op(const CaseList& list, const CheckOptions& options) {
  Report report;
  std::vector<Case> cases;
  list.fill(cases);
  for (const Case& one : cases) {
    std::string label = text(list.op, " case ", report.cases++);
    for (const Tensor& x : one.inputs) label += x.defined() ? text(" ", x.shape()) : " none";
    if (!one.why.empty()) label += " (" + one.why + ")";
    try {
      CaseChecker(report, one, options, label).run();
    } catch (const std::exception& error) {
      report.failures.push_back(label + ": " + error.what());
    }
  }
  return report;
}

std::vector<std::string> never_run(Device device) {
  std::vector<std::string> out;
  for (const kernels::KernelRow& row : kernels::kernel_rows())
    if (!row.used && row.device == device)
      out.push_back(text(row.op, " ", row.dtype, " ", name_of(row.device), ":", row.variant, " (", row.file, ":", row.line, ")"));
  for (const OpCount& op : op_counts())
    if (op.applied == 0) out.push_back(text("op ", op.name));
  return out;
}

}  // namespace ito::checks
