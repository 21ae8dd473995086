// Variances beta_1 ... beta_T of the forward process of DDPM, as tables in f64.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ito {

// linear   from 1e-4 to 0.02 at T = 1000 (Ho et al. 2020, section 4); both scaled by 1000/T for other T (Nichol & Dhariwal 2021, their code)
// cosine   alpha-bar(t) = cos^2((t/T + 0.008)/1.008 pi/2), beta_t = min(1 - alpha-bar(t)/alpha-bar(t-1), 0.999) (Nichol & Dhariwal 2021, eq. 17)
// Throws Error for another name, naming those there are, and for T < 1.
std::vector<double> beta_schedule(const std::string& name, int64_t steps);

}  // namespace ito
