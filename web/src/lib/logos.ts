// Pictures of people's own, which channels name as "@logo:" and an id.
import { apiUrl } from './api';

const kOwn = /^@logo:([0-9a-f-]{36})$/i;

/** What an <img> loads, or '' where there is nothing to load. */
export function logoAddress(logo: string | null | undefined): string {
  const own = kOwn.exec(logo ?? '');
  if (own) return apiUrl(`/logos/${own[1]}`);
  return logo && /^https?:\/\//i.test(logo) ? logo : '';
}
