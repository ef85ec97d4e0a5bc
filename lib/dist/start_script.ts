/** The script that starts the tasks of an archive. @module */

import type { TaskScript } from "./tasks.ts";

/**
 * A shell script that runs the bundle of the task that it is told, with the permissions of
 * `deno.json`, by the `deno` and the launcher that are in `bin/` beside it.
 */
export function startScript(tasks: readonly TaskScript[]): string {
  const cases = tasks.map(({ name, file, launch }) =>
    `${name}) start ${[...launch, `dist/${file}.js`].join(" ")} "$@" ;;`
  );
  const width = Math.max(...tasks.map(({ name }) => name.length));
  const list = tasks.map(({ name, description }) => `  ${name.padEnd(width)}  ${description}`);
  return `#!/bin/sh
# Runs a task on a machine that may have no network and no Deno:
#
#   ./inkling                            lists the tasks
#   ./inkling cnn --dataset digits       runs one; what follows its name goes to it
#
# It can be called from any folder; paths in a task's options are relative to this one.
set -eu
self=$(readlink -f -- "$0" 2>/dev/null) || self=$0
cd -- "$(dirname -- "$self")"
export PATH="$PWD/bin:$PATH" DENO_DIR="$PWD/.deno" DENO_NO_UPDATE_CHECK=1

start() {
  exec deno run --quiet --no-prompt --no-config --allow-run=deno --allow-env=XDG_RUNTIME_DIR \\
    bin/grant.js --no-config "$@"
}

task=\${1:-}
[ $# -eq 0 ] || shift
case "$task" in
${cases.join("\n")}
"" | -h | --help)
  cat <<'END'
Usage: ./inkling TASK [options]

Tasks (./inkling TASK --help tells more):
${list.join("\n")}
END
  ;;
*)
  echo "error: Cannot run $task: there is no such task. ./inkling lists them." >&2
  exit 2
  ;;
esac
`;
}
