import { describe, expect, it } from 'vitest';
import { accountOf, addressOf, kindOf, nameFor } from './location';

describe('accounts', () => {
  it.each(['xtream://anna:secret@tv.example:8080?live', 'xtreams://a%40b:p%2F%3F@tv.example?live&vod&series&categories=News', 'xtream://anna:***@tv.example?vod'])('come back as they were: %s', (url) => {
    expect(addressOf(accountOf(url))).toBe(url);
  });
  it('mean live where nothing is said', () => {
    expect(accountOf('xtream://a:b@host')).toMatchObject({ live: true, vod: false, series: false });
  });
  it('take the address of a panel as it is pasted', () => {
    expect(addressOf({ ...accountOf('xtream://'), server: ' https://tv.example:2083/panel ', user: 'a', password: 'b' })).toBe('xtreams://a:b@tv.example:2083?live');
  });
  it('survive what is not percent-encoded well', () => {
    expect(accountOf('xtream://100%:x@host').user).toBe('100%');
  });
});

describe('kindOf', () => {
  it('knows accounts from addresses and paths', () => {
    expect(kindOf({ url: 'XTREAM://a:b@c' })).toBe('account');
    expect(kindOf({ url: 'https://tv.example/list.m3u' })).toBe('address');
    expect(kindOf({ path: '/data/list.m3u' })).toBe('address');
  });
});

describe('nameFor', () => {
  it.each([
    [{ url: 'http://user:pw@tv.provider.example:8080/get.php' }, 'provider'],
    [{ url: 'https://www.example.org/guide.xml.gz' }, 'example'],
    [{ url: 'http://192.168.1.20:8080/list.m3u' }, '192.168.1.20'],
    [{ path: '/data/my list.m3u.gz' }, 'my list'],
    [{}, ''],
  ])('of %o is %s', (config, name) => expect(nameFor(config)).toBe(name));
});
