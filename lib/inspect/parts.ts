/** What a module is made of, by the names that checkpoints use. @module */

import { Module, Parameter } from "../nn/module.ts";

/** The modules and parameters that are properties of `module`, or in arrays that are. */
export function partsOf(module: Module): [name: string, part: Module | Parameter][] {
  const isPart = (value: unknown) => value instanceof Module || value instanceof Parameter;
  return Object.entries(module)
    .flatMap(([key, value]) =>
      Array.isArray(value)
        ? value.map((item, i): [string, unknown] => [`${key}.${i}`, item])
        : [[key, value] as [string, unknown]]
    )
    .filter((entry): entry is [string, Module | Parameter] => isPart(entry[1]));
}

/** `module` and all modules in it. */
export function modulesOf(module: Module): Module[] {
  const inner = partsOf(module).flatMap(([, part]) => part instanceof Module ? [part] : []);
  return [module, ...inner.flatMap(modulesOf)];
}
