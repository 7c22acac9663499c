// The channels of a proxy as a table shows them: the query, what is loaded of its answer, and what was
// edited since the lineup was made.
import { get } from './api';
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
  private moves: Move[] = [];
  private edits = new Map<string, Partial<Edit>>();
  /** What is asked for, and what is shown until the first of it comes. */
  private blocks: Blocks<Channel>;
  private shown: Blocks<Channel>;

  constructor(
    readonly proxy: string,
    private readonly now: boolean,
  ) {
    this.blocks = this.shown = this.fresh();
  }

  private fresh(): Blocks<Channel> {
    const made: Blocks<Channel> = new Blocks<Channel>(
      async (from, limit, signal) => {
        const { q, filter, group, guide, edited, sort } = this.query;
        const page = await get<ChannelPage>(`/proxies/${this.proxy}/channels`, { q, filter, group, guide, edited: edited || undefined, sort, from, limit, now: this.now || undefined }, signal);
        return { total: page.total, items: page.items };
      },
      () => {
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

  at(index: number): Channel | undefined {
    void this.version;
    const found = movedTo(this.moves, index);
    const channel = typeof found === 'number' ? this.shown.at(found) : found;
    return channel && withEdit(channel, this.edits.get(channel.id));
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
  /** A new generation: what was edited is in it. */
  published(): void {
    this.edits.clear();
    this.moves = [];
    this.again();
  }
  /** Shows a channel where it was put; gives the way back. */
  moved(move: Move): () => void {
    this.moves = [...this.moves, move];
    this.version += 1;
    return () => {
      this.moves = this.moves.filter((one) => one !== move);
      this.version += 1;
    };
  }
  edited(channel: string, edit: Partial<Edit> | undefined): void {
    if (edit) this.edits.set(channel, { ...this.edits.get(channel), ...edit });
    else this.edits.delete(channel);
    this.version += 1;
  }
}
