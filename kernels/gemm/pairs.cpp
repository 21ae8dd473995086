#include "kernels/gemm/pairs.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "kernels/gemm/pairs_units.h"
#include "kernels/vector.h"
#include "tensor/error.h"

#if defined(__x86_64__) && defined(__linux__)
#define ITO_X86_PAIRS
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace ito::kernels::pairs {

namespace {

// As TDPBF16PS: the first and the second of each pair summed apart over 32 of k, then added to C.
void multiply_loops(const Product& s) {
  for (int64_t i = 0; i < block; ++i) {
    float* c = s.c + i * s.c_stride;
    if (s.start)
      std::copy_n(s.start, block, c);
    else if (!s.add)
      std::fill_n(c, block, 0.0f);
    const bfloat16* b = s.b;
    for (int64_t segment = 0; segment < s.segments; ++segment) {
      const bfloat16* a = s.a + s.a_segments[segment] + s.a_row(i);
      for (int64_t step = 0; step < s.steps; ++step) {
        float sums[2 * block] = {};
        for (int64_t p = 0; p < block / 2; ++p, a += 2, b += s.b_stride) {
          const float first = a[0], second = a[1];
#pragma omp simd
          for (int64_t j = 0; j < block; ++j) {
            sums[j] += first * float(b[2 * j]);
            sums[block + j] += second * float(b[2 * j + 1]);
          }
        }
        for (int64_t j = 0; j < block; ++j) c[j] += sums[j] + sums[block + j];
      }
    }
  }
}

// One product after the other: C is in no tiles that could be kept.
void multiply_split_loops(const Product& s) {
  Product product = s;
  for (const auto [a, b] : part_order) {
    product.a = s.a + a * s.a_part;
    product.b = s.b + b * s.b_part;
    multiply_loops(product);
    product.start = nullptr;
    product.add = true;
  }
}

#ifdef ITO_X86_PAIRS

struct Avx512 {
  using Sums = __m512;
  using Pairs = __m512bh;
  ITO_AVX512_PAIRS static Sums zeros() { return _mm512_setzero_ps(); }
  ITO_AVX512_PAIRS static Sums load(const float* from) { return _mm512_loadu_ps(from); }
  ITO_AVX512_PAIRS static void store(float* to, Sums sums) { _mm512_storeu_ps(to, sums); }
  ITO_AVX512_PAIRS static Pairs load_pairs(const bfloat16* from) { return Pairs(_mm512_loadu_si512(from)); }
  ITO_AVX512_PAIRS static Pairs to_all(const bfloat16* pair) {
    int32_t both = 0;
    std::memcpy(&both, pair, sizeof both);
    return Pairs(_mm512_set1_epi32(both));
  }
  ITO_AVX512_PAIRS static Sums multiply(Sums sums, Pairs a, Pairs b) { return _mm512_dpbf16_ps(sums, a, b); }
};

// In assembly: the compilers' functions take tiles by a literal only, and those of g++ 12 do not say that memory is read.
struct Amx {
  template <int tile>
  static void zero() {
    asm volatile("tilezero %%tmm%c0" ::"i"(tile));
  }
  template <int tile>
  static void load(const void* from, int64_t bytes) {
    asm volatile("tileloadd (%1,%2,1), %%tmm%c0" ::"i"(tile), "r"(from), "r"(bytes) : "memory");
  }
  template <int tile>
  static void store(void* to, int64_t bytes) {
    asm volatile("tilestored %%tmm%c0, (%1,%2,1)" ::"i"(tile), "r"(to), "r"(bytes) : "memory");
  }
  template <int c, int a, int b>
  static void multiply() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(c), "i"(a), "i"(b));
  }
};

// Palette 1: 8 tiles of 16 rows of 64 bytes.
struct Configuration {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t bytes_of_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(Configuration) == 64);
void configure_tiles() {
  const Configuration configuration;
  asm volatile("ldtilecfg %0" ::"m"(configuration));
}
void release_tiles() { asm volatile("tilerelease"); }

// What the operating system saves when it changes threads (Intel SDM, XGETBV): bits of XCR0.
uint64_t saved_state() {
  uint32_t low = 0, high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t(high) << 32 | low;
}

Unit find_unit() {
  uint32_t a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) return Unit::loops;  // no XGETBV
  const uint64_t saved = saved_state();
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return Unit::loops;
  const bool avx512 = (b >> 16 & 1) && (b >> 30 & 1) && (b >> 31 & 1) && (saved & 0xe6) == 0xe6;
  const bool amx = (d >> 22 & 1) && (d >> 24 & 1) && (saved >> 17 & 3) == 3;
  // Linux wants to be asked before it lets a process use the tiles' data (arch_prctl, ARCH_REQ_XCOMP_PERM, feature 18).
  if (amx && syscall(SYS_arch_prctl, 0x1023, 18) == 0) return Unit::amx;
  uint32_t highest = a;
  return avx512 && highest >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 5 & 1) ? Unit::avx512 : Unit::loops;
}

