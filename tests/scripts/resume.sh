# A run that was stopped, interrupted or killed and resumed ends with the same bytes as one that was not, on any number of threads.
source tests/scripts/common.bash

train() { "$ito" train "$config" "${tiny[@]}" --out "$@" >>"$tmp/log" 2>&1; }
# Weights, averages and optimiser state: all but the header, which holds the seconds.
bytes() { tail -c +$((9 + $(head -c 8 "$1/checkpoint.safetensors" | od -An -t u8))) "$1/checkpoint.safetensors" | sha256sum; }
same() { [ "$(bytes "$tmp/whole")" = "$(bytes "$tmp/$1")" ] || fail "$1 differs from the uninterrupted run"; }

ITO_THREADS=2 train "$tmp/whole" --set train.steps=40
[ "$(wc -l <"$tmp/whole/log.jsonl")" -eq 40 ] || fail "the log has not 40 lines"

train "$tmp/stopped" --set train.steps=20
train "$tmp/stopped" --set train.steps=40 --resume
same stopped

ITO_THREADS=1 train "$tmp/one_thread" --set train.steps=40
same one_thread

# Waits until the run in the folder has logged so many steps.
wait_for() {
  for _ in $(seq 600); do
    [ -e "$1/log.jsonl" ] && [ "$(wc -l <"$1/log.jsonl")" -ge "$2" ] && return
    sleep 0.05
  done
  fail "$1 does not get to step $2"
}

for signal in INT KILL; do
  folder=$tmp/$signal
  # Ends at step 4000, long after the signal. Not by way of the function: $! must be the program itself.
  "$ito" train "$config" "${tiny[@]}" --set train.steps=4000 --set train.checkpoint_steps=3 --out "$folder" >>"$tmp/log" 2>&1 &
  wait_for "$folder" 7
  kill -$signal $!
  wait $! 2>/dev/null || true
  step=$(grep -ao '"step":"[0-9]*"' "$folder/checkpoint.safetensors" | head -1 | grep -o '[0-9]*')
  echo "$signal: checkpoint at step $step"
  [ "$step" -ge 3 ] || fail "$signal: no checkpoint"
  # The uninterrupted run to compare with goes as far as the interrupted one, and a bit.
  rm -rf "$tmp/whole"
  train "$tmp/whole" --set train.steps=$((step + 20))
  train "$folder" --set train.steps=$((step + 20)) --resume
  same "$signal"
  [ "$(wc -l <"$folder/log.jsonl")" -eq $((step + 20)) ] || fail "$signal: the log repeats or lacks steps"
done
finish
