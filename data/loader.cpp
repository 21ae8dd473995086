#include "data/loader.h"

#include <cstddef>
#include <cstring>

namespace ito {

namespace {
enum Stream : uint32_t { shuffling, augmentation };

// One image of n x n or h x w pixels of so many bytes, mirrored and turned.
void place(const std::byte* from, std::byte* to, int64_t height, int64_t width, int64_t pixel, bool mirrored, int turns) {
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x) {
      int64_t v = y, u = mirrored ? width - 1 - x : x;
      for (int t = 0; t < turns; ++t) {
        const int64_t old = v;
        v = u;
        u = height - 1 - old;
      }
      std::memcpy(to + (y * width + x) * pixel, from + (v * width + u) * pixel, size_t(pixel));
    }
}
}  // namespace

Loader::Loader(Dataset dataset, const LoaderOptions& options) : dataset_(std::move(dataset)), options_(options) {
  ITO_CHECK(options.batch > 0, "the batch must have at least one image");
  ITO_CHECK(dataset_.images.dtype() == DType::u8 || !(options.flip || options.rotate), "points of '", dataset_.name,
            "' can be neither flipped nor rotated: train.flip and train.rotate are for images");
  ITO_CHECK(!options.rotate || dataset_.images.extent(1) == dataset_.images.extent(2), "only square images can be rotated by 90 degrees");
}

const int64_t* Loader::permutation_of(int64_t epoch) {
  if (epoch != epoch_) {
    Generator key{.seed = options_.seed, .stream = shuffling, .call = uint32_t(epoch)};
    permutation_ = permutation(dataset_.size(), key);
    epoch_ = epoch;
  }
  return permutation_.data<int64_t>();
}

Batch Loader::make(int64_t step) {
  const Shape& all = dataset_.images.shape();
  const int64_t height = all[1], width = all[2], b = options_.batch;
  const int64_t pixel = all[3] * int64_t(size_of(dataset_.images.dtype())), image = height * width * pixel;
  const Tensor chosen = Tensor::empty({b, height, width, all[3]}, dataset_.images.dtype());
  const auto* from = static_cast<const std::byte*>(dataset_.images.raw());
  auto* to = static_cast<std::byte*>(chosen.raw());
  Batch batch;
  if (dataset_.labels.defined()) batch.labels = Tensor::empty({b}, DType::i64);
  const Tensor choices = randint_from({b}, 0, 8, {.seed = options_.seed, .stream = augmentation}, step * b);
  for (int64_t i = 0; i < b; ++i) {
    const int64_t position = step * b + i, index = permutation_of(position / all[0])[position % all[0]], choice = choices.data<int64_t>()[i];
    const bool mirrored = options_.flip && choice % 2;
    const int turns = options_.rotate ? int(choice / 2) : 0;
    place(from + index * image, to + i * image, height, width, pixel, mirrored, turns);
    if (batch.labels.defined()) batch.labels.data<int64_t>()[i] = dataset_.labels.data<int64_t>()[index];
  }
  batch.images = unit_range(chosen);
  return batch;
}

Batch Loader::at(int64_t step) {
  Batch batch;
  if (next_.valid()) {
    batch = next_.get();
    if (next_step_ != step) batch = make(step);
  } else {
    batch = make(step);
  }
  next_step_ = step + 1;
  next_ = std::async(std::launch::async, [this, after = step + 1] { return make(after); });
  return batch;
}

}  // namespace ito