#else

Unit find_unit() { return Unit::loops; }

#endif

}  // namespace

std::string_view name_of(Unit unit) { return unit == Unit::amx ? "amx" : unit == Unit::avx512 ? "avx512" : "loops"; }

Unit unit() {
  static const Unit found = [] {
    const Unit best = find_unit();
    const char* asked = std::getenv("ITO_PAIRS");
    if (!asked || !*asked) return best;
    for (const Unit candidate : {Unit::loops, Unit::avx512, Unit::amx})
      if (asked == name_of(candidate)) {
        ITO_CHECK(candidate <= best, "ITO_PAIRS: this processor has no ", asked, "; the best it has is ", name_of(best));
        return candidate;
      }
    throw Error(std::string("ITO_PAIRS is '") + asked + "'; there are loops, avx512 and amx");
  }();
  return found;
}

Multiplier::Multiplier() : multiply_(&multiply_loops), multiply_split_(&multiply_split_loops) {
#ifdef ITO_X86_PAIRS
  if (unit() == Unit::avx512) multiply_ = &multiply_registers<Avx512>;
  if (unit() == Unit::amx) {
    configure_tiles();
    multiply_ = &multiply_tiles<Amx>;
    multiply_split_ = &multiply_split_tiles<Amx>;
  }
#endif
}

Multiplier::~Multiplier() {
#ifdef ITO_X86_PAIRS
  if (unit() == Unit::amx) release_tiles();
#endif
}

void copy(const bfloat16* from, int64_t distance, int64_t rows, int64_t columns, bfloat16* to, int64_t to_stride, int64_t) {
  for (int64_t r = 0; r < rows; ++r) std::copy_n(from + r * distance, columns, to + r * to_stride);
}

void interleave(const bfloat16* from, int64_t distance, int64_t rows, int64_t columns, bfloat16* to, int64_t to_stride, int64_t) {
  for (int64_t r = 0; r < rows; r += 2) {
    const bfloat16 *first = from + r * distance, *second = first + distance;
    bfloat16* out = to + r / 2 * to_stride;
    if (r + 1 < rows) {
#pragma omp simd
      for (int64_t c = 0; c < columns; ++c) {
        out[2 * c].bits = first[c].bits;
        out[2 * c + 1].bits = second[c].bits;
      }
    } else {
      for (int64_t c = 0; c < columns; ++c) out[2 * c] = first[c], out[2 * c + 1].bits = 0;
    }
  }
}

void interleave_turned(const bfloat16* from, int64_t distance, int64_t rows, int64_t columns, bfloat16* to, int64_t to_stride, int64_t) {
  constexpr int64_t lanes = VectorTypes<float>::lanes;
  const int64_t whole_rows = rows / lanes * lanes, whole = columns / (2 * lanes) * 2 * lanes;
  for (int64_t r = 0; r < whole_rows; r += lanes)
    for (int64_t c = 0; c < whole; c += 2 * lanes) {
      Vector<float> line[lanes];
      for (int64_t i = 0; i < lanes; ++i) line[i] = load_vector<float>(as_pairs(from + (r + i) * distance + c));
      transpose_vectors<float>(line);
      for (int64_t i = 0; i < lanes; ++i) store_vector<float>(line[i], as_pairs(to + (c / 2 + i) * to_stride + 2 * r));
    }
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = r < whole_rows ? whole : 0; c < columns; ++c) {
      bfloat16* out = to + c / 2 * to_stride + 2 * r + c % 2;
      *out = from[r * distance + c];
      if (c + 1 == columns && c % 2 == 0) out[1].bits = 0;
    }
}

void turn(const bfloat16* from, int64_t distance, int64_t rows, int64_t columns, bfloat16* to, int64_t to_stride, int64_t) {
  constexpr int64_t lanes = VectorTypes<float>::lanes;
  const int64_t whole_rows = rows / (2 * lanes) * 2 * lanes, whole = columns / lanes * lanes;
  bfloat16 couples[2 * lanes * lanes];  // rows of pairs
  for (int64_t r = 0; r < whole_rows; r += 2 * lanes)
    for (int64_t c = 0; c < whole; c += lanes) {
      interleave(from + r * distance + c, distance, 2 * lanes, lanes, couples, 2 * lanes);
      Vector<float> line[lanes];
      for (int64_t i = 0; i < lanes; ++i) line[i] = load_vector<float>(as_pairs(couples + i * 2 * lanes));
      transpose_vectors<float>(line);
      for (int64_t i = 0; i < lanes; ++i) store_vector<float>(line[i], as_pairs(to + (c + i) * to_stride + r));
    }
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = r < whole_rows ? whole : 0; c < columns; ++c) to[c * to_stride + r] = from[r * distance + c];
}

}  // namespace ito::kernels::pairs
