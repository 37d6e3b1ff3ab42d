import { openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

/*
 * Loaded into the built program with `--import`: measures its event loop and memory from within, and answers on the
 * Unix socket METER_SOCKET. `POST /begin` starts a measurement, `POST /end` gives it (test/support/process-meter.ts).
 */

/** Between two looks at the event loop. */
const LOOK_MS = 1;
const NS_PER_MS = 1e6;

/** proc(5), `schedstat`: nanoseconds on a core. The main thread has the id of its process. */
const schedule = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
const line = Buffer.alloc(96);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

let begun;
let looking;

/** Milliseconds that the main thread has been on a core: what it stood in line for, the machine is to blame for. */
function computedMs() {
  const length = readSync(schedule, line, 0, line.length, 0);
  return Number(line.toString('latin1', 0, length).split(' ', 1)[0]) / NS_PER_MS;
}

function heapBytes() {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The kernel's own high-water mark since it was last reset: no moment is missed. */
function residentBytes() {
  const status = readFileSync('/proc/self/status', 'latin1');
  const bytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)[1]) * 1024;
  return { now: bytes('VmRSS'), peak: bytes('VmHWM') };
}

function begin() {
  clearInterval(looking);
  collectGarbage();
  writeFileSync('/proc/self/clear_refs', '5');
  const heap = heapBytes();
  const computed = computedMs();
  begun = { computed, last: computed, blockMs: 0, heap, heapPeak: heap, resident: residentBytes().now };
  looking = setInterval(look, LOOK_MS);
}

/** A timer that is due runs in the next turn of the event loop, so what is computed between two looks is a turn's. */
function look() {
  const computed = computedMs();
  begun.blockMs = Math.max(begun.blockMs, computed - begun.last);
  begun.last = computed;
  begun.heapPeak = Math.max(begun.heapPeak, heapBytes());
}

function end() {
  look();
  clearInterval(looking);
  return {
    blockMs: begun.blockMs,
    computedMs: begun.last - begun.computed,
    heapBytes: begun.heap,
    heapGrowthBytes: begun.heapPeak - begun.heap,
    residentGrowthBytes: residentBytes().peak - begun.resident,
  };
}

// Worker threads load this module, too.
if (isMainThread) {
  const meter = createServer((request, response) => {
    if (request.url === '/begin') begin();
    response.setHeader('connection', 'close').end(request.url === '/end' ? JSON.stringify(end()) : '');
  });
  // A process that was killed leaves its own.
  rmSync(process.env.METER_SOCKET, { force: true });
  meter.listen(process.env.METER_SOCKET).unref();
}
