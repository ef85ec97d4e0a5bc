# A task for the tests of sweeps, which takes no time: it does what --mode says and leaves the files
# of a run. Called with the name of a task and its options.
set -eu
task=$1
shift
resume= mode=ok x=0 seed=0
for word; do
  value=${word#*=}
  case $word in
  --out=*) out=$value ;;
  --resume=*) resume=$value ;;
  --mode=*) mode=$value ;;
  --x=*) x=$value ;;
  --seed=*) seed=$value ;;
  esac
done
if [ -n "$resume" ]; then
  run=$resume mode=ok x=9
  out=${run%/*/*}
else
  count=$(ls "$out/$task" 2>/dev/null | wc -l)
  run=$out/$task/run$((count + 1))
  mkdir -p "$run"
  echo '{}' >"$run/config.json"
fi
echo "task=$task run=$run" "$@"
finish() {
  echo "{\"run\":\"$run\",\"model\":\"$task\",\"dataset\":\"digits\",\"seconds\":$x,\"epochs\":1," \
    "\"test_accuracy\":0.$seed,\"parameters\":7}" >"$run/result.json"
}
case $mode in
ok) finish ;;
fail-once) [ "$run" != "$out/$task/run1" ] && finish || { echo "it went wrong" >&2; exit 1; } ;;
fail) echo "it went wrong" >&2 && exit 1 ;;
usage) exit 2 ;;
killed) kill -KILL $$ ;;
crash-at-end) finish && kill -SEGV $$ ;;
wait)
  trap 'exit 130' TERM
  # Whoever was to stop it may be gone, and the folder of the test with it.
  while [ -d "$run" ] && [ ! -e "$run/result.json" ]; do sleep 0.05; done
  ;;
esac
