# What no one would write on purpose: every key of a configuration with values that cannot be, checkpoints with a byte changed anywhere, files that
# are not what their name says. Each is refused in one line with exit code 2, before any work is done, and never ends in a crash.
source tests/scripts/common.bash

train() { "$ito" train "$config" "${tiny[@]}" --set train.steps=1 --out "$tmp/new" "$@"; }
new() {
  [ ! -e "$tmp/new" ] || fail "there is a run folder all the same: $*"
  rm -rf "$tmp/new"
}

# ---- every number of a configuration: too small, too large, of another type
while read -r kind key values; do
  for value in $values '"x"' 1e999 null '{}'; do refused "config: |out of memory|sampling steps must|eta must|resample must" train --set "$key=$value"; done
  if [ "$kind" = whole ]; then
    for value in 0.5 99999999999999999999999; do refused "'$key' must be a whole number" train --set "$key=$value"; done
  fi
  new "$key"
done <<'KEYS'
whole data.limit -1 18446744073709551615
whole data.size 0 -3 100000
whole data.count 0 -1 1000000000000000 9223372036854775807 18446744073709551615
whole data.channels 0 2 -1 9223372036854775807
whole model.channels 0 -1 2 9223372036854775807
whole model.base 0 -8 3 7 1000000 4611686018427387904
list model.multipliers [0] [1,-2] [1.5] [1,4611686018427387904] 3
whole model.blocks 0 -1 1000000000
list model.attention [2] [-1] [0.5] 1
whole model.heads 0 -1 3
number model.dropout 1 -0.1
whole model.classes -1 9223372036854775807
whole model.patch 0 -2 3 1000000000000
whole diffusion.steps 0 -1 1000000000000
number diffusion.label_dropout -0.1 1.1
whole train.steps -1 18446744073709551615
number train.epochs -1 1e30
number train.minutes -1
whole train.batch 0 -1 100000000000 9223372036854775807
number train.lr 0 -1
number train.beta1 1 -0.1
number train.beta2 1 2
number train.weight_decay -1
whole train.warmup -1
number train.clip -1
number train.ema 1 -0.1
whole train.seed -1
number train.checkpoint_minutes -1
whole train.checkpoint_steps -1
whole train.log_steps 0
whole sample.steps 0 -1 1001
number sample.eta -0.1 1.1
whole sample.resample 0 -1 1001
number sample.guidance -1 1
KEYS
for text in data.name data.path data.drawing diffusion.schedule diffusion.prediction train.optimiser train.schedule sample.sampler task; do
  for value in 3 true '[]' null; do refused "'$text' must be text" train --set "$text=$value"; done
done
for text in data.name data.drawing diffusion.schedule diffusion.prediction train.optimiser train.schedule sample.sampler task; do
  refused "there are:" train --set "$text=nonsense"
done
for flag in train.flip train.rotate; do refused "must be true or false" train --set "$flag=1"; done
for section in data model diffusion train sample; do refused "'$section' must be an object" train --set "$section=[1]"; done
for set in "" = =1 train train. .lr=1 train..lr=1 train.lr.x=1 ...=; do refused "--set|config: |" train --set "$set"; done
refused "not UTF-8" train --set $'data.name=\xff'
new "nonsense"

# ---- configurations that are no JSON object
printf '' >"$tmp/empty.json"
printf '[1, 2]' >"$tmp/list.json"
printf '\xff\xfe{}' >"$tmp/binary.json"
printf '{"train": {"steps": 1}' >"$tmp/open.json"
printf '{"train": {"lr": 1e999}}' >"$tmp/large.json"
head -c 200000 /dev/zero | tr '\0' '[' >"$tmp/deep.json"
for file in empty list binary open large deep; do refused "$file.json" "$ito" train "$tmp/$file.json" --out "$tmp/new"; done
refused "is a folder|No such file" "$ito" train "$tmp" --out "$tmp/new"

