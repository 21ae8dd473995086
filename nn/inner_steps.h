// Gradient steps that are themselves part of the graph: the inner loop of meta-learning (Finn et al. 2017, MAML, eq. 1, with several steps).
//   theta_{k+1} = theta_k - rate grad_theta loss(theta_k),   k = 0 ... steps - 1
#pragma once

#include <functional>

#include "autograd/graph.h"

namespace ito {

// theta_steps. `loss` gives one element. The steps are recorded: a loss of the result differentiates through them, which takes second derivatives.
// With a leading axis of signals in each tensor and a loss that sums over signals, each signal makes steps of its own. Under NoGrad the steps are
// made and not recorded.
Tensors inner_steps(const std::function<Tensor(const Tensors&)>& loss, Tensors theta, int steps, double rate);

// Each tensor once for each of `signals`: (...) -> (signals, ...). What inner_steps starts from when a batch of signals shares theta_0.
Tensors repeat_for_signals(const Tensors& theta, int64_t signals);

}  // namespace ito
