/** The file that starts the tasks of an archive. @module */

import type { Target } from "./targets.ts";

/** What both scripts run: the Deno of the archive, with the launcher beside it. */
const LAUNCH = "run --quiet --no-prompt --no-config --allow-read=dist --allow-run " +
  "--allow-env=XDG_RUNTIME_DIR,LD_LIBRARY_PATH,LD_PRELOAD bin/start.js";

const SHELL = `#!/bin/sh
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
exec deno ${LAUNCH} "$@"
`;

const BATCH = `@echo off
rem Runs a task on a machine that may have no network and no Deno:
rem
rem   inkling                              lists the tasks
rem   inkling cnn --dataset digits         runs one; what follows its name goes to it
rem
rem It can be called from any folder; paths in a task's options are relative to this one.
setlocal
cd /d "%~dp0"
set "PATH=%~dp0bin;%PATH%"
set "DENO_DIR=%~dp0.deno"
set "DENO_NO_UPDATE_CHECK=1"
bin\\deno.exe ${LAUNCH} %*
exit /b %ERRORLEVEL%
`;

/** A script with the name that it has in the archive. */
export interface StartScript {
  /** Its name. */
  readonly name: string;
  /** What is in it. */
  readonly text: string;
}

/** A script that runs the task that it is told by what is in `bin/` beside it. */
export function startScript(target: Target): StartScript {
  return target.startsWith("windows-")
    // The command interpreter wants its own line ends: it loses its place without them.
    ? { name: "inkling.cmd", text: BATCH.replaceAll("\n", "\r\n") }
    : { name: "inkling", text: SHELL };
}
