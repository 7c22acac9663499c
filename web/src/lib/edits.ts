// What people decide about single channels: kept apart from what sources say, so that it outlives them.
import { ApiError, get, post, request } from './api';
import { removePart } from './removal';
import type { BulkEdit, Edit, Entity } from './types';

export type EditChange = Pick<Edit, 'number' | 'name' | 'group' | 'logo' | 'guide_id' | 'hidden' | 'place'>;
interface Kept { edit: Edit | undefined; etag: string | null }
const kNone: Kept = { edit: undefined, etag: null };

async function kept(channel: string, proxy: string | undefined): Promise<Kept> {
  try {
    const { data, etag } = await request<Edit>('GET', `/edits/${channel}`, { query: { proxy } });
    return { edit: data, etag };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return kNone;
    throw error;
  }
}

const kSaid = ['number', 'name', 'group', 'logo', 'guide_id', 'hidden', 'place'] as const;

/** Only what a request may say. */
function body(edit: Edit | undefined, change: EditChange): EditChange {
  const out: EditChange = {};
  for (const key of kSaid) {
    const value = key in change ? change[key] : edit?.[key];
    if (value !== undefined && value !== null && value !== false) Object.assign(out, { [key]: value });
  }
  return out;
}

/** What an edit says, as it is. */
function said(edit: Edit): EditChange {
  const out: EditChange = {};
  for (const key of kSaid) if (edit[key] !== undefined && edit[key] !== null) Object.assign(out, { [key]: edit[key] });
  return out;
}

/** Gives what there is afterwards. */
async function write(channel: string, proxy: string | undefined, now: Kept, wanted: EditChange): Promise<Kept> {
  const query = { proxy };
  if (Object.keys(wanted).length > 0) {
    const { data, etag } = await request<Edit>('PUT', `/edits/${channel}`, { query, body: wanted, ...(now.edit ? { ifMatch: now.etag } : { ifNoneMatch: '*' }) });
    return { edit: data, etag };
  }
  if (now.edit) await request('DELETE', `/edits/${channel}`, { query, ifMatch: now.etag });
  return kNone;
}
/** The same over what is there now, when somebody else was faster. */
async function writeOver(channel: string, proxy: string | undefined, now: Kept, wanted: (now: Edit | undefined) => EditChange): Promise<{ before: Kept; after: Kept }> {
  try {
    return { before: now, after: await write(channel, proxy, now, wanted(now.edit)) };
  } catch (error) {
    if (!(error instanceof ApiError && error.conflict)) throw error;
    const before = await kept(channel, proxy);
    return { before, after: await write(channel, proxy, before, wanted(before.edit)) };
  }
}
async function replace(channel: string, proxy: string | undefined, now: Kept, wanted: (now: Edit | undefined) => EditChange): Promise<() => Promise<void>> {
  const { before, after } = await writeOver(channel, proxy, now, wanted);
  return async () => void (await writeOver(channel, proxy, after, () => body(before.edit, {})));
}

/** Adds to what is decided about a channel, `edited` if there is something; gives the way back. */
export async function edit(channel: { id: string; edited: boolean }, proxy: string, change: EditChange): Promise<() => Promise<void>> {
  const now = channel.edited ? await kept(channel.id, proxy) : kNone;
  // What hides it may be decided for all proxies.
  const onlyShows = change.hidden === false && Object.keys(change).length === 1;
  if (onlyShows && !now.edit?.hidden) return replace(channel.id, undefined, await kept(channel.id, undefined), (before) => body(before, change));
  return replace(channel.id, proxy, now, (before) => body(before, change));
}

/** Forgets what was decided, for a proxy or for all; gives the way back. */
export async function forget(channel: string, proxy: string | undefined): Promise<() => Promise<void>> {
  return replace(channel, proxy, await kept(channel, proxy), () => ({}));
}

/** Undoes what was done to many at once. */
export async function takeBack(answer: BulkEdit, proxy: string): Promise<void> {
  if (answer.items?.length) {
    const items = answer.items.map(({ channel, revision, before }) => ({ channel, revision, ...(before ? { edit: said(before) } : {}) }));
    await post('/edits/write', { proxy, items });
  }
  if (!answer.rule?.id) return;
  const kind = answer.made === 'filter' ? 'filters' : 'rules';
  await removePart(kind, await get<Entity>(`/${kind}/${answer.rule.id}`));
}

export interface EachEdit { channel: { id: string; edited: boolean }; change: EditChange }
/** Decides something of its own about each of many channels, all or none; gives the way back. */
export async function editEach(edits: EachEdit[], proxy: string): Promise<() => Promise<void>> {
  const attempt = async (unsure: boolean): Promise<BulkEdit> => {
    const items = await Promise.all(
      edits.map(async ({ channel, change }) => {
        const now = channel.edited || unsure ? await kept(channel.id, proxy) : kNone;
        return { channel: channel.id, revision: now.edit?.revision ?? 0, edit: body(now.edit, change) };
      }),
    );
    return post<BulkEdit>('/edits/write', { proxy, items });
  };
  const answer = await attempt(false).catch((error: unknown) => {
    if (error instanceof ApiError && error.conflict) return attempt(true);
    throw error;
  });
  return () => takeBack(answer, proxy);
}

/** Channels, in the order of the numbers that they get. */
export interface Numbering { channels: string[]; start: number }
/** Puts a channel next to another one, and numbers channels anew; gives the one way back from both. */
export async function place(channel: { id: string; edited: boolean }, proxy: string, where: EditChange['place'], numbers: Numbering | undefined): Promise<() => Promise<void>> {
  if (!numbers) return edit(channel, proxy, { place: where });
  const answer = await post<BulkEdit>('/edits/renumber', { proxy, ...numbers });
  try {
    const now = await kept(channel.id, proxy);
    const after = await write(channel.id, proxy, now, body(now.edit, { place: where }));
    const items = (answer.items ?? []).map((item) => (item.channel === channel.id ? { ...item, revision: after.edit?.revision ?? 0 } : item));
    return () => takeBack({ ...answer, items }, proxy);
  } catch (error) {
    await takeBack(answer, proxy);
    throw error;
  }
}
