// What this service can do: the paths of its own document. A page offers only what there is, so a
// build without a part of the program has no dead buttons.
import { get } from './api';

const state = $state.raw<{ paths: Set<string> }>({ paths: new Set() });
let known = $state(0);

export async function loadAbilities(): Promise<void> {
  const { paths } = await get<{ paths: Record<string, unknown> }>('/openapi.json');
  state.paths = new Set(Object.keys(paths));
  known += 1;
}

/** Whether there is such a path, as the document writes it: "/proxies/{id}/explain". */
export function able(path: string): boolean {
  return known > 0 && state.paths.has(path);
}
export const abilitiesKnown = (): boolean => known > 0;
