/**
 * A strict reader of the XML that charts and reports are written in: what it accepts is well
 * formed. It knows elements, attributes, text and the five escapes in use, and refuses the rest.
 *
 * @module
 */

/** An element with its contents. */
export interface Element {
  /** The tag's name. */
  readonly name: string;
  /** The attributes, unescaped. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Child elements and texts (unescaped), in order. */
  readonly children: (Element | string)[];
}

const TAG = /<(?:(\/)([\w-]+)|([\w-]+)((?:\s+[\w:-]+="[^"<]*")*)(\/)?)>/y;
const ATTRIBUTE = /([\w:-]+)="([^"<]*)"/g;
const ESCAPES: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
};

/** Reads a document and returns its root element. */
export function parseXml(document: string): Element {
  const root: Element = { name: "#document", attributes: {}, children: [] };
  const open = [root];
  let at = 0;
  while (at < document.length) {
    const parent = open.at(-1)!;
    if (document[at] !== "<") {
      const end = document.indexOf("<", at);
      const text = document.slice(at, end < 0 ? document.length : end);
      if (text.includes(">")) throw new SyntaxError(`a bare > in ${JSON.stringify(text)}`);
      parent.children.push(unescape(text));
      at += text.length;
      continue;
    }
    TAG.lastIndex = at;
    const match = TAG.exec(document);
    if (!match) throw new SyntaxError(`no tag at ${JSON.stringify(document.slice(at, at + 60))}`);
    at = TAG.lastIndex;
    const [, closing, closed, name, attributes, empty] = match;
    if (closing) {
      if (closed !== parent.name) throw new SyntaxError(`<${parent.name}> closed by </${closed}>`);
      open.pop();
    } else {
      const element = { name: name!, attributes: readAttributes(attributes!), children: [] };
      parent.children.push(element);
      if (!empty) open.push(element);
    }
  }
  if (open.length !== 1) throw new SyntaxError(`<${open.at(-1)!.name}> is not closed`);
  const [only, ...more] = root.children.filter((c) => typeof c !== "string" || c.trim() !== "");
  if (typeof only !== "object" || more.length > 0) throw new SyntaxError("not one root element");
  return only;
}

/** All elements of one name below (and including) an element, in document order. */
export function findAll(element: Element, name: string): Element[] {
  const below = element.children.flatMap((c) => typeof c === "string" ? [] : findAll(c, name));
  return element.name === name ? [element, ...below] : below;
}

/** The text of an element and of everything in it. */
export function textOf(element: Element): string {
  return element.children.map((c) => typeof c === "string" ? c : textOf(c)).join("");
}

function readAttributes(source: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name, value] of source.matchAll(ATTRIBUTE)) {
    if (name! in found) throw new SyntaxError(`the attribute ${name} twice`);
    found[name!] = unescape(value!);
  }
  return found;
}

function unescape(text: string): string {
  // deno-lint-ignore no-control-regex
  const odd = text.match(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/);
  if (odd || !text.isWellFormed()) throw new SyntaxError("a character that XML does not allow");
  return text.replace(/&[^;&]*;?/g, (entity) => {
    const character = ESCAPES[entity];
    if (character === undefined) throw new SyntaxError(`an unknown entity ${entity}`);
    return character;
  });
}
