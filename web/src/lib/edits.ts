// What people decide about single channels: kept apart from what sources say, so that it outlives them.
import { ApiError, request } from './api';
import type { Edit } from './types';

export type EditChange = Pick<Edit, 'number' | 'name' | 'group' | 'logo' | 'guide_id' | 'hidden' | 'place'>;
interface Kept { edit: Edit | undefined; etag: string | null }

async function kept(channel: string, proxy: string): Promise<Kept> {
  try {
    const { data, etag } = await request<Edit>('GET', `/edits/${channel}`, { query: { proxy } });
    return { edit: data, etag };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { edit: undefined, etag: null };
    throw error;
  }
}

/** Only what a request may say. */
function body(edit: Edit | undefined, change: EditChange): EditChange {
  const out: EditChange = {};
  for (const key of ['number', 'name', 'group', 'logo', 'guide_id', 'hidden', 'place'] as const) {
    const value = key in change ? change[key] : edit?.[key];
    if (value !== undefined && value !== null && value !== false) Object.assign(out, { [key]: value });
  }
  return out;
}

async function write(channel: string, proxy: string, now: Kept, wanted: EditChange): Promise<void> {
  const query = { proxy };
  if (Object.keys(wanted).length > 0) await request('PUT', `/edits/${channel}`, { query, body: wanted, ...(now.edit ? { ifMatch: now.etag } : { ifNoneMatch: '*' }) });
  else if (now.edit) await request('DELETE', `/edits/${channel}`, { query, ifMatch: now.etag });
}

/** Adds to what is decided about a channel; gives the way back. */
export async function edit(channel: string, proxy: string, change: EditChange): Promise<() => Promise<void>> {
  const before = await kept(channel, proxy);
  await write(channel, proxy, before, body(before.edit, change));
  return async () => write(channel, proxy, await kept(channel, proxy), body(before.edit, {}));
}

/** Forgets what was decided; gives the way back. */
export async function forget(channel: string, proxy: string): Promise<() => Promise<void>> {
  const before = await kept(channel, proxy);
  await write(channel, proxy, before, {});
  return async () => write(channel, proxy, await kept(channel, proxy), body(before.edit, {}));
}