# ---- options
"$ito" train "$config" "${tiny[@]}" --set train.steps=2 --out "$tmp/run" >/dev/null 2>&1
for option in "--n 0" "--n -1" "--n 99999999999999999999" "--n 1000000000000" "--n x" "--seed -1" "--seed 99999999999999999999" "--seed x" "--label -2" "--label 0" "--steps 0" "--steps -1" \
  "--steps 1001" "--eta -1" "--eta 2" "--guidance -1" "--guidance 1" "--sampler x" "--sampler ancestral --steps 1001" "--snr -1" "--snr x" "--churn nan" "--tolerance 0" "--predictor x" "--corrector-steps -1" "--langevin-steps x" "--interpolate -1" "--resample 0" "--resample -1" "--resample 1001" "--resample x" "--inpaint no.png" "--nonsense" "--out $tmp" "--npy $tmp" \
  "--out $tmp/no/x.png" "--npy $tmp/no/x.npy"; do
  rm -f "$tmp/x.png"
  refused "" "$ito" sample "$tmp/run" --out "$tmp/x.png" $option
  [ ! -e "$tmp/x.png" ] || fail "sampled all the same: $option"
done
for label in -1 10 x; do refused "--label" "$ito" sample zoo/mnist-ddpm --label $label --out "$tmp/x.png"; done
for n in -1 99999999999999999999 x; do
  refused "--n" "$ito" data show triangles --n $n --out "$tmp/x.png"
  refused "--n" "$ito" eval zoo/mnist-ddpm --n $n
done
for set in points moons; do refused "--n must be at least 1" "$ito" data show $set --n 0 --out "$tmp/x.png"; done
refused "1 channel or 3, not 2" "$ito" data show triangles --channels 2 --out "$tmp/x.png"
refused "no data set 'circles'; there are:.* moons" "$ito" data show circles --out "$tmp/x.png"
refused "3073-byte records" "$ito" data show cifar10 --data "$config" --out "$tmp/x.png"
refused "cifar10 is not here" "$ito" data show cifar10 --data "$tmp" --out "$tmp/x.png"
mkfifo "$tmp/pipe"
refused "no ordinary file" "$ito" sample "$tmp/run" --out "$tmp/pipe"
refused "no ordinary file" "$ito" data show triangles --out "$tmp/pipe"
[ -p "$tmp/pipe" ] || fail "the pipe is gone"
refused "no file to write" "$ito" sample "$tmp/run" --out ""
refused "has no checkpoint.safetensors" "$ito" sample "$tmp" --out "$tmp/x.png"
echo "my own notes" >"$tmp/README.md"
refused "README.md of something else" "$ito" export "$tmp/run" "$tmp"
grep -q "my own notes" "$tmp/README.md" || fail "export wrote over a README.md"

# ---- checkpoints: a byte changed anywhere, or cut anywhere
file=$tmp/run/checkpoint.safetensors
size=$(stat -c %s "$file")
for i in $(seq 60); do
  at=$(((i * 7919 * 131) % size))
  [ "$i" -le 30 ] || at=$((8 + (i * 7919) % 4000))  # the header
  [ "$(tail -c +$((at - 3)) "$file" | head -c 9 | grep -ac crc32)" -eq 0 ] || continue  # damage to this word hides the checksum, and does no other harm
  cp "$file" "$tmp/bad.safetensors"
  byte=$(od -An -t u1 -j $at -N 1 "$file")
  printf "\\x$(printf %x $((byte ^ (1 << i % 8))))" | dd of="$tmp/bad.safetensors" bs=1 seek=$at conv=notrunc status=none
  refused "bad.safetensors" "$ito" sample "$tmp/bad.safetensors" --n 1 --out "$tmp/x.png"
done
for bytes in 0 1 7 8 9 100 $((size / 2)) $((size - 1)); do
  head -c "$bytes" "$file" >"$tmp/bad.safetensors"
  refused "bad.safetensors" "$ito" sample "$tmp/bad.safetensors" --n 1 --out "$tmp/x.png"
