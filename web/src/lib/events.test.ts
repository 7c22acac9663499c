import { describe, expect, it, vi } from 'vitest';

vi.stubGlobal('BroadcastChannel', class {});
vi.stubGlobal('addEventListener', () => undefined);
const { mayLead } = await import('./events');

describe('mayLead', () => {
  const lease = (tab: string, until: number): string => JSON.stringify({ tab, until });
  it('lets one tab hold the stream at a time', () => {
    expect(mayLead(null, 'a', 1000)).toBe(true);
    expect(mayLead(lease('a', 2000), 'a', 1000)).toBe(true);
    expect(mayLead(lease('b', 2000), 'a', 1000)).toBe(false);
    expect(mayLead(lease('b', 999), 'a', 1000)).toBe(true);
  });
  it('takes no damaged lease, nor one from a clock that was wrong, for one', () => {
    expect(mayLead('{', 'a', 1000)).toBe(true);
    expect(mayLead(lease('b', 1e12), 'a', 1000)).toBe(true);
  });
});
