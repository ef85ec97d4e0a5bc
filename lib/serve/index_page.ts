/** The page of a server: what it offers, with command lines to copy. @module */

import { taskOf, type TaskScript } from "../dist/task_script.ts";
import { scaledBytes } from "../text.ts";
import { escapeMarkup } from "../viz/markup.ts";
import type { Offer } from "./shelf.ts";

const STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
  code { font: 14px/1.4 ui-monospace, monospace }
  pre { background: #f3f3f3; padding: .6rem; white-space: pre-wrap; word-break: break-all;
    user-select: all }
  dt { font-weight: 600; margin-top: 1rem }
  dd { margin: 0 }
  @media (prefers-color-scheme: dark) {
    body { background: #1b1b1b; color: #ddd } pre { background: #2a2a2a } a { color: #8ab4f8 }
  }`;

/**
 * The page as HTML.
 *
 * @param origin The server's address, such as `http://127.0.0.1:8080`.
 */
export function indexPage(origin: string, offers: readonly Offer[]): string {
  const bundles = offers.filter(({ pathname }) => pathname.startsWith("/dist/"));
  const others = offers.filter((offer) => !bundles.includes(offer));
  const hasData = others.some(({ pathname }) => !pathname.startsWith("/data/checkpoints/"));
  const items = bundles.map((bundle) => bundleItem(origin, bundle, hasData));
  const none = "<p>There are no bundles; <code>deno task bundle</code> makes them.</p>";
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Inkling</title>
<style>${STYLE}</style>
<h1>Inkling</h1>
<p>Each task is one file that runs by its address, with Deno and the permissions that are named; it
reads and writes folders of the one where it is started. A click selects a command. Deno keeps what
it has run: <code>deno run --reload</code> asks for a newer version.</p>
${items.length > 0 ? `<dl>${items.join("")}</dl>` : none}
<h2>Data and checkpoints</h2>
${fileList(others)}
</html>
`;
}

function bundleItem(origin: string, { pathname, bytes }: Offer, hasData: boolean): string {
  const task = taskOf(pathname.slice("/dist/".length, -".js".length));
  const command = escapeMarkup(commandLine(origin, pathname, task, hasData));
  const size = scaledBytes(bytes);
  return `<dt>${escapeMarkup(task.name)}</dt>` +
    `<dd>${escapeMarkup(task.description)} (${size})<pre><code>${command}</code></pre></dd>\n`;
}

/** How to run a bundle by URL; a task that fetches data fetches it from here, if it is here. */
export function commandLine(
  origin: string,
  pathname: string,
  { permissions }: TaskScript,
  hasData: boolean,
): string {
  const fetchesHere = hasData && permissions.some((flag) => flag.startsWith("--allow-net="));
  const flags = permissions.map((flag) =>
    fetchesHere && flag.startsWith("--allow-net=") ? `--allow-net=${new URL(origin).host}` : flag
  );
  const words = ["deno run", ...flags, `${origin}${pathname}`];
  return [...words, ...fetchesHere ? [`--data ${origin}/data`] : []].join(" ");
}

function fileList(offers: readonly Offer[]): string {
  if (offers.length === 0) return "<p>There are none.</p>";
  const items = offers.map(({ pathname, bytes }) => {
    const path = escapeMarkup(pathname);
    return `<li><a href="${path}">${path}</a> (${scaledBytes(bytes)})</li>`;
  });
  return `<ul>${items.join("\n")}</ul>`;
}
