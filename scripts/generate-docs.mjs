// Writes what is made from the tables of the code: .env.example and docs/configuration.md from the settings,
// docs/errors.md from the error codes and the errors of attempts, docs/metrics.md from the metrics, docs/blocked-addresses.md from the rules of
// egress. The tables are read from the source, so it never works on a stale build.
// With --check it writes nothing and fails when a file is not up to date.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

register('../test/support/typescript-hooks.mjs', import.meta.url);
const { SETTINGS, defaultOf, fileVariableOf } = await import('../src/config/settings.ts');
const { DATABASE_URL_PARAMETERS, SSL_MODES } = await import('../src/config/database-url.ts');
const { ERRORS } = await import('../src/http/errors.ts');
const { ATTEMPT_ERROR_TABLE } = await import('../src/common/outcomes.ts');
const { METRICS } = await import('../src/metrics/metric-table.ts');
const { BLOCKED_IPV4_RANGES, BLOCKED_IPV6_RANGES, GLOBAL_UNICAST_IPV6 } =
  await import('../src/egress/blocked-ranges.ts');
const { RESERVED_SUFFIXES } = await import('../src/egress/host-name-rules.ts');

const DEVELOPMENT = { isProduction: false, isHttpAllowed: true };
const PRODUCTION = { isProduction: true, isHttpAllowed: false };
const SOURCE_NOTE = (source) => `<!-- Made from ${source} by \`npm run docs:generate\`; do not edit. -->`;

const settings = Object.values(SETTINGS);
const secretNames = settings.filter(({ isSecret }) => isSecret).map(({ name }) => name);

function configuration() {
  return `${SOURCE_NOTE('src/config/settings.ts')}

# Configuration

Every setting is an environment variable. A file \`.env\` in the working directory is read too where there is one; a
variable that is really set wins over it. \`.env.example\` lists them all.

All settings are validated at the start. If some are bad the process does not start, and says which and why.

- An empty value counts as given: \`EGRESS_ALLOW=\` allows nothing, and \`PORT=\` is an error.
- The members of a list are separated by commas.
- A duration is a whole number with its unit: \`500ms\`, \`5s\`, \`30m\`, \`24h\`, \`7d\`.
- \`NODE_ENV=production\` changes the defaults that are marked so. It refuses ranges in EGRESS_ALLOW that are wider than any
  private network (\`0.0.0.0/0\`, \`::/0\` and the like), and ranges in TARGET_PORTS that begin below 1024.
- With DATABASE_URL, ADMIN_TOKEN and ENCRYPTION_KEYS are required in every mode: all replicas must have the same ones.
  Without it they are made at first boot into files in DATA_DIR that only their owner can read.
- A secret can be given as a file, as Docker and Kubernetes hand secrets out: \`<NAME>_FILE\` names it, such as
  \`ADMIN_TOKEN_FILE=/run/secrets/admin_token\`. These have one: ${secretNames.join(', ')}. The newline at
  the end of the file is dropped. Both at once are refused, as is a file that is not there, cannot be read, is not a regular
  file, or has more than 131,072 bytes. It is read at the start: after a change, start again.

${table(settings)}

## DATABASE_URL

\`postgres://user:password@host:port/database?parameter=value\`, as
[libpq](https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS) has it. In user, password and database
these characters are encoded: \`@\` as \`%40\`, \`:\` as \`%3A\`, \`/\` as \`%2F\`, \`?\` as \`%3F\`, \`#\` as \`%23\`, \`%\`
as \`%25\`. The host may be empty where \`host=\` names it: \`postgres:///tidings?host=/var/run/postgresql\`. Several hosts are
refused, and so is each parameter that is not in this table: none is passed over.

What \`sslmode\` means is what it means to libpq. \`allow\` and \`prefer\` are refused: they can end up without encryption.

| \`sslmode\` | meaning |
|---|---|
${pairs(SSL_MODES)}

| where the server is | parameters |
|---|---|
| on this machine, or in a network that you trust | none |
| with a certificate of a public authority | \`sslmode=verify-full\` |
| with a certificate of a private authority, such as that of a cloud provider | \`sslmode=verify-full&sslrootcert=/etc/tidings/ca.pem\` |
| the same, but reached by another name than the certificate has | \`sslmode=verify-ca&sslrootcert=/etc/tidings/ca.pem\` |
| where clients have certificates, too | \`…&sslcert=/etc/tidings/client.pem&sslkey=/etc/tidings/client.key\` |
| where the certificate cannot be checked | \`sslmode=require\`: keeps out who listens, not who answers in its place |

| parameter | meaning |
|---|---|
${pairs(DATABASE_URL_PARAMETERS)}
`;
}

