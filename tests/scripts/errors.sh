# Bad input: exit code 2, one line that says what is wrong and what to do, and nothing lost.
source tests/scripts/common.bash

train() { "$ito" train "$config" "${tiny[@]}" "$@"; }
unchanged() { [ "$(sha256sum <"$tmp/run/checkpoint.safetensors")" = "$before" ] || fail "the checkpoint was lost: $*"; }
train --set train.steps=3 --out "$tmp/run" >/dev/null 2>&1
before=$(sha256sum <"$tmp/run/checkpoint.safetensors")

# ---- the command line
refused "see ito --help" "$ito" trian
refused "CONFIG is required" "$ito" train
refused "no/such.json.*No such file" "$ito" train no/such.json
refused "no op 'sofmax'.*'softmax'" "$ito" gradcheck sofmax
refused "there is no run or checkpoint at nothing" "$ito" sample nothing
refused "--n must be at least 1" "$ito" sample "$tmp/run" --n 0
refused "--n" "$ito" sample "$tmp/run" --n many
refused "no sampler 'euler'.*ancestral ddim" "$ito" sample "$tmp/run" --sampler euler
refused "steps" "$ito" sample "$tmp/run" --sampler ddim --steps 100000
refused "trained without labels" "$ito" sample "$tmp/run" --label 3
refused "classes are 0 to 9" "$ito" sample zoo/mnist-ddpm --label 10
refused "makes no images" "$ito" sample zoo/lenet
refused "no predictor 'heun'.*none" "$ito" sample zoo/mnist-ddpm --sampler predictor-corrector --predictor heun
refused "snr" "$ito" sample zoo/mnist-ddpm --sampler predictor-corrector --snr -1
refused "tolerance" "$ito" sample zoo/mnist-ddpm --sampler ode-rk45 --tolerance 0
refused "resample must be 1 .* to 1000, got 0" "$ito" sample zoo/mnist-ddpm --resample 0
refused "'ode-rk45' does not go step by step" "$ito" sample zoo/mnist-ddpm --sampler ode-rk45 --resample 2
refused "go together" "$ito" sample zoo/mnist-ddpm --inpaint zoo/mnist-ddpm/samples.png
refused "must be 28x28 with 1" "$ito" sample zoo/mnist-ddpm --inpaint zoo/mnist-ddpm/samples.png --mask zoo/mnist-ddpm/samples.png
refused "give one of them" "$ito" sample zoo/mnist-ddpm --inpaint zoo/mnist-ddpm/samples.png --colour zoo/mnist-ddpm/samples.png
refused "have 1 channels, where colours are 3" "$ito" sample zoo/mnist-ddpm --colour zoo/mnist-ddpm/samples.png
refused "one --label for all" "$ito" sample zoo/mnist-ddpm --interpolate 3
refused "--n of at least 2" "$ito" sample zoo/mnist-ddpm --interpolate 3 --label 1 --n 1
refused "--n must be at least 1" "$ito" eval zoo/mnist-ddpm --bpd --n 0
refused "no process 'brownian'.*ddpm vp sub-vp ve edm" "$ito" train "$config" "${tiny[@]}" --set diffusion.process=brownian --out "$tmp/none"
refused "must be x0, v or edm" "$ito" train "$config" "${tiny[@]}" --set diffusion.schedule=linear-zero-snr --set diffusion.prediction=epsilon --out "$tmp/none"
refused "no weighting 'snr'" "$ito" train "$config" "${tiny[@]}" --set diffusion.weighting=snr --out "$tmp/none"
refused "0 < sigma_min < sigma_max" "$ito" train "$config" "${tiny[@]}" --set diffusion.process=ve --set diffusion.sigma_min=100 --out "$tmp/none"
refused "no model.kind 'mlpp'" "$ito" train "$config" --set model.kind=mlpp --out "$tmp/none"
refused "knows mnist, not 'cifar'" "$ito" data get cifar
refused "no noise schedule 'powr'; there are: linear cosine" "$ito" schedule powr
refused "NAME is required" "$ito" schedule
refused "at least one step, got 0" "$ito" schedule linear --steps 0
refused "1000000 at most" "$ito" schedule linear --steps 999999999
refused "end points .* between 0 and 1, got 0" "$ito" schedule linear --first 0
refused "'cosine' has no end points" "$ito" schedule cosine-unscaled
refused "at least two steps" "$ito" schedule linear-zero-snr --steps 1
refused "--x0 must be at least 0" "$ito" schedule linear --x0 -1
refused "no/such/folder" "$ito" schedule linear --out "$tmp/no/such/folder/x.png"
"$ito" data show triangles --n 1 --out "$tmp/triangle.png" >/dev/null
refused "nothing.png" "$ito" strip "$tmp/nothing.png"
refused "errors.sh" "$ito" strip tests/scripts/errors.sh
refused "--frames must be 2 to 11, got 12" "$ito" strip "$tmp/triangle.png" --steps 10 --frames 12
refused "--frames must be 2 to" "$ito" strip "$tmp/triangle.png" --frames 1
refused "no noise schedule ''" "$ito" strip "$tmp/triangle.png" --schedule linear,,cosine
refused "no/such/folder" "$ito" strip "$tmp/triangle.png" --out "$tmp/no/such/folder/x.png"

