-- Prints what wrk counted as one line of JSON. Without an argument only `done` counts, and nothing of Lua runs during
-- the load. With a number, requests name so many hosts in turn, in an order that no cache can follow.
function init(args)
  local hosts = tonumber(args[1])
  if not hosts then return end
  local requests = {}
  for i = 1, hosts do
    requests[i] = wrk.format("GET", wrk.path, {Host = string.format("r-%d.bench", i - 1)})
  end
  local at = 0
  function request()
    at = (at * 1664525 + 1013904223) % 4294967296  -- exact in a double
    return requests[at % hosts + 1]
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d, '
      .. '"connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
