#include "tests/cases/check.h"

#include <cmath>
#include <cstring>
#include <set>

#include "autograd/gradcheck.h"
#include "autograd/graph.h"
#include "autograd/op.h"
#include "kernels/parallel.h"
#include "kernels/registry.h"

namespace ito::checks {

namespace {

using Function = std::function<Tensor(const Tensors&)>;

// Restores pins and thread count, also when a check throws.
struct Settings {
  int threads = kernels::num_threads();
  ~Settings() {
    kernels::pin_variant("*", "");
    kernels::set_num_threads(threads);
  }
};

Tensors converted(const Tensors& inputs, DType dtype) {
  Tensors out;
  for (const Tensor& x : inputs) out.push_back(x.defined() && x.is_floating() ? x.to(dtype) : x);
  return out;
}

// The output of f and the gradients of its floating inputs for a fixed random cotangent, all as f64.
Tensors values_and_gradients(const Function& f, const Tensors& inputs, bool gradients, bool recorded = false) {
  Tensors variables, wanted;
  for (const Tensor& x : inputs) {
    variables.push_back(gradients && x.defined() && x.is_floating() ? variable(x.clone()) : x);
    if (requires_grad(variables.back())) wanted.push_back(variables.back());
  }
  const Tensor y = f(variables);
  Tensors out{y.to(DType::f64)};
  if (!gradients || !requires_grad(y)) return out;
  const Tensor v = uniform_values(y.shape(), -1, 1, 7).to(y.dtype());
  for (const Tensor& g : grad(y, wanted, {.grad_output = v, .create_graph = recorded, .allow_unused = true}))
    out.push_back(g.defined() ? g.detach().to(DType::f64) : Tensor());
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

// The variants that the ops named have.
std::set<std::string> variants_of(const std::set<std::string>& ops) {
  std::set<std::string> variants;
  for (const kernels::KernelRow& row : kernels::kernel_rows())
    if (ops.contains(std::string(row.op))) variants.insert(std::string(row.variant));
  return variants;
}

class CaseChecker {
 public:
  CaseChecker(Report& report, const Case& one, std::string label) : report_(report), case_(one), label_(std::move(label)) {}

  void run() {
    const Settings restore;
    for (const DType dtype : {DType::f64, DType::f32, DType::bf16}) values(dtype);
    kernels::pin_variant("*", "");
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

  void values(DType dtype) {
    const Tensors inputs = converted(case_.inputs, dtype);
    kernels::pin_variant("*", "reference");
    kernels::take_chosen_ops();
    const Tensors expected = values_and_gradients(case_.f, converted(inputs, DType::f64), case_.gradients);
    const double tolerance = dtype == DType::f64 ? 1e-9 : dtype == DType::f32 ? case_.tolerance : 0.06;
    for (const std::string& variant : variants_of(kernels::take_chosen_ops())) {
      kernels::pin_variant("*", variant);
      Tensors got;
      try {
        got = values_and_gradients(case_.f, inputs, case_.gradients);
      } catch (const Error& error) {
        if (dtype == DType::bf16 && std::string(error.what()).find("does not take bf16") != std::string::npos) return;
        throw;
      }
      expect(text(name_of(dtype), " ", variant), difference(got, expected, tolerance));
    }
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
    const GradcheckOptions options{.tolerance = case_.gradient_tolerance};
    expect("gradient", gradcheck(case_.f, case_.inputs, options));
    expect("second gradient", gradgradcheck(case_.f, case_.inputs, options));
    expect("recorded rule against fused",
           difference(values_and_gradients(case_.f, case_.inputs, true, true), values_and_gradients(case_.f, case_.inputs, true, false), 1e-9));
  }

  Report& report_;
  const Case& case_;
  std::string label_;
};

}  // namespace

Report check_op(const CaseList& list) {
  Report report;
  std::vector<Case> cases;
  list.fill(cases);
  for (const Case& one : cases) {
    std::string label = text(list.op, " case ", report.cases++);
    for (const Tensor& x : one.inputs) label += x.defined() ? text(" ", x.shape()) : " none";
    if (!one.why.empty()) label += " (" + one.why + ")";
    try {
      CaseChecker(report, one, label).run();
    } catch (const std::exception& error) {
      report.failures.push_back(label + ": " + error.what());
    }
  }
  return report;
}

std::vector<std::string> never_run() {
  std::vector<std::string> out;
  for (const kernels::KernelRow& row : kernels::kernel_rows())
    if (!row.used) out.push_back(text(row.op, " ", row.dtype, " ", name_of(row.device), ":", row.variant, " (", row.file, ":", row.line, ")"));
  for (const OpCount& op : op_counts())
    if (op.applied == 0) out.push_back(text("op ", op.name));
  return out;
}

}  // namespace ito::checks
