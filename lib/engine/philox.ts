/** The random generator of `lib/random.ts` in WGSL. @module */

/**
 * `Philox4x32-10` (Salmon et al., SC'11, section 3.3) in WGSL:
 * `fn philox(counter : vec4<u32>, key : vec2<u32>) -> vec4<u32>`, and
 * `fn multiplyHigh(a : vec2<u32>, b : vec2<u32>) -> vec2<u32>`, the high 32 bits of products, which
 * WGSL does not offer.
 */
export const PHILOX: string = `
  const LOW_HALF = vec2<u32>(0xffffu);
  const HALF = vec2<u32>(16u);

  // By halves of 16 bits; no partial sum exceeds 32 bits.
  fn multiplyHigh(a : vec2<u32>, b : vec2<u32>) -> vec2<u32> {
    let aLow = a & LOW_HALF;
    let aHigh = a >> HALF;
    let bLow = b & LOW_HALF;
    let bHigh = b >> HALF;
    let middle = aHigh * bLow + ((aLow * bLow) >> HALF);
    let carry = aLow * bHigh + (middle & LOW_HALF);
    return aHigh * bHigh + (middle >> HALF) + (carry >> HALF);
  }

  const MULTIPLIERS = vec2<u32>(0xd2511f53u, 0xcd9e8d57u);
  const WEYL = vec2<u32>(0x9e3779b9u, 0xbb67ae85u);

  fn philox(counter : vec4<u32>, key : vec2<u32>) -> vec4<u32> {
    var c = counter;
    var k = key;
    for (var round = 0; round < 10; round++) {
      let high = multiplyHigh(MULTIPLIERS, c.xz);
      let low = MULTIPLIERS * c.xz;
      c = vec4<u32>(high.y ^ c.y ^ k.x, low.y, high.x ^ c.w ^ k.y, low.x);
      k += WEYL;
    }
    return c;
  }
`;

/**
 * The method of Box and Muller (1958) in WGSL: `fn normals(words : vec4<u32>) -> vec4<f32>`, the four
 * normal numbers of a block. Each pair of words gives `√(-2 ln u) · cos 2πv` and `√(-2 ln u) · sin 2πv`,
 * with `u` from `(0, 1]` and `v` from `[0, 1)`.
 */
export const NORMALS: string = `
  fn normals(words : vec4<u32>) -> vec4<f32> {
    // A logarithm that is a little off at 1 must not make a root of a negative number.
    let radius =
      sqrt(max(vec2<f32>(0.0), -2.0 * log((vec2<f32>(words.xz) + 1.0) * ${2 ** -32}f)));
    // As signed integers, the words give angles from -π to π, where devices are the most precise.
    let angle = vec2<f32>(bitcast<vec2<i32>>(words.yw)) * ${Math.PI * 2 ** -31}f;
    let x = radius * cos(angle);
    let y = radius * sin(angle);
    return vec4<f32>(x.x, y.x, x.y, y.y);
  }
`;
