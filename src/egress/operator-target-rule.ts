import type { ConfigRule } from '../config/config.js';
import { SETTINGS } from '../config/settings.js';
import { checkTargetUrl, targetPolicyOf } from './target-url-policy.js';

/** `POST /webhook` would accept such a URL. The addresses of its name are checked at connect. */
export const operatorTargetRule: ConfigRule = ({ operatorWebhookUrl, ...settings }) => {
  const { egressAllow, egressAllowHosts, targetUrlAllowHttp, targetPorts } = settings;
  if (typeof operatorWebhookUrl !== 'string') return [];
  // A setting of the policy is bad, and reported as a problem of its own.
  if (!egressAllow || !egressAllowHosts || targetUrlAllowHttp === undefined || !targetPorts) return [];
  const policy = targetPolicyOf({ egressAllow, egressAllowHosts, targetUrlAllowHttp, targetPorts });
  const verdict = checkTargetUrl(operatorWebhookUrl, policy);
  if (verdict.ok) return [];
  return [{ name: SETTINGS.operatorWebhookUrl.name, reason: `${verdict.message} (rule: ${verdict.rule})` }];
};
