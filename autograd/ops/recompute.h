// Recomputation (Chen et al. 2016, "Training deep nets with sublinear memory cost"): a part of a network keeps its inputs alone, and is run again
// when its gradient is wanted. Costs one more forward pass of the part; what would be saved inside it is there only while its own gradient is worked
// out.
#pragma once

#include <functional>

#include "tensor/tensor.h"

namespace ito {

// body(inputs), with gradients of any order. `body` must give the same result each time: what it draws, it draws from a copy of a generator. Whatever
// else it uses and needs a gradient stands in `parameters`. It is kept with the graph, so what it refers to must live as long.
Tensor recomputed(const std::function<Tensor(const Tensors& inputs)>& body, const Tensors& inputs, const Tensors& parameters = {});

}  // namespace ito
