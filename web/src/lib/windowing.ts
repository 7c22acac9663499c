// Which rows of a long list are in view.
//
// Browsers draw no element of more than some 17 to 33 million pixels, which a million rows come near.
// Beyond kMostPixels the scroll bar stands for more than it shows: its position is scaled.

export const kMostPixels = 8_000_000;

export interface View { first: number; count: number; offset: number; height: number }

/**
 * `first` and `count` are the rows to draw for a list of `total` rows of `row` pixels, scrolled to `top`
 * in a window of `window` pixels; `offset` is where the first of them goes, `height` that of the whole.
 */
export function view(total: number, row: number, top: number, window: number, spare = 6): View {
  const full = total * row;
  const height = Math.min(full, kMostPixels);
  const room = Math.max(1, height - window);
  const at = Math.min(Math.max(0, top), room);
  // Where in the full list the top edge is.
  const real = full <= kMostPixels ? at : (at / room) * Math.max(0, full - window);
  const first = Math.max(0, Math.floor(real / row) - spare);
  const last = Math.min(total, Math.ceil((real + window) / row) + spare);
  return { first, count: Math.max(0, last - first), offset: at + first * row - real, height };
}

/** Where to scroll so that `index` is at the top of the window. */
export function scrollTo(total: number, row: number, index: number, window: number): number {
  const full = total * row;
  const real = Math.min(Math.max(0, index * row), Math.max(0, full - window));
  if (full <= kMostPixels) return real;
  return (real / Math.max(1, full - window)) * Math.max(1, kMostPixels - window);
}
