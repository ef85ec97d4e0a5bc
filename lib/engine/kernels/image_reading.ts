/**
 * How convolutions read their images through textures (see `textures.ts`), whose texels hold four
 * numbers.
 *
 * Channels are read by fours. Where they are no multiple of four they are padded with zeros: with 6 or
 * 10 channels the textures gain more than is lost by multiplying zeros, with two they would not.
 *
 * @module
 */

/** Channels from which padding is worth it. */
const ENOUGH_CHANNELS = 3;

/**
 * How the channels of images are read: one number after the other from a buffer; from a texture by
 * fours; or, where there is one channel, stretches of neighbouring pixels from a texture (see
 * `texel_window.ts`).
 */
export type Reading = "numbers" | "fours" | "stretches";

/**
 * How to read images.
 *
 * @param channels Their channels.
 * @param pixels Pixels of all of them.
 * @param worth Whether textures are worth it.
 */
export function readingOf(channels: number, pixels: number, worth: boolean): Reading {
  if (worth && channels >= ENOUGH_CHANNELS) return "fours";
  // A texture holds whole texels.
  return worth && channels === 1 && pixels % 4 === 0 ? "stretches" : "numbers";
}

/** Channels as they are read: by fours, zeros stand behind those that there are. */
export function channelsRead(channels: number, reading: Reading): number {
  return reading === "fours" ? 4 * Math.ceil(channels / 4) : channels;
}