function pairs(meanings) {
  return Object.entries(meanings)
    .map(([name, meaning]) => `| \`${name}\` | ${cell(meaning)} |`)
    .join('\n');
}

function table(rows) {
  return [
    '| variable | form | default | meaning |',
    '|---|---|---|---|',
    ...rows.map((setting) => {
      const cells = [`\`${setting.name}\``, setting.type.form, defaultInWords(setting), setting.description];
      return `| ${cells.map(cell).join(' | ')} |`;
    }),
  ].join('\n');
}

function defaultInWords(setting) {
  const [development, production] = [DEVELOPMENT, PRODUCTION].map((mode) => defaultOf(setting, mode));
  if (development === null) return `none: ${setting.unset}`;
  return development === production ? value(development) : `${value(development)}; in production ${value(production)}`;
}

function value(text) {
  return text === '' ? 'empty' : `\`${text}\``;
}

function envExample() {
  const blocks = settings.map((setting) => {
    const production = defaultOf(setting, PRODUCTION);
    const development = defaultOf(setting, DEVELOPMENT);
    const lines = [`# ${setting.description}`, `# ${plain(setting.type.form)}`];
    if (development === null) lines.push(`# Not set: ${setting.unset}.`);
    else if (development !== production) lines.push(`# Default in production: ${production || '(empty)'}`);
    lines.push(`#${setting.name}=${development ?? setting.example}`);
    const file = fileVariableOf(setting);
    if (file) lines.push('# Or a file that holds it:', `#${file}=/run/secrets/${setting.name.toLowerCase()}`);
    return lines.map(plain).join('\n');
  });
  return `# Every setting with its default in development, or with an example where there is no default.
# Copy to .env and uncomment what differs. docs/configuration.md says more.
# Made from src/config/settings.ts by \`npm run docs:generate\`; do not edit.

${blocks.join('\n\n')}
`;
}

function plain(markdown) {
  return markdown.replaceAll('`', '');
}

function errors() {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, description }]) => `| \`${code}\` | ${status} | ${cell(description)} |`,
  );
  const attemptRows = Object.entries(ATTEMPT_ERROR_TABLE).map(
    ([error, { meaning, remedy }]) => `| \`${error}\` | ${cell(meaning)} | ${cell(remedy)} |`,
  );
  return `${SOURCE_NOTE('src/http/errors.ts and src/common/outcomes.ts')}

# Errors

Every error of the API has this form. \`code\` is stable: programs may act on it. \`message\` is for people and may change.
\`details\` may be absent.

\`\`\`json
{
  "statusCode": 400,
  "error": "Bad Request",
  "code": "VALIDATION_FAILED",
  "message": "event_types.0: must be one of the event types that GET /event-type lists",
  "details": { "failures": [{ "field": "event_types.0", "message": "must be one of the event types that GET /event-type lists" }] }
}
\`\`\`

| code | status | meaning |
|---|---|---|
${rows.join('\n')}

## Errors of an attempt

When a receiver gave no answer, \`error\` of the attempt says why, and \`response\` is null. Programs may act on these words.
New ones may be added.

| error | what happened | what to do |
|---|---|---|
${attemptRows.join('\n')}
`;
}

