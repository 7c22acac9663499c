// What the service has not read to its end yet: asked for again until it has.
import type { Loaded } from './load.svelte';

const kReadingMs = 1000;

/** Loads again a second after each answer that is not whole; to be called where effects are. */
export function reloadWhile<T>(loaded: Loaded<T>, isPartial: () => boolean): void {
  $effect(() => {
    if (!isPartial() || loaded.busy) return;
    const timer = setTimeout(() => void loaded.reload(), kReadingMs);
    return () => clearTimeout(timer);
  });
}
