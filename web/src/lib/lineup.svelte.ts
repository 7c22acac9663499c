// The channels of a proxy as a table shows them: the query, what is loaded of its answer, and what was
// edited since the lineup was made.
import { changedUpTo, get } from './api';
import { Blocks } from './blocks';
import type { Channel, ChannelPage, Edit } from './types';

export interface ChannelQuery {
  q: string;
  filter: string;
  group: string;
  guide: '' | 'with' | 'without';
  edited: boolean;
  sort: string;
}
export const noQuery: ChannelQuery = { q: '', filter: '', group: '', guide: '', edited: false, sort: '' };

/** The API gives no more rows at once. */
const kMostAtOnce = 500;

/** What an edit makes of a channel, until the next generation has done it. */
export function withEdit(channel: Channel, edit: Partial<Edit> | undefined): Channel {
  if (!edit) return channel;
  return {
    ...channel,
    name: edit.name ?? channel.name,
    group: edit.group ?? channel.group,
    logo: edit.logo ?? channel.logo,
    number: edit.number ?? channel.number,
    guide_id: edit.guide_id ?? channel.guide_id,
    hidden: edit.hidden ?? channel.hidden,
    edited: true,
  };
}

/** Where a channel was and where it was put, until the next generation has it there. */
export interface Move { channel: Channel; from: number; to: number }

/** The row of what is loaded that is shown at `index` after these moves, or the channel that was put there. */
export function movedTo(moves: readonly Move[], index: number): number | Channel {
  let at = index;
  for (const move of moves.toReversed()) {
    if (at === move.to) return move.channel;
    if (move.from < move.to && at >= move.from && at < move.to) at += 1;
    else if (move.to < move.from && at > move.to && at <= move.from) at -= 1;
  }
  return at;
}

export class Lineup {
  total = $state(0);
  /** Changes with everything that comes or goes, so that what is drawn is drawn again. */
  version = $state(0);
  error = $state.raw<unknown>();
  loading = $state(true);
  query = $state.raw<ChannelQuery>(noQuery);
  /** Each is shown until a generation comes that has it. */
  private moves: (Move & { revision: number })[] = [];
  private edits = new Map<string, { edit: Partial<Edit>; revision: number }>();
  /** What is asked for, and what is shown until the first of it comes. */
  private blocks: Blocks<Channel>;
  private shown: Blocks<Channel>;
  /** The settings' revision of what is shown. */
  private has = 0;

  constructor(
    readonly proxy: string,
    private readonly now: boolean,
  ) {
    this.blocks = this.shown = this.fresh();
  }

  private fresh(): Blocks<Channel> {
    let revision = 0;
    const made: Blocks<Channel> = new Blocks<Channel>(
      async (from, limit, signal) => {
        const page = await this.page(from, limit, signal);
        revision = page.settings_revision;
        return page;
      },
      () => {
        if (this.shown !== made) this.forget((this.has = revision));
        this.shown = made;
        this.total = made.total;
        this.error = undefined;
        this.loading = false;
        this.version += 1;
      },
      (error) => {
        this.error = error;
        this.loading = false;
      },
    );
    return made;
  }

  private async page(from: number, limit: number, signal?: AbortSignal): Promise<ChannelPage> {
    const { q, filter, group, guide, edited, sort } = this.query;
    return get<ChannelPage>(`/proxies/${this.proxy}/channels`, { q, filter, group, guide, edited: edited || undefined, sort, from, limit, now: this.now || undefined }, signal);
  }

  at(index: number): Channel | undefined {
    void this.version;
    return this.found(index, (row) => this.shown.at(row));
  }
  private found(index: number, row: (index: number) => Channel | undefined): Channel | undefined {
    const at = movedTo(this.moves, index);
    const channel = typeof at === 'number' ? row(at) : at;
    return channel && withEdit(channel, this.edits.get(channel.id)?.edit);
  }
  /** The channels of these rows as they are shown, whether they are loaded or not. */
  async rows(first: number, count: number): Promise<Channel[]> {
    const from = Math.max(0, first - this.moves.length);
    const end = Math.min(this.total, first + count + this.moves.length);
    const loaded: Channel[] = [];
    while (from + loaded.length < end) {
      const { items } = await this.page(from + loaded.length, Math.min(kMostAtOnce, end - from - loaded.length));
      if (items.length === 0) break;
      loaded.push(...items);
    }
    return Array.from({ length: count }, (_, i) => this.found(first + i, (row) => loaded[row - from])).filter((channel) => channel !== undefined);
  }
  need(first: number, count: number): void {
    const spare = this.moves.length;
    this.blocks.need(Math.max(0, first - spare), count + 2 * spare);
  }
  ask(query: ChannelQuery): void {
    this.query = query;
    this.again();
  }
  /** Loads anew what is in view; what is shown stays until it comes. */
  again(): void {
    this.loading = true;
    this.blocks.abandon();
    this.blocks = this.fresh();
    this.blocks.need(0, 1);
    this.version += 1;
  }
  /** What a generation of that revision has. */
  private forget(revision: number): void {
    for (const [channel, edit] of this.edits) if (edit.revision <= revision) this.edits.delete(channel);
    this.moves = this.moves.filter((move) => move.revision > revision);
  }
  /** Shows a channel where it is put; `saved` is to be called when it is, `back` takes it back. */
  moved(wanted: Move): { saved: () => void; back: () => void } {
    const move = { ...wanted, revision: Infinity };
    this.moves = [...this.moves, move];
    this.version += 1;
    return {
      saved: () => {
        move.revision = changedUpTo();
        this.forget(this.has);
        this.version += 1;
      },
      back: () => {
        this.moves = this.moves.filter((one) => one !== move);
        this.version += 1;
      },
    };
  }
  /** Shows a channel as it was just saved; without an edit as the generation has it. */
  edited(channel: string, edit: Partial<Edit> | undefined): void {
    if (edit) this.edits.set(channel, { edit: { ...this.edits.get(channel)?.edit, ...edit }, revision: changedUpTo() });
    else this.edits.delete(channel);
    this.version += 1;
  }
}
