/** JSON in which people may leave remarks. @module */

const TEXT_OR_REMARK = /"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[^]*?\*\//g;

/**
 * Reads JSON with remarks, from `//` to the end of a line or between `/*` and its counterpart.
 *
 * @throws {SyntaxError} When the rest is not JSON; its position is that in `text`.
 */
export function parseJsonc(text: string): unknown {
  return JSON.parse(text.replaceAll(
    TEXT_OR_REMARK,
    (found) => found.startsWith('"') ? found : found.replaceAll(/[^\n]/g, " "),
  ));
}
