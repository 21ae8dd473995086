// The forward pass of attention by NVIDIA's cuDNN: a graph of one node, "scaled dot-product attention", in bf16, of dense tensors, without a mask.
// All else, and shapes for which the library offers no plan on this GPU, are left to "flash". The gradient is, too: cuDNN's may differ from run to
// run.
//
// Not the default of its op ("cudnn_graph" has the rank of Ito's own): it has been compiled, but has not run yet.
#include "kernels/attention/attention.h"

#include <map>
#include <memory>

#include "kernels/cuda/cudnn.h"
#include "tensor/memory.h"

#if CUDNN_VERSION >= 91900  // the first with the node that this was compiled with

namespace ito::kernels {

namespace {

using Descriptor = std::shared_ptr<void>;  // a cudnnBackendDescriptor_t

Descriptor make(cudnnBackendDescriptorType_t type) {
  cudnnBackendDescriptor_t made = nullptr;
  ITO_CUDNN_CHECK(cudnnBackendCreateDescriptor(type, &made));
  return {made, [](void* d) { cudnnBackendDestroyDescriptor(d); }};
}

void set(const Descriptor& d, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t count, const void* values) {
  ITO_CUDNN_CHECK(cudnnBackendSetAttribute(d.get(), name, type, count, values));
}
void set(const Descriptor& d, cudnnBackendAttributeName_t name, const Descriptor& part) {
  cudnnBackendDescriptor_t value = part.get();
  set(d, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value);
}

enum Id : int64_t { id_q = 1, id_k, id_v, id_y, id_lse, id_scale };

Descriptor tensor(Id id, cudnnDataType_t type, const std::array<int64_t, 4>& extents, const std::array<int64_t, 4>& strides, bool by_value = false) {
  Descriptor d = make(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  const int64_t alignment = by_value ? 4 : 16, unique = id;
  set(d, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type);
  set(d, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, extents.data());
  set(d, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, strides.data());
  set(d, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &unique);
  set(d, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &alignment);
  set(d, CUDNN_ATTR_TENSOR_IS_BY_VALUE, CUDNN_TYPE_BOOLEAN, 1, &by_value);
  ITO_CUDNN_CHECK(cudnnBackendFinalize(d.get()));
  return d;
}

struct Plan {
  Descriptor execution;  // null: cuDNN has none
  int64_t scratch_bytes = 0;
};

Plan make_plan(const AttentionShape& s) {
  const int64_t b = s.batch, h = s.heads, d = s.head_channels(), m = s.queries, n = s.keys, c = s.channels;
  const Descriptor node = make(CUDNN_BACKEND_OPERATION_SDPA_FWD_DESCRIPTOR);
  set(node, CUDNN_ATTR_OPERATION_SDPA_FWD_QDESC, tensor(id_q, CUDNN_DATA_BFLOAT16, {b, h, m, d}, {m * c, d, c, 1}));
  set(node, CUDNN_ATTR_OPERATION_SDPA_FWD_KDESC, tensor(id_k, CUDNN_DATA_BFLOAT16, {b, h, n, d}, {n * c, d, c, 1}));
  set(node, CUDNN_ATTR_OPERATION_SDPA_FWD_VDESC, tensor(id_v, CUDNN_DATA_BFLOAT16, {b, h, n, d}, {n * c, d, c, 1}));
  set(node, CUDNN_ATTR_OPERATION_SDPA_FWD_ODESC, tensor(id_y, CUDNN_DATA_BFLOAT16, {b, h, m, d}, {m * c, d, c, 1}));
  set(node, CUDNN_ATTR_OPERATION_SDPA_FWD_STATSDESC, tensor(id_lse, CUDNN_DATA_FLOAT, {b, h, m, 1}, {h * m, m, 1, 1}));
  set(node, CUDNN_ATTR_OPERATION_SDPA_FWD_SCALEDESC, tensor(id_scale, CUDNN_DATA_FLOAT, {1, 1, 1, 1}, {1, 1, 1, 1}, true));
  if (cudnnBackendFinalize(node.get()) != CUDNN_STATUS_SUCCESS) return {};

  cudnnHandle_t handle = cuda::cudnn();
  const Descriptor graph = make(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  set(graph, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &handle);
  set(graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, node);
  if (cudnnBackendFinalize(graph.get()) != CUDNN_STATUS_SUCCESS) return {};

  const Descriptor heuristics = make(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR), engine = make(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
  const cudnnBackendHeurMode_t mode = CUDNN_HEUR_MODE_A;
  set(heuristics, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
  set(heuristics, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
  if (cudnnBackendFinalize(heuristics.get()) != CUDNN_STATUS_SUCCESS) return {};
  cudnnBackendDescriptor_t best = engine.get();
  int64_t found = 0;
  ITO_CUDNN_CHECK(cudnnBackendGetAttribute(heuristics.get(), CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &found, &best));
  if (found == 0) return {};

  Plan plan{make(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR)};
  set(plan.execution, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &handle);
  set(plan.execution, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, engine);
  if (cudnnBackendFinalize(plan.execution.get()) != CUDNN_STATUS_SUCCESS) return {};
  ITO_CUDNN_CHECK(
      cudnnBackendGetAttribute(plan.execution.get(), CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &found, &plan.scratch_bytes));
  return plan;
}

// Shapes are few in a network.
const Plan& plan_for(const AttentionShape& s) {
  static std::map<std::array<int64_t, 5>, Plan> plans;
  const std::array<int64_t, 5> key{s.batch, s.queries, s.keys, s.channels, s.heads};
  const auto found = plans.find(key);
  return found != plans.end() ? found->second : plans.emplace(key, make_plan(s)).first->second;
}

template <class T>
void forward(const T* q, const T* k, const T* v, const T* mask, T* y, accumulate_t<T>* lse, const AttentionShape& s) {
  const bool simple = !mask && !s.causal && s.token_stride == s.channels && s.batch * s.queries * s.keys * s.channels > 0;
  const Plan plan = simple ? plan_for(s) : Plan{};
  if (!plan.execution) return AttentionForward<T>::named(Device::cuda, "flash")(q, k, v, mask, y, lse, s);
  float scale = float(s.scale);
  const Storage scratch(size_t(plan.scratch_bytes), Device::cuda);
  const std::array<int64_t, 6> ids{id_q, id_k, id_v, id_y, id_lse, id_scale};
  const std::array<const void*, 6> data{q, k, v, y, lse, &scale};
  void* workspace = scratch.data();
  const Descriptor pack = make(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  set(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, 6, ids.data());
  set(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, 6, data.data());
  set(pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace);
  ITO_CUDNN_CHECK(cudnnBackendFinalize(pack.get()));
  ITO_CUDNN_CHECK(cudnnBackendExecute(cuda::cudnn(), plan.execution.get(), pack.get()));
}

}  // namespace

ITO_REGISTER_KERNEL(AttentionForward, Device::cuda, "cudnn_graph", forward, bfloat16);

}  // namespace ito::kernels

#endif
