#include <cmath>

#include "autograd/ops/conv2d.h"
#include "tests/cases/case.h"

namespace ito::checks {

ITO_CASES(conv2d) {
  struct Sizes {
    Shape x, w;
    Conv2dOptions o;
    const char* why;
  };
  const std::vector<Sizes> all{
      {{2, 5, 4, 3}, {4, 3, 3, 3}, {.padding = 1}, "the usual 3x3"},
      {{1, 6, 7, 2}, {3, 3, 3, 2}, {.stride = 2, .padding = 1}, "stride 2, odd and even sides"},
      {{2, 4, 4, 33}, {35, 1, 1, 33}, {}, "1x1"},
      {{1, 5, 5, 4}, {6, 3, 2, 2}, {.padding = 1, .groups = 2}, "groups, oblong window"},
      {{1, 4, 4, 3}, {3, 3, 3, 1}, {.padding = 1, .groups = 3}, "depthwise"},
      {{1, 3, 3, 1}, {1, 3, 3, 1}, {}, "one output pixel"},
      {{1, 9, 9, 2}, {2, 4, 4, 2}, {.stride = 3}, "columns that no window reaches"},
      {{1, 2, 2, 40}, {5, 3, 3, 40}, {.padding = 2}, "more taps than one k block, windows wholly outside"},
      {{0, 3, 3, 2}, {2, 3, 3, 2}, {.padding = 1}, "no images"},
      {{5, 11, 11, 2}, {3, 3, 3, 2}, {.padding = 1}, "several row blocks"},
      {{1, 5, 4, 8}, {16, 3, 2, 8}, {.stride = 2, .padding = 1}, "channels in packs of 16 bytes"},
      {{2, 7, 5, 8}, {8, 2, 3, 4}, {.stride = 3, .padding = 2, .groups = 2}, "stride beyond the window: pixels without a tap"},
      {{3, 6, 5, 1}, {1, 3, 3, 1}, {.padding = 1}, "planes: grey to grey"},
      {{17, 4, 5, 3}, {3, 2, 3, 3}, {.padding = 1}, "planes: RGB to RGB, an oblong window, the images of several tasks"},
      {{2, 5, 4, 1}, {8, 1, 3, 1}, {}, "planes: one row of taps, no padding"},
      {{1, 4, 4, 2}, {2, 3, 3, 2}, {.padding = 3}, "padding wider than planes take"},
      {{1, 3, 3, 128}, {1152, 3, 3, 8}, {.padding = 1, .groups = 16}, "many groups: larger tiles of the device"}};
  for (const Sizes& c : all) {
    const auto f = [o = c.o](const Tensors& in) { return conv2d(in[0], in[1], in.size() > 2 ? in[2] : Tensor(), o); };
    cases.push_back({.inputs = {normal_values(c.x), normal_values(c.w, 0, 1, 2), normal_values({c.w[0]}, 0, 1, 3)}, .f = f, .why = c.why});
  }
  // 3x3 of stride 1 with channels for whole vectors: the cpu's Winograd. Its error is of the size of the sum's terms, not of the sum; so the sums are
  // of size one.
  // The weight gradient adds as many terms as there are pixels; the last case has a thousand.
  const std::vector<Sizes> winograd{{{1, 6, 6, 36}, {36, 3, 3, 36}, {.padding = 1}, "the device's middle tile, on one multiprocessor"},
                                    {{2, 7, 5, 17}, {19, 3, 3, 17}, {.padding = 1}, "tiles cut short, channels past whole vectors"},
                                    {{1, 6, 7, 16}, {16, 3, 3, 16}, {}, "no padding"},
                                    {{1, 3, 3, 16}, {33, 3, 3, 16}, {.padding = 2}, "padding of 2"},
                                    {{1, 4, 4, 272}, {16, 3, 3, 272}, {.padding = 1}, "two k blocks"},
                                    {{15, 8, 8, 16}, {16, 3, 3, 16}, {.padding = 1}, "several chunks of tiles"}};
  for (const Sizes& c : winograd) {
    const auto f = [o = c.o](const Tensors& in) { return conv2d(in[0], in[1], in[2], o); };
    const double deviation = 1 / std::sqrt(double(9 * c.w[3]));
    cases.push_back({.inputs = {normal_values(c.x), normal_values(c.w, 0, deviation, 2), normal_values({c.w[0]}, 0, 1, 3)},
                     .f = f,
                     .why = c.why,
                     .tolerance = c.x[0] == 15 ? 1e-4 : 2e-5});
  }
  cases.push_back({.inputs = {normal_values({2, 4, 4, 2}), normal_values({3, 3, 3, 2}, 0, 1, 2)},
                   .f = [](const Tensors& in) { return conv2d(in[0], in[1], {}, {.padding = 1}); },
                   .why = "no bias"});
  cases.push_back({.inputs = {normal_values({1, 3, 3, 0}), normal_values({2, 3, 2, 0}), normal_values({2})},
                   .f = [](const Tensors& in) { return conv2d(in[0], in[1], in[2], {.padding = 1}); },
                   .why = "no channels"});
  cases.push_back({.inputs = {normal_values({1, 17, 17, 128}), normal_values({1088, 1, 3, 8}, 0, 1, 2)},
                   .f = [](const Tensors& in) { return conv2d(in[0], in[1], {}, {.stride = 2, .groups = 16}); },
                   .why = "many wide groups: the device's largest tile",
                   .gradients = false});
  cases.push_back({.inputs = {normal_values({6, 28, 28, 3}), normal_values({5, 3, 3, 3}, 0, 1, 2)},
                   .f = [](const Tensors& in) { return conv2d(in[0], in[1], {}, {.padding = 1}); },
                   .why = "weight gradient cut in parts",
                   .tolerance = 1e-4});
}

ITO_CASES(conv_transpose2d) {
  struct Sizes {
    Shape x, w;
    ConvTranspose2dOptions o;
    const char* why;
  };
  const std::vector<Sizes> all{{{2, 3, 4, 3}, {3, 4, 4, 2}, {.stride = 2, .padding = 1}, "doubles the image"},
                               {{1, 4, 4, 2}, {2, 3, 3, 3}, {.stride = 2, .padding = 1, .output_padding = 1}, "output padding"},
                               {{1, 3, 3, 4}, {4, 3, 3, 1}, {.groups = 2}, "groups"},
                               {{2, 1, 1, 5}, {5, 4, 4, 3}, {}, "from one pixel"}};
  for (const Sizes& c : all) {
    const auto f = [o = c.o](const Tensors& in) { return conv_transpose2d(in[0], in[1], in[2], o); };
    cases.push_back(
        {.inputs = {normal_values(c.x), normal_values(c.w, 0, 1, 2), normal_values({c.w[3] * c.o.groups}, 0, 1, 3)}, .f = f, .why = c.why});
  }
  cases.push_back({.inputs = {normal_values({1, 9, 9, 128}), normal_values({128, 1, 3, 72}, 0, 1, 2)},
                   .f = [](const Tensors& in) { return conv_transpose2d(in[0], in[1], {}, {.groups = 16}); },
                   .why = "many wide groups: the device's largest tile",
                   .gradients = false});
}

}  // namespace ito::checks
