import { serverUrlOf } from '../../src/openapi/server-url.js';

const SETTINGS = { publicUrl: null, host: '127.0.0.1', port: 3000 };

describe('The address of the service', () => {
  it('is PUBLIC_URL, wherever it listens', () => {
    const publicUrl = 'https://hooks.example.com/tidings';
    expect(serverUrlOf({ ...SETTINGS, publicUrl }, { address: '0.0.0.0', family: 'IPv4', port: 8080 })).toBe(publicUrl);
  });

  it.each([
    ['127.0.0.1', 'IPv4', 'http://127.0.0.1:8080'],
    ['10.1.2.3', 'IPv4', 'http://10.1.2.3:8080'],
    ['0.0.0.0', 'IPv4', 'http://127.0.0.1:8080'],
    ['::', 'IPv6', 'http://[::1]:8080'],
    ['fd00::7', 'IPv6', 'http://[fd00::7]:8080'],
  ])('is without it where it listens: %s', (address, family, url) => {
    expect(serverUrlOf(SETTINGS, { address, family, port: 8080 })).toBe(url);
  });

  it('is where it will listen while it does not', () => {
    expect(serverUrlOf(SETTINGS, null)).toBe('http://127.0.0.1:3000');
  });
});
