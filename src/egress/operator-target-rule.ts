import type { ConfigRule } from '../config/config.js';
import { SETTINGS } from '../config/settings.js';
import { checkTargetUrl, targetPolicyOf } from './target-url-policy.js';

/** OPERATOR_WEBHOOK_URL has to be what `POST /webhook` would take. What its name resolves to is checked at connect. */
export const operatorTargetRule: ConfigRule = ({ operatorWebhookUrl, ...settings }) => {
  const { egressAllow, egressAllowHosts, targetUrlAllowHttp, targetPorts } = settings;
  if (typeof operatorWebhookUrl !== 'string') return [];
  // Without a policy nothing can be said; what keeps it from being read is a problem of its own.
  if (!egressAllow || !egressAllowHosts || targetUrlAllowHttp === undefined || !targetPorts) return [];
  const policy = targetPolicyOf({ egressAllow, egressAllowHosts, targetUrlAllowHttp, targetPorts });
  const verdict = checkTargetUrl(operatorWebhookUrl, policy);
  if (verdict.ok) return [];
  return [{ name: SETTINGS.operatorWebhookUrl.name, reason: `${verdict.message} (rule: ${verdict.rule})` }];
};
