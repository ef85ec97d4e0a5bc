/** Grey pictures, cut out and resized. @module */

/** A grey picture. */
export interface Grey {
  /** Values row by row, shape `(height, width)`. */
  readonly values: Float32Array;
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
}

/**
 * Resizes a picture. An axis that shrinks is averaged over the area that each new pixel covers, so
 * that thin strokes fade instead of vanishing; an axis that grows is interpolated linearly.
 *
 * @param height Rows of the result, at least 1.
 * @param width Columns of the result, at least 1.
 */
export function resize(picture: Grey, height: number, width: number): Grey {
  return resampleRows(resampleRows(picture, width), height);
}

/** The smallest part of a picture that holds all values of at least `least`; there must be one. */
export function cutOut({ values, width, height }: Grey, least: number): Grey {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      if (values[row * width + column]! < least) continue;
      left = Math.min(left, column);
      right = Math.max(right, column);
      top = Math.min(top, row);
      bottom = row;
    }
  }
  const [newWidth, newHeight] = [right - left + 1, bottom - top + 1];
  const part = new Float32Array(newHeight * newWidth);
  for (let row = 0; row < newHeight; row++) {
    const start = (top + row) * width + left;
    part.set(values.subarray(start, start + newWidth), row * newWidth);
  }
  return { values: part, height: newHeight, width: newWidth };
}

/** Where the mass of a picture balances, in pixels; the centre of the first pixel is 0. */
export function centreOfMass({ values, width }: Grey): [x: number, y: number] {
  let [mass, x, y] = [0, 0, 0];
  values.forEach((value, i) => {
    mass += value;
    x += value * (i % width);
    y += value * Math.floor(i / width);
  });
  return [x / mass, y / mass];
}

/** Resamples along the rows and transposes: two of these resize the whole. */
function resampleRows({ values, height, width }: Grey, newWidth: number): Grey {
  const out = new Float32Array(newWidth * height);
  for (let column = 0; column < newWidth; column++) {
    const { first, weights } = taps(column, width, newWidth);
    for (let row = 0; row < height; row++) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) {
        sum += weights[i]! * values[row * width + first + i]!;
      }
      out[column * height + row] = sum;
    }
  }
  return { values: out, height: newWidth, width: height };
}

/** Which old pixels make the new pixel `at`, and with which weights. */
function taps(at: number, from: number, to: number): { first: number; weights: number[] } {
  const step = from / to;
  if (step < 1) {
    const centre = Math.min(from - 1, Math.max(0, (at + 0.5) * step - 0.5));
    const first = Math.min(Math.floor(centre), Math.max(0, from - 2));
    const fraction = centre - first;
    return { first, weights: from === 1 ? [1] : [1 - fraction, fraction] };
  }
  const begin = at * step;
  const end = begin + step;
  const first = Math.floor(begin);
  const weights: number[] = [];
  for (let i = first; i < from && i < end; i++) {
    weights.push((Math.min(i + 1, end) - Math.max(i, begin)) / step);
  }
  return { first, weights };
}
