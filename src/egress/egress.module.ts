import { Logger, Module } from '@nestjs/common';
import { Config } from '../config/config.js';
import { AddressResolver, DnsAddressResolver } from './address-resolver.js';
import { GUARDED_CONNECTOR, GuardedAgent } from './guarded-agent.js';
import { guardedConnector } from './guarded-connector.js';
import { proxyConnector } from './proxy-connector.js';
import { targetPolicyOf } from './target-url-policy.js';

/** Every attempt can meet the same trouble. */
const TROUBLE_LOG_INTERVAL_MS = 60_000;

@Module({
  providers: [
    {
      provide: AddressResolver,
      inject: [Config],
      useFactory: (config: Config) => new DnsAddressResolver(targetPolicyOf(config)),
    },
    {
      provide: GUARDED_CONNECTOR,
      inject: [Config, AddressResolver],
      useFactory: (config: Config, resolver: AddressResolver) => {
        const { allowRanges } = targetPolicyOf(config);
        return config.egressProxyUrl === null
          ? guardedConnector({ allowRanges, resolver })
          : proxyConnector({ proxyUrl: config.egressProxyUrl, allowRanges, onTrouble: proxyTroubleLog() });
      },
    },
    GuardedAgent,
  ],
  exports: [GuardedAgent],
})
export class EgressModule {}

function proxyTroubleLog(): (trouble: string) => void {
  const logger = new Logger('EgressProxy');
  let quietUntil = -Infinity;
  return (trouble) => {
    const now = performance.now();
    if (now < quietUntil) return;
    quietUntil = now + TROUBLE_LOG_INTERVAL_MS;
    logger.warn(`Attempts fail at the egress proxy: ${trouble}`);
  };
}
