<?php
// Receives webhooks with PHP alone, in its own web server or in any other.
declare(strict_types=1);

const TOLERANCE_SECONDS = 300;
const BODY_MAX_BYTES = 1 << 20;
const KEEP_IDS_SECONDS = 3 * 86_400;

/** Not from Tidings, or not as it was sent. The message is the reason. */
final class Refused extends Exception
{
}

/** @param string[] $secrets */
function verify(array $secrets, string $body): void
{
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    $timestamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    $signatures = $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '';
    if ($id === '' || $timestamp === '' || $signatures === '') {
        throw new Refused('missing_header');
    }
    // An id has no dot and no brace: what was signed can be cut into id, time and body in one way only.
    if (!preg_match('/\A[A-Za-z0-9_-]{1,255}\z/', $id) || !preg_match('/\A[0-9]{1,12}\z/', $timestamp)) {
        throw new Refused('invalid_header');
    }
    $age = time() - (int) $timestamp;
    if (abs($age) > TOLERANCE_SECONDS) {
        throw new Refused($age > 0 ? 'timestamp_too_old' : 'timestamp_too_new');
    }
    if (strlen($signatures) > 1024) {
        throw new Refused('invalid_header');
    }
    foreach ($secrets as $secret) {
        // The key is the secret's own bytes, nothing decoded.
        $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $secret, true));
        foreach (explode(' ', $signatures) as $given) {
            // Not ===, of which the time tells how much is right.
            if (hash_equals($expected, $given)) {
                return;
            }
        }
    }
    throw new Refused('signature_mismatch');
}

/**
 * PHP forgets everything with the request, so a file stands for each id. In your receiver a table, with the id as its key.
 * Two receivers on one machine get the same ids, so each has a directory of its own.
 */
function directoryOfIds(): string
{
    return sys_get_temp_dir() . '/tidings-receiver-' . hash('sha256', __FILE__ . $_SERVER['SERVER_PORT']);
}

function isNew(string $id): bool
{
    $directory = directoryOfIds();
    if (!is_dir($directory)) {
        @mkdir($directory, 0700);
    }
    if (random_int(1, 100) === 1) {
        foreach (glob("$directory/*") ?: [] as $path) {
            if (filemtime($path) < time() - KEEP_IDS_SECONDS) {
                @unlink($path);
            }
        }
    }
    // "x" fails when the file is there, also when two requests come at once.
    $file = @fopen("$directory/$id", 'x');
    if ($file === false && !file_exists("$directory/$id")) {
        throw new RuntimeException("cannot write in $directory");
    }
    return $file !== false;
}

function forget(string $id): void
{
    unlink(directoryOfIds() . "/$id");
}

/** Here goes your work: store the event, in one transaction with its id. What it throws lets the event come again. */
function handle(string $body): void
{
    say("accepted $body");
}

function say(string $line): void
{
    file_put_contents('php://stdout', "$line\n");
}

/** @return int The status to answer with. */
function receive(): int
{
    if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
        return 405;
    }
    // Several, with a comma between, while a secret is replaced.
    $secrets = explode(',', (string) getenv('WEBHOOK_SECRET'));
    if (in_array('', $secrets, true)) {
        throw new RuntimeException("WEBHOOK_SECRET has to hold the webhook's secret");
    }
    $body = file_get_contents('php://input', length: BODY_MAX_BYTES + 1);
    if (strlen($body) > BODY_MAX_BYTES) {
        say('refused: body_too_long');
        return 413;
    }
    try {
        verify($secrets, $body);
    } catch (Refused $refused) {
        say("refused: {$refused->getMessage()}"); // For you alone: the answer does not tell why.
        return 401;
    }
    $id = $_SERVER['HTTP_WEBHOOK_ID'];
    if (!isNew($id)) {
        say("duplicate $id");
        return 204;
    }
    try {
        handle($body);
    } catch (Throwable $error) {
        forget($id);
        say("failed: {$error->getMessage()}");
        return 500;
    }
    return 204;
}

ini_set('display_errors', 'stderr');
// What ends in an exception is answered with it, and comes again.
http_response_code(500);
http_response_code(receive());
