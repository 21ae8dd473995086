# Image k of a seed is the same picture, to the bit, in every batch and on any number of threads; so are the bundled model's.
source tests/scripts/common.bash

first_8() { tail -c +129 "$1" | head -c $((8 * 28 * 28 * 4)) | sha256sum; }
for sampler in "ddim --steps 4" "ddim --steps 4 --eta 1"; do
  ITO_THREADS=2 "$ito" sample zoo/mnist-ddpm --sampler $sampler --n 8 --out "$tmp/8.png" --npy "$tmp/8.npy" >/dev/null 2>&1
  ITO_THREADS=2 "$ito" sample zoo/mnist-ddpm --sampler $sampler --n 64 --out "$tmp/64.png" --npy "$tmp/64.npy" >/dev/null 2>&1
  ITO_THREADS=1 "$ito" sample zoo/mnist-ddpm --sampler $sampler --n 8 --out "$tmp/8t.png" --npy "$tmp/8t.npy" >/dev/null 2>&1
  [ "$(stat -c %s "$tmp/8.npy")" -eq $((128 + 8 * 28 * 28 * 4)) ] || fail "the .npy is not 128 bytes and 8 images"
  [ "$(first_8 "$tmp/8.npy")" = "$(first_8 "$tmp/64.npy")" ] || fail "$sampler: the first 8 of 64 are others"
  cmp "$tmp/8.npy" "$tmp/8t.npy" || fail "$sampler: other images on one thread"
done
# The last of 51 is alone in its batch; so is the only one of 1.
"$ito" sample zoo/mnist-ddpm --sampler ddim --steps 2 --n 64 --out "" --npy "$tmp/64.npy" >/dev/null 2>&1
for n in 1 51; do
  "$ito" sample zoo/mnist-ddpm --sampler ddim --steps 2 --n $n --out "" --npy "$tmp/few.npy" >/dev/null 2>&1
  cmp <(tail -c +129 "$tmp/few.npy") <(tail -c +129 "$tmp/64.npy" | head -c $((n * 28 * 28 * 4))) || fail "the $n images of --n $n are not the first of --n 64"
done
"$ito" sample zoo/mnist-ddpm --n 2 --seed 1 --sampler ddim --steps 4 --out "" --npy "$tmp/other.npy" >/dev/null 2>&1
[ "$(tail -c +129 "$tmp/other.npy" | head -c 6272 | sha256sum)" != "$(tail -c +129 "$tmp/8.npy" | head -c 6272 | sha256sum)" ] || fail "the seed changes nothing"
finish
