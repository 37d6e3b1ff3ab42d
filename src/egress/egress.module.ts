import { Module } from '@nestjs/common';
import { Config } from '../config/config.js';
import { DnsAddressResolver } from './address-resolver.js';
import { GuardedAgent } from './guarded-agent.js';
import { GUARDED_CONNECTOR, guardedConnector } from './guarded-connector.js';
import { targetPolicyOf } from './target-url-policy.js';

@Module({
  providers: [
    {
      provide: GUARDED_CONNECTOR,
      inject: [Config],
      useFactory: (config: Config) => {
        const policy = targetPolicyOf(config);
        return guardedConnector({ allowRanges: policy.allowRanges, resolver: new DnsAddressResolver(policy) });
      },
    },
    GuardedAgent,
  ],
  exports: [GuardedAgent],
})
export class EgressModule {}
