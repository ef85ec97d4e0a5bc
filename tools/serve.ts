/**
 * Offers bundles, checkpoints and data sets to other machines or processes by http.
 *
 *     deno task bundle && deno task serve       http://127.0.0.1:8080/ lists what there is
 *     deno task serve --host 0.0.0.0            to other machines too
 *     deno task cnn --data http://127.0.0.1:8080/data      fetches its data from there
 *
 * What is offered is in lib/serve/shelf.ts.
 *
 * @module
 */

import { runTask } from "../lib/cli.ts";
import { InklingError } from "../lib/errors.ts";
import { respond } from "../lib/serve/respond.ts";

async function serve(hostname: string, port: number): Promise<void> {
  const server = listen(hostname, port);
  await server.finished;
}

function listen(hostname: string, port: number): Deno.HttpServer<Deno.NetAddr> {
  const onListen = ({ hostname, port }: Deno.NetAddr) => {
    const name = hostname.includes(":") ? `[${hostname}]` : hostname;
    console.log(`Serving at http://${name}:${port}/ until Ctrl-C`);
  };
  try {
    return Deno.serve({ hostname, port, onListen }, (request) => respond(request, "."));
  } catch (error) {
    if (!(error instanceof Error) || error instanceof Deno.errors.NotCapable) throw error;
    const isTaken = error instanceof Deno.errors.AddrInUse;
    const rule = isTaken
      ? "nobody else may use the port"
      : "the host is an address of this machine";
    throw new InklingError(
      `Cannot serve at ${hostname}:${port}: ${rule}, got "${error.message}". ` +
        `Choose another by ${isTaken ? "--port, or 0 for any that is free" : "--host"}.`,
    );
  }
}

if (import.meta.main) {
  await runTask({
    name: "serve",
    summary: "Offers the bundles of dist/, the checkpoints and the data sets of data/ by http, " +
      "with a page of commands to copy. Only this machine can reach it, unless --host says " +
      "otherwise; nothing else is offered, and nothing can be written.",
    examples: [
      "deno task serve",
      "deno task serve --host 0.0.0.0 --port 8000",
      "deno task cnn --data http://127.0.0.1:8080/data --dataset mnist",
    ],
    options: {
      port: {
        type: "integer",
        min: 0,
        max: 65_535,
        default: 8080,
        help: "Port to listen on; 0 is any that is free.",
      },
      host: {
        type: "string",
        placeholder: "ADDRESS",
        default: "127.0.0.1",
        help: "Address of this machine to listen on; 0.0.0.0 is all, for other machines.",
      },
    },
  }, ({ options }) => serve(options.host, options.port));
}
