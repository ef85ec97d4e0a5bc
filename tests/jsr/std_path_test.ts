/** Holds the stand-in for `@std/path` to what std documents of the real one. @module */

import { assert } from "../deps.ts";
import * as path from "../../lib/jsr/std-path/mod.ts";

// The examples in std's documentation of each function, for POSIX paths.
Deno.test({
  name: "the functions of @std/path give what std documents",
  ignore: Deno.build.os === "windows",
  fn: () => {
    assert.equal(path.basename("/home/user/Documents/image.png"), "image.png");
    assert.equal(path.basename("/home/user/Documents/image.png", ".png"), "image");
    assert.equal(path.dirname("/home/user/Documents/image.png"), "/home/user/Documents");
    assert.equal(path.extname("/home/user/Documents/image.png"), ".png");
    assert.equal(path.isAbsolute("/home/user/Documents/image.png"), true);
    assert.equal(path.isAbsolute("home/user/Documents/image.png"), false);
    assert.equal(path.join("/foo", "bar", "baz/quux", "garply", ".."), "/foo/bar/baz/quux");
    assert.equal(path.resolve("/foo/bar", "./baz"), "/foo/bar/baz");
    assert.equal(path.resolve("/foo/bar", "/tmp/file/"), "/tmp/file");
  },
});
