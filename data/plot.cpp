#include "data/plot.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "data/font.h"

namespace ito {

namespace {

using Colour = std::array<uint8_t, 3>;
constexpr Colour ink{60, 60, 60}, rule{225, 225, 225};
constexpr int64_t left = 64, right = 16, top = 28, bottom = 40, letter = 6;
constexpr int64_t dots_left = 30, dots_right = 8, dots_top = 22, dots_bottom = 16;  // the same around a picture of points

class Canvas {
 public:
  Canvas(int64_t width, int64_t height) : image(Tensor::full({height, width, 3}, 255, DType::u8)), width_(width), height_(height) {}

  void dot(int64_t x, int64_t y, const Colour& c) {
    if (x < 0 || x >= width_ || y < 0 || y >= height_) return;
    std::copy(c.begin(), c.end(), image.data<uint8_t>() + (y * width_ + x) * 3);
  }
  // Two by two pixels, let through by a half.
  void small_dot(int64_t x, int64_t y, const Colour& c) {
    for (int64_t v = y; v < y + 2; ++v)
      for (int64_t u = x; u < x + 2; ++u) {
        if (u < 0 || u >= width_ || v < 0 || v >= height_) continue;
        uint8_t* pixel = image.data<uint8_t>() + (v * width_ + u) * 3;
        for (int i = 0; i < 3; ++i) pixel[i] = uint8_t((pixel[i] + c[size_t(i)]) / 2);
      }
  }
  // Two pixels thick.
  void line(double x0, double y0, double x1, double y1, const Colour& c) {
    const int64_t steps = std::max<int64_t>(1, int64_t(std::ceil(2 * std::max(std::abs(x1 - x0), std::abs(y1 - y0)))));
    for (int64_t i = 0; i <= steps; ++i) {
      const double s = double(i) / double(steps);
      const int64_t x = std::lround(x0 + s * (x1 - x0)), y = std::lround(y0 + s * (y1 - y0));
      for (const int64_t dx : {0, 1})
        for (const int64_t dy : {0, 1}) dot(x + dx, y + dy, c);
    }
  }
  void text(int64_t x, int64_t y, const std::string& words, const Colour& c = ink) {
    for (const char character : words) {
      const auto rows = glyph(character);
      for (int64_t i = 0; i < 7; ++i)
        for (int64_t j = 0; j < 5; ++j)
          if (rows[size_t(i)] >> (4 - j) & 1) dot(x + j, y + i, c);
      x += letter;
    }
  }

  Tensor image;

 private:
  int64_t width_, height_;
};

std::string number(double value) {
  char out[32];
  std::snprintf(out, sizeof out, "%.4g", value);
  return out;
}

struct Axis {
  double low, high;
  bool logarithmic;
  double share(double value) const {
    const auto scale = [this](double v) { return logarithmic ? std::log10(v) : v; };
    return (scale(value) - scale(low)) / (scale(high) - scale(low));
  }
};

// Round values inside the axis: powers of ten times 1, 2, 5, or steps of such a length.
std::vector<double> ticks(const Axis& axis) {
  std::vector<double> out;
  if (axis.logarithmic) {
    for (double decade = std::pow(10, std::floor(std::log10(axis.low))); decade <= axis.high; decade *= 10)
      for (const double factor : {1.0, 2.0, 5.0})
        if (decade * factor >= axis.low && decade * factor <= axis.high) out.push_back(decade * factor);
    return out;
  }
  const double raw = (axis.high - axis.low) / 6, decade = std::pow(10, std::floor(std::log10(raw)));
  const double step = decade * (raw / decade > 5 ? 10 : raw / decade > 2 ? 5 : raw / decade > 1 ? 2 : 1);
  for (double value = std::ceil(axis.low / step) * step; value <= axis.high; value += step) out.push_back(std::abs(value) < step / 2 ? 0 : value);
  return out;
}

Axis axis_over(std::vector<double> values, bool logarithmic) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  if (*low < *high) return {*low, *high, logarithmic};
  return {*low - (logarithmic ? *low / 2 : 0.5), *high + (logarithmic ? *high : 0.5), logarithmic};
}

}  // namespace

