-- Publishes single events by wrk. Arguments: the token, the filler of a payload, and the event types, which get events in turn.
-- One thread: each thread of wrk has variables of its own, and the events of a run are numbered once.

local head, filler, types
local n = 0

function init(args)
  head = { ["Authorization"] = "Bearer " .. args[1], ["Content-Type"] = "application/json" }
  filler = args[2]
  types = {}
  for index = 3, #args do types[#types + 1] = args[index] end
end

-- As payloadOf writes it, without an instant: wrk does not know the clock of the receiver.
function request()
  local body = string.format('{"event_type":"%s","payload":{"n":%d,"at":0.000,"filler":"%s"}}', types[n % #types + 1], n, filler)
  n = n + 1
  return wrk.format("POST", "/event", head, body)
end

-- Latencies are in microseconds.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nJSON {"requests":%d,"durationMicros":%d,"errorStatuses":%d,"brokenConnections":%d,"timeouts":%d,"p50":%d,"p95":%d,"p99":%d,"max":%d}\n',
    summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write, errors.timeout,
    latency:percentile(50), latency:percentile(95), latency:percentile(99), latency.max))
end
