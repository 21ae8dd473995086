#include "autograd/graph.h"

#include <cmath>
#include <queue>
#include <unordered_map>
#include <unordered_set>
#include <variant>

#include "autograd/op.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/reduce.h"
#include "autograd/profile.h"

namespace ito {

namespace {
thread_local bool recording_on = true;
thread_local bool find_non_finite = false;
thread_local uint64_t next_sequence = 1;
}  // namespace

NoGrad::NoGrad() : before_(recording_on) { recording_on = false; }
NoGrad::~NoGrad() { recording_on = before_; }
bool recording() { return recording_on; }
Recording::Recording() : before_(recording_on) { recording_on = true; }
Recording::~Recording() { recording_on = before_; }

FindNonFinite::FindNonFinite() : before_(find_non_finite) { find_non_finite = true; }
FindNonFinite::~FindNonFinite() { find_non_finite = before_; }

bool all_finite(const Tensor& x) {
  if (!x.is_floating()) return true;
  if (x.device() != Device::cpu) return all_finite(x.to(Device::cpu));
  bool finite = true;
  dispatch<float, double, bfloat16>(x.dtype(), "all_finite", [&]<class T>() {
    const T* values = x.data<T>();
    for (int64_t i = 0; i < x.numel(); ++i) finite &= std::isfinite(double(values[i]));
  });
  return finite;
}

namespace {
void check_finite(const Op& op, const Tensor& result, const char* pass) {
  if (find_non_finite && result.defined() && !all_finite(result))
    fail("[", op.name(), "] made the first value that is not finite, in the ", pass, " pass, shape ", result.shape());
}
}  // namespace

// ---- leaves

Tensor variable(const Tensor& value) {
  Tensor leaf = value.detach();
  set_requires_grad(leaf, true);
  return leaf;
}

bool requires_grad(const Tensor& x) { return x.defined() && x.autograd_meta() && x.autograd_meta()->requires_grad; }

void set_requires_grad(const Tensor& leaf, bool on) {
  ITO_CHECK(!on || leaf.is_floating(), "only floating tensors have gradients, got ", leaf.dtype());
  ITO_CHECK(!leaf.autograd_meta() || !leaf.autograd_meta()->op, "set_requires_grad: not a leaf; detach() it first");
  if (!leaf.autograd_meta()) leaf.set_autograd_meta(std::make_shared<AutogradMeta>());
  leaf.autograd_meta()->requires_grad = on;
}

Tensor grad_of(const Tensor& leaf) { return leaf.autograd_meta() ? leaf.autograd_meta()->grad : Tensor(); }

void clear_grad(const Tensor& leaf) {
  if (leaf.autograd_meta()) leaf.autograd_meta()->grad = Tensor();
}

// ---- saved tensors and nodes

Saved::Saved(Op& owner) : owner_(owner) { owner.saved_.push_back(this); }

void Saved::save(const Tensor& input) {
  tensor_ = input;
  version_ = input.defined() ? input.storage().version.load() : 0;
}

const Tensor& Saved::save_output(const Tensor& output) {
  save(output.detach());
  is_output_ = true;
  return output;
}

Tensor Saved::get() const {
  ITO_CHECK(!owner_.freed_, "[", owner_.name(), "] a second backward through a graph that was freed; pass keep_graph or create_graph to the first");
  if (!tensor_.defined()) return tensor_;
  ITO_CHECK(tensor_.storage().version == version_, "[", owner_.name(), "] a tensor saved for the gradient was overwritten in place");
  if (!is_output_ || !recording_on) return tensor_;
  Tensor output = tensor_.detach();
  output.set_autograd_meta(owner_.output_meta_.lock());
  return output;
}

void Op::free_saved() {
  for (Saved* saved : saved_) saved->tensor_ = Tensor();
  freed_ = !saved_.empty();
}

// A chain of a million nodes must not recurse a million times: whatever a dying node or saved tensor holds is put on a list,
// and the first one on the stack empties it.
namespace {
void release(std::variant<Tensor, std::shared_ptr<AutogradMeta>> held) {
  thread_local std::vector<decltype(held)> list;
  thread_local bool emptying = false;
  list.push_back(std::move(held));
  if (emptying) return;
  emptying = true;
  while (!list.empty()) {
    const auto last = std::move(list.back());
    list.pop_back();
  }
  emptying = false;
}
}  // namespace

Saved::~Saved() {
  if (tensor_.defined()) release(std::move(tensor_));
}

Op::~Op() {
  for (Input& input : inputs_)
    if (input.meta) release(std::move(input.meta));
}

std::vector<OpCount>& op_counts() {
  static std::vector<OpCount> counts;
  return counts;
}

bool add_op(const char* name) {
  op_counts().push_back({name});
  return true;
}

namespace {
void count(const char* name) {
  for (OpCount& op : op_counts())
    if (op.name == name) ++op.applied;  // one literal an op: the pointers are equal
}
}  // namespace

namespace {
void check_devices(const Op& op, const Tensors& inputs) {
  const Tensor* first = nullptr;
  for (const Tensor& x : inputs) {
    if (!x.defined()) continue;
    if (!first) first = &x;
    ITO_CHECK(x.device() == first->device(), "[", op.name(), "] one input is on ", name_of(first->device()), ", one on ", name_of(x.device()),
              "; move one with to()");
  }
}
}  // namespace

Tensor apply(std::shared_ptr<Op> op, const Tensors& inputs) {
  count(op->name());
  check_devices(*op, inputs);
  bool needed = false;
  if (recording_on)
    for (const Tensor& x : inputs) needed |= requires_grad(x);
  if (needed)  // known before the forward, so that it can save just what is needed
    for (const Tensor& x : inputs)
      op->inputs_.push_back(
          {requires_grad(x) ? x.autograd_meta() : nullptr, x.defined() ? x.shape() : Shape{}, x.defined() ? x.dtype() : DType::f32});

  Tensor output;
  {
    const NoGrad guard;
    const ProfiledScope scope(op->name(), false);
    output = op->forward(inputs);
  }
  check_finite(*op, output, "forward");
  if (!needed || !output.is_floating()) return output;

  op->sequence_ = next_sequence++;
  auto meta = std::make_shared<AutogradMeta>();
  meta->requires_grad = true;
  op->output_meta_ = meta;
  meta->op = std::move(op);
  output.set_autograd_meta(std::move(meta));
  return output;
}

// ---- the backward pass

struct Engine {
  using Grads = std::unordered_map<AutogradMeta*, Tensor>;