Tensor plot(const std::vector<Curve>& curves, const PlotOptions& o) {
  const auto shown = [&](const Curve& c, size_t i) { return std::isfinite(c.x[i]) && std::isfinite(c.y[i]) && (!o.log_y || c.y[i] > 0); };
  std::vector<double> xs, ys;
  for (const Curve& c : curves)
    for (size_t i = 0; i < c.x.size(); ++i)
      if (shown(c, i)) {
        xs.push_back(c.x[i]);
        ys.push_back(c.y[i]);
      }
  ITO_CHECK(!xs.empty(), "plot: no finite values");
  const Axis x_axis = axis_over(xs, false), y_axis = axis_over(ys, o.log_y);
  Canvas canvas(o.width, o.height);
  const auto px = [&](double x) { return double(left) + x_axis.share(x) * double(o.width - left - right); };
  const auto py = [&](double y) { return double(o.height - bottom) - y_axis.share(y) * double(o.height - top - bottom); };

  for (const double value : ticks(y_axis)) {
    canvas.line(left, py(value), double(o.width - right), py(value), rule);
    const std::string label = number(value);
    canvas.text(left - 6 - letter * int64_t(label.size()), std::lround(py(value)) - 3, label);
  }
  for (const double value : ticks(x_axis)) {
    canvas.line(px(value), top, px(value), double(o.height - bottom), rule);
    const std::string label = number(value);
    canvas.text(std::lround(px(value)) - letter * int64_t(label.size()) / 2, o.height - bottom + 8, label);
  }
  for (const Curve& c : curves)
    for (size_t i = 1; i < c.x.size(); ++i)
      if (shown(c, i - 1) && shown(c, i)) canvas.line(px(c.x[i - 1]), py(c.y[i - 1]), px(c.x[i]), py(c.y[i]), c.colour);
  int64_t row = o.height - bottom - 14;
  for (auto c = curves.rbegin(); c != curves.rend(); ++c)
    if (!c->name.empty()) {
      canvas.text(left + 8, row, c->name, c->colour);
      row -= 12;
    }
  canvas.text(left, 10, o.title);
  canvas.text(o.width - right - letter * int64_t(o.x_label.size()), o.height - 14, o.x_label);
  return canvas.image;
}

Tensor scatter(const Tensor& points, const ScatterOptions& o) {
  const bool pairs = points.dtype() == DType::f32 && points.rank() >= 2 && points.extent(-1) == 2 && points.numel() == 2 * points.extent(0);
  ITO_CHECK(pairs, "scatter: expected f32 points (N, 1, 1, 2) or (N, 2), got ", points.dtype(), " ", points.shape());
  std::vector<double> xs, ys;
  for (int64_t i = 0; i < points.extent(0); ++i) {
    const double x = o.scale * double(points.data<float>()[2 * i]), y = o.scale * double(points.data<float>()[2 * i + 1]);
    if (!std::isfinite(x) || !std::isfinite(y)) continue;
    xs.push_back(x);
    ys.push_back(y);
  }
  ITO_CHECK(!xs.empty(), "scatter: no finite points");
  Axis x_axis{-o.reach, o.reach, false}, y_axis = x_axis;
  if (o.reach <= 0) {  // the shorter axis is made as long as the other, on both sides
    x_axis = axis_over(xs, false);
    y_axis = axis_over(ys, false);
    const double half = std::max(x_axis.high - x_axis.low, y_axis.high - y_axis.low) / 2 * 1.04;
    for (Axis* axis : {&x_axis, &y_axis}) *axis = {(axis->low + axis->high) / 2 - half, (axis->low + axis->high) / 2 + half, false};
  }
  Canvas canvas(o.size, o.size);
  const int64_t side = std::min(o.size - dots_left - dots_right, o.size - dots_top - dots_bottom);
  ITO_CHECK(side > 0, "scatter: ", o.size, " pixels a side are too few");
  const auto px = [&](double x) { return dots_left + std::lround(x_axis.share(x) * double(side - 2)); };
  const auto py = [&](double y) { return dots_top + side - 2 - std::lround(y_axis.share(y) * double(side - 2)); };

  for (const double value : ticks(y_axis)) {
    canvas.line(dots_left, double(py(value)), double(dots_left + side), double(py(value)), rule);
    const std::string label = number(value);
    canvas.text(dots_left - 4 - letter * int64_t(label.size()), py(value) - 3, label);
  }
  for (const double value : ticks(x_axis)) {
    canvas.line(double(px(value)), dots_top, double(px(value)), double(dots_top + side), rule);
    const std::string label = number(value);
    canvas.text(px(value) + 1 - letter * int64_t(label.size()) / 2, dots_top + side + 5, label);
  }
  for (size_t i = 0; i < xs.size(); ++i)
    if (std::max(std::abs(x_axis.share(xs[i]) - 0.5), std::abs(y_axis.share(ys[i]) - 0.5)) <= 0.5) canvas.small_dot(px(xs[i]), py(ys[i]), o.colour);
  canvas.text(dots_left, 8, o.title);
  return canvas.image;
}

}  // namespace ito
