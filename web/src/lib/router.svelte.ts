// Where one is: the part of the address behind '#', so that no server has to know the pages.

export interface Place { path: string[]; query: URLSearchParams }

export function parsePlace(hash: string): Place {
  const text = hash.replace(/^#?\/?/, '');
  const [path, query = ''] = text.split('?', 2) as [string, string?];
  return { path: path.split('/').filter(Boolean).map(decodeSafely), query: new URLSearchParams(query) };
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function href(...path: string[]): string {
  return `#/${path.map(encodeURIComponent).join('/')}`;
}

export const place = $state<{ now: Place }>({ now: parsePlace(location.hash) });

addEventListener('hashchange', () => {
  place.now = parsePlace(location.hash);
});

export function go(...path: string[]): void {
  location.hash = href(...path);
}

/** Remembers something of a page in its address, without a step in the history. */
export function setQuery(values: Record<string, string>): void {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value) query.set(name, value);
  const path = location.hash.split('?', 1)[0] || '#/';
  const text = query.toString();
  history.replaceState(null, '', text ? `${path}?${text}` : path);
}