  // The sum of what arrives at a tensor from all its uses, in the order of their recording: the same bits every time.
  static void accumulate(Tensor& sum, const Tensor& part) { sum = sum.defined() ? sum + part : part; }

  // Gradient of a broadcast input: summed over the axes that were stretched. Shape and type are checked here for every rule.
  static Tensor fit(const Op& op, const Op::Input& input, Tensor g) {
    if (g.shape() != input.shape) g = sum_to_shape(g, input.shape);
    ITO_CHECK(g.shape() == input.shape && g.dtype() == input.dtype, "[", op.name(), "] the rule returned a gradient ", g.dtype(), " ", g.shape(),
              " for an input ", input.dtype, " ", input.shape);
    return g;
  }

  // Nodes in descending order of recording; `wanted` stops the walk early when it is not empty (grad() of intermediate tensors).
  static Grads run(const Tensor& output, const GradOptions& options, const std::unordered_set<AutogradMeta*>& wanted) {
    ITO_CHECK(requires_grad(output), "backward: the output does not depend on anything that requires a gradient");
    Tensor seed = options.grad_output;
    if (!seed.defined()) {
      ITO_CHECK(output.numel() == 1, "backward: the output has shape ", output.shape(), "; pass a grad_output or reduce it to one element");
      seed = Tensor::full(output.shape(), 1, output.dtype(), output.device());
    }
    ITO_CHECK(seed.shape() == output.shape() && seed.dtype() == output.dtype(), "backward: grad_output is ", seed.dtype(), " ", seed.shape(),
              ", the output ", output.dtype(), " ", output.shape());

    Grads grads;
    const auto later = [](const std::shared_ptr<Op>& a, const std::shared_ptr<Op>& b) { return a->sequence_ < b->sequence_; };
    std::priority_queue<std::shared_ptr<Op>, std::vector<std::shared_ptr<Op>>, decltype(later)> ready(later);
    std::unordered_map<Op*, AutogradMeta*> outputs;
    const auto deliver = [&](const std::shared_ptr<AutogradMeta>& meta, const Tensor& g) {
      accumulate(grads[meta.get()], g);
      if (meta->op && outputs.emplace(meta->op.get(), meta.get()).second) ready.push(meta->op);
    };
    deliver(output.autograd_meta(), seed);

    // What was recorded before the first wanted tensor cannot depend on any of them. A leaf has no op and was there from the start.
    uint64_t earliest = wanted.empty() ? 0 : ~uint64_t(0);
    for (const AutogradMeta* meta : wanted) earliest = std::min(earliest, meta->op ? meta->op->sequence_ : 0);

    const bool keep = options.keep_graph || options.create_graph;
    while (!ready.empty()) {
      const std::shared_ptr<Op> op = ready.top();
      ready.pop();
      if (!wanted.empty() && op->sequence_ <= earliest) break;
      AutogradMeta* meta = outputs.at(op.get());
      const Tensor grad_output = grads.at(meta);
      if (!wanted.contains(meta)) grads.erase(meta);
      const ProfiledScope scope(op->name(), true);
      Tensors gradients = options.create_graph ? op->backward_composed(grad_output) : op->backward(grad_output);
      ITO_CHECK(gradients.size() == op->inputs_.size(), "[", op->name(), "] the rule returned ", gradients.size(), " gradients for ",
                op->inputs_.size(), " inputs");
      for (size_t i = 0; i < gradients.size(); ++i) {
        if (!op->inputs_[i].meta || !gradients[i].defined()) continue;
        check_finite(*op, gradients[i], "backward");
        deliver(op->inputs_[i].meta, fit(*op, op->inputs_[i], gradients[i]));
      }
      if (!keep) op->free_saved();
    }
    return grads;
  }
};

void backward(const Tensor& output, const GradOptions& options) {
  std::unique_ptr<NoGrad> guard = options.create_graph ? nullptr : std::make_unique<NoGrad>();
  for (auto& [meta, g] : Engine::run(output, options, {}))
    if (!meta->op && meta->requires_grad) Engine::accumulate(meta->grad, g);
}

Tensors grad(const Tensor& output, const Tensors& inputs, const GradOptions& options) {
  std::unordered_set<AutogradMeta*> wanted;
  for (const Tensor& x : inputs) {
    ITO_CHECK(requires_grad(x), "grad: an input does not require a gradient; make it a variable() first");
    wanted.insert(x.autograd_meta().get());
  }
  std::unique_ptr<NoGrad> guard = options.create_graph ? nullptr : std::make_unique<NoGrad>();
  const Engine::Grads grads = Engine::run(output, options, wanted);
  Tensors out;
  for (const Tensor& x : inputs) {
    const auto found = grads.find(x.autograd_meta().get());
    ITO_CHECK(found != grads.end() || options.allow_unused, "grad: the output does not depend on an input of shape ", x.shape(),
              "; set allow_unused to get an undefined gradient");
    out.push_back(found == grads.end() ? Tensor() : found->second);
  }
  return out;
}

}  // namespace ito
