/**
 * Text that becomes part of an SVG or HTML document.
 *
 * @module
 */

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Escapes a text for use between tags or inside a quoted attribute. Characters that XML 1.0 does
 * not allow at all (control characters, half surrogate pairs) become U+FFFD.
 */
export function escapeMarkup(text: string): string {
  return text
    .toWellFormed()
    // deno-lint-ignore no-control-regex
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/**
 * Cuts a text that is longer than `limit` characters, with an ellipsis in the place of the rest.
 */
export function ellipsize(text: string, limit: number): string {
  const characters = [...text];
  return characters.length <= limit ? text : `${characters.slice(0, limit - 1).join("")}…`;
}
