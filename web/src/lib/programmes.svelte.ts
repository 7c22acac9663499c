// The programmes of a lineup's rows, a day at a time, in blocks of rows that come and go.
import { ConnectionLost, get, messageOf } from './api';
import type { ChannelProgrammes, List, Programme } from './types';

const kRows = 40;
const kMostBlocks = 12;

export class ProgrammeGrid {
  version = $state(0);
  error = $state('');
  private day = 0;
  private readonly blocks = new Map<number, Programme[][]>();
  private readonly loading = new Map<number, AbortController>();

  constructor(private readonly proxy: string) {}

  at(row: number): Programme[] {
    void this.version;
    return this.blocks.get(Math.floor(row / kRows))?.[row % kRows] ?? [];
  }
  /** Whether it is known what is on, be it nothing. */
  known(row: number): boolean {
    void this.version;
    return this.blocks.has(Math.floor(row / kRows));
  }
  need(first: number, count: number, from: number, to: number): void {
    if (from !== this.day) {
      this.clear();
      this.day = from;
    }
    const begin = Math.floor(first / kRows);
    const end = Math.floor((first + Math.max(1, count) - 1) / kRows);
    for (const [block, controller] of this.loading)
      if (block < begin || block > end) {
        controller.abort();
        this.loading.delete(block);
      }
    for (let block = begin; block <= end; ++block) if (!this.blocks.has(block) && !this.loading.has(block)) void this.load(block, from, to);
  }
  clear(): void {
    for (const controller of this.loading.values()) controller.abort();
    this.loading.clear();
    this.blocks.clear();
    this.version += 1;
  }

  private async load(block: number, from: number, to: number): Promise<void> {
    const controller = new AbortController();
    this.loading.set(block, controller);
    try {
      const list = await get<List<ChannelProgrammes>>(`/proxies/${this.proxy}/programmes`, { row: block * kRows, count: kRows, start: new Date(from).toISOString(), stop: new Date(to).toISOString() }, controller.signal);
      if (controller.signal.aborted) return;
      this.blocks.set(
        block,
        list.items.map((one) => one.programmes),
      );
      for (const oldest of this.blocks.keys()) {
        if (this.blocks.size <= kMostBlocks) break;
        this.blocks.delete(oldest);
      }
      this.error = '';
      this.version += 1;
    } catch (error) {
      if (!controller.signal.aborted && !(error instanceof ConnectionLost)) this.error = messageOf(error);
    }
    // Given up, its place may be another's by now.
    if (this.loading.get(block) === controller) this.loading.delete(block);
  }
}
