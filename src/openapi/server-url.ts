import type { AddressInfo } from 'node:net';

interface Told {
  publicUrl: string | null;
  host: string;
  port: number;
}

/**
 * PUBLIC_URL or, without it, the address where the service listens.
 *
 * @param listening null: it does not listen yet, or never will
 */
export function serverUrlOf({ publicUrl, host, port }: Told, listening: AddressInfo | null): string {
  if (publicUrl !== null) return publicUrl;
  const { address, port: actual } = listening ?? { address: host, port };
  return `http://${hostOf(address)}:${actual}`;
}

/** "All addresses of the machine" is not an address for requests. */
function hostOf(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  if (address === '::') return '[::1]';
  return address.includes(':') ? `[${address}]` : address;
}
