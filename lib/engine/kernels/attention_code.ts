/**
 * Scaled dot-product attention, forward and backward, in WGSL.
 *
 * The matrix of probabilities is never stored. Forward the softmax is computed on the way from a
 * running maximum (Milakov and Gimelshein 2018, <https://arxiv.org/abs/1805.02867>); backward the
 * probabilities are computed again from its log-sum-exp (Dao et al. 2022,
 * <https://arxiv.org/abs/2205.14135>), once by the owners of queries and once by those of keys, so
 * that every sum has one owner and one order.
 *
 * @module
 */

import { type AttentionShader, type AttentionSizes, writeAttention } from "./attention_writer.ts";

/**
 * `o = softmax(scale · q kᵀ) v` and, for the backward pass, the log-sum-exp of each row of
 * `scale · q kᵀ`, to base 2. An invocation owns queries.
 *
 * Reads `qkv`, `(N, T, 3·H·D)`; writes `o`, `(N, T, H·D)`, and `lse`, `(N, H, T)`.
 */
export function attentionCode(sizes: AttentionSizes): AttentionShader {
  return writeAttention({
    name: "forward",
    holds: ["q", "o"],
    scalars: { largest: "-3.4e38", sum: "0.0" },
    inputs: (type) => ({ qkv: type }),
    outputs: (type) => ({ o: type, lse: "f32" }),
    body: ({ type, rows, forRows, put, take, elements, load, store, dot }) => `
      ${
      forRows(`
        let queries = packed + row * STRIDE;
        ${load("q", "qkv", "queries")}
        ${elements((e) => `q_${e} *= SCALE_2;`)}
        ${put(["q"])}`)
    }
      for (var token = 0; token < TOKENS; token++) {
        let keys = packed + token * STRIDE + WIDTH;
        ${load("k", "qkv", "keys")}
        ${load("v", "qkv", "keys + WIDTH")}
        ${
      // By one factor the sums so far shrink, with the other this key enters; one of them is 1.
      rows((i) =>
        `{
          let s = ${dot(`q${i}`, "k")};
          let isLarger = s > largest${i};
          let ratio = exp2(-abs(s - largest${i}));
          let shrink = select(1.0, ratio, isLarger);
          let p = select(ratio, 1.0, isLarger);
          largest${i} = select(largest${i}, s, isLarger);
          sum${i} = fma(sum${i}, shrink, p);
          ${elements((e) => `o${i}_${e} = fma(${type}(p), v_${e}, o${i}_${e} * shrink);`)}
        }`
      )}
      }
      ${
      forRows(`
        ${take(["o"], ["largest", "sum"])}
        lse[first + row] = largest + log2(sum);
        let outputs = joined + row * WIDTH;
        ${elements((e) => `o_${e} /= sum;`)}
        ${store("o", "o", "outputs")}`)
    }`,
  }, sizes);
}

/**
 * The gradient of the queries, and the product `δ = do · o` of each row. An invocation owns queries.
 *
 * With `p = exp(scale · q kᵀ − lse)` and `ds = p (do vᵀ − δ)`: `dq = scale · ds k`.
 *
 * Reads `qkv`, `o`, `g` (`do`, of the shape of `o`) and `lse`; writes the first third of each row of
 * `dqkv`, and `delta`, `(N, H, T)`.
 */
export function queryGradientCode(sizes: AttentionSizes): AttentionShader {
  return writeAttention({
    name: "queries",
    holds: ["q", "g", "dq"],
    scalars: { total: "0.0", product: "0.0" },
    inputs: (type) => ({ qkv: type, o: type, g: type, lse: "f32" }),
    outputs: (type) => ({ dqkv: type, delta: "f32" }),
    body: ({ type, rows, forRows, put, take, elements, load, store, dot }) => `
      ${
      forRows(`
        let queries = packed + row * STRIDE;
        let outputs = joined + row * WIDTH;
        ${load("q", "qkv", "queries")}
        ${elements((e) => `q_${e} *= SCALE_2;`)}
        ${load("g", "g", "outputs")}
        ${load("o", "o", "outputs")}
        let total = lse[first + row];
        let product = ${dot("g", "o")};
        delta[first + row] = product;
        ${put(["q", "g"], ["total", "product"])}`)
    }
      for (var token = 0; token < TOKENS; token++) {
        let keys = packed + token * STRIDE + WIDTH;
        ${load("k", "qkv", "keys")}
        ${load("v", "qkv", "keys + WIDTH")}
        ${
      rows((i) =>
        `{
          let p = exp2(${dot(`q${i}`, "k")} - total${i});
          let ds = ${type}(p * (${dot(`g${i}`, "v")} - product${i}));
          ${elements((e) => `dq${i}_${e} = fma(ds, k_${e}, dq${i}_${e});`)}
        }`
      )
    }
      }
      ${
      forRows(`
        ${take(["dq"])}
        let queries = packed + row * STRIDE;
        ${elements((e) => `dq_${e} *= SCALE;`)}
        ${store("dq", "dqkv", "queries")}`)
    }`,
  }, sizes);
}

/**
 * The gradients of keys and values. An invocation owns keys and their values.
 *
 * With `p` and `ds` as in {@link queryGradientCode}: `dk = scale · dsᵀ q`, `dv = pᵀ do`.
 *
 * Reads `qkv`, `g`, `lse` and `delta`; writes the other two thirds of each row of `dqkv`.
 */
export function keyGradientCode(sizes: AttentionSizes): AttentionShader {
  return writeAttention({
    name: "keys",
    holds: ["k", "v", "dk", "dv"],
    inputs: (type) => ({ qkv: type, g: type, lse: "f32", delta: "f32" }),
    outputs: (type) => ({ dqkv: type }),
    body: ({ type, rows, forRows, put, take, elements, load, store, dot }) => `
      ${
      forRows(`
        let keys = packed + row * STRIDE + WIDTH;
        ${load("k", "qkv", "keys")}
        ${elements((e) => `k_${e} *= SCALE_2;`)}
        ${load("v", "qkv", "keys + WIDTH")}
        ${put(["k", "v"])}`)
    }
      for (var token = 0; token < TOKENS; token++) {
        let queries = packed + token * STRIDE;
        let outputs = joined + token * WIDTH;
        ${load("q", "qkv", "queries")}
        ${load("g", "g", "outputs")}
        let total = lse[first + token];
        let product = delta[first + token];
        ${
      rows((i) =>
        `{
          let p = exp2(${dot(`k${i}`, "q")} - total);
          let ds = ${type}(p * (${dot(`v${i}`, "g")} - product));
          ${elements((e) => `dk${i}_${e} = fma(ds, q_${e}, dk${i}_${e});`)}
          ${elements((e) => `dv${i}_${e} = fma(${type}(p), g_${e}, dv${i}_${e});`)}
        }`
      )
    }
      }
      ${
      forRows(`
        ${take(["dk", "dv"])}
        let keys = packed + row * STRIDE + WIDTH;
        ${elements((e) => `dk_${e} *= SCALE;`)}
        ${store("dk", "dqkv", "keys")}
        ${store("dv", "dqkv", "keys + WIDTH")}`)
    }`,
  }, sizes);
}
