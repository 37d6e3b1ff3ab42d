/**
 * The webhook's secret, from the environment variable WEBHOOK_SECRETS. While it is rotated the variable holds both, the
 * new one and the old one, separated by a comma: either may have signed what arrives.
 */
export function webhookSecrets(): string[] {
  const secrets = (process.env['WEBHOOK_SECRETS'] ?? '').split(',').map((secret) => secret.trim());
  if (secrets.includes('')) throw new Error('WEBHOOK_SECRETS has to hold the secret of the webhook, or several: a,b');
  return secrets;
}