# ---- configurations
refused "unknown key 'train.bach'; did you mean 'train.batch'" train --set train.bach=3 --out "$tmp/new"
refused "'train.lr' must be a number, got \"fast\"" train --set train.lr=fast --out "$tmp/new"
refused "'model.multipliers' must be a list" train --set model.multipliers=2 --out "$tmp/new"
refused "one budget" train --set train.steps=3 --set train.epochs=1 --out "$tmp/new"
refused "expected section.key=value" train --set train.lr --out "$tmp/new"
refused "multiple|divid|size" train --set data.size=9 --set train.steps=1 --out "$tmp/new"
echo '{"train": {"steps": 3,}}' >"$tmp/bad.json"
refused "bad.json:1:23: not valid JSON" "$ito" train "$tmp/bad.json"

# ---- data
mkdir "$tmp/mnist"
cp data/mnist-10k/images-idx3-ubyte.gz "$tmp/mnist/train-images-idx3-ubyte.gz"
cp data/mnist-10k/labels-idx1-ubyte.gz "$tmp/mnist/train-labels-idx1-ubyte.gz"
digits() { "$ito" train "$config" --data "$tmp/mnist" --set train.steps=1 --out "$tmp/new"; }
head -c 100000 data/mnist-10k/images-idx3-ubyte.gz >"$tmp/mnist/train-images-idx3-ubyte.gz"
refused "train-images-idx3-ubyte.gz.*(cut short|damaged)" digits
head -c 5000 /dev/zero | gzip >"$tmp/mnist/train-images-idx3-ubyte.gz"
refused "train-images-idx3-ubyte.gz.*magic number" digits
cp data/mnist-10k/images-idx3-ubyte.gz "$tmp/mnist/train-images-idx3-ubyte.gz"
{ printf '\0\0\x08\x01\0\0\0\x03\x01\x02\x03'; } | gzip >"$tmp/mnist/train-labels-idx1-ubyte.gz"
refused "3 labels for 10000 images" digits
refused "mnist is not here.*nowhere.*--data" "$ito" train "$config" --data "$tmp/nowhere" --out "$tmp/new"
mkdir "$tmp/pngs"
"$ito" data show mnist --n 1 --out "$tmp/pngs/a.png" >/dev/null
"$ito" data show mnist --n 2 --out "$tmp/pngs/b.png" >/dev/null
refused "b.png is" train --set data.name=folder --data "$tmp/pngs" --set train.steps=1 --out "$tmp/new"

# ---- checkpoints
refused "another architecture" train --set train.steps=6 --set model.base=16 --resume --out "$tmp/run"
unchanged "another architecture"
refused "already holds a run; go on with --resume" train --set train.steps=6 --out "$tmp/run"
unchanged "an occupied folder"
head -c 3000 "$tmp/run/checkpoint.safetensors" >"$tmp/cut.safetensors"
refused "cut.safetensors" "$ito" sample "$tmp/cut.safetensors"
refused "not a safetensors|cut short|header" "$ito" sample data/mnist-10k/images-idx3-ubyte.gz

# ---- places that cannot be written
touch "$tmp/file"
refused "cannot make the folder .*file/run.*--out" train --set train.steps=1 --out "$tmp/file/run"
refused "no/such/folder" "$ito" sample "$tmp/run" --n 1 --out "$tmp/no/such/folder/x.png"
if [ -c /dev/full ]; then
  ln -s /dev/full "$tmp/run/checkpoint.safetensors.unfinished"
  refused "checkpoint.safetensors.*No space left" train --set train.steps=6 --resume --out "$tmp/run"
  rm -f "$tmp/run/checkpoint.safetensors.unfinished"
  unchanged "a full disk"
  ln -s /dev/full "$tmp/full.png.unfinished"
  refused "full.png.*No space left" "$ito" sample "$tmp/run" --n 1 --out "$tmp/full.png"
else
  echo "no /dev/full here: the full disk is not tested"
fi

# ---- a loss that is not finite
refused "not finite; .*\[[a-z0-9_]+\]" train --set train.steps=60 --set train.lr=1e30 --set train.clip=0 --resume --out "$tmp/run"
unchanged "NaN in training"
refused "ITO_KERNEL: there is no kernel 'sofmax'" env ITO_KERNEL=sofmax:reference "$ito" sample zoo/mnist-ddpm --n 1 --out "$tmp/x.png"
refused "ITO_THREADS: expected a number from 1 on, got 'many'" env ITO_THREADS=many "$ito" sample zoo/mnist-ddpm --n 1 --out "$tmp/x.png"
refused "--n" "$ito" sample zoo/mnist-ddpm --n 99999999999999999999 --out "$tmp/x.png"
finish