function metrics() {
  const rows = Object.values(METRICS).map((metric) => {
    const cells = [`\`${metric.name}\``, metric.type, labelsInWords(metric), metric.aggregator, metric.help];
    return `| ${cells.map(cell).join(' | ')} |`;
  });
  const buckets = Object.values(METRICS)
    .filter((metric) => metric.buckets)
    .map((metric) => `| \`${metric.name}\` | ${metric.buckets.join(', ')} |`);
  return `${SOURCE_NOTE('src/metrics/metric-table.ts')}

# Metrics

\`GET /metrics\` answers in the text format of Prometheus and needs no token. If the port is open to the world, keep this
path inside with your proxy.

Counters and histograms are each replica's own: add them up. \`tidings_queue_…\` and \`tidings_endpoints\` describe the one
database, so every replica tells the same: take the maximum. They are read at most once in 5 s. When the database does not
answer within 1 s they are absent, and the rest is served.

With WORKERS above 1 a replica is all of them: whichever worker is asked, it adds up what each of them tells (\`sum\`), takes
the largest (\`max\`), or tells alone what is not of a worker (\`first\`). What a worker counted before it ended stays in the sums,
up to the last scrape. Of prom-client's metrics, event loop lags are means (the largest of \`max\`, the smallest of \`min\`), others are sums, and
\`process_start_time_seconds\` is absent.

No label holds an id, an address or anything else that callers choose, so the number of series is bounded.

| metric | type | labels | of several workers | meaning |
|---|---|---|---|---|
${rows.join('\n')}

## Buckets

Upper bounds in seconds.

| histogram | buckets |
|---|---|
${buckets.join('\n')}

## Of the process

\`process_…\` (processor time, memory, open files) and \`nodejs_…\` (event loop lag, heap, garbage collection) are
[those of prom-client](https://github.com/siimon/prom-client#default-metrics). \`nodejs_eventloop_lag_p99_seconds\` is the
first to look at when a replica is slow: it covers the time since the last scrape, and
includes the 20 ms from one look to the next: an idle process shows 0.02.
`;
}

function blockedAddresses() {
  const rows = (ranges) =>
    ranges.map(({ cidr, source, reason }) => `| \`${cidr}\` | ${cell(reason)} | ${cell(source)} |`).join('\n');
  return `${SOURCE_NOTE('src/egress/blocked-ranges.ts and host-name-rules.ts')}

# Blocked addresses and names

Deliveries reach no address of these ranges, whatever the name that leads there, unless EGRESS_ALLOW opens it; nor the
addresses of the machine that Tidings runs on. [security.md](security.md) says how that is held.

## IPv4

Everything is open but

| range | what is there | source |
|---|---|---|
${rows(BLOCKED_IPV4_RANGES)}

## IPv6

Everything is closed but \`${GLOBAL_UNICAST_IPV6.cidr}\` (${GLOBAL_UNICAST_IPV6.reason}, ${GLOBAL_UNICAST_IPV6.source}), and of
that block these are closed:

| range | what is there | source |
|---|---|---|
${rows(BLOCKED_IPV6_RANGES)}

## Names

A webhook cannot be created for a host without a dot, nor for one of these or below one, unless EGRESS_ALLOW_HOSTS frees it:
${RESERVED_SUFFIXES.map((suffix) => `\`${suffix}\``).join(', ')}.
`;
}

function labelsInWords({ labels = {} }) {
  return Object.entries(labels)
    .map(([name, values]) => {
      const words = typeof values === 'string' ? values : values.map((each) => `\`${each}\``).join(', ');
      return `\`${name}\`: ${words}`;
    })
    .join('; ');
}

function cell(text) {
  return text.replaceAll('|', '\\|');
}

const FILES = {
  '.env.example': envExample,
  'docs/configuration.md': configuration,
  'docs/errors.md': errors,
  'docs/metrics.md': metrics,
  'docs/blocked-addresses.md': blockedAddresses,
};

const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    // Where the files are: the root of the repository.
    root: { type: 'string', default: resolve(import.meta.dirname, '..') },
  },
});

const outdated = Object.entries(FILES)
  .map(([path, render]) => ({ path, file: join(options.root, path), text: render() }))
  .filter(({ file, text }) => text !== read(file));

if (options.check && outdated.length > 0) {
  console.error(`Not up to date: ${outdated.map(({ path }) => path).join(', ')}. Run: npm run docs:generate`);
  process.exitCode = 1;
}
if (!options.check) {
  for (const { path, file, text } of outdated) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    console.log(`wrote ${path}`);
  }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
