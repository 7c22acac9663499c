import { describe, expect, it } from 'vitest';
import { stagesDone } from './passes';

describe('stagesDone', () => {
  it('fills the stages of earlier passes, and those of one pass together', () => {
    const stages = stagesDone({ stage: 'M3U Generation', items: 5, done: 1, total: 4 });
    expect(stages.map((one) => one.done)).toEqual([1, 1, 1, 1, 0.25, 0.25, 0]);
    expect(stages.map((one) => one.name)).toEqual(['source_loading', 'data_mapping', 'filtering', 'logo_caching', 'channel_numbering', 'm3u_generation', 'epg_generation']);
  });
  it('does not know how far a pass is whose size is not known', () => {
    expect(stagesDone({ stage: 'source_loading', items: 5, done: 100, total: 0 }).map((one) => one.done)).toEqual([undefined, undefined, undefined, undefined, 0, 0, 0]);
  });
  it('never says that more than all is done', () => {
    expect(stagesDone({ stage: 'EPG Generation', items: 5, done: 9, total: 8 }).at(-1)?.done).toBe(1);
  });
  it('has nothing for a download', () => {
    expect(stagesDone({ stage: 'download', items: 0, done: 5, total: 10 })).toEqual([]);
  });
});