done
{ cat "$file"; echo; } >"$tmp/bad.safetensors"
refused "bad.safetensors" "$ito" sample "$tmp/bad.safetensors" --n 1 --out "$tmp/x.png"
refused "train.optimiser adamw" "$ito" train "$tmp/run" --resume --set train.steps=3 --set train.optimiser=sgd

# ---- data that does not fit
mkdir -p "$tmp/pngs/none" "$tmp/pngs/few"
folder() { train --set data.name=folder --data "$@"; }
refused "has no .png" folder "$tmp/pngs/none"
echo "no picture" >"$tmp/pngs/none/a.png"
refused "a.png" folder "$tmp/pngs/none"
"$ito" data show triangles --n 1 --out "$tmp/pngs/few/a.png" >/dev/null
refused "multiples of" folder "$tmp/pngs/few" --set 'model.multipliers=[1,2,2,2,2,2]'
refused "model.classes needs labels" folder "$tmp/pngs/few" --set model.classes=3
refused "model.channels is 3" folder "$tmp/pngs/few" --set model.channels=3
refused "classes is 5, but 'mnist' has 10" train --set data.name=mnist --set model.classes=5
refused "needs labels" train --set task=classifier
refused "no data at" folder "$tmp/nowhere"
refused "needs data.path" train --set data.name=npy
npy() { printf '\x93NUMPY\x01\x00\x76\x00%-117s\n' "{'descr': '$1', 'fortran_order': $2, 'shape': $3, }" >"$tmp/x.npy"; head -c "$4" /dev/zero >>"$tmp/x.npy"; }
npy '|u1' False '(20, 8, 8)' 1280 && mv "$tmp/x.npy" "$tmp/good.npy"
array() { train --set data.name=npy --data "$tmp/x.npy"; }
npy '<c8' False '(4, 8, 8)' 2048 && refused "x.npy.*<c8" array
npy '<i4' False '(4, 8, 8)' 1024 && refused "x.npy.*expected bytes" array
npy '|u1' True '(4, 8, 8)' 256 && refused "x.npy.*Fortran" array
npy '|u1' False '(4, 8)' 32 && refused "x.npy.*expected \(N, H, W\)" array
npy '|u1' False '(0, 8, 8)' 0 && refused "x.npy" array
npy '|u1' False '(4, 8, 8)' 255 && refused "x.npy.*255" array
npy '|u1' False '(99999999999, 99999999999, 8)' 10 && refused "x.npy" array
npy '<f4' False '(4, 8, 8)' 1023 && printf '\x7f' >>"$tmp/x.npy" && refused "x.npy: floats must lie in \[-1, 1\]" array

# A model of one's own images can be scored only where there are enough, but be exported and sampled after the images have gone.
"$ito" train "$config" "${tiny[@]}" --set data.name=npy --data "$tmp/good.npy" --set train.steps=1 --out "$tmp/own" >/dev/null 2>&1
refused "28x28" "$ito" eval "$tmp/own" --n 2
refused "28x28" "$ito" export "$tmp/own" "$tmp/exported"
rm "$tmp/good.npy"
"$ito" sample "$tmp/own" --n 2 --out "$tmp/x.png" >/dev/null 2>&1 || fail "a model cannot be sampled without its training images"
printf '{"step":"x"}\nnonsense\n{"step":1}\n' >"$tmp/run/log.jsonl"
"$ito" train "$tmp/run" --set train.steps=4 --resume >/dev/null 2>&1 || fail "a damaged log stops the training"
mkdir "$tmp/mnist"
{ printf '\0\0\x08\x03\0\0\0\x02\0\0\0\x20\0\0\0\x20'; head -c 2048 /dev/zero; } >"$tmp/mnist/train-images-idx3-ubyte"
printf '\0\0\x08\x01\0\0\0\x02\x01\x02' >"$tmp/mnist/train-labels-idx1-ubyte"
refused "expected images \(N, 28, 28\)" train --set data.name=mnist --data "$tmp/mnist"
new "data that does not fit"

# ---- a loss that is not finite before the first checkpoint
refused "There is no checkpoint yet" train --set train.steps=60 --set train.lr=1e30 --set train.clip=0
finish
