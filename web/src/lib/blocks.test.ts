import { describe, expect, it } from 'vitest';
import { Blocks } from './blocks';

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

function numbers(most: number): { blocks: Blocks<number>; asked: number[]; failures: unknown[] } {
  const asked: number[] = [];
  const failures: unknown[] = [];
  const blocks = new Blocks<number>(
    async (from, limit) => {
      asked.push(from);
      return { total: 1000, items: Array.from({ length: limit }, (_, i) => from + i) };
    },
    () => undefined,
    (error) => failures.push(error),
    10,
    most,
  );
  return { blocks, asked, failures };
}

describe('Blocks', () => {
  it('loads each block once', async () => {
    const { blocks, asked } = numbers(5);
    blocks.need(5, 10);
    blocks.need(5, 10);
    await settle();
    blocks.need(6, 10);
    expect(asked).toEqual([0, 10]);
    expect([blocks.at(0), blocks.at(19), blocks.at(20)]).toEqual([0, 19, undefined]);
    expect(blocks.total).toBe(1000);
  });
  it('forgets the longest unused', async () => {
    const { blocks, asked } = numbers(2);
    for (const first of [0, 10, 0, 20]) {
      blocks.need(first, 10);
      await settle();
    }
    expect(blocks.at(0)).toBe(0);
    expect(blocks.at(10)).toBeUndefined();
    expect(asked).toEqual([0, 10, 20]);
  });
  it('gives up what is out of view, and asks again when it is back', async () => {
    const { blocks, asked } = numbers(5);
    blocks.need(0, 10);
    blocks.need(500, 10);
    await settle();
    expect(blocks.at(0)).toBeUndefined();
    blocks.need(0, 10);
    await settle();
    expect(blocks.at(0)).toBe(0);
    expect(asked).toEqual([0, 500, 0]);
  });
  it('tells failures, and tries again when it is asked again', async () => {
    let fails = true;
    const failures: unknown[] = [];
    const blocks = new Blocks<number>(
      async () => {
        if (fails) throw new Error('no');
        return { total: 1, items: [7] };
      },
      () => undefined,
      (error) => failures.push(error),
    );
    blocks.need(0, 1);
    await settle();
    expect(failures).toHaveLength(1);
    fails = false;
    blocks.need(0, 1);
    await settle();
    expect(blocks.at(0)).toBe(7);
  });
});
